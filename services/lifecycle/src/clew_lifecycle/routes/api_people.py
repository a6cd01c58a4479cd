"""Contacts and companies in the JSON API. Next: clew_lifecycle.add_contact.find_or_add_contact."""

from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import (
    allowed_filters,
    answer,
    page,
    read_cursor,
    read_id,
    read_json,
    read_limit,
    write_cursor,
)
from clew_shared.runtime.problem import Problem, not_found

from clew_lifecycle.add_contact import NewCompany, NewContact, add_company, find_or_add_contact
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.people import list_companies, list_contacts, read_company, read_contact


class PeopleApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/contacts", self.list_contacts),
            web.post("/api/v1/contacts", self.add_contact),
            web.get("/api/v1/contacts/{id}", self.read_contact),
            web.get("/api/v1/companies", self.list_companies),
            web.post("/api/v1/companies", self.add_company),
            web.get("/api/v1/companies/{id}", self.read_company),
        ]

    async def list_contacts(self, request: web.Request) -> web.Response:
        given = allowed_filters(request, ("email", "company", "q"))
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_contacts(
                connection,
                limit + 1,
                after,
                email=given.get("email"),
                company_id=_id(given.get("company"), "company"),
                q=given.get("q"),
            )
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    async def add_contact(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewContact)
        async with self._rail.unit_of_work() as uow:
            contact_id, is_new = await find_or_add_contact(wanted, uow)
            found = await read_contact(contact_id, uow.connection)
        return answer(found, 201 if is_new else 200)

    async def read_contact(self, request: web.Request) -> web.Response:
        contact_id = read_id(request, "contact")
        async with self._rail.reading() as connection:
            found = await read_contact(contact_id, connection)
        if found is None:
            raise not_found("contact")
        return answer(found, headers={"ETag": f'"{found.version}"'})

    async def list_companies(self, request: web.Request) -> web.Response:
        given = allowed_filters(request, ("lifecycle_stage", "q"))
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_companies(
                connection, limit + 1, after, lifecycle_stage=given.get("lifecycle_stage"), q=given.get("q")
            )
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    async def add_company(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewCompany)
        async with self._rail.unit_of_work() as uow:
            company_id = await add_company(wanted, uow)
            found = await read_company(company_id, uow.connection)
        return answer(found, 201)

    async def read_company(self, request: web.Request) -> web.Response:
        company_id = read_id(request, "company")
        async with self._rail.reading() as connection:
            found = await read_company(company_id, connection)
        if found is None:
            raise not_found("company")
        return answer(found, headers={"ETag": f'"{found.version}"'})


def _id(text: str | None, name: str) -> UUID | None:
    try:
        return UUID(text) if text is not None else None
    except ValueError:
        raise Problem(400, "Bad filter", f"{name} is an id.") from None
