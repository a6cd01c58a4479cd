"""At whom a mail failed, where only the words of a bounce say it.

Next: clew_mail_intake.understanding.bounced_mail.read_bounced.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.machine_words import MACHINE_SENDER
from clew_mail_intake.understanding.mail_words import HEADER_LABELS

_DOMAIN = r"[a-z0-9\u00c0-\u024f\u0400-\u04ff-]{1,63}"
# Chinese and Japanese set no space before an address.
_ADDRESS = re.compile(
    rf"[^\s<>()\[\]\",;:@\u3000-\u9fff\uac00-\ud7af\uff00-\uff64]{{1,64}}@{_DOMAIN}(?:\.{_DOMAIN}){{0,8}}",
    re.IGNORECASE,
)
_TEXT = 16 * 1024
_MOST = 50


@dataclass(frozen=True, slots=True)
class Report:
    """A bounce in words: its text above the returned mail, its sender and recipient, and whom that mail went to."""

    above: str
    sides: frozenset[str]
    went_to: tuple[str, ...]


def find_address(report: Report) -> str:
    """Return the address named that the returned mail went to, else the first that is neither side's, or nothing."""
    found = list(_addresses(report.above[:_TEXT]))
    addresses = [address for address, _ in found]
    foreign = [pair for pair in found if pair[0] not in report.sides and "." in pair[0].rpartition("@")[2]]
    named = [address for address in report.went_to if address not in report.sides]
    ranked = (
        [address for address in addresses if address in report.went_to],
        # What the text names then is a mailbox behind the one that we wrote to, or who can be asked.
        named if len(report.went_to) == 1 else [],
        [address for address, kind in foreign if not kind],
        # `To:` may be all that names somebody, or say to which list a mail went.
        [address for address, kind in foreign if kind != "from"],
        addresses,
    )
    return next((each[0] for each in ranked if each), "")


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    """Yield each address with what a header's label before it says that it is."""
    for count, found in enumerate(_ADDRESS.finditer(text)):
        if count >= _MOST:
            return
        address = read_address(found[0]).removeprefix("smtp=")
        if address and not MACHINE_SENDER.match(address.partition("@")[0]):
            line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
            yield address, HEADER_LABELS.get(line.partition(":")[0].strip().lower(), "") if ":" in line else ""
