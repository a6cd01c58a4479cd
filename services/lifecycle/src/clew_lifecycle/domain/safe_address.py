"""Which addresses a stranger may have us connect to: the internet's, and the networks that the operator allows."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

_WEB_PORTS = (80, 443)
# Besides what the registries call private: where clouds answer for their machines' secrets, and of IPv6 all but
# 2000::/3: outside lie the ways to write an IPv4 address (mapped, NAT64) that no honest name needs; so is 6to4.
_NEVER = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "169.254.0.0/16"),
        *("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"),
        *("::/3", "4000::/2", "8000::/1", "2001::/23", "2002::/16", "3fff::/20"),
    )
)


class Refused(ValueError):
    """This address is not for strangers to reach through us; the message names no address."""


class SafeAddresses:
    """Knows the networks that the operator allows (`CLEW_WEBHOOK_ALLOW`), there on any port."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Raises ValueError for what is no network."""
        self._allowed = tuple(ip_network(text, strict=False) for text in allowed)

    def check(self, text: str, port: int) -> None:
        """Raises `Refused` unless `text`, an address as the resolver gave it, may be connected to."""
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            raise Refused("this is no address") from None
        if any(address in network for network in self._allowed):
            return
        if address.is_multicast or not address.is_global or any(address in network for network in _NEVER):
            raise Refused("the address is private, local or reserved; CLEW_WEBHOOK_ALLOW names those that are meant")
        if port not in _WEB_PORTS:
            raise Refused("on the internet only ports 80 and 443 are served")
