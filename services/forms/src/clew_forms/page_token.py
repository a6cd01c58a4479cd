"""Sign the page that a visitor fills in, to know later that it was ours and how old it is.

Next: clew_forms.routes.PublicForms.post_submission.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

# As long as its submission id is remembered: afterwards a second post could not be told from a first.
VALID_FOR = timedelta(days=7)
_AHEAD = timedelta(minutes=5)
_FORM = re.compile(r"([0-9a-z]{1,16})\.([0-9a-f]{32})", re.ASCII)
_SID = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PageToken:
    """What a posted token says. A foreign one is not ours, or of another form; `issued_at` is known of our own."""

    state: Literal["absent", "valid", "expired", "foreign"]
    issued_at: datetime | None = None


ABSENT = PageToken("absent")
FOREIGN = PageToken("foreign")


def new_sid() -> str:
    """Make the id that makes two posts of one page one submission (128 bits)."""
    return secrets.token_urlsafe(16)


def is_sid(text: str) -> bool:
    return _SID.fullmatch(text) is not None


def make_page_token(slug: str, sid: str, issued_at: datetime, secret: bytes) -> str:
    at = f"{int(issued_at.timestamp() * 1000):x}"
    return f"{at}.{_mac(slug, sid, at, secret)}"


def read_page_token(token: str, slug: str, sid: str, now: datetime, secret: bytes) -> PageToken:
    if not token:
        return ABSENT
    match = _FORM.fullmatch(token)
    if match is None or not hmac.compare_digest(match[2], _mac(slug, sid, match[1], secret)):
        return FOREIGN
    issued_at = datetime.fromtimestamp(int(match[1], 16) / 1000, UTC)
    if issued_at > now + _AHEAD:
        return FOREIGN
    return PageToken("valid" if now - issued_at <= VALID_FOR else "expired", issued_at)


def _mac(slug: str, sid: str, at: str, secret: bytes) -> str:
    return hmac.new(secret, f"form page\n{slug}\n{sid}\n{at}".encode(), sha256).hexdigest()[:32]
