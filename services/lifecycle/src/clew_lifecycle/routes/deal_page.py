"""The page of one deal, and what people do there. Next: clew_lifecycle.write_comment.write_comment."""

from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import read_id
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.web import actor_of
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import DealChanges, invalid
from clew_lifecycle.edit_deal import edit_deal
from clew_lifecycle.merging.tombstone import page_of_survivor
from clew_lifecycle.reactivate_contact import reactivate_contact
from clew_lifecycle.routes.entry_view import page_entry
from clew_lifecycle.routes.moves import stages_from
from clew_lifecycle.routes.site import Site, errors_by_field
from clew_lifecycle.store.deals import DealView, read_deal
from clew_lifecycle.store.linked import list_linked, name_deals
from clew_lifecycle.store.participants import list_participants
from clew_lifecycle.store.people import contact_of, read_company, read_contact
from clew_lifecycle.store.team import list_teammates
from clew_lifecycle.store.timeline import (
    deal_of_enquiry,
    find_position,
    last_mail,
    list_entries,
    of_deal,
)
from clew_lifecycle.store.workflow import list_lost_reasons, load_workflow
from clew_lifecycle.write_comment import write_comment
from clew_lifecycle.write_reply import Letter, write_reply

_ENTRIES = 50


class DealPages:
    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/deals/of-mail/{mail_id}", self.of_mail),
            web.get("/deals/{id}", self.show),
            web.post("/deals/{id}/comments", self.comment),
            web.post("/deals/{id}/mails", self.mail),
            web.post("/deals/{id}/owner", self.own),
            web.post("/deals/{id}/edit", self.edit),
            web.post("/deals/{id}/reactivate", self.reactivate),
        ]

    async def show(self, request: web.Request) -> web.Response:
        return await self._page(request, read_id(request, "deal"))

    async def of_mail(self, request: web.Request) -> web.Response:
        """Lead from a mail to the deal that it is on."""
        mail_id = read_id(request, "mail", "mail_id")
        async with self._site.rail.reading() as connection:
            deal_id = await deal_of_enquiry(mail_id, connection)
        if deal_id is None:
            raise not_found("deal for that mail")
        return web.Response(status=303, headers={"Location": f"/deals/{deal_id}"})

    async def comment(self, request: web.Request) -> web.Response:
        deal_id, form = read_id(request, "deal"), await _form(request)
        try:
            async with self._site.rail.unit_of_work() as uow:
                await write_comment(deal_id, form.get("body", ""), actor_of(request), uow)
        except Problem as problem:
            return await self._again(request, deal_id, problem, {**form, "tab": "comment"})
        return _back(deal_id)

    async def mail(self, request: web.Request) -> web.Response:
        deal_id, form = read_id(request, "deal"), await _form(request)
        letter = Letter(form.get("to", ""), form.get("cc", ""), form.get("subject", ""), form.get("body", ""))
        try:
            async with self._site.rail.unit_of_work() as uow:
                await write_reply(deal_id, letter, actor_of(request), uow)
        except Problem as problem:
            return await self._again(request, deal_id, problem, {**form, "tab": "mail"})
        return _back(deal_id, "sent")

    async def own(self, request: web.Request) -> web.Response:
        deal_id, form = read_id(request, "deal"), await _form(request)
        async with self._site.rail.unit_of_work() as uow:
            await edit_deal(deal_id, DealChanges(owner=form.get("owner") or None), actor_of(request), uow)
        return _back(deal_id)

    async def reactivate(self, request: web.Request) -> web.Response:
        """Have the deal's contact written to again."""
        deal_id = read_id(request, "deal")
        async with self._site.rail.unit_of_work() as uow:
            for contact_id in await contact_of(deal_id, uow.connection):
                await reactivate_contact(contact_id, actor_of(request), uow)
        return _back(deal_id)

    async def edit(self, request: web.Request) -> web.Response:
        deal_id, form = read_id(request, "deal"), await _form(request)
        try:
            wanted, version = _read_edit(form)
            async with self._site.rail.unit_of_work() as uow:
                await edit_deal(deal_id, wanted, actor_of(request), uow, version)
        except Problem as problem:
            if problem.status == 412:
                stale = {"version": "Somebody else changed this deal meanwhile; this is its latest state."}
                return await self._page(request, deal_id, errors=stale, status=409)
            return await self._again(request, deal_id, problem, form)
        return _back(deal_id, "saved")

    async def _again(
        self, request: web.Request, deal_id: UUID, problem: Problem, values: dict[str, str]
    ) -> web.Response:
        if problem.status != 422:
            raise problem
        return await self._page(request, deal_id, errors=errors_by_field(problem), values=values, status=422)

    async def _page(
        self,
        request: web.Request,
        deal_id: UUID,
        *,
        errors: dict[str, str] | None = None,
        values: dict[str, str] | None = None,
        status: int = 200,
    ) -> web.Response:
        async with self._site.rail.reading() as connection:
            deal = await read_deal(deal_id, connection)
            if deal is None:
                if (page := await page_of_survivor("deal", deal_id, connection)) is not None:
                    raise web.HTTPMovedPermanently(page)
                raise not_found("deal")
            context = await _context(deal, request, connection)
        context |= {"errors": errors or {}, "values": values or {}}
        return self._site.show(request, "deal.html", context, status)


