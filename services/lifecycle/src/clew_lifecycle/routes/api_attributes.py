"""Custom attributes in the JSON API. Next: clew_lifecycle.edit_attribute.add_attribute."""

from typing import Literal

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, cut, read_id, read_json, read_query, read_version
from clew_shared.runtime.describes import describes
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.edit_attribute import (
    AttributeChanges,
    NewAttribute,
    add_attribute,
    edit_attribute,
    retire_attribute,
)
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.attributes import AttributeView, list_attributes, read_attribute


class AttributeFilter(msgspec.Struct, frozen=True, kw_only=True):
    entity: Literal["deal", "contact", "company"] | None = None


class AttributeApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/attributes", self.list),
            web.post("/api/v1/attributes", self.add),
            web.get("/api/v1/attributes/{id}", self.read),
            web.patch("/api/v1/attributes/{id}", self.edit),
            web.delete("/api/v1/attributes/{id}", self.remove),
        ]

    @describes("List the custom attributes.", query=AttributeFilter, lists=AttributeView)
    async def list(self, request: web.Request) -> web.Response:
        wanted = read_query(request, AttributeFilter)
        async with self._rail.reading() as connection:
            found = await list_attributes(wanted.entity, connection)
        return answer(cut(request, found, lambda one: (one.entity, f"{one.position:05}", one.key)))

    @describes(
        "Define a custom attribute.",
        body=NewAttribute,
        answer=AttributeView,
        status=201,
        problems=(409,),
        etag=True,
        example={"entity": "deal", "key": "size", "type": "choice", "choices": ["S", "M"], "label": "Size"},
    )
    async def add(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewAttribute)
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            found = await read_attribute(await add_attribute(wanted, uow), uow.connection)
        return _answer(found, 201)

    @describes("Read a custom attribute.", answer=AttributeView, etag=True)
    async def read(self, request: web.Request) -> web.Response:
        attribute_id = read_id(request, "attribute")
        async with self._rail.reading() as connection:
            found = await read_attribute(attribute_id, connection)
        return _answer(found)

    @describes(
        "Change how a custom attribute is shown.", body=AttributeChanges, answer=AttributeView, if_match=True, etag=True
    )
    async def edit(self, request: web.Request) -> web.Response:
        attribute_id, wanted = read_id(request, "attribute"), await read_json(request, AttributeChanges)
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            await edit_attribute(attribute_id, wanted, uow, read_version(request))
            found = await read_attribute(attribute_id, uow.connection)
        return _answer(found)

    @describes("Take no more values for a custom attribute; those there are stay.", if_match=True)
    async def remove(self, request: web.Request) -> web.Response:
        attribute_id = read_id(request, "attribute")
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            await retire_attribute(attribute_id, uow, read_version(request))
        return web.Response(status=204)


def _answer(found: AttributeView | None, status: int = 200) -> web.Response:
    if found is None:
        raise not_found("attribute")
    return answer(found, status, {"ETag": f'"{found.version}"'})
