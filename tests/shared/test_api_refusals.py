"""What the edge of every service refuses, and in which words."""

from collections.abc import AsyncIterator
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from clew_shared.runtime.api import answer, page, read_cursor, read_json, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import describes
from clew_shared.runtime.sessions import Actor, Credential
from clew_shared.runtime.web import make_app

_THING = UUID(int=7)


class Part(msgspec.Struct, frozen=True):
    name: str


class Thing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str
    number: int = 0
    parts: list[Part] = []
    more: dict[str, Any] = {}


class ThingFilter(msgspec.Struct, frozen=True, kw_only=True):
    state: Literal["new", "old"] = "new"
    owner: UUID | None = None


@describes("List things.", query=ThingFilter, lists=UUID)
async def list_things(request: web.Request) -> web.Response:
    read_query(request, ThingFilter)
    limit, after = read_limit(request), read_cursor(request, UUID)
    return answer(page([_THING] * min(limit, 3) if after is None else [], write_cursor(_THING)))


@describes("Add a thing.", body=Thing, answer=Thing, status=201)
async def add_thing(request: web.Request) -> web.Response:
    return answer(await read_json(request, Thing), 201)


@describes("Add another thing.", body=Part, answer=Thing)
async def add_wrongly(request: web.Request) -> web.Response:
    return answer(await read_json(request, Thing))


class Anybody:
    async def verify(self, _: Credential) -> Actor | None:
        return Actor(kind="token", email="program@team.example", name="Program")


@pytest.fixture
async def client() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    routes = [
        web.get("/api/v1/things", list_things),
        web.post("/api/v1/things", add_thing),
        web.post("/api/v1/wrong", add_wrongly),
        web.get("/api/v1/names/{name}", list_things),
    ]
    app = make_app(routes, Anybody(), "http://127.0.0.1", lambda _, problem: problem.to_response())
    async with TestClient(TestServer(app), headers={"Authorization": "Bearer any"}) as client:
        yield client


Client = TestClient[web.Request, web.Application]


async def post(client: Client, body: bytes | str, kind: str = "application/json") -> ClientResponse:
    data = body.encode() if isinstance(body, str) else body
    return await client.post("/api/v1/things", data=data, headers={"Content-Type": kind})


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ("{", 400, None),
        ('{"title": NaN}', 400, None),
        (b'{"title": "\xff"}', 400, None),
        (r'{"title": "\ud800"}', 400, None),
        ('{"title": "x", "more": ' + '{"a":' * 100_000, 400, None),
        ("[]", 422, ""),
        ('{"title": 1}', 422, "/title"),
        ('{"title": "x", "number": "1"}', 422, "/number"),
        (f'{{"title": "x", "number": {"9" * 5000}}}', 422, "/number"),
        ('{"title": "x", "parts": [{"name": "a"}, {"name": null}]}', 422, "/parts/1/name"),
        ('{"title": "x", "surprise": 1}', 422, ""),
        (r'{"title": "a\u0000b"}', 422, "/title"),
        (r'{"title": "x", "parts": [{"name": "a"}, {"name": "\u0000"}]}', 422, "/parts/1/name"),
        (r'{"title": "x", "more": {"a/b": [1, {"c~": "\u0000"}]}}', 422, "/more/a~1b/1/c~0"),
        (r'{"title": "x", "more": {"\u0000": 1}}', 422, "/more"),
    ],
)
async def test_a_body_that_cannot_be_is_refused(
    client: Client, body: bytes | str, status: int, pointer: str | None
) -> None:
    """PostgreSQL would fail for the NUL, the decoder for the depth."""
    response = await post(client, body)
    problem = await response.json(content_type="application/problem+json")

    assert (response.status, problem["status"]) == (status, status)
    assert [error["pointer"] for error in problem.get("errors", [])] == ([pointer] if pointer is not None else [])


async def test_words_that_only_look_like_nul_are_taken(client: Client) -> None:
    response = await post(client, r'{"title": "\\u0000"}')

    assert (response.status, (await response.json())["title"]) == (201, r"\u0000")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"])
async def test_a_body_of_another_type_is_refused(client: Client, kind: str) -> None:
    assert (await post(client, '{"title": "x"}', kind)).status == 415


async def test_a_body_larger_than_any_thing_is_refused(client: Client) -> None:
    assert (await post(client, '{"title": "%s"}' % ("x" * (2 << 20)))).status == 413


@pytest.mark.parametrize(
    "query",
    [
        *("surprise=1", "state=", "state=NEW", "owner=x", "owner=null", "owner=", "state=new&state=old"),
        *(
            "limit=",
            "limit=0",
            "limit=501",
            "limit=-1",
            "limit=1.5",
            "limit=%D9%A3",
            "limit=1e2",
            "limit=" + "9" * 4999,
        ),
        *("cursor=x", "cursor=%00", "owner=%00", "%00=1", "cursor=" + "A" * 3000, "cursor=%F0%9F%92%A9"),
    ],
)
async def test_a_query_that_is_not_known_is_refused(client: Client, query: str) -> None:
    async with client.get(f"/api/v1/things?{query}") as response:
        assert response.status == 400
        assert response.content_type == "application/problem+json"


async def test_a_cursor_is_taken_as_it_was_given_and_no_other_way(client: Client) -> None:
    first = await (await client.get("/api/v1/things")).json()
    cursor = first["next_cursor"]

    changed = [
        cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :] for place in range(len(cursor))
    ]
    statuses = [(await client.get("/api/v1/things", params={"cursor": other})).status for other in changed]
    longer = (await client.get("/api/v1/things", params={"cursor": cursor + "!"})).status

    assert (await (await client.get("/api/v1/things", params={"cursor": cursor})).json())["items"] == []
    assert len((await (await client.get("/api/v1/things", params={"cursor": ""})).json())["items"]) == 3
    assert ({*statuses}, longer) == ({400}, 400)


async def test_no_address_with_a_nul_goes_any_further(client: Client) -> None:
    assert (await client.get("/api/v1/names/%00")).status == 400


async def test_a_body_that_the_description_does_not_know_is_our_mistake(client: Client) -> None:
    """So that a test of the route finds it."""
    response = await client.post("/api/v1/wrong", json={"title": "x"})

    assert response.status == 500
