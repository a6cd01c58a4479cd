"""Where a card stands in its column: strings that leave room between any two. Next: clew_lifecycle.apply_transition.

Ranks are compared byte by byte (`COLLATE "C"`), so the digits are in the order of their codes. A fresh rank sorts
before every older one without looking at any.
"""

from datetime import datetime

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE = len(_DIGITS)
_FRESH_WIDTH = 9
_LAST_MICROSECOND = _BASE**_FRESH_WIDTH - 1


def fresh_rank(at: datetime) -> str:
    """Give the rank of a card that arrives on top of its column at `at`; it holds until the year 2398."""
    left = _LAST_MICROSECOND - int(at.timestamp() * 1_000_000)
    digits = []
    for _ in range(_FRESH_WIDTH):
        left, digit = divmod(left, _BASE)
        digits.append(_DIGITS[digit])
    # The last digit is never the lowest, or nothing would fit before it.
    return "".join(reversed(digits)) + "V"


def rank_between(before: str | None, after: str | None) -> str:
    """Give a rank between two neighbours, or beside the one there is. Raises ValueError when they are not in order."""
    low, high = before or "", after
    if high is not None and low >= high:
        raise ValueError("the neighbours are not in order")
    rank = ""
    place = 0
    while True:
        down = _DIGITS.index(low[place]) if place < len(low) else 0
        up = _DIGITS.index(high[place]) if high is not None and place < len(high) else _BASE
        if up - down > 1:
            return rank + _DIGITS[(down + up) // 2]
        rank += _DIGITS[down]
        if up > down:
            # Below `high` already: from here on only `low` bounds the rank.
            high = None
        place += 1
