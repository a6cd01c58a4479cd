"""PostgreSQL as our child, on 127.0.0.1 with a generated password.

Next: clew_shared.runtime.engines.child.SupervisedChild
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from clew_shared.runtime.engines.child import ChildFailedError, ChildPlan, SupervisedChild, spawn, tail
from clew_shared.runtime.engines.leftover import end_leftover, is_alive, read_pid, works_in
from clew_shared.runtime.engines.lock import DirectoryLock
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.engines.postgres_install import choose_account, find_programs
from clew_shared.runtime.engines.secret import keep_password

USER = DATABASE = "clew"

# The server is started inside its data directory and told to find it as its current one. So `nobody` never has to walk
# to it: the data stays below CLEW_DATA_DIR even where that is below root's home.
_HERE = "/proc/self/cwd"
_FAST, _IMMEDIATE = (signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)
_START_ATTEMPTS = 8

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "cluster_name": "clew",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A detail line would spell out the address that collided.
    "log_error_verbosity": "terse",
}
_IN_A_HURRY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "checkpoint_timeout": "1h"}


class EmbeddedPostgres:
    """A PostgreSQL server on `directory`, with a database `clew` that has pg_trgm.

    `durable=False` trades the data's safety for speed, for tests. Raises `DirectoryInUseError`, `ChildFailedError`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        self._home = directory.absolute()
        self._cluster = self._home / "cluster"
        self._log = self._home / "postgres.log"
        self._durable = durable
        self._settings = {**_SETTINGS, **({} if durable else _IN_A_HURRY), **(settings or {})}
        self._on_restart = on_restart

    async def __aenter__(self) -> Self:
        self._lock = DirectoryLock(self._home)
        try:
            self._password = keep_password(self._home)
            self._account = choose_account(self._cluster)
            self.programs = await asyncio.to_thread(find_programs, self._account)
            if not self._cluster.exists():
                await self._create_cluster()
            await self._start()
        except BaseException:
            self._lock.release()
            raise
        try:
            await self._ensure_database()
        except BaseException:
            await self.__aexit__(None, None, None)
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
        """SQLAlchemy's address of the database `clew`."""
        return self.url_of(DATABASE)

    @property
    def pid(self) -> int:
        """The postmaster's pid; another one after a restart, 0 while it is down."""
        return self._child.pid

    def url_of(self, database: str) -> str:
        return f"postgresql+asyncpg://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    async def _create_cluster(self) -> None:
        draft = self._home / "cluster.new"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        if self._account:
            shutil.chown(draft, self._account.uid, self._account.gid)
        # In memory, because `nobody` may walk to no file that is private to us.
        with os.fdopen(os.memfd_create("password"), "w+") as password, self._log.open("ab") as log:
            password.write(self._password)
            password.seek(0)
            process = await spawn(self._initdb_plan(draft), stdin=password.fileno(), stdout=log.fileno())
            if await process.wait() != 0:
                raise ChildFailedError(f"initdb failed: {tail(self._log)}")
        draft.rename(self._cluster)

    def _initdb_plan(self, draft: Path) -> ChildPlan:
        return ChildPlan(
            name="initdb",
            command=(
                *(str(self.programs / "initdb"), "-D", _HERE, "-U", USER, "--pwfile=/dev/stdin"),
                *("--auth-local=reject", "--auth-host=scram-sha-256", "--no-instructions"),
                # Sorted by code point, letters known beyond ASCII: without LC_CTYPE pg_trgm would drop every umlaut.
                *("--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(() if self._durable else ("--no-sync",)),
            ),
            log=self._log,
            ready=_always,
            stop=(_IMMEDIATE,),
            cwd=draft,
            account=self._account,
        )

    async def _start(self) -> None:
        for attempt in range(_START_ATTEMPTS):
            self.port = free_port()
            self._child = SupervisedChild(self._server_plan(), self._on_restart)
            try:
                await self._child.start()
                return
            except ChildFailedError as error:
                # The port was taken meanwhile, or backends of a killed server still hold its shared memory.
                if "in use" not in str(error) or attempt == _START_ATTEMPTS - 1:
                    raise
                await asyncio.sleep(0.1 * 2**attempt)

    def _server_plan(self) -> ChildPlan:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        return ChildPlan(
            name="postgres",
            command=(str(self.programs / "postgres"), "-D", _HERE, "-p", str(self.port), *options),
            log=self._log,
            ready=self._is_ready,
            stop=(_FAST, _IMMEDIATE),
            cwd=self._cluster,
            account=self._account,
            clean_up=self._end_leftover,
        )

    async def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    async def _end_leftover(self) -> None:
        pid_file = self._cluster / "postmaster.pid"
        pid = read_pid(pid_file)
        if not pid:
            return
        if is_alive(pid) and works_in(pid, self._cluster):
            await end_leftover(pid, (_FAST, _IMMEDIATE))
        # After a reboot the pid may be somebody else's, and PostgreSQL would refuse to start because of it.
        pid_file.unlink(missing_ok=True)

    async def _ensure_database(self) -> None:
        plain = {"user": USER, "password": self._password, "host": "127.0.0.1", "port": self.port}
        try:
            connection = await asyncpg.connect(**plain, database=DATABASE)
        except asyncpg.InvalidCatalogNameError:
            maintenance = await asyncpg.connect(**plain, database="postgres")
            await maintenance.execute(f"CREATE DATABASE {DATABASE}")
            await maintenance.close()
            connection = await asyncpg.connect(**plain, database=DATABASE)
        try:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        finally:
            await connection.close()


async def _always(_pid: int) -> bool:
    return True
