"""Contacts and companies in the JSON API. Next: clew_lifecycle.add_contact.add_contact."""

from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import (
    answer,
    page,
    read_cursor,
    read_id,
    read_json,
    read_limit,
    read_query,
    read_version,
    write_cursor,
)
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.add_company import NewCompany, add_company
from clew_lifecycle.add_contact import NewContact, add_contact
from clew_lifecycle.convert_to_b2b import ToB2b, convert_to_b2b
from clew_lifecycle.delete_record import delete_company, delete_contact
from clew_lifecycle.edit_company import CompanyChanges, edit_company
from clew_lifecycle.edit_contact import ContactChanges, edit_contact
from clew_lifecycle.merging.tombstone import missing
from clew_lifecycle.reactivate_contact import reactivate_contact
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.people import (
    CompanyFilter,
    CompanyView,
    ContactFilter,
    ContactView,
    list_companies,
    list_contacts,
    read_company,
    read_contact,
)


class PeopleApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/contacts", self.list_contacts),
            web.post("/api/v1/contacts", self.add_contact),
            web.get("/api/v1/contacts/{id}", self.read_contact),
            web.patch("/api/v1/contacts/{id}", self.edit_contact),
            web.delete("/api/v1/contacts/{id}", self.delete_contact),
            web.post("/api/v1/contacts/{id}/reactivate", self.reactivate_contact),
            web.get("/api/v1/companies", self.list_companies),
            web.post("/api/v1/companies", self.add_company),
            web.get("/api/v1/companies/{id}", self.read_company),
            web.patch("/api/v1/companies/{id}", self.edit_company),
            web.delete("/api/v1/companies/{id}", self.delete_company),
            web.post("/api/v1/companies/{id}/convert-to-b2b", self.convert_to_b2b),
        ]

    @describes("List contacts, the newest first.", query=ContactFilter, lists=ContactView)
    async def list_contacts(self, request: web.Request) -> web.Response:
        wanted = read_query(request, ContactFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_contacts(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes(
        "Find the contact with an address, or add one.",
        body=NewContact,
        example={"name": "Ada Byron", "email": "ada@client.example", "company": "Engines Ltd"},
        answer=ContactView,
        status=(201, 200),
        problems=(404, 409),
        etag=True,
    )
    async def add_contact(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewContact)
        async with self._rail.unit_of_work() as uow:
            contact_id, is_new = await add_contact(wanted, actor_of(request), uow)
            found = await read_contact(contact_id, uow.connection)
        return _tagged(found, "contact", 201 if is_new else 200)

    @describes("Read a contact, or where a merged one went.", answer=ContactView, problems=(301,), etag=True)
    async def read_contact(self, request: web.Request) -> web.Response:
        contact_id = read_id(request, "contact")
        async with self._rail.reading() as connection:
            found = await read_contact(contact_id, connection)
            if found is None:
                raise await missing("contact", contact_id, connection)
        return _tagged(found, "contact")

    @describes("Change a contact.", body=ContactChanges, answer=ContactView, problems=(409,), if_match=True, etag=True)
    async def edit_contact(self, request: web.Request) -> web.Response:
        contact_id, version = read_id(request, "contact"), read_version(request)
        wanted = await read_json(request, ContactChanges)
        async with self._rail.unit_of_work() as uow:
            await edit_contact(contact_id, wanted, actor_of(request), uow, version)
            found = await read_contact(contact_id, uow.connection)
        return _tagged(found, "contact")

    @describes("Delete a contact; who writes from an address of theirs is somebody new.", if_match=True)
    async def delete_contact(self, request: web.Request) -> web.Response:
        contact_id, version = read_id(request, "contact"), read_version(request)
        async with self._rail.unit_of_work() as uow:
            await delete_contact(contact_id, actor_of(request), uow, version)
        return web.Response(status=204)

    @describes("Have a contact written to again whose mail came back or who had complained.", answer=ContactView)
    async def reactivate_contact(self, request: web.Request) -> web.Response:
        contact_id = read_id(request, "contact")
        async with self._rail.unit_of_work() as uow:
            await reactivate_contact(contact_id, actor_of(request), uow)
            found = await read_contact(contact_id, uow.connection)
        return _tagged(found, "contact")

    @describes("List companies, the newest first.", query=CompanyFilter, lists=CompanyView)
    async def list_companies(self, request: web.Request) -> web.Response:
        wanted = read_query(request, CompanyFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_companies(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes(
        "Add a company.",
        body=NewCompany,
        answer=CompanyView,
        status=201,
        example={"name": "Engines Ltd", "phone": "+442079460958"},
        etag=True,
    )
    async def add_company(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewCompany)
        async with self._rail.unit_of_work() as uow:
            company_id = await add_company(wanted, actor_of(request), uow)
            found = await read_company(company_id, uow.connection)
        return _tagged(found, "company", 201)

    @describes("Read a company, or where a merged one went.", answer=CompanyView, problems=(301,), etag=True)
    async def read_company(self, request: web.Request) -> web.Response:
        company_id = read_id(request, "company")
        async with self._rail.reading() as connection:
            found = await read_company(company_id, connection)
            if found is None:
                raise await missing("company", company_id, connection)
        return _tagged(found, "company")

    @describes("Change a company.", body=CompanyChanges, answer=CompanyView, if_match=True, etag=True)
    async def edit_company(self, request: web.Request) -> web.Response:
        company_id, version = read_id(request, "company"), read_version(request)
        wanted = await read_json(request, CompanyChanges)
        async with self._rail.unit_of_work() as uow:
            await edit_company(company_id, wanted, actor_of(request), uow, version)
            found = await read_company(company_id, uow.connection)
        return _tagged(found, "company")

    @describes("Delete a company; its people stay, and are with none.", if_match=True)
    async def delete_company(self, request: web.Request) -> web.Response:
        company_id, version = read_id(request, "company"), read_version(request)
        async with self._rail.unit_of_work() as uow:
            await delete_company(company_id, actor_of(request), uow, version)
        return web.Response(status=204)

    @describes(
        "Say that a person turned out to be a company's.", body=ToB2b, answer=CompanyView, problems=(409,), etag=True
    )
    async def convert_to_b2b(self, request: web.Request) -> web.Response:
        company_id, wanted = read_id(request, "company"), await read_json(request, ToB2b)
        async with self._rail.unit_of_work() as uow:
            await convert_to_b2b(company_id, wanted, actor_of(request), uow)
            found = await read_company(company_id, uow.connection)
        return _tagged(found, "company")


def _tagged(found: ContactView | CompanyView | None, what: str, status: int = 200) -> web.Response:
    if found is None:
        raise not_found(what)
    return answer(found, status, {"ETag": f'"{found.version}"'})
