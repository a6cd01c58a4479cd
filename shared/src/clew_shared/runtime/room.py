"""Whether the disk has room to take more. Next: clew_shared.runtime.health.check."""

import shutil
import time
from pathlib import Path

# What the engines write besides what is taken: PostgreSQL does not survive a full disk, so the doors close before.
LEAST_FREE_BYTES = 128 << 20
_LOOK_SECONDS = 1.0
_MB = 1 << 20


class Room:
    """The free space where the data lies, looked at once a second."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._looked_at = -_LOOK_SECONDS
        self._free = 0

    def lacks(self, size: int = 0) -> bool:
        """Tell whether `size` bytes more would leave too little."""
        return self.free() < LEAST_FREE_BYTES + size

    def free(self) -> int:
        """Give the free bytes."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_SECONDS:
            there = next(
                path for path in (self._directory.absolute(), *self._directory.absolute().parents) if path.exists()
            )
            self._free, self._looked_at = shutil.disk_usage(there).free, now
        return self._free

    def state(self) -> str:
        """Say `ok`, or what is lacking."""
        if not self.lacks():
            return "ok"
        return f"{self.free() // _MB} MB free at {self._directory}, {LEAST_FREE_BYTES // _MB} MB are needed"
