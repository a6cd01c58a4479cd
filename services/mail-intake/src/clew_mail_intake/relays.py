"""Which systems that hand us mail are our own. Next: clew_mail_intake.smtp.policy.SmtpPolicy."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network


class Relays:
    """The networks of the mail systems of our own house, by `mail_relays` of the settings."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(network) for network in networks]
        # Asked at each mail, mostly about the same few addresses.
        self._known = lru_cache(1000)(self._include)

    def include(self, address: str) -> bool:
        """Tell a hop of our own, which hides who sent a mail, from the sender's; what has no address is our own."""
        return self._known(address)

    def _include(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return True
        plain = getattr(found, "ipv4_mapped", None) or found
        return any(plain in network for network in self._networks)
