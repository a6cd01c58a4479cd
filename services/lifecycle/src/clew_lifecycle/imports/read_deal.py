"""Read a deal as another system has it. Next: clew_lifecycle.domain.deal_history.places_of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import utc_now

from clew_lifecycle.changes import LONGEST_TITLE
from clew_lifecycle.domain.deal_history import Course, OutOfOrder, Place, places_of
from clew_lifecycle.domain.read_values import read_currency, read_name
from clew_lifecycle.domain.workflow import Pipeline, Stage, Workflow
from clew_lifecycle.imports.record import Record

FIELDS = (
    *("external_id", "title", "description", "pipeline", "stage", "status", "amount", "currency", "company", "owner"),
    *("contact_name", "contact_email", "contact_phone", "opened_at", "closed_at", "expected_close", "lost_reason"),
    "lost_note",
)
NEEDED = ("external_id", "stage")
_STATUSES = ("open", "won", "lost", "abandoned")

Teammate = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What a deal may refer to, by what files call it: teammates by address or name, in small letters."""

    workflow: Workflow
    team: Mapping[str, Teammate]
    reasons: Mapping[str, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDeal:
    """A deal as the file has it; `company` is what the file calls it. `places` are never empty."""

    record: Record
    external_id: str
    title: str
    pipeline: Pipeline
    places: list[Place]
    amount: Decimal | None
    currency: str
    expected_close: date | None
    company: str | None
    owner: Teammate | None
    lost_reason_id: UUID | None
    custom: dict[str, Any] | None


def read_deal(
    record: Record, known: Known, history: Mapping[str, str], custom: dict[str, Any] | None
) -> ReadDeal | None:
    """Read the deal; None when it cannot be used, which the record then says. `history` names fields by stages."""
    if "external_id" not in record.values:
        record.refuse("external_id", "missing", "Nothing is given by which a second run would know it again")
    pipeline = record.look_up("pipeline", known.workflow.by_key) or known.workflow.pipeline_for_enquiries(None)
    places = _places(record, pipeline, history)
    reason = record.look_up("lost_reason", known.reasons)
    expected = record.time("expected_close")
    external_id = record.read("external_id", read_name) or ""
    amount, currency = record.number("amount"), record.read("currency", read_currency) or "EUR"
    company, owner = record.read("company", read_name), _owner(record, known.team)
    if not record.is_usable:
        return None
    return ReadDeal(
        record=record,
        external_id=external_id,
        title=(record.text("title") or external_id)[:LONGEST_TITLE],
        pipeline=pipeline,
        places=places,
        amount=amount,
        currency=currency,
        expected_close=expected.date() if expected else None,
        company=company,
        owner=owner,
        # What was lost long ago may have no reason that anybody knows.
        lost_reason_id=reason if places[-1].status == "lost" else None,
        custom=custom,
    )


def _places(record: Record, pipeline: Pipeline, history: Mapping[str, str]) -> list[Place]:
    stages = {stage.key: stage for stage in pipeline.stages}
    final = record.look_up("stage", stages)
    if final is None:
        if "stage" not in record.values and record.is_usable:
            record.refuse("stage", "missing", "A deal is in some stage")
        return []
    course = Course(
        final=final,
        status=_status(record, pipeline, final),
        came=_came(record, stages, history),
        opened_at=record.time("opened_at"),
        closed_at=record.time("closed_at"),
    )
    try:
        return places_of(course, pipeline, utc_now())
    except OutOfOrder as error:
        record.refuse("closed_at", "order", str(error))
        return []


def _came(record: Record, stages: Mapping[str, Stage], history: Mapping[str, str]) -> dict[str, datetime]:
    """Give when the deal came to open stages; how it was closed is the last of its way and no part of it."""
    came = {key: record.time(name) for key, name in history.items() if key in stages}
    return {key: at for key, at in came.items() if at is not None and stages[key].category == "open"}


def _status(record: Record, pipeline: Pipeline, final: Stage) -> str:
    status = record.text("status") or final.status
    if status not in _STATUSES:
        record.refuse("status", "unknown_status", f"“{status}” is none of {', '.join(_STATUSES)}")
    elif status != final.status and pipeline.status_mode == "stage_driven":
        record.refuse("status", "status", f"In {pipeline.name} a deal in {final.name} is {final.status}")
    return status


def _owner(record: Record, team: Mapping[str, Teammate]) -> Teammate | None:
    named = record.text("owner")
    owner = team.get(named.casefold()) if named else None
    if named and owner is None:
        record.warn("owner", "unknown_owner", f"Nobody in the team is {named}: the deal has no owner")
    return owner
