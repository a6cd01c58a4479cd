"""When a refused mail is tried again, and which refusals end an address. Next: clew_notify.settle.settle."""

from datetime import timedelta

_FIRST = 5.0
_LONGEST = 3600.0
# RFC 3463, RFC 7505: no such mailbox or domain, no address at all, moved away, a null MX, a mailbox given up; Exchange
# Online says 5.4.1 and 5.4.310 for the first two. Not 5.7.x: that is about us, not about the address.
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.1", "5.4.4", "5.4.310"})


def pause_before(attempt: int, chance: float) -> timedelta:
    """Give the pause after the attempt-th refusal: doubling from 5 s to 1 h, +-50 % by `chance` (0 to 1)."""
    longest = min(_LONGEST, _FIRST * 2.0 ** min(attempt - 1, 20))
    return timedelta(seconds=longest * (0.5 + chance))


def is_gone(status: str | None) -> bool:
    """Tell whether an enhanced status code says that the address itself does not exist or is given up."""
    return status in _GONE
