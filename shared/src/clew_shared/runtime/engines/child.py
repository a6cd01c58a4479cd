"""A child process that is ready when it says so, and started again when it dies.

Next: clew_shared.runtime.engines.launch.main
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import structlog

from clew_shared.runtime.engines import launch
from clew_shared.runtime.settings import OperatorError

_log = structlog.get_logger(__name__)

_POLL = 0.005
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_LOG_LIMIT = 16 * 1024 * 1024


class Account(NamedTuple):
    """The user that a child runs as."""

    uid: int
    gid: int


class ChildFailedError(OperatorError):
    """A child ended, or was not ready in time; the message ends with what it last said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPlan:
    """How to run a child.

    `ready(pid)` is asked until it says yes. `stop` are signals with the seconds to wait after each; the first one is
    also what the kernel sends when this process dies. `clean_up` runs before each start.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    ready: Callable[[int], Awaitable[bool]]
    stop: tuple[tuple[signal.Signals, float], ...]
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    patience: float = 120.0
    clean_up: Callable[[], Awaitable[None]] | None = None


class SupervisedChild:
    """Run one child until `stop`; `pid` changes when it had to be started again.

    The kernel ties the child to the *thread* that starts it, so start it from a thread that lives as long as the
    program does: the main one, or one made for it.
    """

    def __init__(self, plan: ChildPlan, on_restart: Callable[[], None] | None = None) -> None:
        self._plan = plan
        self._on_restart = on_restart
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The child's pid; 0 while it is down."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start the child and wait until it is ready. Raises `ChildFailedError`."""
        try:
            await self._start_once()
        except BaseException:
            await self._end_process()
            raise
        self._watch = asyncio.create_task(self._start_again_when_it_dies(), name=f"watch {self._plan.name}")

    async def stop(self) -> None:
        """End the child in the politest way that works."""
        self._stopping = True
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await self._end_process()

    async def _start_once(self) -> None:
        plan = self._plan
        if plan.clean_up:
            await plan.clean_up()
        with _open_log(plan.log) as log:
            # Shielded, so that a cancelled start cannot leave a process that nobody knows.
            spawning = asyncio.ensure_future(spawn(plan, stdout=log))
            try:
                self._process = await asyncio.shield(spawning)
            except asyncio.CancelledError:
                self._process = await spawning
                raise
        await self._wait_until_ready(self._process)

    async def _wait_until_ready(self, process: asyncio.subprocess.Process) -> None:
        deadline = asyncio.get_running_loop().time() + self._plan.patience
        while not await self._plan.ready(process.pid):
            if process.returncode is not None:
                raise ChildFailedError(f"{self._plan.name} ended with {process.returncode}: {tail(self._plan.log)}")
            if asyncio.get_running_loop().time() > deadline:
                raise ChildFailedError(f"{self._plan.name} did not get ready: {tail(self._plan.log)}")
            await asyncio.sleep(_POLL)

    async def _start_again_when_it_dies(self) -> None:
        while True:
            assert self._process is not None  # noqa: S101 - start() has set it
            code = await self._process.wait()
            _log.error("child_died", child=self._plan.name, code=code)
            pause = _FIRST_PAUSE
            while not await self._started_again():
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            _log.warning("child_restarted", child=self._plan.name, pid=self.pid)
            if self._on_restart:
                self._on_restart()

    async def _started_again(self) -> bool:
        try:
            await self._start_once()
        except ChildFailedError as error:
            await self._end_process()
            _log.error("child_restart_failed", child=self._plan.name, reason=str(error))
            return False
        return True

    async def _end_process(self) -> None:
        if self._process is None:
            return
        for kind, patience in (*self._plan.stop, (signal.SIGKILL, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(kind)
            try:
                await asyncio.wait_for(self._process.wait(), patience)
                return
            except TimeoutError:
                continue


async def spawn(plan: ChildPlan, *, stdout: int, stdin: int = asyncio.subprocess.DEVNULL) -> asyncio.subprocess.Process:
    """Start the plan's command, tied to this process and away from the terminal's Ctrl-C."""
    return await asyncio.create_subprocess_exec(
        *launch_command(plan.command, plan.stop[0][0], plan.account),
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.STDOUT,
        cwd=plan.cwd,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC", **plan.env},
        # Ctrl-C reaches the whole foreground group at once; an engine must outlive the services that drain into it.
        start_new_session=True,
    )


def launch_command(command: tuple[str, ...], death_signal: int, account: Account | None) -> tuple[str, ...]:
    """Wrap a command so that it runs as `account` and gets `death_signal` when this process dies."""
    uid, gid = account or (-1, -1)
    # -I -S: nothing of ours is imported before the exec, which keeps this at some ten milliseconds.
    launcher = (sys.executable, "-I", "-S", launch.__file__)
    return (*launcher, str(os.getpid()), str(int(death_signal)), str(uid), str(gid), *command)


def tail(log: Path, limit: int = 1500) -> str:
    """Give the end of a log, for an error message."""
    try:
        return log.read_bytes()[-limit:].decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


@contextlib.contextmanager
def _open_log(path: Path):  # type: ignore[no-untyped-def]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
