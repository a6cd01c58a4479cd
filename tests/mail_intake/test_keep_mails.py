"""What is kept of a mail, for how long, and what a newer reader would make of it."""

import asyncio
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from clew_mail_intake.accept import accepted_id
from clew_mail_intake.forget_mails import forget_mails
from clew_mail_intake.handling.discard import discard_mails, restore_mails
from clew_mail_intake.handling.failed_mails import drop_mails
from clew_mail_intake.process import Processing
from clew_mail_intake.reading import Reading, surroundings
from clew_mail_intake.recipients import our_recipients
from clew_mail_intake.replay_mails import Difference, Replayed, replay_mails
from clew_mail_intake.tables import RAIL, message
from clew_mail_intake.understanding.understood import Envelope, Understanding
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.shunt import set_aside
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import update

from tests.mail_intake.intake import Intake, a_mail

VACATION = a_mail(message_id="<v@shop.example>", subject="Out of office", Auto_Submitted="auto-replied")


async def replayed(intake: Intake, understand: Any) -> tuple[Replayed, list[Difference]]:
    processing = Processing(understand, _nobody, our_recipients(intake.settings), lambda: False)
    differences: list[Difference] = []
    return await replay_mails(intake.rail, processing, differences.append), differences


async def _nobody(*_: object) -> None:
    return None


async def test_the_same_reader_decides_the_same_again(intake: Intake) -> None:
    """Also of a mail that is read in pieces."""
    await intake.send(a_mail())
    await intake.send(VACATION)
    await intake.send(a_mail(message_id="<long@shop.example>", body="Twenty chairs, please. \r\n" * 60_000))
    await intake.all_judged(3)

    reading = Reading(surroundings(intake.settings))
    async with reading.door():
        again, differences = await replayed(intake, reading.understand)

    assert (again.read, again.differ, differences) == (3, 0, [])


async def test_a_new_reader_shows_what_it_would_decide_differently(intake: Intake) -> None:
    await intake.send(a_mail())
    await intake.send(VACATION)
    [mail, _] = await intake.all_judged(2)
    reading = Reading(surroundings(intake.settings))

    async def newer(raw: bytes, envelope: Envelope) -> Understanding:
        read = await reading.understand(raw, envelope)
        if read.verdict == "enquiry":
            return msgspec.structs.replace(read, verdict="list", subject_line="Stools", parser_version=99)
        return read

    async with reading.door():
        again, differences = await replayed(intake, newer)

    assert (again.differ, [str(one.key) for one in differences]) == (1, [mail["id"]])
    assert differences[0].changed == {"subject_line": ("Chairs", "Stools"), "verdict": ("enquiry", "list")}
    assert [one["verdict"] for one in await intake.all_judged(2)] == ["enquiry", "auto_reply"]


async def test_words_that_an_older_reader_had_none_for_are_no_difference(intake: Intake) -> None:
    """A reader that has learned to name more says it of each mail that it reads again; what it decides is the same."""
    await intake.send(a_mail())
    await intake.all_judged(1)
    async with intake.rail.unit_of_work() as uow:
        await uow.connection.exec_driver_sql(
            "UPDATE mail_intake.message SET understanding = understanding - 'auto' - 'forwarder_note' - 'dsn'"
        )

    reading = Reading(surroundings(intake.settings))
    async with reading.door():
        again, _ = await replayed(intake, reading.understand)

    assert (again.read, again.differ) == (1, 0)


async def test_the_command_reads_what_a_running_clew_holds(intake: Intake) -> None:
    await intake.send(a_mail())
    await intake.all_judged(1)
    async with intake.running.services["mail-intake"].rail.unit_of_work() as uow:
        await uow.connection.exec_driver_sql("UPDATE mail_intake.message SET preview = 'Something else'")

    settings = intake.settings
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clew_shared.runtime.cli", "mail", "replay", "--since", "2020-01-01"),
        stdout=asyncio.subprocess.PIPE,
        env={
            "CLEW_DATABASE_URL": str(settings.database_url),
            "CLEW_NATS_URL": str(settings.nats_url),
            "CLEW_DATA_DIR": str(settings.data_dir),
        },
    )
    printed = (await ran.communicate())[0].decode()

    assert ran.returncode == 0
    assert "- Something else\n    + Twenty." in printed
    assert printed.endswith("1 mails read again, 1 differ.\n")


async def test_old_bytes_are_forgotten_and_the_mail_is_still_known(intake: Intake) -> None:
    """Retention: what was decided stays, and the same mail again has no second effect."""
    await intake.send(a_mail())
    await intake.send(VACATION)
    quarantined = a_mail(message_id="<q@shop.example>", X_Loop="deals@in.localhost")
    await intake.send(quarantined)
    [mail, vacation, waiting] = await intake.all_judged(3)
    rail = intake.running.services["mail-intake"].rail
    later = utc_now() + timedelta(days=91)

    assert await forget_mails(rail, intake.settings, later) == 0
    machines = intake.settings.changed(machine_mail_keep_days=90)
    assert await forget_mails(rail, machines, utc_now() + timedelta(days=89)) == 0
    assert await forget_mails(rail, machines, later) == 1
    assert await intake.raw(mail["id"])
    assert await status(intake, vacation["id"]) == 410
    assert await forget_mails(rail, intake.settings.changed(mail_keep_days=30), later) == 1
    assert await status(intake, mail["id"]) == 410
    # It waits for a person, however long that takes.
    assert await status(intake, waiting["id"]) == 200

    assert (await intake.send(a_mail())).startswith("250")
    assert len(await intake.all_judged(3)) == 3


async def test_what_a_person_was_done_with_is_forgotten_as_any_mail_is(intake: Intake) -> None:
    """B38: discarded from quarantine, or given up after its work failed; not before, and it does not come back."""
    for number in range(4):
        await intake.send(a_mail(message_id=f"<{number}@x.example>", X_Loop="deals@in.localhost"))
    keys = [UUID(mail["id"]) for mail in await intake.all_judged(4)]
    rail, kept = intake.running.services["mail-intake"].rail, intake.settings.changed(mail_keep_days=30)
    async with rail.unit_of_work() as uow:
        await discard_mails(keys[:1], "sam", uow)
        for key in keys[2:]:
            await fail(key, uow)
        await drop_mails(keys[2:3], "sam", uow.connection)

    machines = intake.settings.changed(machine_mail_keep_days=1)
    assert await forget_mails(rail, kept, utc_now() + timedelta(days=29)) == 0
    assert await forget_mails(rail, machines, utc_now() + timedelta(days=31)) == 0
    assert await forget_mails(rail, kept, utc_now() + timedelta(days=31)) == 2
    assert [await status(intake, str(key)) for key in keys] == [410, 200, 410, 200]
    async with rail.unit_of_work() as uow:
        assert await restore_mails(keys[:1], "sam", uow) == 0


async def fail(key: UUID, uow: UnitOfWork) -> None:
    """Leave a mail as if its work had failed for good."""
    await uow.connection.execute(update(message).where(message.c.key == key).values(verdict=None))
    told: dict[str, Any] = {
        "event_id": accepted_id(key),
        "subject": "x",
        "body": b"",
        "reason": "x",
        "stack": "",
        "deliveries": 5,
    }
    await set_aside(uow.connection, RAIL.shunt, durable="mail-intake-process", **told)


async def status(intake: Intake, mail_id: str) -> int:
    async with intake.running.http.get(f"{intake.running.url}/api/v1/mail/messages/{mail_id}/raw") as response:
        return response.status
