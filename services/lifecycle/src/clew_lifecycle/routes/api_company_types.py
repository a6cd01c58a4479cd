"""Company types in the JSON API. Next: clew_lifecycle.company_types.add_company_type."""

from aiohttp import web
from clew_shared.runtime.api import answer, cut, read_json, read_tag
from clew_shared.runtime.content_tag import content_tag
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.company_types import (
    CompanyTypeChanges,
    CompanyTypeView,
    NewCompanyType,
    add_company_type,
    delete_company_type,
    edit_company_type,
    list_company_types,
)
from clew_lifecycle.routes.site import Site


class CompanyTypeApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/company-types", self.list),
            web.post("/api/v1/company-types", self.add),
            web.get("/api/v1/company-types/{key}", self.read),
            web.patch("/api/v1/company-types/{key}", self.edit),
            web.delete("/api/v1/company-types/{key}", self.delete),
        ]

    @describes("List what sorts of companies there are.", lists=CompanyTypeView)
    async def list(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            found = await list_company_types(connection)
        return answer(cut(request, found, lambda one: (f"{one.position:06}", one.key)))

    @describes(
        "Add a company type.",
        body=NewCompanyType,
        example={"key": "integrator", "label": "Systems integrator"},
        answer=CompanyTypeView,
        status=201,
        problems=(409,),
        etag=True,
    )
    async def add(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewCompanyType)
        async with self._rail.unit_of_work() as uow:
            added = await add_company_type(wanted, actor_of(request), uow)
        return _tagged(added, 201)

    @describes("Read a company type.", answer=CompanyTypeView, etag=True)
    async def read(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            found = await list_company_types(connection)
        for one in found:
            if one.key == request.match_info["key"]:
                return _tagged(one)
        raise not_found("company type")

    @describes(
        "Change a company type; its key stays.",
        body=CompanyTypeChanges,
        answer=CompanyTypeView,
        if_match=True,
        etag=True,
    )
    async def edit(self, request: web.Request) -> web.Response:
        key, tag = request.match_info["key"], read_tag(request)
        wanted = await read_json(request, CompanyTypeChanges)
        async with self._rail.unit_of_work() as uow:
            edited = await edit_company_type(key, wanted, actor_of(request), uow, tag)
        return _tagged(edited)

    @describes("Remove a company type that no company is of.", problems=(409,), if_match=True)
    async def delete(self, request: web.Request) -> web.Response:
        async with self._rail.unit_of_work() as uow:
            await delete_company_type(request.match_info["key"], actor_of(request), uow, read_tag(request))
        return web.Response(status=204)


def _tagged(found: CompanyTypeView, status: int = 200) -> web.Response:
    return answer(found, status, {"ETag": content_tag(found)})
