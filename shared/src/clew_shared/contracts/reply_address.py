"""The signed address that a reply to a deal, or the return of one mail of it, goes to.

`r.<deal>.<key><expiry>.<mac>@<domain>` names a deal, `r.<deal><key><expiry and delivery>.<mac>@<domain>` one mail to
one recipient too: RFC 4648 base32 in lower case without padding, for the mail systems that fold case; 61 and 64
octets, so that both fit a local part (RFC 5321 4.5.3.1.1). The MAC is HMAC-SHA256 cut to 128 bits (RFC 2104 5) over
all that stands before it and the domain. Of a delivery stands there what fits, the end of its id.
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
_EXPIRY_BYTES = 2
_DELIVERY_BYTES = 3
_DEAL_CHARACTERS = 26


@dataclass(frozen=True, slots=True)
class ReplyKeys:
    """The secrets by their one-letter id; new addresses are signed with `current`, older keys still verify."""

    current: str
    secrets: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class ReadAddress:
    """`delivery` is what `delivery_mark` gives for the mail that carried the address; None in one of a deal alone."""

    deal_id: UUID
    expired: bool
    delivery: str | None = None


class ForgedReplyAddress(ValueError):
    """The address has the form of a reply address and its signature is not ours."""


def make_reply_address(
    deal_id: UUID, domain: str, keys: ReplyKeys, today: date | None = None, delivery_id: UUID | None = None
) -> str:
    """Make the address of a deal, or with `delivery_id` the one that only this mail to this recipient carries."""
    day = (today or datetime.now(UTC).date()) + timedelta(days=VALID_DAYS)
    expiry = (day - _EPOCH).days.to_bytes(_EXPIRY_BYTES, "big")
    deal = _encode(deal_id.bytes)
    if delivery_id is None:
        signed = f"r.{deal}.{keys.current}{_encode(expiry)}"
    else:
        signed = f"r.{deal}{keys.current}{_encode(expiry + delivery_id.bytes[-_DELIVERY_BYTES:])}"
    return f"{signed}.{_mac(signed, domain, keys.secrets[keys.current])}@{domain}"


def delivery_mark(delivery_id: UUID) -> str:
    """Give what an address says of a delivery: the last digits of its id, by chance alone another's of the deal too."""
    return delivery_id.hex[-2 * _DELIVERY_BYTES :]


def read_reply_address(address: str, domain: str, keys: ReplyKeys, today: date | None = None) -> ReadAddress | None:
    """Read what `address` names, or None when it is no reply address of `domain` at all.

    Raises `ForgedReplyAddress` for one whose form is right and whose signature is not.
    """
    local, _, host = address.strip().lower().rpartition("@")
    if host != domain.lower() or not local.startswith("r."):
        return None
    signed, _, mac = local.rpartition(".")
    deal, key, rest = _parts(signed)
    try:
        deal_id = UUID(bytes=_decode(deal))
        facts = _decode(rest)
        day = _EPOCH + timedelta(days=int.from_bytes(facts[:_EXPIRY_BYTES], "big"))
        secret = keys.secrets[key]
    except (ValueError, KeyError) as error:
        raise ForgedReplyAddress(address) from error
    if not hmac.compare_digest(mac.encode(), _mac(signed, domain.lower(), secret).encode()):
        raise ForgedReplyAddress(address)
    expired = day < (today or datetime.now(UTC).date())
    return ReadAddress(deal_id, expired, facts[_EXPIRY_BYTES:].hex() or None)


def _parts(signed: str) -> tuple[str, str, str]:
    """Cut what is signed into the deal, the letter of the key, and the rest. The signature covers the dot too."""
    deal, rest = signed[2 : 2 + _DEAL_CHARACTERS], signed[2 + _DEAL_CHARACTERS :].removeprefix(".")
    return deal, rest[:1], rest[1:]


def _mac(signed: str, domain: str, secret: bytes) -> str:
    return _encode(hmac.new(secret, f"{signed}@{domain}".encode(), sha256).digest()[:16])


def _encode(value: bytes) -> str:
    return b32encode(value).decode().rstrip("=").lower()


def _decode(value: str) -> bytes:
    return b32decode(value.upper() + "=" * (-len(value) % 8))
