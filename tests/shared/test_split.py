"""`clew up --split`: four processes behind one origin look like one clew."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import API_TOKEN
from clew_shared.testing.waiting import eventually


@pytest.fixture
async def split(bare_settings: Settings) -> AsyncIterator[dict[str, Any]]:
    """A split clew on the run's engines; what it wrote into run.json."""
    directory = bare_settings.data_dir
    environment = {
        "CLEW_DATA_DIR": str(directory),
        "CLEW_DATABASE_URL": bare_settings.database_url or "",
        "CLEW_NATS_URL": bare_settings.nats_url or "",
        "CLEW_HTTP_PORT": "0",
        "CLEW_SMTP_PORT": "0",
        "CLEW_API_TOKEN": API_TOKEN,
    }
    command = (sys.executable, "-m", "clew_shared.runtime.cli", "up", "--split")
    process = await asyncio.create_subprocess_exec(*command, env=dict(os.environ) | environment)
    try:
        yield await eventually(lambda: _run_file(directory), seconds=90)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 60)


async def test_one_origin_serves_and_answers_for_all_services(split: dict[str, Any]) -> None:
    assert set(split["pids"]) == {"clew", "forms", "mail-intake", "lifecycle", "notify"}
    async with ClientSession(split["http"], headers={"Authorization": f"Bearer {API_TOKEN}"}) as session:
        for path in ("/api/v1/forms", "/api/v1/mail/messages", "/api/v1/deals", "/api/v1/deliveries", "/api/v1/shunt"):
            async with session.get(path) as response:
                assert response.status == 200, path
                assert "items" in await response.json()
        async with session.get("/readyz") as response:
            ready = await response.json()
        async with session.get("/metrics") as response:
            metrics = await response.text()
        async with session.get("/openapi.json") as response:
            document = await response.json()
        async with session.get("/odata/v4/Stages?$filter=contains(name,'Q')&$select=key") as response:
            stages = (await response.json())["value"]
        async with session.post("/f/contact", json={"email": "ann@example.org", "message": "Hello"}) as response:
            assert response.status == 201
        deals = await eventually(lambda: _deals(session), seconds=30)

    assert ready["status"] == "ok"
    assert set(ready["checks"]) == {"forms", "mail-intake", "lifecycle", "notify"}
    assert 'process="notify"' in metrics
    assert {"/api/v1/forms", "/api/v1/mail/messages", "/api/v1/deals", "/api/v1/shunt"} <= set(document["paths"])
    assert [stage["key"] for stage in stages] == ["qualified"]
    assert deals[0]["contact"]["email"] == "ann@example.org"


async def _run_file(directory: Path) -> dict[str, Any] | None:
    path = directory / "run.json"
    return dict(json.loads(path.read_text())) if path.exists() else None


async def _deals(session: ClientSession) -> list[dict[str, Any]]:
    async with session.get("/api/v1/deals") as response:
        return list((await response.json())["items"])
