"""A second mail system in the loop: what Postfix makes of our replies, and what other clients get through."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.reply_address import make_reply_address
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.running import running
from clew_shared.runtime.service import build_services
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import run_services
from clew_shared.testing.waiting import eventually

from tests.mail_intake.intake import INTAKE, Intake, a_mail, running_intake, wire
from tests.mail_intake.mailroom import Mailroom
from tests.mail_intake.postfix import Postfix, postfix_is_missing, running_postfix

_LIMIT = 2_000_000
pytestmark = pytest.mark.skipif(postfix_is_missing() is not None, reason=str(postfix_is_missing()))


@pytest.fixture
async def small_intake(settings: Settings) -> AsyncIterator[Intake]:
    async with running_intake(settings.changed(lmtp_port=0, max_mail_bytes=_LIMIT)) as intake:
        yield intake


@pytest.fixture
async def postfix(small_intake: Intake) -> AsyncIterator[Postfix]:
    async with running_postfix(small_intake.running.addresses["lmtp"]) as mail_system:
        yield mail_system


async def hand_over(postfix: Postfix, mail: bytes, *recipients: str) -> str:
    async with wire(postfix.address) as talk:
        await talk.say(b"EHLO client.example")
        await talk.say(b"MAIL FROM:<jane@shop.example> BODY=8BITMIME SMTPUTF8")
        for recipient in recipients:
            assert (await talk.say(b"RCPT TO:<%s>" % recipient.encode())).startswith("250")
        await talk.say(b"DATA")
        return await talk.say(mail + b".")


async def test_of_two_recipients_the_known_one_gets_it_and_the_sender_hears_of_the_other(
    small_intake: Intake, postfix: Postfix
) -> None:
    """B40, B41: one reply per recipient: delivered once, bounced once, nothing left."""
    assert (await hand_over(postfix, a_mail(), INTAKE, "nobody@in.localhost")).startswith("250")
    await postfix.has_delivered_all()

    told = {recipient: (status, reply) for recipient, status, reply in postfix.deliveries()}
    assert told[INTAKE][0] == "sent"
    assert "250 2.0.0 Accepted as " in told[INTAKE][1]
    assert told["nobody@in.localhost"][0] == "bounced"
    assert "550 5.1.1" in told["nobody@in.localhost"][1]
    assert len(postfix.deliveries()) == 2
    [mail] = await small_intake.all_judged(1)
    assert mail["to"] == [INTAKE]
    [bounce] = postfix.came_back
    assert b"nobody@in.localhost" in bounce
    assert b"Final-Recipient: rfc822; deals@" not in bounce


async def test_a_forged_reply_address_comes_back_to_its_sender(small_intake: Intake, postfix: Postfix) -> None:
    """B3, B40: 550 once and for all, and nothing of it is kept."""
    true = make_reply_address(new_id(), "in.localhost", small_intake.settings.reply_keys())
    forged = true[:10] + ("a" if true[10] != "a" else "b") + true[11:]

    await hand_over(postfix, a_mail(), forged)
    await postfix.has_delivered_all()

    [(_, status, reply)] = postfix.deliveries()
    assert (status, "550 5.1.1" in reply) == ("bounced", True)
    assert len(postfix.came_back) == 1
    assert await small_intake.accepted() == 0


async def test_of_a_letter_to_two_the_one_that_postfix_returns_is_stopped(settings: Settings) -> None:
    """B19: its report comes to the return path of that copy alone."""
    here = settings.changed(lmtp_port=free_port())
    async with running_postfix(f"127.0.0.1:{here.lmtp_port}") as postfix:
        postfix.gone.add("ann@client.example")
        async with run_services(here.changed(smtp_url=f"smtp://{postfix.address}")) as clew:
            room = Mailroom(clew)
            await room.post("Chairs, please.", From="ann@client.example")
            deal, _ = await room.landed("Chairs, please.")
            letter = {"to": "ann@client.example", "cc": "ben@client.example", "subject": "Chairs", "body": "Here."}
            async with clew.http.post(f"{clew.url}/deals/{deal['id']}/mails", data=letter) as answer:
                assert answer.ok

            async def suspended() -> list[str]:
                return [one["address"] for one in (await clew.get("/api/v1/suppressions"))["items"]]

            assert await clew.eventually(suspended, 30) == ["ann@client.example"]
            sent = (await clew.get("/api/v1/deliveries", rule="reply_written"))["items"]
            assert {one["recipient"]: one["status"] for one in sent} == {
                "ann@client.example": "bounced",
                "ben@client.example": "accepted",
            }


async def test_a_mail_over_our_limit_comes_back_and_is_not_tried_again(small_intake: Intake, postfix: Postfix) -> None:
    """B40: Postfix hears our SIZE and knows that it is for good."""
    await hand_over(postfix, a_mail(body=("x" * 70 + "\r\n") * 40_000), INTAKE)
    await postfix.has_delivered_all()

    [(_, status, reply)] = postfix.deliveries()
    assert status == "bounced", reply
    assert len(postfix.came_back) == 1
    assert await small_intake.accepted() == 0


async def test_a_mail_that_meets_no_database_waits_at_postfix_and_arrives_once(settings: Settings) -> None:
    """B40: 451 means later, and later it is delivered: nothing bounced, nothing lost, nothing twice."""
    here = settings.changed(lmtp_port=free_port())
    away = here.changed(database_url=f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/clew")
    async with running_postfix(f"127.0.0.1:{here.lmtp_port}") as postfix:

        async def was_put_off() -> bool:
            put_off = [reply for _, status, reply in postfix.deliveries() if status == "deferred"]
            return len(put_off) >= 2 and all("451 4.3.0" in reply for reply in put_off)

        async with running(away, build_services(away, ["mail-intake"])):
            await hand_over(postfix, a_mail(), INTAKE, "deals+autumn@in.localhost")
            await eventually(was_put_off, 30)
        async with running_intake(here) as intake:
            await postfix.has_delivered_all()
            [mail] = await intake.all_judged(1)

        assert sorted(mail["to"]) == ["deals+autumn@in.localhost", INTAKE]
        assert await intake.accepted() == 1
        assert sum(status == "sent" for _, status, _ in postfix.deliveries()) == 2
        assert postfix.came_back == []


async def test_what_passes_through_postfix_is_read_as_it_was_written(small_intake: Intake, postfix: Postfix) -> None:
    """B41: eight bits, UTF-8 addresses and a line of 100 kB, by a system that uses each of our extensions."""
    words = "Zwölf Stühle, grün. " * 5_000
    mail = f"From: jänë@shop.example\r\nTo: {INTAKE}\r\nSubject: Stühle\r\nMIME-Version: 1.0\r\n".encode()
    mail += b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"

    assert (await hand_over(postfix, mail + words.encode() + b"\r\n", INTAKE)).startswith("250")
    await postfix.has_delivered_all()

    [(_, status, _)] = postfix.deliveries()
    [read] = await small_intake.all_judged(1)
    assert status == "sent"
    assert (read["from"]["email"], read["subject"], read["verdict"]) == ("jänë@shop.example", "Stühle", "enquiry")


async def test_a_crowd_through_postfix_arrives_once_each(small_intake: Intake, postfix: Postfix) -> None:
    """B40: smtp-source sends, Postfix keeps several lines open: what it counts as sent is what we have."""
    await _source(postfix.address, mails=60, sessions=6)
    await postfix.has_delivered_all()

    assert [status for _, status, _ in postfix.deliveries()] == ["sent"] * 60
    assert len(await small_intake.all_judged(60)) == 60
    assert postfix.came_back == []


async def test_a_door_that_goes_away_and_comes_back_costs_no_mail(settings: Settings) -> None:
    """B40, F2: closed under a crowd: what Postfix calls sent is here, the rest it keeps; once each, and none back."""
    here = settings.changed(lmtp_port=free_port())
    async with running_postfix(f"127.0.0.1:{here.lmtp_port}") as postfix:
        async with running_intake(here):
            await _source(postfix.address, mails=60, sessions=8)
            await eventually(lambda: _has_some(postfix), 30)
        sent_before = sum(status == "sent" for _, status, _ in postfix.deliveries())
        async with running_intake(here) as intake:
            await postfix.has_delivered_all()
            kept = await intake.rows("SELECT count(*), count(DISTINCT message_id) FROM mail_intake.message")

        assert kept == [(60, 60)]
        assert sent_before > 0
        assert sum(status == "sent" for _, status, _ in postfix.deliveries()) == 60
        assert postfix.came_back == []


async def test_a_mail_that_postfix_took_with_a_bare_return_is_not_bounced(
    small_intake: Intake, postfix: Postfix
) -> None:
    """B42: it has 250 already; by LMTP the mail is mended, and begins no field of its own."""
    await hand_over(postfix, a_mail(subject="Chairs\rFrom: evil@x.example", body="one\rtwo"), INTAKE)
    await postfix.has_delivered_all()

    [mail] = await small_intake.all_judged(1)
    assert (mail["from"]["email"], mail["subject"]) == ("jane@shop.example", "Chairs From: evil@x.example")
    assert mail["text"] == "one\ntwo"
    assert postfix.came_back == []


async def _has_some(postfix: Postfix) -> bool:
    return bool(postfix.deliveries())


async def test_smtp_source_gets_a_hundred_mails_through_ten_lines(small_intake: Intake) -> None:
    """B41: straight to our door."""
    await _source(small_intake.smtp, mails=100, sessions=10)

    assert len(await small_intake.all_judged(100)) == 100


async def _source(address: str, *, mails: int, sessions: int) -> None:
    program = shutil.which("smtp-source", path="/usr/sbin:/usr/bin") or "smtp-source"
    options = ("-s", str(sessions), "-m", str(mails), "-l", "4000", "-f", "jane@shop.example", "-t", INTAKE)
    process = await asyncio.create_subprocess_exec(program, *options, address)
    async with asyncio.timeout(60):
        assert await process.wait() == 0
