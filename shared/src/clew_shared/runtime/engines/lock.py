"""One owner at a time for an engine's directory. Next: clew_shared.runtime.engines.running.attached_or_started."""

import fcntl
import os
from pathlib import Path

from clew_shared.runtime.settings import OperatorError

_held: set[int] = set()


class DirectoryInUseError(OperatorError):
    """Another process runs an engine on this directory; `holder` is its pid, 0 when it has not said yet."""

    def __init__(self, directory: Path, holder: int) -> None:
        super().__init__(
            f"{directory} is in use by process {holder or '?'}. "
            "Stop that one first (Ctrl-C), or set CLEW_DATA_DIR to another directory."
        )
        self.directory = directory
        self.holder = holder


class DirectoryLock:
    """Hold `directory/lock` until released; the kernel lets go when the process ends in any way."""

    def __init__(self, directory: Path) -> None:
        _make(directory)
        self._file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 20).strip()
            os.close(self._file)
            raise DirectoryInUseError(directory, int(holder or 0)) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)
        _held.add(self._file)

    def release(self) -> None:
        _held.discard(self._file)
        os.close(self._file)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except PermissionError:
        raise
    except OSError as error:
        raise OperatorError(
            f"cannot make {error.filename or directory} ({error.strerror}); "
            "set CLEW_DATA_DIR to a directory of this user's"
        ) from None


def _let_go_after_fork() -> None:
    # A forked worker shares the lock and, outliving us, would keep it from the next start.
    for file in _held:
        os.close(file)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_after_fork)
