"""Every mail has one verdict and one trace, whichever door it came by, and the figures add up (B45)."""

import asyncio
import itertools
from collections import Counter
from uuid import UUID

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.event import decode_envelope
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from clew_shared.testing.harness import RunningClew
from prometheus_client.parser import text_string_to_metric_families

from tests.mail_intake.intake import INTAKE, Intake, Wire, a_mail, running_intake, wire

_numbers = itertools.count(1)
_BOUNCE = (
    "Reporting-MTA: dns; mx.shop.example\r\n\r\nFinal-Recipient: rfc822; ann@shop.example\r\n"
    "Action: failed\r\nStatus: 5.1.1\r\n"
)
_COMPLAINT = "Feedback-Type: abuse\r\nUser-Agent: shop/1\r\nVersion: 1\r\nOriginal-Rcpt-To: ann@shop.example\r\n"


def _mail(**more: str) -> bytes:
    return a_mail(message_id=f"<{next(_numbers)}@shop.example>", **more)


def _report(kind: str, part: str, said: str) -> bytes:
    body = (
        f"--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--b\r\nContent-Type: {part}\r\n\r\n{said}\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Hello\r\nMessage-ID: <x@in.localhost>\r\n\r\nHi\r\n"
        "--b--\r\n"
    )
    return _mail(
        From="mailer-daemon@shop.example", Content_Type=f"multipart/report; report-type={kind}; boundary=b", body=body
    )


def _one_of_each() -> dict[str, bytes]:
    return {
        "enquiry": _mail(),
        "auto_reply": _mail(Auto_Submitted="auto-replied", subject="Out of office"),
        "bounce": _report("delivery-status", "message/delivery-status", _BOUNCE),
        "complaint": _report("feedback-report", "message/feedback-report", _COMPLAINT),
        "list": _mail(List_Id="<news.shop.example>", List_Unsubscribe="<https://shop.example/u>", Precedence="bulk"),
        "spam": _mail(X_Spam_Flag="YES"),
        "quarantine": _mail(From="nobody at all"),
    }


async def test_the_verdicts_add_up_to_the_mails_received_by_all_doors(settings: Settings, dovecot: Dovecot) -> None:
    """B45: also those that came twice and those that were refused; what was put off or broken off is none."""
    sent = _one_of_each()
    async with running_intake(settings.changed(lmtp_port=0, max_mail_bytes=1_000_000)) as intake:
        before = await _figures(intake.running)
        for mail in sent.values():
            assert (await intake.send(mail)).startswith("250 ")
        # By LMTP for two, one of whom is not here; by SMTP again; and twice from a mailbox.
        async with wire(intake.running.addresses["lmtp"]) as talk:
            assert await _all(talk, b"LHLO x", INTAKE, "nobody@in.localhost") == ["250", "250", "550", "354"]
            assert (await talk.say(_mail() + b".")).startswith("250 ")
        await intake.send(sent["enquiry"], "deals+again@in.localhost")
        await _have_read(intake, dovecot, _mail(), b"Received: from a by b; now\r\n" + sent["spam"])
        refused = [
            await intake.send(b"Subject: two ways\r\n\r\nto\nread\r\n"),
            await intake.send(_mail(body="x" * 1_100_000)),
        ]
        async with wire(intake.smtp) as talk:
            assert await _all(talk, b"EHLO x", "nobody@in.localhost", "none@in.localhost") == [
                "250",
                "550",
                "550",
                "503",
            ]
            refused.append(await talk.say(b"RSET"))
            refused.append(await talk.say(b"MAIL FROM:<jane@shop.example> SIZE=99999999999999999999"))
            assert await _all(talk, None, INTAKE) == ["250", "250", "354"]
            await talk.throw(b"Subject: broken off\r\n\r\n")
        await intake.all_judged(9)
        after = await _figures(intake.running)
        counts = await intake.running.get("/api/v1/mail/counts")
        rejected = (await intake.running.get("/api/v1/mail/messages", verdict="rejected"))["items"]
        again = (await intake.running.get("/api/v1/mail/messages", verdict="duplicate"))["items"]
        async with intake.running.http.get(f"{intake.running.url}/mail?verdict=rejected") as response:
            page = await response.text()

    assert [reply[:9] for reply in refused] == ["550 5.6.1", "552 5.3.4", "250 2.0.0", "552 5.3.4"]
    became = after["became"] - before["became"]
    assert became == Counter({**dict.fromkeys(sent, 1), "enquiry": 3, "duplicate": 2, "rejected": 4})
    received = after["received"] - before["received"]
    assert received == Counter({"smtp": 12, "lmtp": 1, "imap": 2})
    assert received.total() == became.total() == counts["received"]
    assert counts["verdicts"] == {**dict.fromkeys(sent, 1), "enquiry": 3}
    assert (counts["duplicate"], counts["rejected"]) == (2, 4)
    assert {mail["id"] for mail in rejected} >= {reply.rpartition(" ")[2] for reply in (refused[0], refused[1])}
    assert len(again) == 2
    # Nobody has seen its subject; whom it was for is known.
    assert "to nobody@in.localhost, none@in.localhost" in page


