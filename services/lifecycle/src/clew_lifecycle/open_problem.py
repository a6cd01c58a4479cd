"""Note a problem that somebody has, and that it was solved. Next: clew_lifecycle.store.problems.list_problems."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import ProblemOpened
from clew_shared.identity.subject_line import bare_subject
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import insert, update

from clew_lifecycle.case import Case
from clew_lifecycle.changes import check_version_of, invalid
from clew_lifecycle.domain.wording import title_of_form, title_of_mail
from clew_lifecycle.store.deal_tables import problem
from clew_lifecycle.store.problems import ProblemView, read_problem

_LONGEST_TITLE = 500


class ProblemChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    status: Literal["open", "solved"] | msgspec.UnsetType = msgspec.UNSET


async def open_problem(problem_id: UUID, case: Case, title: str | None, actor: Actor, uow: UnitOfWork) -> None:
    """Write the problem that an enquiry is; its sender is known already."""
    event, contact = case.received.event, case.sender.contact
    values = {
        "title": " ".join((title or "").split())[:_LONGEST_TITLE] or _title(case),
        "description": event.text or None,
        "contact_id": contact.id if contact else None,
        "company_id": contact.company_id if contact else None,
    }
    await uow.connection.execute(insert(problem).values(id=problem_id, created_by=actor.email, **values))
    uow.emit(
        ProblemOpened(
            problem_id=problem_id,
            title=str(values["title"]),
            contact_id=contact.id if contact else None,
            company_id=contact.company_id if contact else None,
            enquiry_id=event.enquiry_id,
            actor=actor.email,
        )
    )


async def edit_problem(problem_id: UUID, wanted: ProblemChanges, uow: UnitOfWork, version: int | None = None) -> None:
    """Change or solve a problem. Raises `Problem` 404, 412 for another version than the one given, 422."""
    known = await read_problem(problem_id, uow.connection, lock=True)
    if known is None:
        raise not_found("problem")
    check_version_of("problem", known.version, version)
    values = _values(wanted, known)
    if values:
        change = update(problem).where(problem.c.id == problem_id)
        await uow.connection.execute(change.values(**values, version=known.version + 1))


def _values(wanted: ProblemChanges, known: ProblemView) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if wanted.title is not msgspec.UNSET:
        values["title"] = " ".join(wanted.title.split())[:_LONGEST_TITLE]
        if not values["title"]:
            raise invalid("/title", "A problem needs a title.")
    if wanted.description is not msgspec.UNSET:
        values["description"] = (wanted.description or "").strip() or None
    if wanted.status is not msgspec.UNSET and wanted.status != known.status:
        values |= {"status": wanted.status, "solved_at": utc_now() if wanted.status == "solved" else None}
    return {name: value for name, value in values.items() if value != getattr(known, name, None)}


def _title(case: Case) -> str:
    event, sender = case.received.event, case.sender
    if event.channel == "mail":
        return title_of_mail(bare_subject(event.subject_line))
    return title_of_form(event.text, sender.name, sender.company_name, sender.address)
