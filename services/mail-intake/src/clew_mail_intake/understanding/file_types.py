"""What a file is by its first bytes, which may differ from what its sender says (B30)."""

import re

import filetype  # type: ignore[import-untyped]

HEAD_BYTES = 8192
_GENERIC = {
    "application/octet-stream",
    "application/binary",
    "application/x-unknown",
    "application/force-download",
    "application/x-download",
    "application/download",
    "application/unknown",
    "application/x-octet-stream",
    "application/attachment",
    "text/x-unknown",
}
# Many kinds of file are one of these inside, so that the declared name may say more.
_CONTAINERS = {
    "application/zip": ("application/",),
    "application/gzip": ("application/",),
    "application/x-tar": ("application/",),
    "application/msword": ("application/",),
    "application/x-ole-storage": ("application/",),
    "application/x-msi": ("application/",),
    "application/vnd.ms-excel": ("application/",),
    "video/mp4": ("audio/", "video/", "image/"),
    "video/quicktime": ("audio/", "video/", "image/"),
    "video/x-m4v": ("audio/", "video/"),
    "video/webm": ("audio/", "video/"),
    "video/x-matroska": ("audio/", "video/"),
    "audio/ogg": ("audio/", "video/", "application/ogg"),
    "image/heic": ("image/",),
    "image/tiff": ("image/",),
}
_SAME = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/x-ms-bmp": "image/bmp",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "application/x-zip": "application/zip",
    "application/x-gzip": "application/gzip",
    "audio/mp3": "audio/mpeg",
    "audio/wav": "audio/x-wav",
    "text/rtf": "application/rtf",
    "image/svg": "image/svg+xml",
    "application/xhtml+xml": "text/html",
}
# What most mails carry: the library would ask for each kind that it knows, one after the other.
_OFTEN = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"%PDF", "application/pdf"))
_MOVING = b"acTL"
# These begin with letters; the other magic numbers of two or three letters also begin ordinary texts.
_LETTERS = (b"%", b"{", b"\xef\xbb\xbf%")
_PAGE = re.compile(
    rb"\s*(?:<!--.{0,400}?-->\s*)?<(?:!doctype html|html|head|body|script|iframe)\b", re.IGNORECASE | re.DOTALL
)
_DRAWING_BEGINS = (b"<svg", b"<?xml", b"<!--", b"<!doctype svg")
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
_MARKS = (b"\xff\xfe", b"\xfe\xff")


def type_of_file(declared: str, head: bytes) -> str:
    """Return the type that the bytes show, or the declared one where they show nothing else."""
    declared = claimed_type(declared)
    found = sniff(head)
    if found is None:
        return declared or "application/octet-stream"
    if not declared or found == declared:
        return found
    within = _CONTAINERS.get(found)
    if within is not None and declared.startswith(within) and declared != "application/pdf":
        return declared
    if found == "text/html" and declared in {"text/plain", "application/xml", "text/xml"}:
        # Somebody's example of a page is a text; it is given as plain bytes in any case.
        return declared
    return found


def claimed_type(declared: str) -> str:
    """Return what a sender says that a file is, under the usual name; nothing for a name that says nothing."""
    if declared in _GENERIC or declared.startswith("multipart/") or "/" not in declared:
        return ""
    return _SAME.get(declared, declared)[:120]


def sniff(head: bytes) -> str | None:
    """Return what the first bytes of a file show, or None."""
    if not head:
        return None
    for mark, kind in _OFTEN:
        if head.startswith(mark) and _MOVING not in head:
            return kind
    if _PAGE.match(head):
        return "text/html"
    beginning = head[:2048].lstrip().lower()
    if b"<svg" in beginning and beginning.startswith(_DRAWING_BEGINS):
        return "image/svg+xml"
    if _is_text(head) and not head.startswith(_LETTERS):
        # Asking for every kind of file costs as much as reading the rest of a small mail.
        return None
    found = filetype.guess_mime(head)
    return str(found) if found else None


def _is_text(head: bytes) -> bool:
    return head.startswith(_MARKS) or len(head.translate(None, _CONTROLS)) == len(head)
