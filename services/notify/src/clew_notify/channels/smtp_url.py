"""Read where the relay is. Next: clew_notify.channels.smtp.SmtpRelay."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from clew_shared.runtime.settings import BadSetting

Tls = Literal["none", "starttls", "tls", "if_offered"]

# Scheme -> how the line is secured, and the usual port (RFC 8314 for submission).
_SCHEMES: dict[str, tuple[Tls, int]] = {
    "smtp": ("if_offered", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A mail system that takes our mail."""

    host: str
    port: int
    tls: Tls
    username: str | None = None
    password: str | None = None


def read_smtp_url(url: str) -> Relay:
    """Read `smtp://[user:password@]host[:port]`, `smtps://` or `smtp+starttls://`. Raises `BadSetting`."""
    parts = urlsplit(url)
    try:
        tls, usual_port = _SCHEMES[parts.scheme]
        port = parts.port or usual_port
    except (KeyError, ValueError):
        raise BadSetting("CLEW_SMTP_URL is smtp://, smtps:// or smtp+starttls:// and names a host") from None
    if not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise BadSetting("CLEW_SMTP_URL is smtp://[user:password@]host[:port]")
    return Relay(
        host=parts.hostname,
        port=port,
        tls=tls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
