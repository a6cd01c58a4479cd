"""The pages of contacts and companies. Next: clew_lifecycle.store.people.list_contacts."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.api import read_cursor, read_id, write_cursor
from clew_shared.runtime.problem import not_found

from clew_lifecycle.merging.tombstone import page_of_survivor
from clew_lifecycle.routes.entry_view import page_entry
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.company_log import last_row, list_company_entries
from clew_lifecycle.store.deals import DealFilter, list_deals
from clew_lifecycle.store.people import (
    CompanyFilter,
    ContactFilter,
    deals_at_a_glance,
    list_companies,
    list_contacts,
    read_company,
    titles_of,
)
from clew_lifecycle.store.team import list_teammates
from clew_lifecycle.store.workflow import load_workflow

_PAGE = 50


class PeoplePages:
    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/contacts", self.contacts),
            web.get("/companies", self.companies),
            web.get("/companies/{id}", self.company),
        ]

    async def contacts(self, request: web.Request) -> web.Response:
        q, after = request.query.get("q", "").strip(), read_cursor(request, UUID)
        async with self._site.rail.reading() as connection:
            found = await list_contacts(ContactFilter(q=q or None), _PAGE + 1, after, connection)
            glance = await deals_at_a_glance("contact_id", [person.id for person in found], connection)
            titles = await titles_of([UUID(row.latest) for row in glance.values()], connection)
        people = []
        for person in found[:_PAGE]:
            row = glance.get(person.id)
            latest = UUID(row.latest) if row is not None else None
            people.append(
                {
                    **msgspec.structs.asdict(person),
                    "name": person.name or person.email or person.phone or "(no name)",
                    "open_deals": row.open_deals if row is not None else 0,
                    "deal": {"id": latest, "title": titles[latest]} if latest in titles else None,
                    "last_activity_at": row.last_activity_at if row is not None else None,
                }
            )
        more = _next("/contacts", q, found[_PAGE - 1].id if len(found) > _PAGE else None)
        return self._site.show(request, "contacts.html", {"contacts": people, "q": q, "next_url": more})

    async def companies(self, request: web.Request) -> web.Response:
        q, after = request.query.get("q", "").strip(), read_cursor(request, UUID)
        async with self._site.rail.reading() as connection:
            found = await list_companies(CompanyFilter(q=q or None), _PAGE + 1, after, connection)
            glance = await deals_at_a_glance("company_id", [company.id for company in found], connection)
        companies = [
            {
                **msgspec.structs.asdict(company),
                "open_deals": glance[company.id].open_deals if company.id in glance else 0,
                "last_activity_at": glance[company.id].last_activity_at if company.id in glance else None,
            }
            for company in found[:_PAGE]
        ]
        more = _next("/companies", q, found[_PAGE - 1].id if len(found) > _PAGE else None)
        return self._site.show(request, "companies.html", {"companies": companies, "q": q, "next_url": more})

    async def company(self, request: web.Request) -> web.Response:
        company_id = read_id(request, "company")
        async with self._site.rail.reading() as connection:
            company = await read_company(company_id, connection)
            if company is None:
                if (page := await page_of_survivor("company", company_id, connection)) is not None:
                    raise web.HTTPMovedPermanently(page)
                raise not_found("company")
            contacts = await list_contacts(ContactFilter(company=company_id), _PAGE, None, connection)
            deals = await list_deals(DealFilter(status="all", company=company_id), _PAGE, None, connection)
            entries = await list_company_entries(company_id, _PAGE, None, connection)
            last = await last_row(company_id, connection, as_of=utc_now())
            mates = {mate.email: mate for mate in await list_teammates(connection)}
            workflow = await load_workflow(connection)
        names = {(pipeline.key, stage.key): stage.name for pipeline in workflow.pipelines for stage in pipeline.stages}
        context: dict[str, Any] = {
            "company": company,
            "why": last.why if last else None,
            "contacts": [
                {**msgspec.structs.asdict(person), "name": person.name or person.email or person.phone or "(no name)"}
                for person in contacts
            ],
            "deals": [
                {
                    **msgspec.structs.asdict(deal),
                    "stage_name": names[deal.pipeline, deal.stage],
                    "owner": mates.get(deal.owner or ""),
                }
                for deal in deals
            ],
            "activities": [page_entry(entry, {}) for entry in entries],
        }
        return self._site.show(request, "company.html", context)


def _next(path: str, q: str, last: UUID | None) -> str | None:
    if last is None:
        return None
    return f"{path}?{urlencode({**({'q': q} if q else {}), 'cursor': write_cursor(last)})}"
