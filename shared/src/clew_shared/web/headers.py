"""The security headers of our own pages and of foreign HTML shown inside them.

Next: clew_shared.web.pages.Pages.render
"""

from collections.abc import Iterable


def page_headers(nonce: str, frame_ancestors: Iterable[str] = ()) -> dict[str, str]:
    """Headers of a page of ours; `frame_ancestors` are the origins that may embed it (none by default).

    Scripts run by nonce only and Trusted Types leave the DOM sinks to htmx's policy; it follows CSP Level 3.
    """
    ancestors = " ".join(frame_ancestors) or "'none'"
    policy = (
        "default-src 'none'",
        f"script-src 'nonce-{nonce}' 'strict-dynamic'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        f"frame-ancestors {ancestors}",
        "require-trusted-types-for 'script'",
        "trusted-types htmx default",
    )
    headers = {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    if ancestors == "'none'":
        headers["X-Frame-Options"] = "DENY"
    return headers


def mail_html_headers(*, own_pictures: bool = False) -> dict[str, str]:
    """Headers of a mail's HTML part: it may look as it likes, but runs nothing, loads nothing and submits nothing.

    With `own_pictures` it shows those that we serve: the ones that came with the mail.
    `allow-same-origin` without `allow-scripts` lets the page around it measure its height, nothing more.
    """
    policy = (
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src 'self' data:" if own_pictures else "img-src data:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
