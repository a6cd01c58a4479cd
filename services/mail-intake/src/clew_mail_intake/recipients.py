"""Whom mail may come for, known without a look into any table.

Next: clew_mail_intake.smtp.take_mail.IntakeSMTP.smtp_RCPT.
"""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property

from clew_shared.contracts.enquiry import ReplyToken
from clew_shared.contracts.reply_address import ForgedReplyAddress, ReplyKeys, read_reply_address
from clew_shared.identity.email import ascii_address, ascii_domain
from clew_shared.runtime.settings import Settings

# RFC 5321 4.5.1 and RFC 2142 5: these reach a person wherever mail is taken.
_ALWAYS = frozenset({"postmaster", "abuse"})


class Recipients:
    """The addresses that are ours: the intake addresses with any tag, our own sender, and signed reply addresses.

    A domain of other letters is known in both of its spellings.
    """

    def __init__(
        self, domain: str, names: frozenset[str], keys: Callable[[], ReplyKeys], house: frozenset[str] = frozenset()
    ) -> None:
        self.domain = domain
        self.names = names
        self._keys = keys
        self._house = house

    @cached_property
    def keys(self) -> ReplyKeys:
        # Not before the first mail: a service that is only built must not make the installation's secret.
        return self._keys()

    def knows(self, address: str) -> bool:
        """Tell whether mail for `address` is taken; a forged reply address is nobody's."""
        address = ascii_address(address)
        local, _, domain = address.rpartition("@")
        if not local:
            return domain == "postmaster"
        if domain != self.domain:
            return False
        if local.partition("+")[0] in self.names:
            return True
        try:
            # An expired token was ours once: its sender is answered by who they are, not turned away.
            return read_reply_address(address, self.domain, self.keys) is not None
        except ForgedReplyAddress:
            return False

    def is_ours(self, address: str) -> bool:
        return ascii_domain(address.rpartition("@")[2]) == self.domain

    def is_own_name(self, address: str) -> bool:
        """Tell the intake address, our sender and the like, with any tag."""
        return self.is_ours(address) and address.casefold().rpartition("@")[0].partition("+")[0] in self.names

    def is_reply_address(self, address: str) -> bool:
        return self.is_ours(address) and address.casefold().startswith("r.")

    def is_taken_for_us(self, address: str) -> bool:
        return self.is_own_name(address) or self.is_reply_address(address)

    def is_of_our_house(self, address: str) -> bool:
        """Tell an address that people write to when they write to us, whoever passes it on to the intake."""
        return self.is_taken_for_us(address) or ascii_domain(address.rpartition("@")[2]) in self._house

    def in_small_letters(self, *message_ids: str | None) -> tuple[str, ...]:
        """Give the ids of our domain that have capitals as we would have written them; some gateways capitalise all."""
        small = {name.lower(): name for name in message_ids if name}
        return tuple(name for name, given in small.items() if name != given and name.endswith(f"@{self.domain}>"))


@dataclass(frozen=True, slots=True)
class TokenFound:
    """The best reply token among some addresses, and whether a forged one was there."""

    token: ReplyToken | None
    forged: bool


def find_token(addresses: tuple[str, ...], ours: Recipients) -> TokenFound:
    """Read the reply token that `addresses` carry: a live one before an expired one, the first of its kind."""
    live = expired = None
    forged = False
    for address in addresses:
        try:
            read = read_reply_address(ascii_address(address), ours.domain, ours.keys)
        except ForgedReplyAddress:
            forged = True
            continue
        if read is None:
            continue
        token = ReplyToken(deal_id=read.deal_id, expired=read.expired, delivery=read.delivery)
        if read.expired:
            expired = expired or token
        else:
            live = live or token
    return TokenFound(live or expired, forged)


def our_recipients(settings: Settings) -> Recipients:
    domain = settings.intake_domain
    own = {*settings.intake_addresses, parseaddr(settings.sender_address)[1]}
    names = {local for local, _, host in (ascii_address(address).rpartition("@") for address in own) if host == domain}
    house = frozenset(ascii_domain(name) for name in settings.team_domains)
    return Recipients(domain, frozenset(names | _ALWAYS), settings.reply_keys, house)