async def test_a_mail_system_of_ours_that_only_asks_who_is_here_brings_no_mail(settings: Settings) -> None:
    """B45: Postfix asks as double-bounce, Exim as nobody; who goes on to DATA, or is a stranger, is refused a mail."""
    async with running_intake(settings) as intake:
        assert await _refused_of_three(intake, "smtp", b"EHLO x") == 1
    async with running_intake(settings.changed(lmtp_port=0, mail_relays=("192.0.2.0/24",))) as intake:
        assert await _refused_of_three(intake, "smtp", b"EHLO x") == 3
        assert await _refused_of_three(intake, "lmtp", b"LHLO x") == 1


async def _refused_of_three(intake: Intake, door: str, greeting: bytes) -> int:
    before = await _figures(intake.running)
    async with wire(intake.running.addresses[door]) as talk:
        await talk.say(greeting)
        for asker, then in ((b"double-bounce@mx.example", b"NOOP"), (b"", b"NOOP"), (b"", b"DATA")):
            await talk.say(b"MAIL FROM:<%s>" % asker)
            assert (await talk.say(b"RCPT TO:<nobody@in.localhost>")).startswith("550 5.1.1")
            await talk.say(then)
            await talk.say(b"RSET")
    after = await _figures(intake.running)
    received = after["received"] - before["received"]
    assert received == +Counter({door: after["became"]["rejected"] - before["became"]["rejected"]})
    return received.total()


async def test_a_mail_is_found_by_one_trace_from_the_reply_to_the_deal(clew: RunningClew) -> None:
    """B45: the id in the reply is the trace, of the mail's record, of what is told of it, and of its deal."""
    intake = Intake(clew)
    key = UUID((await intake.send(_mail())).rpartition(" ")[2])
    await intake.all_judged(1)
    deal = await clew.eventually(lambda: _deal(clew))
    activities = (await clew.get(f"/api/v1/deals/{deal['id']}/activities"))["items"]

    assert (await clew.get(f"/api/v1/mail/messages/{key}"))["trace_id"] == key.hex
    assert str(key) in {activity.get("enquiry_id") for activity in activities}
    for schema in ("mail_intake", "lifecycle"):
        told = [decode_envelope(body).traceparent for (body,) in await intake.rows(f"SELECT body FROM {schema}.outbox")]
        assert any(trace and key.hex in trace for trace in told), schema
    assert len(await intake.told(EnquiryReceived)) == 1


async def _figures(running: RunningClew) -> dict[str, Counter[str]]:
    async with running.http.get(f"{running.url}/metrics") as response:
        text = await response.text()
    found: dict[str, Counter[str]] = {"received": Counter(), "became": Counter()}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "clew_mails_received_total":
                found["received"][sample.labels["door"]] += int(sample.value)
            if sample.name == "clew_mails_total":
                found["became"][sample.labels["verdict"]] += int(sample.value)
    return found


async def _all(talk: Wire, greeting: bytes | None, *recipients: str) -> list[str]:
    if greeting is not None:
        await talk.say(greeting)
    replies = [await talk.say(b"MAIL FROM:<jane@shop.example>")]
    replies += [await talk.say(f"RCPT TO:<{recipient}>".encode()) for recipient in recipients]
    replies.append(await talk.say(b"DATA"))
    return [reply[:3] for reply in replies]


async def _have_read(intake: Intake, dovecot: Dovecot, *mails: bytes) -> None:
    user = f"counts{next(_numbers)}"
    await asyncio.to_thread(dovecot.deliver, user, *mails)
    place = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": user, "password": PASSWORD}
    await intake.running.post("/api/v1/mail/mailboxes", {**place, "folder": "INBOX"}, 201)

    async def all_read() -> bool:
        rows = await intake.rows("SELECT count(*) FROM mail_intake.arrival WHERE door LIKE 'imap%'")
        return bool(rows[0][0] == len(mails))

    await intake.running.eventually(all_read)


async def _deal(clew: RunningClew) -> dict[str, str] | None:
    items = (await clew.get("/api/v1/deals"))["items"]
    return items[0] if items else None