async def _context(deal: DealView, request: web.Request, connection: AsyncConnection) -> dict[str, Any]:
    workflow = await load_workflow(connection)
    pipeline = workflow.by_key[deal.pipeline]
    teammates = await list_teammates(connection)
    reasons = await list_lost_reasons(connection)
    participants = await list_participants(deal.id, connection)
    linked = await list_linked(deal, connection)
    allowed = await stages_from(deal, pipeline, connection)
    names = {stage.key: stage.name for stage in pipeline.stages}
    before = request.query.get("before", "")
    after = await find_position(UUID(before), connection) if _is_id(before) else None
    entries = await list_entries(of_deal(deal.id), _ENTRIES + 1, after, connection)
    candidates = await name_deals((other for entry in entries for other in entry.facts.candidates), connection)
    contact = await read_contact(deal.contact.id, connection) if deal.contact else None
    company = await read_company(deal.company.id, connection) if deal.company else None
    older = f"/deals/{deal.id}?before={entries[_ENTRIES - 1].id}" if len(entries) > _ENTRIES else None
    return {
        "deal": {
            **msgspec.structs.asdict(deal),
            "pipeline": {"key": pipeline.key, "name": pipeline.name},
            "stage_name": names[deal.stage],
            "contact": contact,
            "company": company,
            "owner": next((mate for mate in teammates if mate.email == deal.owner), None),
            "parent": linked.parent,
            "children": linked.children,
            "lost_reason": next((reason for reason in reasons if reason.key == deal.lost_reason), None),
        },
        "stages": [
            {
                "key": stage.key,
                "name": stage.name,
                "category": stage.category,
                "current": stage.key == deal.stage,
                "allowed": stage.key in allowed,
                "reason": None,
            }
            for stage in pipeline.stages
        ],
        "lost_reasons": reasons,
        "teammates": teammates,
        "activities": [page_entry(entry, candidates) for entry in entries[:_ENTRIES]],
        "older_url": older,
        "participants": [
            {"email": row.email, "name": row.name or row.email, "suggested": row.state == "suggested"}
            for row in participants
        ],
        "other_deals": linked.others,
        "reply": await _reply(deal, [row.email for row in participants if row.state == "added"], connection),
    }


async def _reply(deal: DealView, cc: list[str], connection: AsyncConnection) -> dict[str, str] | None:
    if deal.contact is None or not deal.contact.email:
        return None
    mail = await last_mail(deal.id, connection)
    subject = (mail.subject_line if mail else None) or deal.title
    return {
        "to": deal.contact.email,
        "cc": ", ".join(email for email in cc if email.casefold() != deal.contact.email.casefold()),
        "subject": subject if subject.lower().startswith("re:") else f"Re: {subject}",
    }


def _read_edit(form: dict[str, str]) -> tuple[DealChanges, int | None]:
    given: dict[str, str | None] = {name: form[name] for name in ("title", "amount", "currency") if name in form}
    if not (given.get("currency") or "").strip():
        given.pop("currency", None)
    close = form.get("expected_close", "").strip()
    try:
        wanted = msgspec.convert(given | {"expected_close": close or None}, DealChanges)
    except msgspec.ValidationError:
        raise invalid("/expected_close", "A date reads 2026-12-31.") from None
    version = form.get("version", "")
    return wanted, int(version) if version.isascii() and version.isdigit() else None


async def _form(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _back(deal_id: UUID, done: str | None = None) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/deals/{deal_id}" + (f"?done={done}" if done else "")})


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
