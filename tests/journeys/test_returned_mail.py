"""Mail of ours that comes back: what is noted where, who is written to no more, and which report is believed."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from clew_shared.testing.harness import RunningClew
from sqlalchemy import text

from tests.journeys.test_mail_content import text_of
from tests.journeys.test_thread import the_deal_of
from tests.mail_intake.intake import INTAKE, wire

ANN = "Ann@Client.example"


async def test_a_hard_bounce_ends_the_address_until_somebody_says_otherwise(clew: RunningClew) -> None:
    """B19: bound by its Message-ID; no deal, told on the timeline and with the contact, and taken back by a person."""
    deal = await a_deal(clew)
    letter = await a_letter(clew, deal)

    await deliver(clew, report(message_id=letter["message_id"], headers_only=True))

    [entry] = await bounces(clew, deal)
    assert entry["from_address"] == "ann@client.example"
    assert (entry["flags"], entry["delivery"]["status"]) == (["hard"], "bounced")
    assert entry["delivery"]["reason"] == "5.1.1 smtp; 550 5.1.1 <ann@client.example>: user unknown"
    [suspended] = await suspensions(clew, deal)
    assert (suspended["address"], suspended["scope"]) == ("ann@client.example", "all")
    assert (await delivery_of(clew, letter["id"]))["status"] == "bounced"
    assert await next_letter(clew, deal) == "suppressed"

    contact = await clew.post(f"/api/v1/contacts/{deal['contact']['id']}/reactivate", {})
    assert contact["suspended"] == []
    await clew.eventually(lambda: no_suppression(clew))
    # What had been sent before is no news.
    await deliver(clew, report(message_id=letter["message_id"], headers_only=False))
    assert len(await bounces(clew, deal, 2)) == 2
    assert await no_suppression(clew)
    assert await next_letter(clew, deal) == "accepted"
    assert (await clew.get("/api/v1/contacts", email=ANN))["items"][0]["suspended"] == []
    assert len((await clew.get("/api/v1/deals", status="all"))["items"]) == 1
    lifecycle_told = await told(clew, "lifecycle")
    assert (lifecycle_told.count("entry_added"), lifecycle_told.count("contact_changed")) == (2, 2)


@pytest.mark.parametrize(
    "way", ["reply_address", "message_id_in_text", "message_id_in_a_part", "folded", "another_recipient", "recipient"]
)
async def test_a_bounce_finds_its_mail_by_the_best_that_it_says(clew: RunningClew, way: str) -> None:
    """B19: by the signed address that it came to, else the Message-ID wherever it stands, else whom we wrote to.

    The last proves nothing, and neither does a mailbox that ours was only passed on to.
    """
    deal = await a_deal(clew)
    letter = await a_letter(clew, deal)
    token = (await sandbox(clew, letter["id"]))["reply_to"]
    found = {
        "reply_address": (report(), token),
        "message_id_in_text": (qmail(f"Message-ID: {letter['message_id']}\r\n"), INTAKE),
        "message_id_in_a_part": (report(message_id=letter["message_id"], headers_only=False), INTAKE),
        "folded": (qmail(f"Message-Id:\r\n {letter['message_id']}\r\n"), INTAKE),
        "another_recipient": (report("ann@elsewhere.example", letter["message_id"]), INTAKE),
        "recipient": (report(), INTAKE),
    }
    mail, to = found[way]

    await deliver(clew, mail, to)

    [entry] = await bounces(clew, deal)
    is_proven = way not in ("recipient", "another_recipient")
    assert ("unproven" in entry["flags"]) is not is_proven
    assert [one["scope"] for one in await suspensions(clew, deal, is_proven)] == ["all"] * is_proven
    assert (await delivery_of(clew, letter["id"]))["status"] == ("accepted" if way == "recipient" else "bounced")
    assert len((await clew.get("/api/v1/deals", status="all"))["items"]) == 1


async def test_a_forged_bounce_ends_nobodys_address(clew: RunningClew) -> None:
    """B19: somebody we never wrote to, an id that only looks like ours, a reply address of another signature, another
    client of the same deal."""
    deal = await a_deal(clew)
    letter = await a_letter(clew, deal)
    token = (await sandbox(clew, letter["id"]))["reply_to"]
    other = (await sandbox(clew, (await a_letter(clew, deal, "ben@client.example"))["id"]))["reply_to"]
    await deliver(clew, report(status="5.1.2"), other)
    changed = ("b" if token[-14] == "a" else "a").join((token[:-14], token[-13:]))
    await deliver(clew, report("stranger@client.example"))
    await deliver(clew, report(message_id="<01a201f6-bd08-7975-b474-1e2ef8c1290c@in.localhost>"))
    await deliver(clew, report(message_id=letter["message_id"].translate({ord("4"): "5", ord("8"): "9"})))
    assert (await hand_in(clew, report(), changed)).startswith("550")
    # By IMAP nobody is turned away at the door.
    await deliver(clew, report(to=changed))

    entries = await bounces(clew, deal, 4)
    assert all("unproven" in entry["flags"] for entry in entries)
    assert await suspensions(clew, deal, False) == []
    assert (await delivery_of(clew, letter["id"]))["status"] == "accepted"
    assert await next_letter(clew, deal) == "accepted"


async def test_a_mail_that_is_late_or_refused_for_a_while_ends_nothing_at_first(clew: RunningClew) -> None:
    """B19: a delay is no failure; a soft bounce ends the address on the third day that nothing got through."""
    deal = await a_deal(clew)
    late = await a_letter(clew, deal)
    await deliver(clew, report(message_id=late["message_id"], action="delayed", status="4.4.7"))
    [entry] = await bounces(clew, deal)
    assert (entry["flags"], entry["delivery"]["status"]) == (["delayed"], "delayed")
    assert (await delivery_of(clew, late["id"]))["status"] == "accepted"
    assert [step["status"] for step in (await delivery_of(clew, late["id"]))["history"]][-1] == "delayed"

    for days_ago in (3, 2, 2, 0):
        assert await suspensions(clew, deal, False) == []
        letter = await a_letter(clew, deal)
        await clew_was(clew, letter["id"], days_ago)
        await deliver(clew, report(message_id=letter["message_id"], status="4.2.2"))
        await clew.eventually(partial(is_status, clew, letter["id"], "bounced"))

    [suspended] = await suspensions(clew, deal)
    assert suspended["reason"] == "Mail came back on three days within a month."


async def test_a_complaint_stops_what_is_automatic_and_is_told(clew: RunningClew) -> None:
    """B21: a feedback report that hides its reader still names our mail; a forged one stops nothing."""
    deal = await a_deal(clew)
    letter = await a_letter(clew, deal)
    await deliver(clew, complaint("<01a201f6-bd08-7975-b474-1e2ef8c1290c@in.localhost>", "ann@client.example"))
    await bounces(clew, deal)
    assert await suspensions(clew, deal, False) == []

    await deliver(clew, complaint(letter["message_id"], "redacted-7f3@client.example"))

    entries = await bounces(clew, deal, 2)
    [suspended] = await suspensions(clew, deal)
    assert entries[0]["flags"] == ["complaint"]
    assert (suspended["scope"], suspended["reason"]) == ("automatic", "The reader complained.")
    assert "address_suspended" in await told(clew, "notify")
    assert await next_letter(clew, deal) == "accepted"
    assert "gets no automatic mail" in await text_of(clew, "/contacts")


def report(
    recipient: str = "ann@client.example",
    message_id: str = "",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    headers_only: bool = True,
    to: str = INTAKE,
) -> bytes:
    """Write a report as RFC 3464 has it."""
    returned = "text/rfc822-headers" if headers_only else "message/rfc822"
    code = "550 5.1.1" if status == "5.1.1" else f"451 {status}"
    lines = [
        *("From: Mail Delivery System <MAILER-DAEMON@mx.client.example>", f"To: {to}"),
        *("Subject: Undelivered Mail Returned to Sender", "MIME-Version: 1.0"),
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"',
        *("", "--=_b", "Content-Type: text/plain", "", f"I could not deliver to <{recipient}>."),
        *("", "--=_b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.client.example", ""),
        *(f"Final-Recipient: rfc822; {recipient}", f"Action: {action}", f"Status: {status}"),
        f"Diagnostic-Code: smtp; {code} <{recipient}>: user unknown",
        *("", "--=_b", f"Content-Type: {returned}", "", f"To: {recipient}"),
        *([f"Message-ID: {message_id}"] if message_id else []),
        *("Subject: Chairs", "", "Here they are.", "--=_b--", ""),
    ]
    return "\r\n".join(lines).encode()


def qmail(original: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.client.example\r\nTo: {INTAKE}\r\nSubject: failure notice\r\n\r\n"
        "Hi. This is the qmail-send program at mx.client.example.\r\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n"
        "<ann@client.example>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        f"--- Below this line is a copy of the message.\r\n\r\nTo: ann@client.example\r\n{original}\r\nHello\r\n"
    ).encode()


def complaint(message_id: str, recipient: str) -> bytes:
    """Write a complaint as RFC 5965 has it."""
    lines = [
        *("From: fbl@provider.example", f"To: {INTAKE}", "Subject: FW: Chairs", "MIME-Version: 1.0"),
        'Content-Type: multipart/report; report-type=feedback-report; boundary="=_b"',
        *("", "--=_b", "Content-Type: text/plain", "", "This is an email abuse report."),
        *("", "--=_b", "Content-Type: message/feedback-report", "", "Feedback-Type: abuse", "Version: 1"),
        *("User-Agent: Loop/1", f"Original-Rcpt-To: {recipient}", "", "--=_b", "Content-Type: message/rfc822", ""),
        *(f"Message-ID: {message_id}", "Subject: Chairs", "", "Here they are.", "--=_b--", ""),
    ]
    return "\r\n".join(lines).encode()


async def a_deal(clew: RunningClew) -> dict[str, Any]:
    mail = f"From: Ann <{ANN}>\r\nTo: {INTAKE}\r\nSubject: Chairs\r\nMessage-ID: <1@c.example>\r\n\r\nTwenty.\r\n"
    assert (await hand_in(clew, mail.encode(), mail_from=ANN)).startswith("250")
    return await the_deal_of(clew, "ann@client.example")


async def a_letter(clew: RunningClew, deal: dict[str, Any], to: str = ANN) -> dict[str, Any]:
    """Have Sam write to a client; give the delivery once it is there and lifecycle knows of it."""
    before = {one["id"] for one in await letters(clew, deal)}
    body = {"to": to, "subject": "Chairs", "body": "Here they are."}
    async with clew.http.post(f"{clew.url}/deals/{deal['id']}/mails", data=body, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()

    async def look() -> list[Any]:
        return [one for one in await letters(clew, deal) if one["id"] not in before and one["status"] != "planned"]

    [letter] = await clew.eventually(look)
    return await delivery_of(clew, letter["id"])


async def next_letter(clew: RunningClew, deal: dict[str, Any]) -> str:
    return str((await a_letter(clew, deal))["status"])


async def letters(clew: RunningClew, deal: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (
        await clew.get("/api/v1/deliveries", deal_id=deal["id"], rule="reply_written", limit=500)
    )["items"]
    return items


async def delivery_of(clew: RunningClew, delivery_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await clew.get(f"/api/v1/deliveries/{delivery_id}")
    return found


async def is_status(clew: RunningClew, delivery_id: str, status: str) -> bool:
    return bool((await delivery_of(clew, delivery_id))["status"] == status)


async def sandbox(clew: RunningClew, delivery_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await clew.get(f"/api/v1/sandbox/messages/{delivery_id}")
    return found


async def hand_in(clew: RunningClew, mail: bytes, to: str = INTAKE, mail_from: str = "") -> str:
    async with wire(clew.smtp) as talk:
        await talk.say(b"EHLO mx.client.example")
        await talk.say(b"MAIL FROM:<%s>" % mail_from.encode())
        accepted = await talk.say(b"RCPT TO:<%s>" % to.encode())
        if not accepted.startswith("250"):
            return accepted
        await talk.say(b"DATA")
        return await talk.say(mail + b".")


async def deliver(clew: RunningClew, mail: bytes, to: str = INTAKE) -> None:
    """Hand the mail in, and wait until notify has heard what it is."""
    before = (await told(clew, "mail_intake")).count("mail_bounced")
    assert (await hand_in(clew, mail, to)).startswith("250")

    async def heard() -> bool:
        query = "SELECT count(*) FROM notify.inbox WHERE durable = 'notify-note-bounce'"
        async with clew.services["notify"].rail.reading() as connection:
            return int(await connection.scalar(text(query)) or 0) > before

    await clew.eventually(heard)


async def told(clew: RunningClew, schema: str) -> list[str]:
    query = f"SELECT split_part(subject, '.', 4) FROM {schema}.outbox ORDER BY position"
    async with clew.services["notify"].rail.reading() as connection:
        return list(await connection.scalars(text(query)))


async def bounces(clew: RunningClew, deal: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]] | None:
        items = (await clew.get(f"/api/v1/deals/{deal['id']}/activities"))["items"]
        found = [item for item in items if item["kind"] == "bounce"]
        return found if len(found) >= count else None

    found = await clew.eventually(look)
    assert found is not None
    assert len(found) == count
    return found


async def suspensions(clew: RunningClew, deal: dict[str, Any], expected: bool = True) -> list[dict[str, Any]]:
    """Read what the contact says of its addresses; where something is `expected`, wait for it."""
    path = f"/api/v1/contacts/{deal['contact']['id']}"

    async def look() -> list[dict[str, Any]]:
        return list((await clew.get(path))["suspended"])

    return await clew.eventually(look) if expected else await look()


async def no_suppression(clew: RunningClew) -> bool:
    return not (await clew.get("/api/v1/suppressions"))["items"]


async def clew_was(clew: RunningClew, delivery_id: str, days_ago: int) -> None:
    """Have a delivery be some days old."""
    query = text("UPDATE notify.delivery SET created_at = created_at - CAST(:age AS interval) WHERE id = :id")
    async with clew.services["notify"].rail.database.engine.begin() as connection:
        await connection.execute(query, {"age": timedelta(days=days_ago), "id": delivery_id})
