"""What staff and programs see of the forms."""

import asyncio
import json
import os
import sys
from pathlib import Path

from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew

from tests.forms.conftest import GOOD, Visitor


async def test_the_api_lists_forms_and_submissions_newest_first(visitor: Visitor, staff: RunningClew) -> None:
    for n in range(3):
        await visitor.send({**GOOD, "message": f"number {n}"})

    [form] = (await staff.get("/api/v1/forms"))["items"]
    first = await staff.get("/api/v1/forms/contact/submissions", limit=2)
    rest = await staff.get("/api/v1/forms/contact/submissions", limit=2, cursor=first["next_cursor"])

    assert (form["slug"], form["version"], form["submissions"]) == ("contact", 1, 3)
    assert [item["values"]["message"] for item in first["items"]] == ["number 2", "number 1"]
    assert [item["values"]["message"] for item in rest["items"]] == ["number 0"]
    assert rest["next_cursor"] is None
    assert first["items"][0]["signs"] == {"no_token": 10}


async def test_publishing_makes_a_version_and_the_same_again_makes_none(visitor: Visitor, staff: RunningClew) -> None:
    definition = (await staff.get("/api/v1/forms/contact"))["definition"]
    changed = {**definition, "title": "Write to us"}

    versions = []
    for content in (definition, changed, changed):
        async with staff.http.put(f"{staff.url}/api/v1/forms/contact", json=content) as answer:
            versions.append((await answer.json())["version"])

    async def shown() -> bool:
        async with visitor.http.get(visitor.address) as page:
            return "Write to us" in await page.text()

    assert versions == [1, 2, 2]
    assert await visitor.clew.eventually(shown)


async def test_a_bad_definition_is_refused_with_its_problems(staff: RunningClew) -> None:
    async with staff.http.put(f"{staff.url}/api/v1/forms/contact", json={"slug": "contact"}) as answer:
        assert (answer.status, answer.content_type) == (422, "application/problem+json")


async def test_the_pages_show_forms_and_what_they_received(visitor: Visitor, staff: RunningClew) -> None:
    await visitor.send({**GOOD, "message": "<i>Hello</i>"})

    async with staff.http.get(f"{staff.url}/forms", headers={"Accept": "text/html"}) as forms:
        assert "/forms/contact" in await forms.text()
    async with staff.http.get(f"{staff.url}/forms/contact", headers={"Accept": "text/html"}) as form:
        html = await form.text()
    assert "&lt;i&gt;Hello&lt;/i&gt;" in html
    assert "no token" in html


async def test_nobody_sees_submissions_without_signing_in(visitor: Visitor, staff: RunningClew) -> None:
    for path in ("/api/v1/forms", "/api/v1/forms/contact/submissions", "/forms"):
        async with visitor.http.get(visitor.clew.url + path, allow_redirects=False) as answer:
            assert answer.status == 401, path


async def test_a_form_kept_as_a_file_comes_back_byte_for_byte(forms_settings: Settings, tmp_path: Path) -> None:
    """forms 80."""
    before = tmp_path / "newsletter.json"
    definition = {
        "slug": "newsletter",
        "title": "News",
        "fields": [{"id": "email", "type": "email", "label": "Email", "required": True, "maps_to": "email"}],
        "lang": "de",
    }
    before.write_text(json.dumps(definition, indent=2) + "\n")

    taken = [await _clew(forms_settings, "forms", "import", str(before)) for _ in range(2)]
    given = await _clew(forms_settings, "forms", "export", "newsletter", "--to", str(tmp_path / "out"))
    missing = await _clew(forms_settings, "forms", "export", "nothing")

    assert [code for code, _ in (*taken, given, missing)] == [0, 0, 0, 1]
    assert "newsletter version 1" in taken[1][1]
    assert (tmp_path / "out" / "newsletter.json").read_bytes() == before.read_bytes()


async def _clew(settings: Settings, *arguments: str) -> tuple[int | None, str]:
    environ = {
        **os.environ,
        "CLEW_DATABASE_URL": settings.database_url or "",
        "CLEW_NATS_URL": settings.nats_url or "",
        "CLEW_DATA_DIR": str(settings.data_dir),
    }
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clew_shared.runtime.cli", *arguments), env=environ, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await command.communicate()
    return command.returncode, output.decode()
