"""What is done on a deal besides moving it: notes, calls, files, reminders; and people who turn out to be companies."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import FormData
from clew_lifecycle.keep_file import MOST_BYTES, file_name
from clew_lifecycle.remind import tell_due
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services

from tests.lifecycle.desk import ADA, Desk, form


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[RunningClew]:
    async with run_services(settings, ["lifecycle"]) as running:
        yield running


@pytest.fixture
def intake(api: RunningClew) -> Desk:
    return Desk(api.services["lifecycle"].rail)


@pytest.fixture
async def deal(api: RunningClew, intake: Desk) -> str:
    await intake.receive(form(ADA, name="Ada"))
    await intake.forget_told()
    return f"/api/v1/deals/{(await intake.only_deal()).id}"


async def send(api: RunningClew, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    async with api.http.post(api.url + path, data=body, headers=headers) as response:
        return response.status, await response.json(content_type=None)


async def remind(intake: Desk) -> int:
    async with intake.rail.unit_of_work() as uow:
        return await tell_due(uow)


async def test_a_note_and_a_call_are_on_the_timeline(api: RunningClew, intake: Desk, deal: str) -> None:
    """L63."""
    before = await api.get(deal)

    await api.post(f"{deal}/notes", {"body": "Likes brass."}, 201)
    await api.post(
        f"{deal}/calls", {"direction": "out", "duration": 240, "outcome": "wants a quote", "body": "Hi"}, 201
    )

    call, note, _ = (await api.get(f"{deal}/activities"))["items"]
    assert (note["kind"], note["body"], note["author"]) == ("note", "Likes brass.", "api:CLEW_API_TOKEN")
    assert (call["kind"], call["call"]) == ("note", {"direction": "out", "duration": 240, "outcome": "wants a quote"})
    after = await api.get(deal)
    assert after["version"] == before["version"]
    assert after["last_activity_at"] > before["last_activity_at"]
    assert await intake.told() == ["entry_added", "entry_added"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("notes", {"body": "  "}),
        ("calls", {"direction": "sideways"}),
        ("calls", {"direction": "in", "called_at": "2999-01-01T00:00:00Z"}),
        ("calls", {"direction": "in", "duration": -1}),
        ("reminders", {"due_at": "2026-12-01T09:00:00", "text": "No zone"}),
        ("reminders", {"due_at": "2026-12-01T09:00:00Z", "text": " "}),
        ("reminders", {"due_at": "2026-12-01T09:00:00Z", "text": "Whom?", "assignee": "nobody@x.example"}),
    ],
)
async def test_what_says_nothing_is_refused(api: RunningClew, deal: str, path: str, body: Any) -> None:
    await api.post(f"{deal}/{path}", body, 422)


async def test_a_file_is_given_back_as_it_came_to_be_saved_and_not_shown(api: RunningClew, deal: str) -> None:
    """L63: whatever it says it is, nothing of it runs from our origin."""
    content = b"<script>alert(1)</script>" * 100_000

    status, entry = await send(api, f"{deal}/files?name=plan.html", content, **{"Content-Type": "text/html"})

    assert status == 201
    [file] = entry["attachments"]
    assert (entry["kind"], file["name"], file["type"], file["size"]) == ("file", "plan.html", "text/html", len(content))
    async with api.http.get(api.url + file["url"]) as response:
        assert await response.read() == content
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''plan.html"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_a_file_may_say_itself_what_it_is_called(api: RunningClew, deal: str) -> None:
    """L63: a name that came in Content-Disposition was passed over, and the file was called "file"."""
    headers = {
        "Content-Disposition": "attachment; filename*=UTF-8''%E2%82%AC%20rates.txt",
        "Content-Type": "text/plain",
    }

    status, entry = await send(api, f"{deal}/files", b"1", **headers)

    assert (status, entry["attachments"][0]["name"]) == (201, "€ rates.txt")


async def test_a_file_comes_from_a_form_as_well(api: RunningClew, deal: str) -> None:
    # As browsers do: they leave a name as it is.
    fields = FormData({"note": "see file"}, quote_fields=False)
    fields.add_field("file", b"%PDF-1.7", filename="../../Angebot Müller.pdf", content_type="application/pdf")

    status, entry = await send(api, f"{deal}/files", fields)

    assert status == 201
    [file] = entry["attachments"]
    assert (file["name"], file["type"], file["size"]) == ("Angebot Müller.pdf", "application/pdf", 8)


async def test_a_file_may_be_too_large_and_none_is_no_file(api: RunningClew, intake: Desk, deal: str) -> None:
    too_much, _ = await send(api, f"{deal}/files?name=a", b"x" * (MOST_BYTES + 1))
    nothing, _ = await send(api, f"{deal}/files?name=a", b"")
    no_part, _ = await send(api, f"{deal}/files", FormData({"other": "x"}, default_to_multipart=True))

    assert (too_much, nothing, no_part) == (413, 422, 422)
    assert await intake.count("stored_file") == 0


async def test_a_file_that_was_removed_is_gone_and_its_entry_stays(api: RunningClew, deal: str) -> None:
    _, entry = await send(api, f"{deal}/files?name=a.txt", b"secret")
    url = api.url + entry["attachments"][0]["url"]

    async with api.http.delete(url) as response:
        assert response.status == 204
    async with api.http.get(url) as response:
        assert response.status == 410
    assert (await api.get(f"{deal}/activities"))["items"][0]["attachments"][0]["name"] == "a.txt"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a?b.txt", "a b.txt"),
        ("  ..  ", "file"),
        ("\x00\r\nSet-Cookie: x", "Set-Cookie x"),
        ("名前.pdf", "名前.pdf"),
    ],
)
def test_a_name_leads_nowhere(given: str, kept: str) -> None:
    assert file_name(given) == kept


async def test_a_reminder_is_told_once_when_it_is_due(api: RunningClew, intake: Desk, deal: str) -> None:
    """L63: by however many replicas."""
    soon = (utc_now() + timedelta(hours=1)).isoformat()
    set_ = await api.post(f"{deal}/reminders", {"due_at": soon, "text": "Call", "assignee": "kim@team.example"}, 201)
    assert await remind(intake) == 0
    await intake.change("reminder", UUID(set_["id"]), due_at=utc_now() - timedelta(minutes=1))

    told = await asyncio.gather(*(remind(intake) for _ in range(4)))

    assert sum(told) <= 1
    due = [body for kind, body in await intake.told_bodies() if kind == "reminder_due"]
    assert [(body["text"], body["assignee"]) for body in due] == [("Call", "kim@team.example")]
    assert [item["id"] for item in (await api.get("/api/v1/reminders", assignee="kim@team.example"))["items"]] == [
        set_["id"]
    ]


async def test_a_reminder_for_a_stranger_is_pointed_at(api: RunningClew, deal: str) -> None:
    """It was pointed at as an owner, which a reminder has none of."""
    wanted = {"due_at": "2027-01-01T09:00:00Z", "text": "Ring", "assignee": "nobody@x.example"}

    problem = await api.post(f"{deal}/reminders", wanted, 422)

    assert [error["pointer"] for error in problem["errors"]] == ["/assignee"]


async def test_a_reminder_is_put_off_and_done(api: RunningClew, intake: Desk, deal: str) -> None:
    past = (utc_now() - timedelta(minutes=1)).isoformat()
    set_ = await api.post(f"{deal}/reminders", {"due_at": "2099-01-01T00:00:00Z", "text": "Call"}, 201)
    path = f"{api.url}/api/v1/reminders/{set_['id']}"

    async with api.http.patch(path, json={"done": True}, headers={"If-Match": '"7"'}) as response:
        assert response.status == 412
    async with api.http.patch(path, json={"due_at": past}, headers={"If-Match": '"1"'}) as response:
        assert (await response.json())["version"] == 2
    await api.eventually(lambda: is_told(intake, 1))
    async with api.http.patch(path, json={"done": True}, headers={"If-Match": '"2"'}) as response:
        assert (await response.json())["done_by"] == "api:CLEW_API_TOKEN"

    assert (await api.get("/api/v1/reminders"))["items"] == []
    assert (await api.get("/api/v1/reminders", done="true", due_before="2020-01-01"))["items"] == []
    assert [item["id"] for item in (await api.get("/api/v1/reminders", done="true"))["items"]] == [set_["id"]]
    assert await intake.told() == ["entry_added", "reminder_changed", "reminder_due", "reminder_changed"]


async def is_told(intake: Desk, times: int) -> bool:
    return (await intake.told()).count("reminder_due") == times


async def test_a_persons_record_becomes_a_companys(api: RunningClew, intake: Desk, deal: str) -> None:
    """F23, L6: the same id, log and deals; the flag is cleared, the person kept as contact."""
    before = await api.get(deal)
    company = f"/api/v1/companies/{before['company']['id']}"
    log = await intake.rows("lifecycle_log")

    converted = await api.post(f"{company}/convert-to-b2b", {"name": "Engines Ltd"})

    assert (converted["name"], converted["is_person"], converted["domain"]) == ("Engines Ltd", False, "client.example")
    after = await api.get(deal)
    assert after["company"] == {**before["company"], "name": "Engines Ltd"}
    assert after["contact"] == before["contact"]
    [person] = (await api.get("/api/v1/contacts", company=converted["id"]))["items"]
    assert (person["id"], person["name"]) == (before["contact"]["id"], "Ada")
    assert await intake.rows("lifecycle_log") == log
    await api.post(f"{company}/convert-to-b2b", {"name": "Engines Ltd"}, 409)


async def test_a_person_without_a_contact_is_one_afterwards(api: RunningClew, intake: Desk) -> None:
    """F23: known from an advert as a person, with a number of their own."""
    one = await api.post("/api/v1/companies", {"name": "Bo", "is_person": True, "email": "bo@post.example"}, 201)

    await api.post(f"/api/v1/companies/{one['id']}/convert-to-b2b", {"name": "Bo & Sons"})

    [person] = (await api.get("/api/v1/contacts", company=one["id"]))["items"]
    assert (person["name"], person["emails"]) == ("Bo", ["bo@post.example"])
    await intake.receive(form("bo@post.example"))
    deal = await intake.only_deal()
    assert deal.contact is not None
    assert str(deal.contact.id) == person["id"]


async def test_a_contacts_timeline_is_what_they_wrote(api: RunningClew, intake: Desk, deal: str) -> None:
    await intake.receive(form(ADA, text="Again"))
    contact = (await api.get(deal))["contact"]["id"]

    listed = await api.get(f"/api/v1/contacts/{contact}/activities", limit=1)
    rest = await api.get(f"/api/v1/contacts/{contact}/activities", cursor=listed["next_cursor"])

    assert [item["body"] for item in (*listed["items"], *rest["items"])] == ["Again", "Hello"]


async def test_the_api_says_where_a_merged_record_went(api: RunningClew, intake: Desk, deal: str) -> None:
    """A19, d.4: 301 to the survivor; the merge and its undoing are read and listed."""
    ada = (await api.get(deal))["contact"]["id"]
    twin = await api.post("/api/v1/contacts", {"name": "Ada L", "email": "ada@home.example", "phone": "0800"}, 201)

    merge = await api.post(f"/api/v1/contacts/{twin['id']}/merge", {"into": ada}, 201)

    gone = f"{api.url}/api/v1/contacts/{twin['id']}"
    async with api.http.get(gone, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (301, f"/api/v1/contacts/{ada}")
    assert (await api.get(f"/api/v1/contacts/{twin['id']}"))["id"] == ada
    assert [item["id"] for item in (await api.get("/api/v1/merges", record=ada))["items"]] == [merge["id"]]
    undone = await api.post(f"/api/v1/merges/{merge['id']}/undo", None)
    assert undone["undone_by"] == "api:CLEW_API_TOKEN"
    assert (await api.get(f"/api/v1/contacts/{twin['id']}"))["name"] == "Ada L"


async def test_who_may_be_the_same_person_is_suggested(api: RunningClew) -> None:
    acme = await api.post("/api/v1/companies", {"name": "Acme"}, 201)
    one = await api.post("/api/v1/contacts", {"name": "Ada L", "phone": "+442079460958", "company_id": acme["id"]}, 201)
    phone = await api.post("/api/v1/contacts", {"name": "Bob", "phone": "+44 20 7946 0958"}, 201)
    name = await api.post("/api/v1/contacts", {"name": "ada l", "company_id": acme["id"]}, 201)
    await api.post("/api/v1/contacts", {"name": "Ada L"}, 201)

    found = (await api.get(f"/api/v1/contacts/{one['id']}/duplicates"))["items"]

    assert {item["contact"]["id"]: item["same"] for item in found} == {
        phone["id"]: ["phone"],
        name["id"]: ["name_and_company"],
    }


async def test_a_bulk_change_is_asked_for_and_looked_at(api: RunningClew) -> None:
    """L31 through the API: small ones are done at once."""
    for name in ("Acme", "Bolt"):
        await api.post("/api/v1/companies", {"name": name}, 201)
    wanted = {"select": {"q": "Acme"}, "set": {"lifecycle_stage": "lead"}}

    seen = await api.post("/api/v1/bulk", {**wanted, "dry_run": True})
    job = await api.post("/api/v1/bulk", wanted, 202)
    undone = await api.post(f"/api/v1/bulk/{job['id']}/undo", None, 202)

    assert (seen["total"], [row["state"] for row in seen["rows"]]) == (1, ["changed"])
    assert (job["status"], job["counts"]["changed"]) == ("done", 1)
    assert (undone["status"], undone["counts"]["undone"]) == ("undone", 1)
    assert (await api.get(f"/api/v1/bulk/{job['id']}"))["status"] == "undone"
    rows = await api.get(f"/api/v1/bulk/{job['id']}/rows", state="undone")
    assert [row["before"] for row in rows["items"]] == [{"lifecycle_stage": "suspect"}]
