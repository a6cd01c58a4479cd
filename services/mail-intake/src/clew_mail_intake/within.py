"""Do a short piece of work in the event loop, and break it off when it turns out to be long.

Next: clew_mail_intake.worker.Workers.understand.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class TookLong(BaseException):
    """The work was broken off; no `except Exception` on the way takes this for its own."""


class _Timer:
    """The process's timer of processor time, of which there is one (setitimer(2))."""

    is_set = False

    def ring(self, _: int, __: FrameType | None) -> None:
        # One that rings when the work has just ended has come too late.
        if self.is_set:
            self.is_set = False
            raise TookLong


_TIMER = _Timer()


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do work that keeps nothing half done, with at most so many seconds of processor time. Raises `TookLong`.

    A regular expression is interrupted too. Only the main thread hears the timer: in another one nothing is broken off.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    signal.signal(signal.SIGVTALRM, _TIMER.ring)
    _TIMER.is_set = True
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return work()
    finally:
        _TIMER.is_set = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
