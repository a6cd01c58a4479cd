"""Who works here, and for how long they are recognised."""

from datetime import timedelta

from clew_lifecycle.add_teammate import add_teammate
from clew_lifecycle.remove_teammate import remove_teammate
from clew_lifecycle.sign_in import digest, issue_sign_in_link, request_sign_in, use_link
from clew_lifecycle.store.team import actor_of_session
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.sessions import Actor
from sqlalchemy import text

from tests.lifecycle.desk import Desk


async def signed_in(desk: Desk) -> str:
    path = await issue_sign_in_link(desk.rail)
    async with desk.rail.unit_of_work() as uow:
        found = await use_link(path.rpartition("/")[2], uow)
    assert found is not None
    return found.secret


async def who(desk: Desk, secret: str) -> Actor | None:
    async with desk.rail.reading() as connection:
        return await actor_of_session(digest(secret), connection)


async def age(desk: Desk, column: str, by: timedelta) -> None:
    async with desk.rail.database.engine.begin() as connection:
        await connection.execute(text(f"UPDATE lifecycle.session SET {column} = :at"), {"at": utc_now() - by})


async def test_a_session_ends_when_it_is_not_used_and_in_any_case_after_a_week(desk: Desk) -> None:
    secret = await signed_in(desk)
    fresh = await who(desk, secret)
    await age(desk, "seen_at", timedelta(hours=11))
    used = await who(desk, secret)
    await age(desk, "seen_at", timedelta(hours=13))
    idle = await who(desk, secret)
    await age(desk, "seen_at", timedelta(0))
    await age(desk, "created_at", timedelta(days=7, minutes=1))
    old = await who(desk, secret)

    assert fresh is not None
    assert (fresh.email, used, idle, old) == ("sam@team.example", fresh, None, None)


async def test_neither_session_nor_link_can_be_read_from_the_database(desk: Desk) -> None:
    secret = await signed_in(desk)

    kept = str(await desk.rows("session")) + str(await desk.rows("sign_in_link"))

    assert secret not in kept


async def test_who_has_left_is_recognised_no_more_and_can_come_back(desk: Desk) -> None:
    secret = await signed_in(desk)
    async with desk.rail.unit_of_work() as uow:
        removed = await remove_teammate("SAM@team.example", uow)
        again = await remove_teammate("sam@team.example", uow)
    gone = await who(desk, secret)
    async with desk.rail.unit_of_work() as uow:
        back = await add_teammate("sam@team.example", None, uow)

    assert (removed, again, gone) == (True, False, None)
    assert back is not None
    assert await desk.told() == ["teammate_removed", "teammate_added"]


async def test_nobody_is_flooded_with_links(desk: Desk) -> None:
    for _ in range(20):
        async with desk.rail.unit_of_work() as uow:
            await request_sign_in("sam@team.example", "/", "https://clew.example", uow)

    assert (await desk.told()).count("sign_in_requested") == 5
