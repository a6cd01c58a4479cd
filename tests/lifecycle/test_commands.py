"""`clew token create` and `clew teammate add`, as an operator calls them."""

import asyncio
import sys
from pathlib import Path

from clew_lifecycle.add_teammate import add_teammate
from clew_shared.runtime.sessions import credential_of
from clew_shared.runtime.settings import Settings

from tests.lifecycle.desk import Desk

CLEW = Path(sys.executable).with_name("clew")


async def clew(settings: Settings, *words: str) -> tuple[int, str, str]:
    env = {
        "CLEW_DATABASE_URL": settings.database_url or "",
        "CLEW_NATS_URL": settings.nats_url or "",
        "CLEW_DATA_DIR": str(settings.data_dir),
    }
    child = await asyncio.create_subprocess_exec(
        CLEW, *words, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await child.communicate()
    return child.returncode or 0, out.decode(), errors.decode()


async def test_a_token_is_shown_once_and_kept_as_its_hash(desk: Desk, settings: Settings) -> None:
    code, out, errors = await clew(settings, "token", "create", "shop", "--role", "sales")

    assert code == 0, errors
    token = out.strip()
    [row] = [row for row in await desk.rows("api_token") if row["name"] == "shop"]
    assert (row["sha256"], row["role"]) == (credential_of("token", token).sha256, "sales")


async def test_a_teammate_is_added_once_and_told_of(desk: Desk, settings: Settings) -> None:
    code, _, errors = await clew(settings, "teammate", "add", "Lee.Ann@team.example")
    async with desk.rail.unit_of_work() as uow:
        again = await add_teammate("lee.ann@TEAM.example", "Lee", uow)

    assert (code, again) == (0, None), errors
    [mate] = [row for row in await desk.rows("teammate") if row["email_key"] == "lee.ann@team.example"]
    assert (mate["email"], mate["name"]) == ("Lee.Ann@team.example", "Lee Ann")
    assert await desk.told() == ["teammate_added"]


async def test_a_teammate_who_is_let_go_can_no_longer_sign_in_and_may_come_back(desk: Desk, settings: Settings) -> None:
    await clew(settings, "teammate", "add", "lee@team.example")
    removed = await clew(settings, "teammate", "remove", "LEE@team.example")
    again = await clew(settings, "teammate", "remove", "lee@team.example")
    [gone] = [row for row in await desk.rows("teammate") if row["email_key"] == "lee@team.example"]
    back = await clew(settings, "teammate", "add", "lee@team.example")

    assert (removed[0], again[0], back[0]) == (0, 1, 0)
    assert not gone["active"]
    assert await desk.told() == ["teammate_added", "teammate_removed", "teammate_added"]
