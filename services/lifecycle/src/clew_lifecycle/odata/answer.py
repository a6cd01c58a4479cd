"""Answer a question that OData was asked. Next: clew_lifecycle.odata.read_entities.Reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from clew_shared.runtime.sessions import Actor
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.odata.metadata import write_csdl_json, write_csdl_xml
from clew_lifecycle.odata.negotiate import Format, Wishes, read_wishes
from clew_lifecycle.odata.read_entities import Entity, Reader
from clew_lifecycle.odata.read_options import read_options
from clew_lifecycle.odata.read_path import Place, read_path
from clew_lifecycle.odata.read_url import only, split_path, split_query
from clew_lifecycle.odata.represent import Representation, etag, next_query

_OF_ENTITIES = ("filter", "select", "expand", "orderby", "top", "skip", "skiptoken", "count", "search", "format")

_OF_ONE = {"entity": ("select", "expand", "format"), "property": ("format",), "value": ()}


@dataclass(frozen=True, slots=True)
class Question:
    """A request as it was sent: `path` below the service's root and `query` are not decoded."""

    root: str
    path: str
    query: str
    headers: Mapping[str, str]
    actor: Actor


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: `body` is JSON unless it is bytes; `version` of the one entity shown."""

    wishes: Wishes
    body: Mapping[str, Any] | bytes | None
    status: int = 200
    version: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


async def answer(question: Question, connection: AsyncConnection) -> Answer:
    """Answer a GET. Raises `Problem`, `FilterError`, `Unsupported`."""
    segments, given = split_path(question.path), split_query(question.query)
    if segments in ([], ["$metadata"]):
        return _describe(question, segments, given)
    place = read_path(segments, question.actor)
    wishes = read_wishes(question.headers, given.get("format"), _offers(place))
    reader = Reader(connection, question.actor, wishes.page_size)
    if place.shape == "count":
        only(given, "filter", "search")
        count = await reader.count(place, read_options(place.entity, given, question.actor))
        return Answer(wishes, str(count).encode())
    if place.shape == "entities":
        return await _answer_page(question, place, given, wishes, reader)
    return await _answer_one(question, place, given, wishes, reader)


def _describe(question: Question, segments: list[str], given: Mapping[str, str]) -> Answer:
    only(given, "format")
    if not segments:
        wishes = read_wishes(question.headers, given.get("format"), ("json",))
        return Answer(wishes, Representation(question.root, wishes.level).service())
    wishes = read_wishes(question.headers, given.get("format"), ("xml", "json"))
    if wishes.format == "xml":
        return Answer(wishes, write_csdl_xml(question.actor))
    return Answer(wishes, write_csdl_json(question.actor))


def _offers(place: Place) -> tuple[Format, ...]:
    return ("text",) if place.shape in ("count", "value") else ("json",)


async def _answer_page(
    question: Question, place: Place, given: Mapping[str, str], wishes: Wishes, reader: Reader
) -> Answer:
    only(given, *_OF_ENTITIES)
    options = read_options(place.entity, given, question.actor)
    page = await reader.page(place, options)
    next_link = None
    if page.token is not None:
        query = next_query(given, options.top, len(page.entities), page.token)
        next_link = f"{question.root}{question.path}?{query}"
    shown = Representation(question.root, wishes.level).page(place.entity, page, options, next_link)
    return Answer(wishes, shown)


async def _answer_one(
    question: Question, place: Place, given: Mapping[str, str], wishes: Wishes, reader: Reader
) -> Answer:
    only(given, *_OF_ONE[place.shape])
    options = read_options(place.entity, given, question.actor)
    if place.property is not None:
        options = replace(options, select=(place.property.name,))
    entity = await reader.entity(place, options)
    if entity is None:
        return Answer(wishes, None, 204)
    if place.property is not None:
        return _answer_property(question, place, entity, wishes, place.property.name)
    if question.headers.get("If-None-Match") in (etag(entity.version or 0), "*"):
        return Answer(wishes, None, 304, entity.version)
    shown = Representation(question.root, wishes.level).entity(place.entity, entity, options)
    return Answer(wishes, shown, version=entity.version)


def _answer_property(question: Question, place: Place, entity: Entity, wishes: Wishes, name: str) -> Answer:
    value = entity.values[name]
    if value is None:
        return Answer(wishes, None, 204)
    if place.shape == "value":
        return Answer(wishes, _plain(value).encode())
    return Answer(wishes, Representation(question.root, wishes.level).property(place.entity, entity, name))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat().replace("+00:00", "Z")
    return format(value, "f") if isinstance(value, Decimal) else str(value)
