"""How long to leave a server alone that failed. Next: clew_mail_intake.imap.watch.Watch."""

import random

_FIRST, _LONGEST = 1.0, 300.0


class Backoff:
    """Pauses that double from a second to five minutes, each a little different from anybody else's."""

    def __init__(self) -> None:
        self._usual = _FIRST

    def reset(self) -> None:
        """Begin anew: the server did well."""
        self._usual = _FIRST

    def next(self) -> float:
        """Give the seconds of the next pause."""
        pause = min(_LONGEST, self._usual * (1 + random.random()))
        self._usual = min(_LONGEST / 2, self._usual * 2)
        return pause
