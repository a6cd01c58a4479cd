"""The thread, end to end: what strangers send becomes deals, what they add becomes comments, people are told."""

import asyncio
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtplib import SMTP
from clew_shared.testing.dovecot import PASSWORD, Dovecot, dovecot_program
from clew_shared.testing.harness import RunningClew

TEAM = {"sam@team.example", "kim@team.example"}


async def test_a_form_becomes_a_deal_and_the_team_and_the_sender_are_told(clew: RunningClew) -> None:
    await post_form(clew, "ann@example.org", "We need two hundred chairs.", name="Ann Lee")

    deal = await the_deal_of(clew, "ann@example.org")
    told = await mails_about(clew, deal["id"], count=3)
    assert deal["status"] == "open"
    assert (deal["pipeline"], deal["stage"]) == ("sales", "new")
    assert deal["contact"]["name"] == "Ann Lee"
    assert deal["company"]["lifecycle_stage"] == "suspect"
    assert {mail["to"] for mail in told} == TEAM | {"ann@example.org"}
    to_sam = next(mail for mail in told if mail["to"] == "sam@team.example")
    assert "two hundred chairs" in to_sam["text"]
    assert f"/deals/{deal['id']}" in to_sam["text"]


async def test_a_repeated_form_becomes_a_comment_and_no_second_acknowledgement(clew: RunningClew) -> None:
    await post_form(clew, "ann@example.org", "We need chairs.")
    deal = await the_deal_of(clew, "ann@example.org")
    await post_form(clew, "Ann@EXAMPLE.org", "And lamps.")

    await entries(clew, deal["id"], 2)
    [latest, first] = await entries(clew, deal["id"], 2)
    assert (first["kind"], first["match_reason"]) == ("enquiry", "new")
    assert (latest["kind"], latest["match_reason"], latest["body"]) == ("comment", "same_contact", "And lamps.")
    assert len((await clew.get("/api/v1/deals", contact_email="ann@example.org", status="all"))["items"]) == 1
    told = await mails_about(clew, deal["id"], count=5)
    assert sum(mail["to"] == "ann@example.org" for mail in told) == 1


async def test_a_mail_becomes_a_deal(clew: RunningClew) -> None:
    await send_mail(clew, "bob@example.org", "Tables", "We need forty tables.")

    deal = await the_deal_of(clew, "bob@example.org")
    [entry] = await entries(clew, deal["id"], 1)
    assert deal["title"] == "Tables"
    assert entry["body"] == "We need forty tables."


async def test_a_mail_of_a_forms_sender_lands_on_their_deal_with_the_reason(clew: RunningClew) -> None:
    await post_form(clew, "ann@example.org", "We need chairs.")
    deal = await the_deal_of(clew, "ann@example.org")
    await send_mail(clew, "Ann <ANN@example.org>", "One more thing", "Forty tables as well.")

    [latest, _] = await entries(clew, deal["id"], 2)
    assert (latest["kind"], latest["match_reason"]) == ("mail_in", "same_contact")
    assert latest["body"] == "Forty tables as well."


@pytest.mark.parametrize("way", ["reply_token", "in_reply_to", "references"])
async def test_a_reply_to_what_we_sent_becomes_a_comment(clew: RunningClew, way: str) -> None:
    """From an address that nobody knows, so that nothing but the named evidence can lead it home (A12, B2, B3)."""
    await post_form(clew, "ann@example.org", "We need chairs.")
    deal = await the_deal_of(clew, "ann@example.org")
    acknowledgement = next(m for m in await mails_about(clew, deal["id"], count=3) if m["to"] == "ann@example.org")
    await remembered(clew, acknowledgement["message_id"])
    quoting = "Yes please.\n\nOn Sunday clew wrote:\n> Thank you for writing to us.\n"
    to = acknowledgement["reply_to"] if way == "reply_token" else "deals@in.localhost"
    headers = {
        "in_reply_to": {"In-Reply-To": acknowledgement["message_id"]},
        "references": {"References": f"<unknown@example.org> {acknowledgement['message_id']}"},
    }.get(way, {})

    await send_mail(clew, "colleague@elsewhere.example", "Re: your message", quoting, to=to, **headers)

    [latest, _] = await entries(clew, deal["id"], 2)
    assert latest["match_reason"] == way
    assert latest["body"] == "Yes please."
    assert "Thank you for writing" in latest["quoted"]
    assert "unknown_participant" in latest["flags"]
    assert (await clew.get(f"/api/v1/deals/{deal['id']}"))["contact"]["email"] == "ann@example.org"


