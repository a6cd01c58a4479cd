"""Say in SQL which records a bulk change is for. Next: clew_lifecycle.bulk.start_job.start_job."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from clew_shared.runtime.problem import FieldError, Problem
from clew_shared.runtime.sessions import Actor
from sqlalchemy import Select, Table, Uuid, any_, cast, select
from sqlalchemy.dialects.postgresql import ARRAY

from clew_lifecycle.bulk.wanted import Entity, Selection
from clew_lifecycle.changes import invalid
from clew_lifecycle.domain.predicate import FilterError, Unsupported, parse_filter
from clew_lifecycle.odata.entities import MODEL
from clew_lifecycle.odata.scope import EntityScope
from clew_lifecycle.store.compile_filter import compile_condition
from clew_lifecycle.store.computable import computable
from clew_lifecycle.store.deals import DealFilter
from clew_lifecycle.store.deals import conditions as deal_conditions
from clew_lifecycle.store.people import CompanyFilter, ContactFilter, company_conditions, contact_conditions
from clew_lifecycle.store.tables import company, contact, deal

TABLES: dict[Entity, Table] = {"companies": company, "deals": deal, "contacts": contact}
_SETS: dict[Entity, str] = {"companies": "Companies", "deals": "Deals", "contacts": "Contacts"}
_FILTERS: dict[Entity, type[CompanyFilter | DealFilter | ContactFilter]] = {
    "companies": CompanyFilter,
    "deals": DealFilter,
    "contacts": ContactFilter,
}
_OWN = ("ids", "filter", "all")


def select_records(entity: Entity, wanted: Selection, actor: Actor) -> Select[Any]:
    """Give a query for the ids, in no order. Raises `Problem` 422 for what cannot be asked, and for nothing asked."""
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value not in (None, False, {})}
    if not given:
        raise invalid("/select", 'Say which records; all of them is {"all": true}.')
    table = TABLES[entity]
    query = select(table.c.id).where(*_by_list(entity, {n: v for n, v in given.items() if n not in _OWN}))
    if wanted.ids is not None:
        query = query.where(table.c.id == any_(cast(wanted.ids, ARRAY(Uuid))))
    if isinstance(wanted.filter, dict):
        query = query.where(*_by_list(entity, wanted.filter, "/select/filter"))
    elif wanted.filter is not None:
        query = query.where(_by_filter(entity, wanted.filter, actor))
    return query


@contextmanager
def selecting() -> Iterator[None]:
    """Run a query for the ids. Raises `Problem` 422 where the filter cannot be computed."""
    try:
        with computable():
            yield
    except FilterError as error:
        raise invalid("/select/filter", str(error)) from None


def only_ids(wanted: Selection) -> bool:
    """Tell whether the ids alone say which: then one that is no record's is to be reported."""
    return wanted.ids is not None and wanted == Selection(ids=wanted.ids)


def _by_list(entity: Entity, given: Mapping[str, Any], pointer: str = "/select") -> Any:
    """Use the conditions of the list; of deals, all of them unless a status is asked for."""
    kind = _FILTERS[entity]
    for name in given:
        if name not in kind.__struct_fields__:
            raise invalid(f"{pointer}/{name}", f"The list of {entity} has no such filter.")
        if given[name] is None:
            raise invalid(f"{pointer}/{name}", "Null would be no filter at all.")
    if entity == "deals":
        given = {"status": "all", **given}
    try:
        wanted = msgspec.convert(msgspec.to_builtins(given), kind)
    except msgspec.ValidationError as error:
        raise invalid(pointer, str(error)) from None
    if isinstance(wanted, DealFilter):
        return deal_conditions(wanted)
    if isinstance(wanted, ContactFilter):
        return contact_conditions(wanted)
    return company_conditions(wanted)


def _by_filter(entity: Entity, text: str, actor: Actor) -> Any:
    scope = EntityScope(MODEL[_SETS[entity]], TABLES[entity], actor)
    try:
        return compile_condition(parse_filter(text), scope)
    except Unsupported as error:
        field = FieldError(pointer="/select/filter", code="unsupported", message=str(error))
        raise Problem(422, "Not supported", f"{error} is not supported in a filter.", errors=[field]) from None
    except FilterError as error:
        raise invalid("/select/filter", str(error)) from None
