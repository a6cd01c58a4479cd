"""When a refused mail is tried again, and which refusals end an address. Next: clew_notify.settle.settle."""

from datetime import timedelta

_FIRST = 5.0
_LONGEST = 3600.0
# RFC 3463: no such mailbox, a null MX, a mailbox given up. Not 5.7.x: that is about us, not about the address.
_GONE = frozenset({"5.1.1", "5.1.10", "5.2.1"})


def pause_before(attempt: int, chance: float) -> timedelta:
    """Give the pause after the attempt-th refusal: doubling from 5 s to 1 h, +-50 % by `chance` (0 to 1)."""
    longest = min(_LONGEST, _FIRST * 2.0 ** min(attempt - 1, 20))
    return timedelta(seconds=longest * (0.5 + chance))


def is_gone(status: str | None) -> bool:
    """Tell whether an enhanced status code says that the address itself does not exist or is given up."""
    return status in _GONE
