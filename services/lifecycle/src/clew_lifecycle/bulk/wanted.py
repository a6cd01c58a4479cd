"""What a bulk change is asked for with, and whether it makes sense. Next: clew_lifecycle.bulk.start_job.start_job."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import FieldError, Problem

from clew_lifecycle.changes import invalid
from clew_lifecycle.domain.lifecycle_rules import STAGES

Entity = Literal["companies", "deals", "contacts"]
MOST_IDS = 100_000


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which records: by their `ids`, by a `filter` in the language of OData, by the filters of their list, or `all`.

    What is given besides `ids` narrows further. A `filter` that is an object has filters of the list, too.
    """

    ids: Annotated[list[UUID], msgspec.Meta(max_length=MOST_IDS)] | None = None
    filter: str | dict[str, Any] | None = None
    all: bool = False
    q: str | None = None
    owner: str | None = None
    lifecycle_stage: str | None = None
    company_type: str | None = None
    is_person: bool | None = None
    status: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    contact: UUID | None = None
    contact_email: str | None = None
    company: UUID | None = None
    email: str | None = None


class CompanySet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What companies are to be; `map` gives the stage by the company type: `{company_type: {reseller: customer}}`."""

    lifecycle_stage: str | msgspec.UnsetType = msgspec.UNSET
    map: dict[Literal["company_type"], dict[str, str]] | msgspec.UnsetType = msgspec.UNSET
    note: str | None = None
    company_type: str | msgspec.UnsetType | None = msgspec.UNSET
    owner: str | msgspec.UnsetType | None = msgspec.UNSET
    domain: str | msgspec.UnsetType | None = msgspec.UNSET
    is_person: bool | msgspec.UnsetType = msgspec.UNSET
    auto_lifecycle: bool | msgspec.UnsetType = msgspec.UNSET
    custom: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class DealSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What deals are to be: moved by a `transition`, to a `stage` or to a `status`, and what else is to change."""

    transition: str | msgspec.UnsetType = msgspec.UNSET
    stage: str | msgspec.UnsetType = msgspec.UNSET
    status: Literal["open", "won", "lost", "abandoned"] | msgspec.UnsetType = msgspec.UNSET
    lost_reason: str | None = None
    lost_note: str | None = None
    title: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    amount: str | int | float | msgspec.UnsetType | None = msgspec.UNSET
    currency: str | msgspec.UnsetType = msgspec.UNSET
    expected_close: date | msgspec.UnsetType | None = msgspec.UNSET
    owner: str | msgspec.UnsetType | None = msgspec.UNSET
    custom: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class ContactSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    company_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    custom: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


Set = CompanySet | DealSet | ContactSet
_SETS: dict[Entity, type[Set]] = {"companies": CompanySet, "deals": DealSet, "contacts": ContactSet}
_MOVES = ("transition", "stage", "status")
# What goes with something else and changes nothing by itself.
_COMPANIONS = {"note", "lost_reason", "lost_note"}


class BulkChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change to all the records that are selected now.

    What `set` may name depends on the `entity`: `lifecycle_stage`, `map`, `company_type`, `owner`, `custom`, ... of
    companies; `transition`, `stage` or `status` with `lost_reason`, `owner`, `amount`, `custom`, ... of deals;
    `company_id`, `custom` of contacts. Messages that a move sends are sent only with `notify`.
    """

    select: Selection
    set: dict[str, Any]
    entity: Entity = "companies"
    dry_run: bool = False
    notify: bool = False


def read_set(entity: Entity, given: Mapping[str, Any]) -> Set:
    """Give what is to change. Raises `Problem` 422 with a pointer into `set`."""
    try:
        wanted = msgspec.convert(given, _SETS[entity])
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        pointer = "/set" + path.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "")
        field = FieldError(pointer=pointer, code="invalid", message=message)
        raise Problem(422, "Invalid content", message, errors=[field]) from None
    names = given_fields(wanted).keys()
    if not names - _COMPANIONS:
        raise invalid("/set", "Say what is to change.")
    if isinstance(wanted, DealSet) and len(names & set(_MOVES)) > 1:
        raise invalid("/set", "A deal is moved by one of transition, stage and status.")
    if isinstance(wanted, CompanySet):
        _check_stages(wanted)
    return wanted


def given_fields(wanted: msgspec.Struct) -> dict[str, Any]:
    """Give the fields that are set, by name."""
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    return {
        name: value
        for name, value in fields.items()
        if value is not msgspec.UNSET and not (name in _COMPANIONS and value is None)
    }


def _check_stages(wanted: CompanySet) -> None:
    if wanted.map is not msgspec.UNSET:
        if wanted.lifecycle_stage is not msgspec.UNSET:
            raise invalid("/set/map", "The stage is either mapped or given.")
        for key, stage in wanted.map.get("company_type", {}).items():
            if stage not in STAGES:
                raise invalid(f"/set/map/company_type/{key}", f"A stage is one of {', '.join(STAGES)}.")
    elif wanted.lifecycle_stage is not msgspec.UNSET and wanted.lifecycle_stage not in STAGES:
        raise invalid("/set/lifecycle_stage", f"A stage is one of {', '.join(STAGES)}.")
