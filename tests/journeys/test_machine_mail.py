"""Mail of machines, of filters' victims and of impostors, end to end: what it never does, and what it does once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from clew_shared.testing.harness import RunningClew, run_services

from tests.journeys.test_loops import deliveries
from tests.journeys.test_returned_mail import (
    a_deal,
    a_letter,
    hand_in,
    sandbox,
)
from tests.journeys.test_thread import the_deal_of
from tests.mail_intake.conftest import dovecot
from tests.mail_intake.intake import INTAKE, a_mail

__all__ = ["dovecot"]
ANN = "ann@client.example"


@pytest.fixture
async def wary(settings: Settings) -> AsyncIterator[RunningClew]:
    """All services, with somebody before us whose findings on senders count."""
    async with run_services(settings.changed(trusted_authserv=("mx.example",))) as running:
        yield running


async def test_an_absence_note_is_kept_on_its_deal_and_moves_nothing(clew: RunningClew) -> None:
    """B20: whether headers, an empty path or the subject says so; without a thread it is only in the mail log."""
    deal = await a_deal(clew)
    letter = await a_letter(clew, deal)
    token = (await sandbox(clew, letter["id"]))["reply_to"]
    due = (utc_now() + timedelta(days=1)).isoformat()
    await clew.post(f"/api/v1/deals/{deal['id']}/reminders", {"due_at": due, "text": "No answer yet?"}, status=201)
    await clew.post(f"/api/v1/deals/{deal['id']}/transitions/lost", {"lost_reason": "price"})
    before = await clew.get(f"/api/v1/deals/{deal['id']}")
    sent = len(await deliveries(clew))
    by_header = {"In-Reply-To": letter["message_id"], "Auto-Submitted": "auto-replied (vacation)"}
    for number, (to, fields, mail_from) in enumerate(
        [
            (INTAKE, by_header, ANN),
            (token, {"Subject": "Auto reply: Chairs"}, ANN),
            (token, {"Subject": "Chairs", "X-Auto-Response-Suppress": "All"}, ""),
            (INTAKE, {"Subject": "Abwesenheitsnotiz: Chairs"}, ANN),
        ]
    ):
        await say(clew, ANN, f"Back on Monday {number}.", to=to, mail_from=mail_from, **fields)

    await judged(clew, 5, auto_reply=4)
    notes = await entries(clew, deal, "auto_reply", 3)
    assert {note["match_reason"] for note in notes} == {"in_reply_to", "reply_token"}
    assert await clew.get(f"/api/v1/deals/{deal['id']}") == before
    # Whoever waits for an answer is still reminded.
    assert len((await clew.get("/api/v1/reminders", deal=deal["id"], done="false"))["items"]) == 1
    assert len(await deliveries(clew)) == sent
    assert len((await clew.get("/api/v1/deals", status="all"))["items"]) == 1


async def test_a_forged_sender_waits_and_its_release_has_one_effect(wary: RunningClew) -> None:
    """B14: no comment, no answer, no move; pressed twice at once it makes one comment, and the victim hears nothing."""
    deal = await a_deal(wary)
    await entries(wary, deal, "mail_in", 1)
    acknowledged = len(await acknowledgements(wary, 1))
    for result in ("fail", "none", "temperror"):
        await say(wary, ANN, f"dmarc {result}", **{"Authentication-Results": f"mx.example; dmarc={result}"})

    [forged] = (await judged(wary, 4, quarantine=1))["quarantine"]
    entered = await entries(wary, deal, "mail_in", 3)
    assert {entry["body"] for entry in entered if entry["body"].startswith("dmarc")} == {
        "dmarc none",
        "dmarc temperror",
    }
    assert all("unverified_sender" in entry["flags"] for entry in entered)

    path = f"/api/v1/mail/messages/{forged['id']}/release"
    answers = await asyncio.gather(*(wary.post(path, {}) for _ in range(4)))

    assert sorted(answer["released"] for answer in answers) == [False, False, False, True]
    entered = await entries(wary, deal, "mail_in", 4)
    assert [entry["flags"] for entry in entered if entry["body"] == "dmarc fail"] == [["unverified_sender"]]
    assert len(await acknowledgements(wary)) == acknowledged
    assert len((await wary.get("/api/v1/deals", status="all"))["items"]) == 1


async def test_a_forged_sender_leaves_no_note_as_a_machine_either(wary: RunningClew) -> None:
    """B14: who calls a forged mail an automatic answer gets it onto no deal."""
    deal = await a_deal(wary)
    letter = await a_letter(wary, deal)
    forged = {"Authentication-Results": "mx.example; dmarc=fail", "Auto-Submitted": "auto-replied"}
    await say(wary, ANN, "Pay here.", **{"In-Reply-To": letter["message_id"], **forged})
    await say(wary, ANN, "Away.", **{"In-Reply-To": letter["message_id"], "Auto-Submitted": "auto-replied"})

    await judged(wary, 3, auto_reply=2)
    [note] = await entries(wary, deal, "auto_reply", 1)
    assert note["body"] == "Away."


async def test_people_on_a_list_are_heard_where_the_settings_say_so(settings: Settings) -> None:
    """B21: and not answered by a machine; newsletters, receipts and monitoring open nothing either way."""
    async with run_services(settings.changed(lists_open_deals=True)) as clew:
        await say(
            clew, "jo@one.example", "Chairs?", **{"To": "users@lists.example", "List-Id": "<users.lists.example>"}
        )
        await say(clew, "news@two.example", "Sale!", **{"List-Id": "<n.two.example>", "Feedback-ID": "1:2:3:x"})
        await say(clew, "jo@three.example", "Read.", **{"Subject": "Read: Chairs", "X-Auto-Response-Suppress": "All"})
        await say(clew, "nagios@four.example", "CRITICAL", Subject="** PROBLEM **")
        await say(clew, "noreply@five.example", "Your parcel is on its way.")

        await judged(clew, 5, enquiry=1, list=2, auto_reply=2)
        await the_deal_of(clew, "jo@one.example")
        assert len((await clew.get("/api/v1/deals", status="all"))["items"]) == 1
        assert await acknowledgements(clew) == []


async def test_what_a_filter_called_spam_is_recovered_as_one_deal(clew: RunningClew) -> None:
    """B23"""
    await say(clew, "eve@new.example", "Chairs, please.", **{"X-Spam-Status": "Yes, score=9.1 required=5.0"})
    [spam] = (await judged(clew, 1, spam=1))["spam"]
    assert (await clew.get("/api/v1/deals", status="all"))["items"] == []

    path = f"/api/v1/mail/messages/{spam['id']}/release"
    answers = await asyncio.gather(*(clew.post(path, {}) for _ in range(3)))

    assert sorted(answer["released"] for answer in answers) == [False, False, True]
    deal = await the_deal_of(clew, "eve@new.example")
    assert len(await entries(clew, deal, "mail_in", 1)) == 1


async def test_a_mail_that_is_let_through_goes_where_a_person_says(clew: RunningClew) -> None:
    """B14: whoever it seems to be from, and as having been put there by hand."""
    deal = await a_deal(clew)
    await say(clew, "eve@new.example", "The drawing.", **{"X-Spam-Status": "Yes, score=9.1 required=5.0"})
    [spam] = (await judged(clew, 1, spam=1))["spam"]
    release, nowhere = f"/mail/messages/{spam['id']}/release", str(spam["id"])

    # What went wrong: a deal that is not there was noted as where it went, and the mail opened one of its own.
    refused = await clew.post(f"/api/v1{release}", {"deal": nowhere}, status=422)
    assert refused["errors"][0]["pointer"] == "/deal"
    async with clew.http.post(clew.url + release, data={"deal": nowhere}) as page:
        assert (page.status, "There is no such deal" in await page.text()) == (422, True)
    assert (await clew.get(f"/api/v1/mail/messages/{spam['id']}/handling"))["handled"] == []
    await clew.post(f"/api/v1{release}", {"deal": deal["id"]})

    placed = [entry for entry in await entries(clew, deal, "mail_in", 2) if "placed_by_hand" in entry["flags"]]
    assert [entry["author"] for entry in placed] == ["eve@new.example"]
    async with clew.http.get(f"{clew.url}/mail/messages/{spam['id']}", headers={"Accept": "text/html"}) as page:
        shown = await page.text()
    assert deal["title"] in shown
    assert "Placed there by a teammate" in shown


async def test_fifty_mails_of_a_stranger_at_once_are_one_deal(clew: RunningClew, dovecot: Dovecot) -> None:
    """B12: over several connections and by IMAP: one contact, one deal, 49 comments, one acknowledgement."""
    mails = [
        a_mail(message_id=f"<{n}@new.example>", From="Eve <eve@new.example>", body=f"Word {n}.") for n in range(50)
    ]
    body = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": "fifty", "password": PASSWORD}
    for mail in mails[40:]:
        await asyncio.to_thread(dovecot.deliver, "fifty", mail)
    await asyncio.gather(
        clew.post("/api/v1/mail/mailboxes", body | {"folder": "INBOX", "after": "keep"}, status=201),
        *(hand_in(clew, mail, mail_from="eve@new.example") for mail in mails[:40]),
    )

    await judged(clew, 50, enquiry=50)
    deal = await the_deal_of(clew, "eve@new.example")
    entered = await entries(clew, deal, "mail_in", 50)
    assert {entry["body"] for entry in entered} == {f"Word {n}." for n in range(50)}
    assert sorted({entry["match_reason"] for entry in entered}) == ["new", "same_contact"]
    assert [entry["match_reason"] for entry in entered].count("new") == 1
    assert len((await clew.get("/api/v1/deals", status="all"))["items"]) == 1
    assert len((await clew.get("/api/v1/contacts"))["items"]) == 1
    assert len(await acknowledgements(clew, 1)) == 1


async def test_only_a_person_who_writes_to_us_is_acknowledged(clew: RunningClew) -> None:
    """B22: not for a blind copy, not a machine's or a list's name, nor one reader under many tags.

    Nor one whose return path is empty, or who asks for silence (RFC 3834 2).
    """
    await say(clew, "blind@one.example", "x", To="undisclosed-recipients:;")
    await say(clew, "support+1@two.example", "x")
    await say(clew, "support+2@two.example", "x")
    await say(clew, "chairs-request@three.example", "x")
    await say(clew, "owner-chairs@four.example", "x")
    await say(clew, "null@six.example", "x", mail_from="")
    await say(clew, "silent@seven.example", "x", **{"X-Auto-Response-Suppress": "DR, OOF, AutoReply"})
    await say(clew, "jo@five.example", "x", To="someone@five.example", Cc=f"us <{INTAKE.upper()}>")

    await judged(clew, 8, enquiry=8)
    told = {one["recipient"] for one in await acknowledgements(clew, 2)}
    assert told - {"support+1@two.example", "support+2@two.example"} == {"jo@five.example"}
    assert len(told) == 2


async def say(
    clew: RunningClew, sender: str, body: str, to: str = INTAKE, mail_from: str | None = None, **fields: str
) -> None:
    given = {"From": sender, "To": to, "Subject": "Chairs"} | fields
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    mail = f"{head}Message-ID: <{abs(hash((sender, body, to)))}@x.example>\r\n\r\n{body}\r\n"
    reply = await hand_in(clew, mail.encode(), to, sender if mail_from is None else mail_from)
    assert reply.startswith("250"), reply


async def judged(clew: RunningClew, count: int, **expected: int) -> dict[str, list[dict[str, Any]]]:
    """Wait until so many mails have a verdict; give them by that."""

    async def look() -> list[dict[str, Any]] | None:
        items: list[dict[str, Any]] = (await clew.get("/api/v1/mail/messages", limit=500))["items"]
        return items if len(items) >= count and all(item["verdict"] for item in items) else None

    found: dict[str, list[dict[str, Any]]] = {}
    for item in await clew.eventually(look, 40) or []:
        found.setdefault(item["verdict"], []).append(item)
    assert {verdict: len(found.get(verdict, [])) for verdict in expected} == expected
    return found


async def entries(clew: RunningClew, deal: dict[str, Any], kind: str, count: int) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]] | None:
        items = (await clew.get(f"/api/v1/deals/{deal['id']}/activities", limit=500))["items"]
        found = [item for item in items if item["kind"] == kind]
        return found if len(found) >= count else None

    found = await clew.eventually(look, 40)
    assert found is not None
    assert len(found) == count
    return found


async def acknowledgements(clew: RunningClew, least: int = 0) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]] | None:
        found = await deliveries(clew, rule="acknowledgement")
        return found if len(found) >= least else None

    found = await clew.eventually(look) if least else await look()
    return found or []
