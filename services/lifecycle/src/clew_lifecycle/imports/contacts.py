"""Contacts from a file of another system. Next: clew_lifecycle.imports.know_people.know_person."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.add_contact import NewContact
from clew_lifecycle.domain.read_values import read_name
from clew_lifecycle.imports.actor import ACTOR
from clew_lifecycle.imports.know_people import know_person
from clew_lifecycle.imports.mapped import MappedRows
from clew_lifecycle.imports.mapping import Mapping
from clew_lifecycle.imports.read_table import Row
from clew_lifecycle.imports.record import Record
from clew_lifecycle.imports.run import Written
from clew_lifecycle.know_companies import Origin, know_companies
from clew_lifecycle.store.externals import call_contacts, find_contacts
from clew_lifecycle.store.import_jobs import Kind

FIELDS = ("external_id", "name", "given_name", "family_name", "email", "phone", "company")


class ContactImporter:
    """A contact is known again by its id there, or by its address; who is known already stays as they are."""

    kind: Kind = "contacts"

    def __init__(self, mapping: Mapping, folders: Sequence[Path]) -> None:
        self.source = mapping.source
        self._rows = MappedRows("contact", mapping, folders)
        self._region = mapping.region

    async def start(self, header: Sequence[str], uow: UnitOfWork) -> None:
        await self._rows.start(header, uow)

    async def write(self, rows: Sequence[Row], batch_id: UUID, uow: UnitOfWork) -> Written:
        written = Written()
        records = list(self._rows.records(rows))
        ids = [text for record in records if (text := record.text("external_id")) is not None]
        known = await find_contacts(self.source, ids, uow.connection)
        companies = await self._companies(records, batch_id, written, uow)
        called: dict[str, UUID] = {}
        for record in records:
            external_id = record.read("external_id", read_name)
            if external_id in known or external_id in called:
                written.counts["known"] += 1
                continue
            added = await self._add(record, companies, batch_id, written, uow)
            written.findings += record.findings
            if added is not None and external_id is not None:
                called[external_id] = added
        await call_contacts(self.source, called, uow.connection)
        return written

    async def _companies(
        self, records: Sequence[Record], batch_id: UUID, written: Written, uow: UnitOfWork
    ) -> dict[str, UUID]:
        named = [text for record in records if (text := record.read("company", read_name)) is not None]
        origin = Origin(self.source, ACTOR, True, batch_id)
        companies, added = await know_companies({name: name for name in named}, origin, uow)
        written.counts["companies"] += len(added)
        for company_id in added:
            written.touch(company_id, utc_now())
        return companies

    async def _add(
        self, record: Record, companies: dict[str, UUID], batch_id: UUID, written: Written, uow: UnitOfWork
    ) -> UUID | None:
        email = record.text("email")
        if record.text("external_id") is None and normalise_email(email or "") is None:
            record.refuse("external_id", "missing", "Neither id nor address: a second run would not know it again")
        custom = self._rows.custom_of(record)
        if not record.is_usable:
            return None
        wanted = NewContact(
            name=record.text("name"),
            given_name=record.text("given_name"),
            family_name=record.text("family_name"),
            email=email,
            phone=record.text("phone"),
            company_id=companies.get(record.text("company") or ""),
            region=self._region,
            custom=custom or {},
        )
        person = await know_person(wanted, record, "", batch_id, uow)
        if person is None:
            return None
        written.counts["new" if person.is_new else "known"] += 1
        return person.id
