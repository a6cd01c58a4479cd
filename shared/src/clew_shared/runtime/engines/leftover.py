"""End what an earlier, killed run left on our data. Next: clew_shared.runtime.engines.postgres.EmbeddedPostgres."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)

_POLL = 0.02


async def end_leftover(pid: int, stop: tuple[tuple[signal.Signals, float], ...]) -> None:
    """End a process that is not our child, with the signals of a `ChildPlan`, then by force."""
    _log.warning("leftover_engine_stopped", pid=pid)
    for kind, patience in (*stop, (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        if await _is_gone_within(pid, patience):
            return
    raise RuntimeError(f"process {pid} still uses our data and cannot be stopped; end it by hand")


async def _is_gone_within(pid: int, seconds: float) -> bool:
    # Not our child, so nothing tells us of its end.
    for _ in range(int(seconds / _POLL)):
        if not is_alive(pid):
            return True
        await asyncio.sleep(_POLL)
    return False


def is_alive(pid: int) -> bool:
    """Whether the process exists and is more than a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def works_in(pid: int, directory: Path) -> bool:
    """Whether the process's current directory is this one; a pid alone may have been given to somebody else."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(directory)
    except OSError:
        return False


def read_pid(path: Path) -> int:
    """Give the pid in the first line of a pid file; 0 when there is none."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return 0
