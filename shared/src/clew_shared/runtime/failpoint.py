"""Named places where a fault test may kill the process.

`CLEW_FAILPOINT=relay.after_publish:40` ends the process with SIGKILL the 40th time that the place is passed; several
are separated by commas. Without the setting a failpoint costs one look into an empty dictionary.
"""

import os
import signal

_remaining: dict[str, int] = {}


def arm(setting: str | None) -> None:
    """Arm the places that `setting` names. Raises ValueError when a count is no number."""
    for place in (setting or "").split(","):
        if place:
            name, _, count = place.partition(":")
            _remaining[name] = int(count or 1)


def failpoint(name: str) -> None:
    if name in _remaining:
        _remaining[name] -= 1
        if _remaining[name] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
