"""Write the deals of a file with their people and their way through the pipeline, and tell of each once.

Next: clew_lifecycle.store.imported_deals.insert_deals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from clew_shared.contracts.ids import new_id
from clew_shared.contracts.lifecycle import DealOpened, DealSummary
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.add_contact import NewContact
from clew_lifecycle.domain.board_rank import fresh_rank
from clew_lifecycle.domain.deal_history import Place
from clew_lifecycle.domain.workflow import Workflow
from clew_lifecycle.imports.actor import ACTOR
from clew_lifecycle.imports.know_people import Person, know_person
from clew_lifecycle.imports.read_deal import ReadDeal
from clew_lifecycle.imports.run import Written
from clew_lifecycle.know_companies import Origin, know_companies
from clew_lifecycle.store.deal_log import add_steps
from clew_lifecycle.store.imported_deals import DealRow, insert_deals
from clew_lifecycle.store.sources import load_sources
from clew_lifecycle.store.world import LoggedStep

# Ranks begin where computers count time from.
_FIRST_RANKED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DealBatch:
    """What the deals of one chunk have in common."""

    source: str
    region: str | None
    batch_id: UUID
    workflow: Workflow

    @property
    def door(self) -> str:
        return f"import:{self.source}"


async def write_deals(deals: Sequence[ReadDeal], batch: DealBatch, written: Written, uow: UnitOfWork) -> None:
    """Write deals that are new, and enter in `written` what came of it."""
    companies = await _companies(deals, batch, written, uow)
    source_id = (await load_sources([batch.door], uow.connection))[batch.door].id
    rows: list[tuple[str, DealRow]] = []
    steps: list[LoggedStep] = []
    for deal in deals:
        company_id = companies.get(deal.company or "")
        person = await _person(deal, company_id, batch, written, uow)
        if not deal.record.is_usable:
            continue
        row = _row(deal, source_id, company_id or (person.company_id if person else None), person)
        rows.append((deal.external_id, row))
        steps += _steps(deal, row, batch)
        uow.emit(_told(deal, row, person, batch))
        if row.company_id is not None:
            written.touch(row.company_id, row.opened_at)
    await insert_deals(rows, batch.source, uow.connection)
    await add_steps(steps, uow.connection)
    written.counts["new"] += len(rows)


async def _companies(deals: Sequence[ReadDeal], batch: DealBatch, written: Written, uow: UnitOfWork) -> dict[str, UUID]:
    names = {deal.company: deal.company for deal in deals if deal.company is not None}
    companies, added = await know_companies(names, Origin(batch.source, ACTOR, True, batch.batch_id), uow)
    written.counts["companies"] += len(added)
    return companies


async def _person(
    deal: ReadDeal, company_id: UUID | None, batch: DealBatch, written: Written, uow: UnitOfWork
) -> Person | None:
    """Know the deal's contact, where the file names one."""
    name, email, phone = (deal.record.text(f"contact_{field}") for field in ("name", "email", "phone"))
    if not (name or email or phone):
        return None
    wanted = NewContact(name=name, email=email, phone=phone, company_id=company_id, region=batch.region)
    before = len(deal.record.findings)
    person = await know_person(wanted, deal.record, "contact_", batch.batch_id, uow)
    written.findings += deal.record.findings[before:]
    written.counts["contacts"] += person is not None and person.is_new
    return person


def _row(deal: ReadDeal, source_id: UUID, company_id: UUID | None, person: Person | None) -> DealRow:
    last, is_open = deal.places[-1], deal.places[-1].status == "open"
    last_open = next((place for place in reversed(deal.places) if place.status == "open"), None)
    return DealRow(
        id=new_id(),
        title=deal.title,
        description=deal.record.text("description"),
        pipeline_id=deal.pipeline.id,
        stage_id=last.stage.id,
        step_id=last.stage.step_id,
        status=last.status,
        amount=deal.amount,
        currency=deal.currency,
        expected_close=deal.expected_close,
        source_id=source_id,
        contact_id=person.id if person else None,
        company_id=company_id,
        owner_id=deal.owner[0] if deal.owner else None,
        thread_key=str(person.id) if person else None,
        board_rank=fresh_rank(max(last.at, _FIRST_RANKED)),
        opened_at=deal.places[0].at,
        closed_at=None if is_open else last.at,
        lost_reason_id=deal.lost_reason_id,
        lost_note=deal.record.text("lost_note") if last.status == "lost" else None,
        last_open_step_id=last_open.stage.step_id if last_open and not is_open else None,
        stage_entered_at=last.at,
        last_activity_at=last.at,
        custom=deal.custom,
    )


def _steps(deal: ReadDeal, row: DealRow, batch: DealBatch) -> Iterator[LoggedStep]:
    before: Place | None = None
    for place in deal.places:
        yield LoggedStep(
            deal_id=row.id,
            company_id=row.company_id,
            pipeline_id=row.pipeline_id,
            from_stage_id=before.stage.id if before else None,
            from_step_id=before.stage.step_id if before else None,
            from_status=before.status if before else None,
            to_stage_id=place.stage.id,
            to_step_id=place.stage.step_id,
            to_status=place.status,
            is_opportunity=place.stage.is_opportunity and deal.pipeline.drives_lifecycle,
            reason="import",
            lost_reason_id=row.lost_reason_id if place.status == "lost" else None,
            effective_at=place.at,
            actor=ACTOR,
            batch_id=batch.batch_id,
        )
        before = place


def _told(deal: ReadDeal, row: DealRow, person: Person | None, batch: DealBatch) -> DealOpened:
    stage = deal.places[-1].stage
    summary = DealSummary(
        id=row.id,
        title=row.title,
        pipeline=deal.pipeline.key,
        stage=stage.key,
        stage_name=stage.name,
        status=row.status,  # type: ignore[arg-type]  # the table's CHECK knows the four
        contact_email=person.email if person else None,
        contact_name=person.name if person else None,
        company_name=deal.company,
        owner=deal.owner[1] if deal.owner else None,
        amount=row.amount,
        currency=row.currency,
        contact_id=row.contact_id,
        company_id=row.company_id,
        version=1,
    )
    return DealOpened(deal=summary, source=batch.door, historical=True, actor=ACTOR, batch_id=batch.batch_id)
