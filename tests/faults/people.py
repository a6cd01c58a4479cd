"""Who sends what: an endless, repeatable series of enquiries by new people and by those who wrote before.

Next: tests.faults.doors.send
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

MARKER = re.compile(r"\bzz\d{6}q\b")
_PEOPLE_OF_A_FIRM = 4
_SHARE_OF_NEW_PEOPLE = 0.12
_SHARE_OF_MACHINES = 0.06
_SHARE_SENT_TWICE = 0.1


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to send. `marker` is a word that is in it and in nothing else.

    `door` is form-json, form-page or mail; `is_machine` an automatic answer, which is no enquiry; `twice` has it sent
    once more after its acknowledgement, as a client does that missed it.
    """

    marker: str
    door: str
    sender: str
    name: str
    is_machine: bool = False
    twice: bool = False

    @property
    def message_id(self) -> str:
        return f"<{self.marker}@{self.sender.rpartition('@')[2]}>"


def series(seed: int) -> Iterator[Item]:
    """Give items without end; the same seed gives the same ones."""
    chance = random.Random(seed)
    people = 0
    number = 0
    while True:
        if not people or chance.random() < _SHARE_OF_NEW_PEOPLE:
            people += 1
            # Somebody new now and then comes through two doors at once.
            burst = chance.choice((1, 1, 2, 3))
            writers = [people] * burst
        else:
            writers = [_one_of(people, chance)]
        for writer in writers:
            number += 1
            yield _item(number, writer, chance)


def _one_of(people: int, chance: random.Random) -> int:
    # Half of the repeats come from those who wrote just now, while their first word is still on its way.
    first = max(1, people - 5) if chance.random() < 0.5 else 1
    return chance.randint(first, people)


def _item(number: int, writer: int, chance: random.Random) -> Item:
    door = chance.choice(("form-json", "form-page", "mail"))
    return Item(
        marker=f"zz{number:06d}q",
        door=door,
        sender=f"person{writer}@firm{writer // _PEOPLE_OF_A_FIRM}.example",
        name=f"Person {writer}",
        is_machine=door == "mail" and chance.random() < _SHARE_OF_MACHINES,
        twice=chance.random() < _SHARE_SENT_TWICE,
    )
