"""The built-in mailbox and the deliveries, by API and by page, with every service at work."""

import asyncio
from email import message_from_bytes
from typing import Any

from clew_shared.contracts.reply_address import read_reply_address
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services

from tests.notify.events import Books

ENQUIRY = {"name": "Ada Lovelace", "email": "ada@client.example", "message": "Do you deliver to Turin? <b>Soon</b>"}
DELIVERY = {
    "id",
    "event",
    "rule",
    "recipient",
    "channel",
    "status",
    "attempts",
    "reason",
    "deal_id",
    "created_at",
    "sent_at",
}


async def enquire(clew: RunningClew, **changes: str) -> None:
    async with clew.http.post(f"{clew.url}/f/contact", json={**ENQUIRY, **changes}) as response:
        assert response.status == 201, await response.text()


async def sandbox(clew: RunningClew, count: int, **query: str) -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await clew.get("/api/v1/sandbox/messages", **query))["items"]
        return items if len(items) >= count else []

    return await clew.eventually(enough, 30)


async def test_a_form_ends_as_mails_that_can_be_read(clew: RunningClew, settings: Settings) -> None:
    await enquire(clew)

    [to_sam] = await sandbox(clew, 1, to="sam@team.example")
    assert "Do you deliver to Turin?" in to_sam["text"]
    assert "&lt;b&gt;Soon&lt;/b&gt;" in to_sam["html"]
    assert to_sam["headers"]["Auto-Submitted"] == "auto-generated"
    read = read_reply_address(to_sam["reply_to"], settings.intake_domain, settings.reply_keys())
    assert read is not None
    assert str(read.deal_id) == to_sam["deal_id"]
    [to_ada] = await sandbox(clew, 1, to="ada@client.example")
    assert to_ada["rule"] == "acknowledgement"
    async with clew.http.get(f"{clew.url}/api/v1/sandbox/messages/{to_sam['id']}/raw") as response:
        assert message_from_bytes(await response.read())["Message-ID"] == to_sam["message_id"]


async def test_deliveries_are_listed_filtered_and_told_with_their_history(clew: RunningClew) -> None:
    await enquire(clew)
    await sandbox(clew, 3)

    listed = await clew.get("/api/v1/deliveries", event="deal_opened", status="accepted")
    assert {item["rule"] for item in listed["items"]} == {"deal_opened", "acknowledgement"}
    assert all(set(item) == DELIVERY for item in listed["items"])
    first = await clew.get("/api/v1/deliveries", limit="2")
    rest = await clew.get("/api/v1/deliveries", limit="2", cursor=first["next_cursor"])
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 3
    assert rest["next_cursor"] is None
    [to_kim] = (await clew.get("/api/v1/deliveries", recipient="Kim@team.example"))["items"]
    of_deal = await clew.get("/api/v1/deliveries", deal_id=to_kim["deal_id"])
    assert len(of_deal["items"]) == 3
    one = await clew.get(f"/api/v1/deliveries/{to_kim['id']}")
    assert [step["status"] for step in one["history"]] == ["planned", "accepted"]
    for wrong in ({"colour": "red"}, {"status": "lost"}, {"deal_id": "7"}, {"limit": "0"}, {"cursor": "?"}):
        async with clew.http.get(f"{clew.url}/api/v1/deliveries", params=wrong) as response:
            assert response.status == 400


async def test_what_ended_is_sent_again_when_a_person_says_so(clew: RunningClew, books_of: Books) -> None:
    await enquire(clew)
    await sandbox(clew, 3)
    [to_kim] = (await clew.get("/api/v1/deliveries", recipient="kim@team.example"))["items"]
    await clew.post(f"/api/v1/deliveries/{to_kim['id']}/retry", None, status=409)
    await books_of.change("UPDATE notify.delivery SET status = 'dead' WHERE recipient = 'kim@team.example'")

    again = await clew.post(f"/api/v1/deliveries/{to_kim['id']}/retry", None)

    async def accepted() -> bool:
        return bool((await clew.get(f"/api/v1/deliveries/{to_kim['id']}"))["status"] == "accepted")

    assert again["history"][-1]["detail"].startswith("again, by ")
    assert await clew.eventually(accepted)
    assert len(await sandbox(clew, 1, to="kim@team.example")) == 1


async def test_an_answer_from_the_sandbox_comes_home_as_a_comment(clew: RunningClew) -> None:
    await enquire(clew)
    [to_sam] = await sandbox(clew, 1, to="sam@team.example")
    [to_ada] = await sandbox(clew, 1, to="ada@client.example")

    await clew.post(f"/api/v1/sandbox/messages/{to_ada['id']}/reply", {"body": "And to Genoa?"}, status=201)

    async def told() -> list[dict[str, Any]]:
        items = (await clew.get("/api/v1/sandbox/messages", to="sam@team.example"))["items"]
        return [item for item in items if item["rule"] == "comment_added"]

    [comment] = await clew.eventually(told, 30)
    assert comment["deal_id"] == to_sam["deal_id"]
    assert "And to Genoa?" in comment["text"]
    assert "Thank you for writing" not in comment["text"]
    assert to_sam["message_id"] in comment["references"]


async def test_the_pages_show_a_mail_and_take_an_answer(clew: RunningClew) -> None:
    await enquire(clew)
    [to_ada] = await sandbox(clew, 1, to="ada@client.example")
    page = f"{clew.url}/sandbox/messages/{to_ada['id']}"

    async with clew.http.get(f"{clew.url}/sandbox") as response:
        assert response.status == 200
        assert "We have received your message" in await response.text()
    async with clew.http.get(page) as response:
        assert response.status == 200
        assert "Reply as ada@client.example" in await response.text()
    async with clew.http.get(f"{page}/html") as response:
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    async with clew.http.get(f"{page}/raw") as response:
        assert response.content_type == "text/plain"
    async with clew.http.post(f"{page}/reply", data={"body": " "}) as response:
        assert response.status == 422
    async with clew.http.post(f"{page}/reply", data={"body": "Yes."}, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"].endswith("?done=replied")


async def test_an_open_page_hears_of_new_mail(clew: RunningClew) -> None:
    async with clew.http.get(f"{clew.url}/sandbox/events") as stream:
        assert (await stream.content.readline()).startswith(b"retry:")
        await enquire(clew)
        async with asyncio.timeout(20):
            heard = [await stream.content.readline() for _ in range(3)]

    assert b"event: message\n" in heard


async def test_rules_are_listed_and_a_suppression_is_lifted(clew: RunningClew, books_of: Books) -> None:
    rules = await clew.get("/api/v1/rules")
    await books_of.change("INSERT INTO notify.suppression VALUES ('sam@team.example', 'all', 'gone')")
    suppressed = await clew.get("/api/v1/suppressions")
    async with clew.http.delete(f"{clew.url}/api/v1/suppressions/Sam@team.example") as response:
        assert response.status == 204

    assert {rule["id"] for rule in rules["items"]} >= {"deal_opened", "comment_added", "acknowledgement"}
    assert [item["address"] for item in suppressed["items"]] == ["sam@team.example"]
    assert (await clew.get("/api/v1/suppressions"))["items"] == []


async def test_with_a_relay_the_page_says_that_mail_leaves(settings: Settings) -> None:
    async with run_services(settings.changed(smtp_url="smtp://127.0.0.1:1")) as clew:
        async with clew.http.get(f"{clew.url}/sandbox") as answer:
            page = await answer.text()

    assert "Mail leaves through your relay" in page
    assert "No mail yet" not in page
