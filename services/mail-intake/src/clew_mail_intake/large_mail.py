"""A mail that is too large to be held whole here. Next: clew_mail_intake.worker.Workers.understand."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LargeMail:
    """`size` bytes that `pieces` reads from the beginning, as often as it is called; `head` is the first of them."""

    size: int
    head: bytes
    pieces: Callable[[], AsyncIterator[bytes]]
