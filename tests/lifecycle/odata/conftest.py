"""OData on a lifecycle that runs alone, with a few records."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from clew_lifecycle.store.team_tables import api_token
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.sessions import credential_of
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services
from multidict import CIMultiDictProxy
from sqlalchemy import insert
from yarl import URL

from tests.lifecycle.desk import Desk

ROOT = "/odata/v4/"


@dataclass(slots=True)
class Reply:
    status: int
    body: Any
    headers: CIMultiDictProxy[str]

    @property
    def values(self) -> list[Any]:
        assert self.status == 200, self.body
        found: list[Any] = self.body["value"]
        return found

    @property
    def error(self) -> str:
        """What was said to be wrong, in OData's words."""
        return str(self.body["error"]["message"])


@dataclass(slots=True)
class OData:
    """Asks with addresses that are sent as they are written."""

    api: RunningClew
    desk: Desk

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.send("GET", path, **headers)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        address = URL(path if "://" in path else self.api.url + ROOT + path, encoded=True)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.api.http.request(method, address, json=body, headers=given) as response:
            content = await response.read()
            is_json = response.content_type.endswith("json")
            return Reply(
                response.status, msgspec.json.decode(content) if is_json and content else content, response.headers
            )

    async def find(self, wanted: str, entity_set: str = "Deals", shown: str = "title") -> list[Any]:
        """Give one property of all that a filter finds, in order; spaces are written for it."""
        query = f"$filter={escape(wanted)}&$select={shown}&$orderby={shown}"
        return [item[shown] for item in (await self.get(f"{entity_set}?{query}")).values]

    async def token_of(self, role: str) -> dict[str, str]:
        """Make a token of that role; give the header that shows it."""
        rail = self.desk.rail
        async with rail.unit_of_work() as uow:
            secret = f"clew_{role}"
            values = {"name": role, "sha256": credential_of("token", secret).sha256, "role": role}
            await uow.connection.execute(insert(api_token).values(id=new_id(), **values))
        return {"Authorization": f"Bearer {secret}"}

    async def add(self, path: str, **body: Any) -> Any:
        reply = await self.send("POST", self.api.url + "/api/v1/" + path, body)
        assert reply.status == 201, reply.body
        return reply.body


def escape(text: str) -> str:
    return text.replace("%", "%25").replace(" ", "%20").replace("+", "%2B").replace("&", "%26").replace("#", "%23")


@pytest.fixture
async def odata(settings: Settings) -> AsyncIterator[OData]:
    async with run_services(settings, ["lifecycle"]) as running:
        yield OData(running, Desk(running.services["lifecycle"].rail))


@dataclass(slots=True)
class Records:
    """Two companies; the first has two people and three deals."""

    engines: Any
    other: Any
    ada: Any
    bob: Any
    deals: list[Any]


@pytest.fixture
async def records(odata: OData) -> Records:
    engines = await odata.add("companies", name="Engines Ltd", phone="+442079460958")
    other = await odata.add("companies", name="O'Neil & Söhne")
    ada = await odata.add("contacts", name="Ada", email="ada@engines.example", company_id=engines["id"])
    bob = await odata.add("contacts", name="Bob", company_id=engines["id"])
    of_ada = {"contact_id": ada["id"], "company_id": engines["id"]}
    deals = [
        await odata.add("deals", title="Alpha", amount="100.50", expected_close="2026-12-24", **of_ada),
        await odata.add("deals", title="Beta", amount="7", stage="qualified", **of_ada),
        await odata.add("deals", title="Gamma O'Neil", company_id=engines["id"], contact_id=bob["id"]),
        await odata.add("deals", title="50% off_+ now", currency="USD", amount="0"),
    ]
    return Records(engines, other, ada, bob, deals)
