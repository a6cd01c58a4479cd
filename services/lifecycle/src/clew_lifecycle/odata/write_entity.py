"""Add, change and delete entities, by the use cases that everybody goes through.

Next: clew_lifecycle.odata.change_deal.change_deal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.add_company import NewCompany, add_company
from clew_lifecycle.add_contact import NewContact, add_contact
from clew_lifecycle.add_deal import NewDeal, add_deal
from clew_lifecycle.delete_record import delete_company, delete_contact, delete_deal
from clew_lifecycle.domain.odata_filter.syntax import Unsupported
from clew_lifecycle.edit_company import CompanyChanges, edit_company
from clew_lifecycle.edit_contact import ContactChanges, edit_contact
from clew_lifecycle.odata.answer import Answer, Question
from clew_lifecycle.odata.change_deal import FIELDS, change_deal
from clew_lifecycle.odata.model import EntityType
from clew_lifecycle.odata.negotiate import Wishes, read_wishes
from clew_lifecycle.odata.read_body import as_changes, differing, only_writable, read_body
from clew_lifecycle.odata.read_entities import Entity, Reader
from clew_lifecycle.odata.read_options import Options
from clew_lifecycle.odata.read_path import Place, read_path
from clew_lifecycle.odata.read_url import only, split_path, split_query
from clew_lifecycle.odata.represent import Representation

_COMPANY = ("name", "company_type", "owner", "email", "phone", "domain", "is_person", "auto_lifecycle")
_CONTACT = ("name", "given_name", "family_name", "email", "phone", "company_id")
_WRITABLE: Mapping[str, tuple[str, ...]] = {
    "Companies": (*_COMPANY, "lifecycle_stage"),
    "Contacts": _CONTACT,
    "Deals": (*FIELDS, "pipeline", "stage", "contact_id", "company_id"),
}
# What is added below an entity belongs to it.
_BELONGS = {
    ("Companies", "Contacts"): "company_id",
    ("Companies", "Deals"): "company_id",
    ("Contacts", "Deals"): "contact_id",
}


@dataclass(frozen=True, slots=True)
class Writing:
    """A request to write, as far as it is understood: where, and how it is to be answered."""

    question: Question
    place: Place
    wishes: Wishes

    @property
    def entity(self) -> EntityType:
        return self.place.entity


def read_writing(question: Question, shape: str) -> Writing:
    """Find out what is to be written. Raises `Problem` 404 and 405, `FilterError`, `Unsupported`."""
    only(split_query(question.query))
    place = read_path(split_path(question.path) or [""], question.actor)
    if place.shape in ("property", "value"):
        raise Unsupported("writing a single property")
    if place.shape != shape or (shape == "entity" and place.key is None):
        allowed = "GET, HEAD, POST" if place.shape == "entities" else "GET, HEAD, PATCH, DELETE"
        raise Problem(405, "Not allowed", "That cannot be done to this.", headers={"Allow": allowed})
    if not place.entity.writable:
        raise Unsupported(f"writing {place.entity.set_name}")
    return Writing(question, place, read_wishes(question.headers, None, ("json",)))


async def add_entity(writing: Writing, body: bytes, uow: UnitOfWork) -> Answer:
    """Add an entity to a set, or to a collection of another. Raises `Problem`, `FilterError`, `Unsupported`."""
    actor, name = writing.question.actor, writing.entity.set_name
    given = read_body(body, writing.entity, actor)
    # What is null at first is as if it were not said: a company is a suspect then.
    given = {**{name: value for name, value in given.items() if value is not None}, **await _owner(writing, uow)}
    only_writable(given, _WRITABLE[name])
    if name == "Companies":
        added = await add_company(as_changes(given, NewCompany), actor, uow)
    elif name == "Contacts":
        added, is_new = await add_contact(as_changes(given, NewContact), actor, uow)
        if not is_new:
            raise Problem(409, "Known already", f"That address is of Contacts({added}).", code="contact_exists")
    else:
        added = await add_deal(as_changes(given, NewDeal), actor, uow)
    return await _answer(writing, added, uow, status=201)


async def change_entity(writing: Writing, body: bytes, version: int | None, uow: UnitOfWork) -> Answer:
    """Change the properties that differ. Raises `Problem` 404, 412, 422; `FilterError`; `Unsupported`."""
    actor, key = writing.question.actor, _key(writing.place)
    given = read_body(body, writing.entity, actor)
    current = (await _read(writing.place, writing, uow)).values
    changed = differing(given, current)
    name = writing.entity.set_name
    if name == "Deals":
        await change_deal(key, changed, current, actor, uow, version)
    else:
        only_writable(changed, _WRITABLE[name])
        if name == "Companies":
            await edit_company(key, as_changes(changed, CompanyChanges), actor, uow, version)
        else:
            await edit_contact(key, as_changes(changed, ContactChanges), actor, uow, version)
    return await _answer(writing, key, uow, status=200)


async def delete_entity(writing: Writing, version: int | None, uow: UnitOfWork) -> Answer:
    """Raises `Problem` 404 and 412."""
    actor, key = writing.question.actor, _key(writing.place)
    await _read(writing.place, writing, uow)
    delete = {"Companies": delete_company, "Contacts": delete_contact, "Deals": delete_deal}[writing.entity.set_name]
    await delete(key, actor, uow, version)
    return Answer(writing.wishes, None, 204)


def _key(place: Place) -> UUID:
    if place.key is None:
        raise not_found(place.entity.name.lower())
    return place.key


async def _owner(writing: Writing, uow: UnitOfWork) -> dict[str, Any]:
    if not writing.place.parents:
        return {}
    parent = writing.place.parents[-1]
    name = _BELONGS.get((parent.entity.set_name, writing.entity.set_name))
    if name is None or parent.key is None or len(writing.place.parents) > 1:
        raise Unsupported("adding to this collection")
    await _read(parent, writing, uow)
    return {name: str(parent.key)}


async def _answer(writing: Writing, key: UUID, uow: UnitOfWork, status: int) -> Answer:
    """Show the entity as it now is, unless its caller does not want to see it."""
    entity, wishes = writing.entity, writing.wishes
    row = entity.table.alias()
    found = await _read(Place(entity, row, (row.c.id == key,), "entity", key=key), writing, uow)
    address = f"{writing.question.root}{entity.set_name}({key})"
    headers = {"Location": address} if status == 201 else {}
    if wishes.minimal_return:
        return Answer(wishes, None, 204, found.version, {**headers, "OData-EntityId": address})
    shown = Representation(writing.question.root, wishes.level).entity(entity, found, Options())
    return Answer(wishes, shown, status, found.version, headers)


async def _read(place: Place, writing: Writing, uow: UnitOfWork) -> Entity:
    found = await Reader(uow.connection, writing.question.actor, 1).entity(place, Options())
    if found is None:
        raise not_found(place.entity.name.lower())
    return found
