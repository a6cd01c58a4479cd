"""The API keeps to its document, `/openapi.json`."""

from pathlib import Path

from aiohttp import ClientSession
from clew_shared.testing.harness import RunningClew

from tests.journeys.fuzz_api import fuzz, have_something_of_each

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
