"""The same mail by several ways: the best copy counts, once (B9 with B14, B21, B23)."""

import asyncio
from typing import Any

import pytest
from clew_mail_intake.accept import accept_messages
from clew_mail_intake.arriving_mail import ArrivingMail
from clew_mail_intake.glance import glance_at
from clew_mail_intake.raw_mail import RawMail
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.settings import Settings

from tests.mail_intake.intake import INTAKE, Intake, a_mail, running_intake
from tests.mail_intake.mailroom import Mailroom

DIRECT = a_mail(body="Twenty, by Friday.", Date="Sun, 22 Nov 2026 09:00:00 +0000")
RESULTS = b"Authentication-Results: mx.team.example; dmarc=%s header.from=shop.example\r\n"
WORSE = {
    "forwarder": (RESULTS % b"fail", RESULTS % b"pass", "quarantine"),
    "spam": (b"X-Spam-Flag: YES\r\n", b"", "spam"),
    "list": (b"List-Id: <friends.example>\r\nPrecedence: list\r\n", b"Received: from a by b; now\r\n", "list"),
}


@pytest.mark.parametrize("way", WORSE)
@pytest.mark.parametrize("at_once", [False, True], ids=["later", "at once"])
async def test_what_first_came_by_a_worse_way_is_an_enquiry_when_it_comes_by_a_better(
    mailroom: Mailroom, way: str, at_once: bool
) -> None:
    """B9 with B14, B21, B23: To a list and Cc us; the copy of the list decided for ever, and no deal was opened."""
    worse, better, verdict = WORSE[way]
    assert (await mailroom.send(worse + DIRECT, INTAKE)).startswith("250")
    if not at_once:
        assert (await mailroom.judged("Chairs"))["verdict"] == verdict
    copies = (mailroom.send(better + DIRECT, "sales@in.localhost"), mailroom.send(worse + DIRECT, INTAKE))
    await asyncio.gather(*copies, mailroom.send(better + DIRECT, INTAKE, mail_from="y@client.example"))

    deal, entry = await mailroom.landed("Twenty, by Friday.")
    assert [each["id"] for each in await mailroom.deals()] == [deal["id"]]
    assert entry["body"] == "Twenty, by Friday."
    shown = await mailroom.judged("Chairs")
    assert (shown["verdict"], sorted(shown["to"])) == ("enquiry", ["deals@in.localhost", "sales@in.localhost"])
    assert shown["reasons"][-1] == "copy: it came again by a better way, which counts"
    assert await mailroom.raw(shown["id"]) == better + DIRECT
    counts = await mailroom.clew.get("/api/v1/mail/counts")
    assert (counts["received"], counts["duplicate"], counts["verdicts"]) == (4, 3, {"enquiry": 1})


async def test_copies_that_are_stored_together_are_judged_together(intake: Intake) -> None:
    """B9, B21: the worse one first, in one commit and so in one batch."""
    rail = intake.running.services["mail-intake"].rail
    async with rail.unit_of_work() as uow:
        await accept_messages([_arriving(WORSE["list"][0] + DIRECT), _arriving(DIRECT)], uow)

    [mail] = await intake.all_judged(1)
    assert (mail["verdict"], mail["reasons"][-1]) == ("enquiry", "copy: it came again by a better way, which counts")
    assert await intake.raw(mail["id"]) == DIRECT
    assert await intake.rows("SELECT count(*) FROM mail_intake.further_copy") == [(0,)]


def _arriving(content: bytes) -> ArrivingMail:
    raw = RawMail(content=content)
    sent: dict[str, Any] = {"door": "smtp", "mail_from": "jane@shop.example", "recipients": (INTAKE,)}
    return ArrivingMail(raw=raw, glance=glance_at(raw), received_at=utc_now(), **sent)


async def test_a_copy_changes_nothing_that_was_settled_or_is_no_better(intake: Intake) -> None:
    """B9, B23: an enquiry stays one, what somebody discarded stays discarded; copies leave no bytes behind."""
    spam = b"X-Spam-Flag: YES\r\n"
    await intake.send(DIRECT)
    other = DIRECT.replace(b"<1@", b"<2@")
    await intake.send(spam + other)
    await intake.all_judged(2)
    await intake.send(spam + DIRECT)
    await intake.send(b"X-Spam-Flag: YES\r\nX-Hop: 2\r\n" + other)

    async def looked_at() -> bool:
        return await intake.rows("SELECT count(*) FROM mail_intake.further_copy") == [(0,)]

    await intake.running.eventually(looked_at)
    [kept] = [mail for mail in await intake.all_judged(2) if mail["verdict"] == "spam"]
    await intake.running.post(f"/api/v1/mail/messages/{kept['id']}/discard", {})
    await intake.send(other)

    assert sorted(mail["verdict"] for mail in await intake.all_judged(2)) == ["enquiry", "spam"]
    assert await intake.raw(kept["id"]) == spam + other
    assert await intake.rows("SELECT count(*) FROM mail_intake.raw_piece") == [(2,)]
    assert len(await intake.told(EnquiryReceived)) == 1


async def test_a_large_copy_takes_the_place_of_a_large_mail_with_its_files(settings: Settings) -> None:
    """B9, B30: what lies where in the bytes is that of the copy that counts."""
    parts = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nTwenty, by Friday.\r\n"
        b"--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n"
        + b"1,2\r\n"
        * 300_000
    )
    large = a_mail(body=parts.decode() + "--b--", Content_Type="multipart/mixed; boundary=b")
    async with running_intake(settings) as intake:
        await intake.send(b"X-Spam-Flag: YES\r\nX-Long: " + b"x" * 500 + b"\r\n" + large)
        await intake.all_judged(1)
        await intake.send(large)

        async def told() -> bool:
            return bool(await intake.told(EnquiryReceived))

        await intake.running.eventually(told)
        [mail] = await intake.all_judged(1)
        raw = await intake.raw(mail["id"])
        path = f"{intake.running.url}/api/v1/mail/messages/{mail['id']}/attachments/0"
        async with intake.running.http.get(path) as response:
            file = await response.read()

    assert raw == large
    assert file == b"1,2\r\n" * 300_000 or file == (b"1,2\r\n" * 300_000).removesuffix(b"\r\n")