async def test_a_mail_in_an_imap_mailbox_becomes_a_deal(clew: RunningClew) -> None:
    if dovecot_program() is None:
        pytest.skip("dovecot is not installed: apt-get install dovecot-imapd")
    dovecot = Dovecot()
    dovecot.start()
    try:
        await clew.post(
            "/api/v1/mail/mailboxes",
            {
                "host": "127.0.0.1",
                "port": dovecot.port,
                "tls": "none",
                "username": "deals",
                "password": PASSWORD,
                "folder": "INBOX",
                "after": "seen",
            },
            status=201,
        )
        mail = message("carol@example.org", "deals@example.org", "Lamps", "We need ten lamps.")
        await asyncio.to_thread(dovecot.deliver, "deals", bytes(mail))

        deal = await the_deal_of(clew, "carol@example.org")
        assert deal["title"] == "Lamps"
    finally:
        await asyncio.to_thread(dovecot.remove)


async def test_a_teammates_comment_stays_inside_and_the_other_teammates_hear_of_it(clew: RunningClew) -> None:
    await post_form(clew, "ann@example.org", "We need chairs.")
    deal = await the_deal_of(clew, "ann@example.org")
    await mails_about(clew, deal["id"], count=3)
    await clew.post(f"/api/v1/deals/{deal['id']}/comments", {"body": "I will call her."}, status=201)

    [latest, _] = await entries(clew, deal["id"], 2)
    told = await mails_about(clew, deal["id"], count=5)
    assert (latest["kind"], latest["body"]) == ("comment", "I will call her.")
    assert {mail["to"] for mail in told if "I will call her." in mail["text"]} == TEAM


async def test_twenty_strangers_through_two_doors_at_once_are_twenty_deals(clew: RunningClew) -> None:
    """A4: 200 messages of 20 new senders by 20 workers are 20 deals and 180 comments."""
    waiting = [(f"stranger-{number % 20}@example.org", f"message {number}") for number in range(200)]

    async def work(worker: int) -> None:
        while waiting:
            email, text = waiting.pop()
            if worker % 2:
                await post_form(clew, email, text)
            else:
                await send_mail(clew, email, text, text)

    await asyncio.gather(*(work(worker) for worker in range(20)))
    deals = await clew.eventually(lambda: deals_with_entries(clew, 200), seconds=60)

    assert len(deals) == 20
    assert len({deal["contact"]["email"] for deal in deals}) == 20
    assert sum(deal["entries"] for deal in deals) - len(deals) == 180


async def deals_with_entries(clew: RunningClew, entries_in_all: int) -> list[dict[str, Any]] | None:
    deals = (await clew.get("/api/v1/deals", status="all", limit=500))["items"]
    for deal in deals:
        page = await clew.get(f"/api/v1/deals/{deal['id']}/activities", limit=500)
        deal["entries"] = sum(item["kind"] in ("enquiry", "comment", "mail_in") for item in page["items"])
    return deals if sum(deal["entries"] for deal in deals) >= entries_in_all else None


async def post_form(clew: RunningClew, email: str, text: str, name: str = "Ann") -> None:
    async with clew.http.post(f"{clew.url}/f/contact", json={"name": name, "email": email, "message": text}) as answer:
        assert answer.status == 201, await answer.text()


def message(sender: str, to: str, subject_line: str, text: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject_line
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(text)
    return mail


async def send_mail(
    clew: RunningClew, sender: str, subject_line: str, text: str, to: str = "deals@in.localhost", **headers: str
) -> None:
    host, _, port = clew.smtp.rpartition(":")
    async with SMTP(hostname=host, port=int(port), start_tls=False) as smtp:
        await smtp.send_message(message(sender, to, subject_line, text, **headers), recipients=[to])


async def the_deal_of(clew: RunningClew, email: str) -> dict[str, Any]:
    async def look() -> list[dict[str, Any]]:
        return list((await clew.get("/api/v1/deals", contact_email=email))["items"])

    [deal] = await clew.eventually(look)
    return deal


async def entries(clew: RunningClew, deal_id: str, count: int) -> list[dict[str, Any]]:
    """Give what people said on a deal, newest first, once there are `count` of them."""

    async def look() -> list[dict[str, Any]] | None:
        items = (await clew.get(f"/api/v1/deals/{deal_id}/activities"))["items"]
        said = [item for item in items if item["kind"] in ("enquiry", "comment", "mail_in")]
        return said if len(said) >= count else None

    found = await clew.eventually(look)
    assert found is not None
    return found


async def mails_about(clew: RunningClew, deal_id: str, count: int) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]] | None:
        items = (await clew.get("/api/v1/sandbox/messages", limit=500))["items"]
        about = [item for item in items if item["deal_id"] == deal_id]
        return about if len(about) >= count else None

    found = await clew.eventually(look)
    assert found is not None
    return found


async def remembered(clew: RunningClew, message_id: str) -> None:
    """Wait until lifecycle knows the mail that notify has sent."""
    from sqlalchemy import text

    async def look() -> bool:
        async with clew.services["lifecycle"].rail.reading() as connection:
            query = text("SELECT count(*) FROM lifecycle.message_ref WHERE message_id = :message_id")
            return bool(await connection.scalar(query, {"message_id": message_id}))

    await clew.eventually(look)
