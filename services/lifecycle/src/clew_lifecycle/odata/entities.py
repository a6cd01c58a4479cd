"""What OData shows, and nothing besides: the list of all sets and their properties.

Next: clew_lifecycle.odata.scope.EntityScope.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, select

from clew_lifecycle.domain.odata_filter.rules import Kind
from clew_lifecycle.odata.model import EntityType, Model, Navigation, Property
from clew_lifecycle.store.compile_filter import kind_of_column
from clew_lifecycle.store.log_tables import lifecycle_log
from clew_lifecycle.store.order_tables import ledger, sales_order
from clew_lifecycle.store.tables import activity, company, contact, deal, source
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.workflow_tables import lost_reason, pipeline, stage, step


def _own(table: Table, *names: str, personal: Iterable[str] = ()) -> list[Property]:
    """Show columns under their own names."""
    return [_renamed(table, name, name, personal=name in personal) for name in names]


def _renamed(table: Table, name: str, column: str, *, personal: bool = False) -> Property:
    kept = table.c[column]
    return Property(name, kind_of_column(kept), lambda row: row.c[column], bool(kept.nullable), personal)


def _named(name: str, key: str, table: Table, shown: str, *, nullable: bool = True, kind: Kind = "string") -> Property:
    """Show what a key leads to by its name: the stage's key, the owner's address."""

    def leads(row: FromClause) -> tuple[FromClause, ColumnElement[bool], ColumnElement[Any]]:
        other = table.alias()
        return other, other.c.id == row.c[key], other.c[shown]

    def column(row: FromClause) -> ColumnElement[Any]:
        other, tie, value = leads(row)
        return select(value).where(tie).correlate_except(other).scalar_subquery()

    return Property(name, kind, column, nullable, leads=leads)


def _one(name: str, target: str, key: str) -> Navigation:
    return Navigation(name, target, False, lambda row, other: other.c.id == row.c[key])


def _many(name: str, target: str, key: str) -> Navigation:
    return Navigation(name, target, True, lambda row, other: other.c[key] == row.c.id)


def _living(*names: str) -> Callable[[FromClause], tuple[ColumnElement[bool], ...]]:
    return lambda row: tuple(row.c[name].is_(None) for name in names)


def _type(
    name: str,
    set_name: str,
    table: Table,
    properties: Iterable[Property],
    navigations: Iterable[Navigation],
    **more: Any,
) -> EntityType:
    return EntityType(
        name, set_name, table, {known.name: known for known in properties}, {to.name: to for to in navigations}, **more
    )


_COMPANY = _type(
    "Company",
    "Companies",
    company,
    [
        *_own(company, "id", "name", "is_person", "company_type", "lifecycle_stage", "lifecycle_since", "domain"),
        *_own(company, "email", "phone", personal=("email", "phone")),
        _named("owner", "owner_id", teammate, "email"),
        *_own(company, "order_count", "first_order_at", "last_order_at", "churn_due_at", "ledger_count"),
        *_own(company, "auto_lifecycle", "rfm_r", "rfm_f", "rfm_m", "rfm_segment", "created_at", "version"),
    ],
    [
        _many("Contacts", "Contacts", "company_id"),
        _many("Deals", "Deals", "company_id"),
        _many("Orders", "Orders", "company_id"),
        _many("LifecycleLog", "LifecycleLog", "company_id"),
        _many("Activities", "Activities", "company_id"),
    ],
    searched=("name", "domain", "email"),
    alive=_living("merged_into", "deleted_at"),
    writable=True,
)

_CONTACT = _type(
    "Contact",
    "Contacts",
    contact,
    [
        *_own(contact, "id", "name", "given_name", "family_name"),
        *_own(contact, "email", "phone", personal=("email", "phone")),
        *_own(contact, "company_id", "created_at", "version"),
    ],
    [
        _one("Company", "Companies", "company_id"),
        _many("Deals", "Deals", "contact_id"),
        _many("Activities", "Activities", "contact_id"),
    ],
    searched=("name", "email"),
    alive=_living("merged_into", "deleted_at"),
    writable=True,
)

_DEAL = _type(
    "Deal",
    "Deals",
    deal,
    [
        *_own(deal, "id", "title", "description", "status"),
        _named("pipeline", "pipeline_id", pipeline, "key", nullable=False),
        _named("stage", "stage_id", stage, "key", nullable=False),
        _named("step", "step_id", step, "key", nullable=False),
        *_own(deal, "amount", "currency", "expected_close"),
        _named("source", "source_id", source, "key"),
        _named("owner", "owner_id", teammate, "email"),
        *_own(deal, "contact_id", "company_id"),
        _renamed(deal, "parent_id", "parent_deal_id"),
        *_own(deal, "opened_at", "closed_at", "stage_entered_at", "last_activity_at"),
        _named("lost_reason", "lost_reason_id", lost_reason, "key"),
        *_own(deal, "lost_note", "version"),
    ],
    [
        _one("Company", "Companies", "company_id"),
        _one("Contact", "Contacts", "contact_id"),
        _one("Pipeline", "Pipelines", "pipeline_id"),
        _one("Stage", "Stages", "stage_id"),
        _one("Parent", "Deals", "parent_deal_id"),
        _many("FollowOns", "Deals", "parent_deal_id"),
        _many("Activities", "Activities", "deal_id"),
    ],
    searched=("title", "description"),
    alive=_living("merged_into", "deleted_at"),
    writable=True,
)

_ACTIVITY = _type(
    "Activity",
    "Activities",
    activity,
    [
        *_own(activity, "id", "deal_id", "contact_id", "company_id", "kind", "visibility"),
        *_own(activity, "author", "body", personal=("author", "body")),
        *_own(activity, "occurred_at", "recorded_at", "match_reason", "source"),
    ],
    [
        _one("Deal", "Deals", "deal_id"),
        _one("Contact", "Contacts", "contact_id"),
        _one("Company", "Companies", "company_id"),
    ],
    searched=("body",),
)

_ORDER = _type(
    "Order",
    "Orders",
    sales_order,
    [
        *_own(sales_order, "id", "company_id", "source", "external_id", "ordered_at", "amount", "currency", "kind"),
        _named("ledger", "ledger_id", ledger, "key"),
        *_own(sales_order, "cancelled_at", "counted", "recorded_at"),
    ],
    [_one("Company", "Companies", "company_id")],
    searched=("external_id",),
)

_LIFECYCLE_ROW = _type(
    "LifecycleRow",
    "LifecycleLog",
    lifecycle_log,
    [
        *_own(lifecycle_log, "id", "company_id", "kind", "stage", "previous", "effective_at", "recorded_at"),
        *_own(lifecycle_log, "superseded_at", "superseded_by", "rule", "actor", "cause_kind", "cause_id", "note"),
        *_own(lifecycle_log, "batch_id"),
    ],
    [_one("Company", "Companies", "company_id")],
    searched=("note",),
)

_PIPELINE = _type(
    "Pipeline",
    "Pipelines",
    pipeline,
    _own(pipeline, "id", "key", "name", "status_mode", "position", "version", "reopen_days", "drives_lifecycle"),
    [_many("Stages", "Stages", "pipeline_id"), _many("Deals", "Deals", "pipeline_id")],
    searched=("key", "name"),
)

_STAGE = _type(
    "Stage",
    "Stages",
    stage,
    [
        *_own(stage, "id", "pipeline_id", "key", "name", "category", "position", "probability", "rot_days"),
        *_own(stage, "is_opportunity", "retired_at"),
    ],
    [_one("Pipeline", "Pipelines", "pipeline_id"), _many("Deals", "Deals", "stage_id")],
    searched=("key", "name"),
)

MODEL: Model = {
    known.set_name: known for known in (_COMPANY, _CONTACT, _DEAL, _ACTIVITY, _ORDER, _LIFECYCLE_ROW, _PIPELINE, _STAGE)
}
