"""Companies from a file of another system; who is known by their id there is brought up to date.

Next: clew_lifecycle.imports.write_companies.write_companies.
"""

from collections.abc import Mapping as Given
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.domain.lifecycle_rules import STAGES
from clew_lifecycle.domain.mailbox import company_domain
from clew_lifecycle.domain.read_values import BadValue, read_name
from clew_lifecycle.imports.mapped import MappedRows
from clew_lifecycle.imports.mapping import Mapping
from clew_lifecycle.imports.read_table import Row
from clew_lifecycle.imports.record import Record
from clew_lifecycle.imports.run import Written
from clew_lifecycle.imports.write_companies import CompanyBatch, ReadCompany, write_companies
from clew_lifecycle.points import Read, read_emails, read_phones
from clew_lifecycle.store.import_jobs import Kind
from clew_lifecycle.store.imported_companies import list_types
from clew_lifecycle.store.imported_deals import team_by_name

FIELDS = (
    *("external_id", "name", "is_person", "company_type", "domain", "email", "phone", "owner"),
    *("lifecycle_stage", "lifecycle_since"),
)
NEEDED = ("external_id",)
_YES_OR_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_STAGES = {stage: stage for stage in STAGES}


class CompanyImporter:
    """What the file leaves empty stays as it is; without a stage a new company is a suspect."""

    kind: Kind = "companies"

    def __init__(self, mapping: Mapping, folders: Sequence[Path]) -> None:
        self.source = mapping.source
        self._rows = MappedRows("company", mapping, folders)
        self._region = mapping.region
        self._team: Given[str, tuple[UUID, str]] = {}
        self._types: Given[str, str] = {}

    async def start(self, header: Sequence[str], uow: UnitOfWork) -> None:
        await self._rows.start(header, uow)
        self._team = await team_by_name(uow.connection)
        self._types = await list_types(uow.connection)

    async def write(self, rows: Sequence[Row], batch_id: UUID, uow: UnitOfWork) -> Written:
        written = Written()
        read: dict[str, ReadCompany] = {}
        for record in self._rows.records(rows):
            company = self._read(record)
            written.findings += record.findings
            if company is not None:
                written.counts["known"] += company.external_id in read
                read[company.external_id] = company
        await write_companies(list(read.values()), CompanyBatch(self.source, batch_id), written, uow)
        return written

    def _read(self, record: Record) -> ReadCompany | None:
        if "external_id" not in record.values:
            record.refuse("external_id", "missing", "Nothing is given by which a second run would know it again")
        external_id = record.read("external_id", read_name) or ""
        named = record.text("owner")
        owner = self._team.get(named.casefold()) if named else None
        if named and owner is None:
            record.warn("owner", "unknown_owner", f"Nobody in the team is {named}: the company has no owner")
        email, phone = record.read("email", _email), record.read("phone", self._phone)
        values: dict[str, Any] = {
            "name": record.read("name", read_name),
            "is_person": record.read("is_person", _yes_or_no),
            "company_type": record.read("company_type", self._type),
            "domain": record.text("domain") or (company_domain(email.norm) if email else None),
            "email": email.main if email else None,
            "phone": phone.main if phone else None,
            "owner_id": owner[0] if owner else None,
            "custom": self._rows.custom_of(record),
        }
        stage, since = record.look_up("lifecycle_stage", _STAGES), record.time("lifecycle_since")
        if since is not None and since > utc_now():
            record.refuse("lifecycle_since", "future", f"{since:%Y-%m-%d} is still to come")
        if not record.is_usable:
            return None
        points = [(kind, point) for kind, point in (("email", email), ("phone", phone)) if point is not None]
        given = {name: value for name, value in values.items() if value is not None}
        return ReadCompany(external_id, given, points, stage, since)

    def _type(self, text: str) -> str:
        key = self._types.get(text.casefold())
        if key is None:
            raise BadValue("unknown_company_type", f"There is no company type “{text}”")
        return key

    def _phone(self, text: str) -> Read | None:
        return next(iter(read_phones([text], self._region)), None)


def _email(text: str) -> Read:
    try:
        return read_emails(text)[0]
    except Problem as problem:
        raise BadValue("email", problem.detail) from None


def _yes_or_no(text: str) -> bool:
    if text.casefold() not in _YES_OR_NO:
        raise BadValue("bool", f"“{text}” is neither yes nor no")
    return _YES_OR_NO[text.casefold()]
