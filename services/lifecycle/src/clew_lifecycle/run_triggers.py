"""Make of a deal what a transition says: an account, a contact, an invoice's draft, registrations, tokens.

Next: clew_lifecycle.store.trigger_runs.note_run.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import (
    CompanyChanged,
    DealSummary,
    RegistrationRequested,
    Requested,
    TokenIssueRequested,
)
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import select, update

from clew_lifecycle.draft_invoice import draft_invoice, find_draft
from clew_lifecycle.edit_contact import ContactChanges, edit_contact
from clew_lifecycle.store.fulfilments import add_fulfilments, load_unsettled
from clew_lifecycle.store.records import lock_company
from clew_lifecycle.store.tables import company, contact
from clew_lifecycle.store.trigger_runs import note_run
from clew_lifecycle.store.world import KnownDeal
from clew_lifecycle.tell import summarise_company

# Each may need what the ones before it made.
ORDER = ("account", "contact", "invoice", "registration", "token_issue")

TriggerName = Literal["account", "contact", "invoice", "registration", "token_issue"]


class Creation(msgspec.Struct, frozen=True, kw_only=True):
    """What a trigger comes to: `created`, or `reused` where it is there already; `count` is of how many records."""

    trigger: TriggerName
    outcome: Literal["created", "reused"]
    id: UUID | None = None
    count: int = 1


async def plan_triggers(
    triggers: Collection[str], record: Mapping[str, Any], made: Collection[str], uow: UnitOfWork
) -> list[Creation]:
    """Say what the triggers will come to, by the deal as it is now; `made` names what came with the move itself."""
    return [await _PLAN[trigger](record, made, uow) for trigger in ORDER if trigger in triggers]


async def run_triggers(
    planned: Sequence[Creation],
    record: Mapping[str, Any],
    deal: KnownDeal,
    told: DealSummary,
    run_id: UUID,
    actor: Actor,
    uow: UnitOfWork,
) -> list[Creation]:
    """Do what was planned, each once for this run; whatever fails undoes the whole move."""
    done = []
    for plan in planned:
        creation = msgspec.structs.replace(plan, id=await _RUN[plan.trigger](plan, record, deal, told, actor, uow))
        await note_run(run_id, deal.id, creation.trigger, creation.outcome, creation.id, uow.connection)
        done.append(creation)
    return done


async def _plan_account(record: Mapping[str, Any], _: Collection[str], __: UnitOfWork) -> Creation:
    known = record["company"] or {}
    outcome: Any = "reused" if known.get("account_since") else "created"
    return Creation(trigger="account", outcome=outcome, id=known.get("id"))


async def _plan_contact(record: Mapping[str, Any], made: Collection[str], __: UnitOfWork) -> Creation:
    outcome: Any = "created" if "contact" in made else "reused"
    return Creation(trigger="contact", outcome=outcome, id=(record["contact"] or {}).get("id"))


async def _plan_invoice(record: Mapping[str, Any], _: Collection[str], uow: UnitOfWork) -> Creation:
    known = await find_draft(record["id"], uow.connection)
    return Creation(trigger="invoice", outcome="reused" if known else "created", id=known)


async def _plan_registration(record: Mapping[str, Any], _: Collection[str], uow: UnitOfWork) -> Creation:
    count = len(await _registrations(record, uow))
    return Creation(trigger="registration", outcome="created" if count else "reused", count=count)


async def _plan_tokens(record: Mapping[str, Any], _: Collection[str], uow: UnitOfWork) -> Creation:
    count = len(await _tokens(record, uow))
    return Creation(trigger="token_issue", outcome="created" if count else "reused", count=count)


async def _account(
    plan: Creation, record: Mapping[str, Any], deal: KnownDeal, _: DealSummary, actor: Actor, uow: UnitOfWork
) -> UUID | None:
    """The deal's company is the account; from now on its next deal begins as one of an existing account."""
    if plan.outcome == "created" and deal.company_id is not None:
        # Another deal of the company may be won at this moment.
        change = update(company).where(company.c.id == deal.company_id, company.c.account_since.is_(None))
        values = {"account_since": utc_now(), "version": company.c.version + 1}
        if (await uow.connection.execute(change.values(**values))).rowcount:
            told = summarise_company(await lock_company(deal.company_id, uow.connection))
            uow.emit(CompanyChanged(company=told, changes=("account_since",), actor=actor.email))
    return deal.company_id


