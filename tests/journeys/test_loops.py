"""Machines that write to each other (B22): whoever stands on the other side, it ends by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session
from clew_shared.runtime.engines.nats_server import EmbeddedNats
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings
from clew_shared.testing.engines import SharedEngines
from clew_shared.testing.harness import RunningClew, run_services

_QUIET_SECONDS = 2.0


async def test_two_instances_that_write_to_each_other_stop(
    settings: Settings, engines: SharedEngines, template: str, tmp_path: Path
) -> None:
    """B22: each one's sender is the other's intake, as client and as teammate; two mails at most follow the first."""
    here, there = free_port(), free_port()
    url = engines.create_database(template=template)
    a = settings.changed(
        intake_domain="a.example",
        mail_from="deals@a.example",
        team=("deals@b.example", "sam@team.example"),
        smtp_port=here,
        smtp_url=f"smtp://127.0.0.1:{there}",
    )
    b = a.changed(
        intake_domain="b.example",
        mail_from="deals@b.example",
        team=("deals@a.example", "kim@team.example"),
        smtp_port=there,
        smtp_url=f"smtp://127.0.0.1:{here}",
        database_url=url,
        data_dir=tmp_path / "b",
    )
    try:
        async with (
            EmbeddedNats(tmp_path / "nats", durable=False) as nats,
            run_services(a) as first,
            run_services(b.changed(nats_url=nats.url)) as second,
        ):
            await write(here, "deals@b.example", "deals@a.example", "A first word")
            await told(first)
            await quiet(first, second)
            of_client = len(await received(first)) + len(await received(second))
            await write(here, "jane@shop.example", "deals@a.example", "Another word")
            await told(first, more=True)
            await quiet(first, second)
            of_teammate = len(await received(first)) + len(await received(second)) - of_client

            verdicts = {mail["verdict"] for mail in await received(second)}
    finally:
        engines.drop_database(url)
    assert of_client <= 3
    assert of_teammate <= 3
    assert verdicts <= {"auto_reply", "quarantine"}


async def test_an_autoresponder_that_says_nothing_of_itself_is_answered_once(settings: Settings) -> None:
    """B22: it answers each of our answers as if it were a person; we answer the address once a day."""
    async with _autoresponder(settings) as changed, run_services(changed) as clew:
        sent = await _acknowledged_once(clew)

    assert (sent["recipient"], sent["status"]) == ("jane@shop.example", "accepted")


async def test_a_helpdesk_that_answers_under_ever_new_names_is_answered_once(settings: Settings) -> None:
    """B22: each answer is a new case with an address of its own, and names neither our mail nor the reply address."""
    async with _autoresponder(settings, new_names=True) as changed, run_services(changed) as clew:
        await _acknowledged_once(clew)


async def _acknowledged_once(clew: RunningClew) -> dict[str, Any]:
    """Write, wait for the answer to our answer, and see that nothing follows; give the one delivery."""
    port = int(clew.smtp.rpartition(":")[2])
    await write(port, "jane@shop.example", "deals@in.localhost", "Chairs")

    async def answered() -> bool:
        return len(await received(clew)) >= 2

    await clew.eventually(answered, 30)
    await quiet(clew)

    [sent] = await deliveries(clew, rule="acknowledgement")
    assert len(await received(clew)) == 2
    return sent


@asynccontextmanager
async def _autoresponder(settings: Settings, *, new_names: bool = False) -> AsyncIterator[Settings]:
    """Run a relay that answers each mail to the shop, as jane or under a new name each time."""
    relay = free_port()
    changed = settings.changed(smtp_port=free_port(), smtp_url=f"smtp://127.0.0.1:{relay}")
    answers: set[asyncio.Task[None]] = set()

    class Jane:
        async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
            if envelope.rcpt_tos[0].endswith("@shop.example"):
                heard = message_from_bytes(envelope.original_content or b"")
                assert (envelope.mail_from or "<>") == "<>"
                assert heard["Auto-Submitted"] == "auto-replied"
                assert heard["X-Auto-Response-Suppress"] == "All"
                name = f"case-{len(answers)}@shop.example" if new_names else "jane@shop.example"
                to = "deals@in.localhost" if new_names else heard["Reply-To"]
                answer = write(changed.smtp_port, name, to, f"Re: {heard['Subject']}")
                answers.add(asyncio.create_task(answer))
            return "250 OK"

    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Jane()), "127.0.0.1", relay)
    try:
        yield changed
    finally:
        server.close()
        await asyncio.gather(*answers)


async def write(port: int, sender: str, to: str, subject: str) -> None:
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{uuid4().hex}@x.example>\r\n"
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        await client.sendmail(sender, [to], f"{head}\r\nHello.\r\n".encode())


async def received(clew: RunningClew) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await clew.get("/api/v1/mail/messages", limit=500))["items"]
    return items


async def deliveries(clew: RunningClew, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await clew.get("/api/v1/deliveries", limit=500, **query))["items"]
    return items


async def told(clew: RunningClew, *, more: bool = False) -> None:
    """Wait until an enquiry led to an answer of ours."""

    async def look() -> bool:
        done = [one for one in await deliveries(clew, status="accepted") if one["rule"] == "acknowledgement"]
        failed = await deliveries(clew, rule="acknowledgement", status="failed")
        return len(done) + len(failed) >= 1 + more

    await clew.eventually(look, 30)


async def quiet(*clews: RunningClew) -> None:
    """Wait until nobody has anything to read or to send any more, and nothing comes for a while."""
    before = -1
    async with asyncio.timeout(60):
        while True:
            mails = [mail for clew in clews for mail in await received(clew)]
            waiting = [
                one for clew in clews for one in await deliveries(clew) if one["status"] in ("planned", "sending")
            ]
            if len(mails) == before and not waiting and all(mail["verdict"] for mail in mails):
                return
            before = len(mails)
            await asyncio.sleep(_QUIET_SECONDS)
