"""The signed address that a reply to a deal goes to.

`r.<deal>.<key><expiry>.<mac>@<domain>`: RFC 4648 base32 in lower case without padding, for the mail systems that fold
case; 62 octets, so that it fits the 64 of a local part (RFC 5321 4.5.3.1.1). The MAC is HMAC-SHA256 cut to 128 bits
(RFC 2104 5) over all that stands before it and the domain.
"""

import hmac
from base64 import b32decode, b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

VALID_DAYS = 400
_EPOCH = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class ReplyKeys:
    """The secrets by their one-letter id; new addresses are signed with `current`, older keys still verify."""

    current: str
    secrets: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class ReadAddress:
    deal_id: UUID
    expired: bool


class ForgedReplyAddress(ValueError):
    """The address has the form of a reply address and its signature is not ours."""


def make_reply_address(deal_id: UUID, domain: str, keys: ReplyKeys, today: date | None = None) -> str:
    day = (today or datetime.now(UTC).date()) + timedelta(days=VALID_DAYS)
    expiry = (day - _EPOCH).days.to_bytes(2, "big")
    signed = f"r.{_encode(deal_id.bytes)}.{keys.current}{_encode(expiry)}"
    return f"{signed}.{_mac(signed, domain, keys.secrets[keys.current])}@{domain}"


def read_reply_address(address: str, domain: str, keys: ReplyKeys, today: date | None = None) -> ReadAddress | None:
    """Read the deal that `address` names, or None when it is no reply address of `domain` at all.

    Raises `ForgedReplyAddress` for one whose form is right and whose signature is not.
    """
    local, _, host = address.strip().lower().rpartition("@")
    if host != domain.lower() or not local.startswith("r."):
        return None
    signed, _, mac = local.rpartition(".")
    try:
        _, deal, key_and_expiry = signed.split(".")
        deal_id = UUID(bytes=_decode(deal))
        day = _EPOCH + timedelta(days=int.from_bytes(_decode(key_and_expiry[1:]), "big"))
        secret = keys.secrets[key_and_expiry[0]]
    except (ValueError, KeyError, IndexError) as error:
        raise ForgedReplyAddress(address) from error
    if not hmac.compare_digest(mac.encode(), _mac(signed, domain.lower(), secret).encode()):
        raise ForgedReplyAddress(address)
    return ReadAddress(deal_id, expired=day < (today or datetime.now(UTC).date()))


def _mac(signed: str, domain: str, secret: bytes) -> str:
    return _encode(hmac.new(secret, f"{signed}@{domain}".encode(), sha256).digest()[:16])


def _encode(value: bytes) -> str:
    return b32encode(value).decode().rstrip("=").lower()


def _decode(value: str) -> bytes:
    return b32decode(value.upper() + "=" * (-len(value) % 8))