async def _contact(
    plan: Creation, record: Mapping[str, Any], deal: KnownDeal, _: DealSummary, actor: Actor, uow: UnitOfWork
) -> UUID | None:
    """The deal's contact belongs to the account, unless they have a company of their own."""
    if deal.contact_id is not None and deal.company_id is not None:
        query = select(contact.c.company_id, company.c.is_person).outerjoin(
            company, company.c.id == contact.c.company_id
        )
        own = (await uow.connection.execute(query.where(contact.c.id == deal.contact_id))).one()
        if own.company_id != deal.company_id and (own.company_id is None or own.is_person):
            await edit_contact(deal.contact_id, ContactChanges(company_id=deal.company_id), actor, uow)
    return deal.contact_id


async def _invoice(
    plan: Creation, record: Mapping[str, Any], deal: KnownDeal, _: DealSummary, actor: Actor, uow: UnitOfWork
) -> UUID | None:
    return await draft_invoice(deal, record["lines"], plan.id, actor, uow)


async def _registration(
    plan: Creation, record: Mapping[str, Any], deal: KnownDeal, told: DealSummary, actor: Actor, uow: UnitOfWork
) -> UUID | None:
    items = await _registrations(record, uow)
    await add_fulfilments("registration", deal, items, uow.connection)
    if items:
        uow.emit(RegistrationRequested(deal=told, items=_told(items), actor=actor.email))
    return items[0]["id"] if len(items) == 1 else None


async def _token_issue(
    plan: Creation, record: Mapping[str, Any], deal: KnownDeal, told: DealSummary, actor: Actor, uow: UnitOfWork
) -> UUID | None:
    items = await _tokens(record, uow)
    await add_fulfilments("token_issue", deal, items, uow.connection)
    if items:
        uow.emit(TokenIssueRequested(deal=told, items=_told(items), actor=actor.email))
    return items[0]["id"] if len(items) == 1 else None


async def _registrations(record: Mapping[str, Any], uow: UnitOfWork) -> list[dict[str, Any]]:
    """Give the attendees of each line, or the deal's contact for a line without any, who are not registered yet."""
    known = await load_unsettled("registration", record["id"], uow.connection)
    person = record["contact"] or {}
    items = []
    for line in record["lines"]:
        for who in line["attendees"] or [{"name": person.get("name"), "email": person.get("email")}]:
            name, email = who.get("name"), who.get("email")
            if (line["product"], name, email) not in known:
                known.add((line["product"], name, email))
                items.append(_item(line, 1, name, email))
    return items


async def _tokens(record: Mapping[str, Any], uow: UnitOfWork) -> list[dict[str, Any]]:
    known = await load_unsettled("token_issue", record["id"], uow.connection)
    return [_item(line, line["quantity"]) for line in record["lines"] if (line["product"], None, None) not in known]


def _item(line: Mapping[str, Any], quantity: Any, name: str | None = None, email: str | None = None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "line_id": line["id"],
        "product": line["product"],
        "quantity": quantity,
        "attendee_name": name,
        "attendee_email": email,
    }


def _told(items: Sequence[Mapping[str, Any]]) -> tuple[Requested, ...]:
    names = Requested.__struct_fields__
    return tuple(Requested(**{name: item[name] for name in names}) for item in items)


_PLAN = {
    "account": _plan_account,
    "contact": _plan_contact,
    "invoice": _plan_invoice,
    "registration": _plan_registration,
    "token_issue": _plan_tokens,
}
_RUN = {
    "account": _account,
    "contact": _contact,
    "invoice": _invoice,
    "registration": _registration,
    "token_issue": _token_issue,
}
