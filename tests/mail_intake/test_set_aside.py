"""What people do with mails that were set aside: each thing once, whoever else does it too, and who did is kept."""

import asyncio
from typing import Any
from uuid import UUID

from clew_mail_intake.accept import accepted_id
from clew_mail_intake.handling.failed_mails import count_failed, list_failed
from clew_mail_intake.showing.say_reasons import say_reason
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.event import encode_event, subject_of
from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.mail import MailAccepted
from clew_shared.runtime.shunt import set_aside
from sqlalchemy import text

from tests.mail_intake.intake import Intake, a_mail


async def test_many_are_let_through_or_discarded_at_once(intake: Intake) -> None:
    """B23: spam is recoverable; two people who choose the same mails at once have one effect."""
    for number in range(3):
        await intake.send(a_mail(message_id=f"<{number}@x.example>", subject=f"Chairs {number}", X_Spam_Flag="YES"))
    first, second, third = [mail["id"] for mail in await intake.all_judged(3)]

    await asyncio.gather(*(act(intake, "release", first, second) for _ in range(3)))
    await act(intake, "discard", second, third)
    shelf, gone = await shelf_of(intake, "spam"), await shelf_of(intake, "discarded")
    await asyncio.gather(act(intake, "restore", third), act(intake, "restore", third))

    assert len(await intake.told(EnquiryReceived)) == 2
    assert "Chairs" not in shelf
    assert "Chairs 2" in gone
    assert "Chairs 0" not in gone
    assert "Chairs 2" in await shelf_of(intake, "spam")
    handled = (await intake.running.get(f"/api/v1/mail/messages/{third}/handling"))["handled"]
    assert [(one["what"], one["by"]) for one in handled] == [
        ("restored", "sam@team.example"),
        ("discarded", "sam@team.example"),
    ]


async def test_a_mail_whose_work_failed_waits_for_a_person_who_tries_again(intake: Intake) -> None:
    """B38: it is listed with its reason, its bytes are there, and it is worked once more, once."""
    await intake.send(a_mail())
    await intake.send(a_mail(message_id="<2@shop.example>", subject="Tables"))
    mails = await intake.all_judged(2)
    for mail in mails:
        await fail(intake, UUID(mail["id"]))
    listed = await shelf_of(intake, "failed")

    await asyncio.gather(*(act(intake, "retry", mails[0]["id"]) for _ in range(3)))
    await act(intake, "drop", mails[1]["id"])
    tried = await intake.running.eventually(lambda: judged(intake, mails[0]["id"]))

    assert "Chairs" in listed
    assert "the disk was full" in listed
    assert tried["verdict"] == "enquiry"
    assert (await intake.running.get(f"/api/v1/mail/messages/{mails[1]['id']}"))["state"] == "dropped"
    assert "Tables" not in await shelf_of(intake, "failed")
    handled = (await intake.running.get(f"/api/v1/mail/messages/{mails[0]['id']}/handling"))["handled"]
    assert [one["what"] for one in handled] == ["retried"]
    assert await intake.raw(mails[1]["id"])


async def test_the_log_is_narrowed_by_door_address_and_day(intake: Intake) -> None:
    """B45: each mail is found by what is known of it."""
    await intake.send(a_mail(), "deals+fair@in.localhost")
    await intake.send(a_mail(message_id="<2@x.example>", From="bob@else.example", subject="Tables"))
    await intake.all_judged(2)
    today = utc_now().date().isoformat()

    async def found(**asked: str) -> list[str]:
        items = (await intake.running.get("/api/v1/mail/messages", **asked))["items"]
        return [mail["subject"] for mail in items]

    assert await found(address="deals+FAIR@") == ["Chairs"]
    assert await found(address="bob@else") == ["Tables"]
    assert await found(door="smtp", since=today, until=today) == ["Tables", "Chairs"]
    assert await found(door="imap") == []
    assert await found(until="2020-01-01") == []


async def act(intake: Intake, action: str, *mails: str) -> None:
    form = [("action", action), *(("mail", mail) for mail in mails)]
    async with intake.running.http.post(f"{intake.running.url}/mail/set-aside", data=form) as page:
        assert page.status == 200, await page.text()


async def shelf_of(intake: Intake, name: str) -> str:
    url = f"{intake.running.url}/mail/set-aside?what={name}"
    async with intake.running.http.get(url, headers={"Accept": "text/html"}) as page:
        return await page.text()


async def test_what_failed_is_counted_as_it_is_listed(intake: Intake) -> None:
    """What went wrong: bytes that are no event were counted among the mails, and no list had them."""
    await intake.send(a_mail())
    [mail] = await intake.all_judged(1)
    await fail(intake, UUID(mail["id"]))
    for event_id, body in ((None, b"no event"), (UUID(int=1), b'{"id": "%s"}' % str(UUID(int=1)).encode())):
        async with intake.rail.unit_of_work() as uow:
            await set_aside(
                uow.connection,
                intake.rail.tables.shunt,
                durable="mail-intake-process",
                event_id=event_id,
                subject="clew.mail_intake.v1.mail_accepted",
                body=body,
                reason="ValidationError",
                stack="",
                deliveries=5,
            )

    async with intake.rail.reading() as connection:
        assert await count_failed(connection) == len(await list_failed(connection)) == 1


async def judged(intake: Intake, mail: str) -> dict[str, Any] | None:
    found: dict[str, Any] = await intake.running.get(f"/api/v1/mail/messages/{mail}")
    return found if found["verdict"] else None


async def fail(intake: Intake, key: UUID) -> None:
    """Leave a mail as it is after working on it failed for the last time."""
    event = MailAccepted(message_key=key)
    async with intake.rail.unit_of_work() as uow:
        await uow.connection.execute(
            text("UPDATE mail_intake.message SET verdict = NULL WHERE key = :key"), {"key": key}
        )
        await uow.connection.execute(
            text("DELETE FROM mail_intake.inbox WHERE event_id = :event"), {"event": accepted_id(key)}
        )
        await set_aside(
            uow.connection,
            intake.rail.tables.shunt,
            durable="mail-intake-process",
            event_id=accepted_id(key),
            subject=subject_of("mail-intake", event, "jane@shop.example"),
            body=encode_event(event, accepted_id(key), "mail-intake", utc_now()),
            reason="OSError: the disk was full",
            stack="",
            deliveries=5,
        )


async def test_a_mails_page_says_why_in_words_and_what_a_new_reading_says(intake: Intake) -> None:
    """B45: the reasons, how far the sender is to be trusted, the trace, and no script of a stranger."""
    script = "<script>alert(1)</script>"
    await intake.send(a_mail(subject=f"Chairs {script}", body=f"Twenty. {script}", X_Spam_Status="Yes, score=9"))
    [mail] = await intake.all_judged(1)
    url = f"{intake.running.url}/mail/messages/{mail['id']}"

    async with intake.running.http.get(url, headers={"Accept": "text/html"}) as page:
        shown = await page.text()

    for words in (
        "A spam filter on its way marked it",
        "Nothing proves that the sender is who it says",
        mail["trace_id"],
    ):
        assert words in shown
    assert "comes to the same as when the mail came" in shown
    assert script not in shown
    assert shown.count("&lt;script&gt;") >= 2
    for kind in ("spam", "list", "bounce", "auto_reply", "quarantine", "loop", "sender", "signed", "anything else"):
        assert say_reason(f"{kind}: something nobody knows.").endswith(".")
