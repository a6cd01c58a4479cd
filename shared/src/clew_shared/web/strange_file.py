"""Give a file that somebody else made from our origin: to be saved, never shown, and unable to do anything.

Next: clew_shared.runtime.web.make_app.
"""

from urllib.parse import quote

from aiohttp import web

# Shown all the same, it may run nothing and reach nothing.
STRANGE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Types that a browser would run or interpret are given as plain bytes (B26).
_HARMLESS = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "audio/", "video/")
GIVEN_TYPES = ("application/octet-stream", *(f"{kind}*" if kind.endswith("/") else kind for kind in _HARMLESS))


def strange_file(content: bytes, name: str, kind: str) -> web.Response:
    """Answer the bytes as a download called `name`."""
    return web.Response(body=content, headers=strange_headers(name, kind))


def strange_headers(name: str, kind: str) -> dict[str, str]:
    """Give the headers of such a download, for one that is given piece by piece."""
    return STRANGE | {
        "Content-Type": kind if kind.startswith(_HARMLESS) else "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
