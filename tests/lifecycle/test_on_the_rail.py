"""Lifecycle on the real rail: events come over NATS and go out over NATS."""

import asyncio

from clew_lifecycle.sign_in import issue_sign_in_link, use_link
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.sessions import Credential, RemoteVerifier, credential_of
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.tables import rail_tables
from clew_shared.testing.harness import API_TOKEN, run_services
from clew_shared.testing.waiting import eventually
from sqlalchemy import MetaData

from tests.lifecycle.desk import Desk, form, mail


def door(settings: Settings, service: str) -> Rail:
    """A rail in the place of a door: its outbox and its stream are the real ones."""
    metadata = MetaData(schema=service.replace("-", "_"))
    return Rail(service, settings, metadata, rail_tables(metadata))


async def tell(rail: Rail, *events: EnquiryReceived) -> None:
    async with rail.unit_of_work() as uow:
        for event in events:
            uow.emit(event, key=event.claims.email)


async def test_two_doors_and_many_tellers_lead_to_one_deal_a_sender(settings: Settings) -> None:
    """A4: 200 messages of 20 new senders, by form and by mail, from 20 tellers at once, to two processes' consumers."""
    forms, intake = door(settings, "forms"), door(settings, "mail-intake")
    emails = [f"sender{number}@client.example" for number in range(20)]
    events = [form(emails[n % 20]) if n % 2 else mail(emails[(n // 2) % 20]) for n in range(200)]
    async with run_services(settings, ["lifecycle"]) as first, run_services(settings, ["lifecycle"]):
        for rail in (forms, intake):
            rail.start()
            await rail.bus.connected()
        desk = Desk(first.services["lifecycle"].rail)
        by_form = [event for event in events if event.channel == "form"]
        by_mail = [event for event in events if event.channel == "mail"]
        await asyncio.gather(
            *(tell(forms, *by_form[worker::10]) for worker in range(10)),
            *(tell(intake, *by_mail[worker::10]) for worker in range(10)),
        )

        async def all_placed() -> bool:
            return await desk.count("activity") == 200

        await eventually(all_placed, 60)
        told = await desk.told()
        counts = (await desk.count("contact"), await desk.count("deal"))
        for rail in (forms, intake):
            await rail.close()

    assert counts == (20, 20)
    assert (told.count("deal_opened"), told.count("comment_added")) == (20, 180)


async def test_other_services_learn_who_is_signed_in(settings: Settings) -> None:
    async with run_services(settings, ["lifecycle"]) as running:
        rail = running.services["lifecycle"].rail
        path = await issue_sign_in_link(rail)
        async with rail.unit_of_work() as uow:
            signed_in = await use_link(path.rpartition("/")[2], uow)
        assert signed_in is not None
        notify = door(settings, "notify")
        notify.bus.start()
        await notify.bus.connected()
        verifier = RemoteVerifier(notify.bus)

        mate = await verifier.verify(credential_of("session", signed_in.secret))
        program = await verifier.verify(credential_of("token", API_TOKEN))
        nobody = await verifier.verify(Credential(kind="session", sha256=b"x" * 32))
        await notify.close()

    assert mate is not None
    assert program is not None
    assert (mate.kind, mate.email, program.kind, nobody) == ("teammate", "sam@team.example", "token", None)
