"""The API keeps to its document, `/openapi.json`."""

from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from clew_shared.testing.harness import RunningClew

from tests.journeys.fuzz_api import fuzz, have_something_of_each
from tests.journeys.walk_api import existing, lists, operations, parameters

_EXAMPLES = 3


async def test_the_document_is_open_to_everybody(clew: RunningClew) -> None:
    async with ClientSession() as stranger, stranger.get(f"{clew.url}/openapi.json") as response:
        document = await response.json()

        assert (response.status, response.content_type) == (200, "application/json")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/shunt" in document["paths"]


async def test_every_operation_answers_as_it_is_described(clew: RunningClew, tmp_path: Path) -> None:
    """schemathesis with all its checks: nothing makes the API fail, answer another shape, or take what it refuses."""
    await have_something_of_each(clew)

    code, written = await fuzz(clew, tmp_path, _EXAMPLES)

    assert code == 0, written


async def test_every_list_is_cut_into_pages_and_refuses_what_it_does_not_know(clew: RunningClew) -> None:
    """limit, cursor and the filters that the document names, and no others."""
    await have_something_of_each(clew)
    document = await clew.get("/openapi.json")
    seen: dict[str, int] = {}
    async for path, operation in lists(clew, document):
        whole = (await clew.get(path, limit=500))["items"]
        paged, cursors = await read_by_twos(clew, path)

        assert paged == whole, path
        for query in ("limit=0", "limit=501", "limit=x", "limit=1&limit=2", f"limit={'9' * 5000}", "surprise=1"):
            assert await status_of(clew, f"{path}?{query}") == 400, f"{path}?{query}"
        for cursor in ("x", "%00", "bm9uZQ", *(tampered(cursor) for cursor in cursors[:1])):
            assert await status_of(clew, f"{path}?cursor={cursor}") == 400, f"{path}?cursor={cursor}"
        for name in set(parameters(operation, "query")) - {"limit", "cursor"}:
            assert await status_of(clew, f"{path}?{name}=%00") == 400, f"{path}?{name}"
        seen[path] = len(whole)

    assert len(seen) > 12
    assert sum(count > 2 for count in seen.values()) > 6, "too little there for pages"


async def test_a_change_needs_the_version_that_was_seen(clew: RunningClew) -> None:
    """P1: 428 without If-Match, 412 with the current ETag when it is stale, and * is any; wherever there is a PATCH."""
    await have_something_of_each(clew)
    document = await clew.get("/openapi.json")
    changed = []
    for path, operation in operations(document, "patch").items():
        if (there := await existing(clew, document, path)) is None:
            continue
        tag = await tag_of(clew, there)

        # The settings alone may be set by whoever has not read them.
        needs_tag = "428" in operation["responses"]
        assert await patch(clew, there) == ((428, None) if needs_tag else (200, tag)), path
        assert await patch(clew, there, '"999999"') == (412, tag), path
        assert await patch(clew, there, '"no version"') == (412, tag), path
        assert await patch(clew, there, f"W/{tag}") == (200, tag), path
        assert await patch(clew, there, "*") == (200, tag), path
        changed.append(path)

    assert {"/api/v1/deals/{id}", "/api/v1/companies/{id}", "/api/v1/contacts/{id}"} <= set(changed)


async def test_other_methods_are_refused_with_those_that_there_are(clew: RunningClew) -> None:
    async with clew.http.delete(f"{clew.url}/api/v1/deals") as response:
        assert (response.status, set(response.headers["Allow"].split(","))) == (405, {"GET", "HEAD", "POST"})
        assert response.content_type == "application/problem+json"
    async with clew.http.options(f"{clew.url}/api/v1/deals") as response:
        assert (response.status, set(response.headers["Allow"].split(","))) == (204, {"GET", "HEAD", "POST"})
    async with clew.http.head(f"{clew.url}/api/v1/deals") as response:
        assert (response.status, await response.read()) == (200, b"")


async def read_by_twos(clew: RunningClew, path: str) -> tuple[list[Any], list[str]]:
    """Read a list two by two to its end; give its items and the cursors that led there."""
    items, cursors = [], [""]
    while True:
        page = await clew.get(path, limit=2, cursor=cursors[-1])
        assert len(page["items"]) <= 2
        items += page["items"]
        if page["next_cursor"] is None:
            return items, cursors[1:]
        cursors.append(page["next_cursor"])


def tampered(cursor: str) -> str:
    return cursor[:-3] + ("A" if cursor[-3] != "A" else "B") + cursor[-2:]


async def status_of(clew: RunningClew, path: str) -> int:
    async with clew.http.get(clew.url + path) as response:
        return response.status


async def tag_of(clew: RunningClew, path: str) -> str:
    async with clew.http.get(clew.url + path) as response:
        return response.headers["ETag"]


async def patch(clew: RunningClew, path: str, tag: str | None = None) -> tuple[int, str | None]:
    """Change nothing; give the status and the ETag of the answer."""
    headers = {"If-Match": tag} if tag is not None else {}
    async with clew.http.patch(clew.url + path, json={}, headers=headers) as response:
        return response.status, response.headers.get("ETag")
