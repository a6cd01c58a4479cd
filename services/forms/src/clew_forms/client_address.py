"""Find out who is really calling, and which network that is. Next: clew_forms.routes.PublicForms.post_submission."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOPS = 30
# Visitors send several requests, and proxies send everybody's.
_REMEMBERED = 2048


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read the trusted proxies. Raises ValueError for what is no address and no network."""
    return tuple(ip_network(text, strict=False) for text in texts)


@lru_cache(_REMEMBERED)
def client_address(peer: str | None, forwarded_for: tuple[str, ...], trusted: tuple[Network, ...]) -> Address | None:
    """Walk `X-Forwarded-For` from the right, and stop at the first hop that is no proxy of ours.

    Everything left of that hop was written by whoever is there. Without trusted proxies the header is not read.
    """
    try:
        found = _read(peer or "")
    except ValueError:
        return None
    if not _is_among(found, trusted):
        return found
    hops = [hop for value in forwarded_for for hop in value.split(",")]
    for hop in reversed(hops[-_HOPS:]):
        try:
            found = _read(hop)
        except ValueError:
            break
        if not _is_among(found, trusted):
            break
    return found


@lru_cache(_REMEMBERED)
def network_of(address: Address | None) -> str:
    """Name the network that counts as one visitor: a /24 of IPv4, a /64 of IPv6."""
    if address is None:
        return "unknown"
    return str(ip_network((address, 24 if address.version == 4 else 64), strict=False))


def _read(text: str) -> Address:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _is_among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
