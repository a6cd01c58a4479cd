"""A list that is read page by page while it grows."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from itertools import count

import msgspec
import pytest
from clew_lifecycle.store.tables import company
from sqlalchemy import update

from tests.lifecycle.odata.conftest import OData, Records


async def pages(odata: OData, query: str, size: int) -> AsyncIterator[list[dict[str, str]]]:
    """Follow the links to the end."""
    address: str | None = query
    for _ in range(60):
        if address is None:
            return
        reply = await odata.get(address, Prefer=f"odata.maxpagesize={size}")
        assert reply.status == 200, reply.body
        assert reply.headers["Preference-Applied"] == f"odata.maxpagesize={size}"
        yield reply.body["value"]
        address = reply.body.get("@odata.nextLink")
    raise AssertionError("the pages do not end")


def decoded(token: str) -> bytes:
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


async def titled(odata: OData, *names: str) -> None:
    for name in names:
        await odata.add("companies", name=name)


@pytest.mark.parametrize(
    "order",
    [
        *("", "&$orderby=name%20desc", "&$orderby=domain,name%20desc", "&$orderby=domain%20desc"),
        *("&$orderby=is_person,created_at%20desc", "&$orderby=length(name)%20desc,tolower(name),owner"),
    ],
)
async def test_pages_show_everything_once_while_rows_are_added(odata: OData, order: str) -> None:
    """P5"""
    before = ["b", "B", "ä", "a'b", "z z", "a", "m", "é+", "0", "M"]
    await titled(odata, *before)
    await odata.desk.execute("UPDATE lifecycle.company SET domain = 'x.example' WHERE name IN ('b', 'm', 'z z')")
    numbers = count()

    seen: list[str] = []
    async for page in pages(odata, f"Companies?$select=name{order}", 3):
        seen += [item["name"] for item in page]
        # One that comes first, one that comes last, and some between.
        await titled(odata, *(f"{prefix}{next(numbers)}" for prefix in ("!", "m", "￭")) if len(seen) < 13 else ())

    assert len(seen) == len(set(seen)), "shown twice"
    assert set(before) <= set(seen), "skipped"


async def test_a_page_goes_on_after_a_row_that_is_gone(odata: OData) -> None:
    """P5"""
    await titled(odata, "a", "b", "c", "d")
    first = (await odata.get("Companies?$orderby=name&$select=name", Prefer="maxpagesize=2")).body
    async with odata.desk.rail.database.engine.begin() as connection:
        await connection.execute(update(company).where(company.c.name == "b").values(deleted_at=company.c.created_at))

    rest = await odata.get(first["@odata.nextLink"])

    assert [item["name"] for item in rest.values] == ["c", "d"]


async def test_top_and_skip_count_over_all_pages(odata: OData) -> None:
    await titled(odata, *"abcdefgh")
    query = "Companies?$top=5&$skip=1&$orderby=name&$select=name&$count=true&$filter=name%20ne%20'O''Neil%20%26%20%2B'"

    found = [[item["name"] for item in page] async for page in pages(odata, query, 2)]
    exact = (await odata.get("Companies?$top=2", Prefer="odata.maxpagesize=2")).body

    assert found == [["b", "c"], ["d", "e"], ["f"]]
    assert "@odata.nextLink" not in exact


async def test_the_server_ends_a_page_that_nobody_ended(odata: OData) -> None:
    async with odata.desk.rail.unit_of_work() as uow:
        row = "INSERT INTO lifecycle.company (id, name, name_key) SELECT gen_random_uuid(), 'c' || n, 'c' || n"
        await uow.connection.exec_driver_sql(f"{row} FROM generate_series(1, 620) n")

    default = await odata.get("Companies?$top=300")
    most = await odata.get("Companies", Prefer="odata.maxpagesize=100000")
    sizes = [len(page) async for page in pages(odata, "Companies?$orderby=name", 250)]

    assert (len(default.values), len(most.values), sizes) == (100, 500, [250, 250, 120])
    assert "$top=200" in default.body["@odata.nextLink"]


async def test_a_token_belongs_to_one_list(odata: OData, records: Records) -> None:
    link = (await odata.get("Deals?$orderby=title", Prefer="maxpagesize=1")).body["@odata.nextLink"]
    token = link.partition("$skiptoken=")[2]

    for other in (
        "Deals?",
        "Deals?$orderby=title%20desc&",
        "Deals?$orderby=title&$filter=true&",
        "Companies?$orderby=name&",
    ):
        reply = await odata.get(f"{other}$skiptoken={token}")
        assert (reply.status, reply.error) == (400, "$skiptoken belongs to another list.")
    assert (await odata.get(f"Deals?$orderby=title&$skiptoken={token}")).status == 200
    assert (await odata.get(f"Deals?$orderby=title&$skiptoken={token[:-3]}")).status == 400


async def test_a_token_that_somebody_made_up_breaks_nothing(odata: OData, records: Records) -> None:
    """P4"""
    link = (await odata.get("Deals?$orderby=title,amount", Prefer="maxpagesize=1")).body["@odata.nextLink"]
    [of, _] = msgspec.json.decode(decoded(link.partition("$skiptoken=")[2]))
    own = records.deals[0]["id"]

    for key in ('"a\\u0000"', "5", "null", '{"a":1}', '"\\ud800"', "[]", "1e400"):
        for place in (f'["{of}",[{key},1,"{own}"]]', f'["{of}",["a",{key},{key}]]', f'["{of}",{key}]', key):
            token = urlsafe_b64encode(place.encode()).decode().rstrip("=")
            reply = await odata.get(f"Deals?$orderby=title,amount&$skiptoken={token}")
            assert reply.status in (200, 400), place
