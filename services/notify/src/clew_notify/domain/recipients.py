"""Decide who is told, each address once. Next: clew_notify.announce.Announcer.announce."""

import re
from collections.abc import Iterable

ACKNOWLEDGE_EVERY_HOURS = 24

# Nobody reads these, and some of them answer (RFC 3834 2: the senders, keepers and programs of lists among them).
_MACHINES = re.compile(
    r"(?:no-?_?\.?reply|do-?_?\.?not-?_?\.?reply|mailer-daemon|postmaster|bounces?|daemon|noreply|nobody|"
    r"listserv|majordomo|mailman|auto-?(?:reply|responder)|vacation)"
    r"(?:[-+._].*)?|.*[-+._](?:noreply|no-reply|donotreply|bounces?|daemon)|owner-.+|.+-(?:owner|request)"
)


def staff_to_tell(
    teammates: Iterable[str], owner: str | None, *, without: Iterable[str | None], ours: Iterable[str]
) -> list[str]:
    """Give the owner first, then the teammates in order; each address once, however it is spelt.

    `without` are those who caused it and the client; `ours` the addresses that we send from and receive at, because a
    mail to them would come back in as an enquiry.
    """
    seen = {address.casefold() for address in (*without, *ours) if address}
    told = []
    for address in (owner, *teammates):
        if address and "@" in address and address.casefold() not in seen:
            seen.add(address.casefold())
            told.append(address)
    return told


def may_acknowledge(address: str | None, *, own_domains: Iterable[str]) -> bool:
    """Tell whether an automatic answer to `address` can reach a person and cannot come back to us (RFC 3834 2)."""
    if not address:
        return False
    local, _, domain = address.casefold().rpartition("@")
    if not local or not domain or domain in {own.casefold() for own in own_domains}:
        return False
    return _MACHINES.fullmatch(local) is None


def one_reader(address: str) -> str:
    """Give what an address has in common with its tagged spellings (`jane+shop@`): a machine may write under many."""
    local, _, domain = address.casefold().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def each_once(addresses: Iterable[str], *, without: Iterable[str] = ()) -> list[str]:
    """Give the addresses in order, without second spellings and without those in `without`."""
    seen = {address.casefold() for address in without}
    kept = []
    for address in addresses:
        if "@" in address and address.casefold() not in seen:
            seen.add(address.casefold())
            kept.append(address)
    return kept
