"""What was sent and what was acknowledged, written down before anybody counts on it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tests.faults.people import Item


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger as it was read: all that may exist, the part of it that must, and what a door turned away for good."""

    sent: dict[str, Item]
    accepted: dict[str, str]
    refused: dict[str, str]


class Ledger:
    """Lines appended to a file; an acknowledgement is on the disk when `accepted` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def sent(self, item: Item) -> None:
        """Note it before the first attempt: from here on it may exist."""
        self._write({"sent": asdict(item)})

    def accepted(self, item: Item, reply: str) -> None:
        self._write({"accepted": item.marker, "reply": reply})
        os.fsync(self._file.fileno())

    def refused(self, item: Item, reply: str) -> None:
        self._write({"refused": item.marker, "reply": reply})

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


def read_ledger(path: Path) -> Account:
    account = Account({}, {}, {})
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "sent" in entry:
            item = Item(**entry["sent"])
            account.sent[item.marker] = item
        elif "accepted" in entry:
            account.accepted[entry["accepted"]] = entry["reply"]
        else:
            account.refused[entry["refused"]] = entry["reply"]
    return account
