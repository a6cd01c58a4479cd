"""Write a comment on a deal, for the team. Next: clew_notify.announce."""

from uuid import UUID

from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import CommentAdded, Word
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.changes import invalid
from clew_lifecycle.facts import Facts
from clew_lifecycle.store.entries import add_entries, note_staff_entry
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.world import Activity
from clew_lifecycle.tell import summarise


async def write_comment(deal_id: UUID, body: str, actor: Actor, uow: UnitOfWork) -> Activity:
    """Enter a teammate's comment; the deal's version stays. Raises `Problem` 404, 422 when there are no words."""
    words = body.strip()
    if not words:
        raise invalid("/body", "A comment needs words.")
    deal = await lock_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    source = "staff" if actor.kind == "teammate" else "api"
    entry = Activity(
        id=new_id(),
        deal_id=deal_id,
        contact_id=None,
        company_id=deal.company_id,
        kind="comment",
        occurred_at=utc_now(),
        author=actor.email,
        body=words,
        source=source,
        facts=Facts(author_name=actor.name, channel="staff"),
    )
    await add_entries([entry], uow.connection)
    await note_staff_entry(deal_id, entry.occurred_at, uow.connection)
    word = Word(activity_id=entry.id, author=actor.email, text=words, channel="staff")
    workflow = await load_workflow(uow.connection)
    uow.emit(CommentAdded(deal=summarise(deal, workflow), source=source, word=word, actor=actor.email))
    return entry
