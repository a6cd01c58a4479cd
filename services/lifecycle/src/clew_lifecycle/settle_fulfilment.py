"""Note that a registration or a token issue was done, or will not be.

Next: clew_lifecycle.store.fulfilments.read_fulfilment.
"""

from typing import Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import update

from clew_lifecycle.facts import Facts
from clew_lifecycle.store.deal_tables import fulfilment
from clew_lifecycle.store.entries import add_entries
from clew_lifecycle.store.fulfilments import FulfilmentView, read_fulfilment
from clew_lifecycle.store.world import Activity

_WORDS = {"registration": "Registration", "token_issue": "Token issue"}


class Settlement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of it; `reference` is what the system that did it calls it."""

    status: Literal["fulfilled", "cancelled"]
    reference: str | None = None


async def settle_fulfilment(fulfilment_id: UUID, wanted: Settlement, actor: Actor, uow: UnitOfWork) -> FulfilmentView:
    """Settle it once; the same again changes nothing. Raises `Problem` 404, 409 when it was settled otherwise."""
    known = await read_fulfilment(fulfilment_id, uow.connection, lock=True)
    if known is None:
        raise not_found("fulfilment")
    if known.status == wanted.status:
        return known
    if known.status != "requested":
        raise Problem(409, "Settled already", f"It is {known.status}.")
    reference = " ".join((wanted.reference or "").split())[:200] or None
    now = utc_now()
    change = update(fulfilment).where(fulfilment.c.id == fulfilment_id)
    await uow.connection.execute(change.values(status=wanted.status, reference=reference, settled_at=now))
    named = ": ".join(part for part in (known.product, known.attendee_name or known.attendee_email) if part)
    body = f"{_WORDS[known.kind]} {wanted.status} ({named})" + (f", {reference}" if reference else "")
    entry = Activity(
        id=new_id(),
        deal_id=known.deal_id,
        contact_id=None,
        company_id=known.company_id,
        kind="note",
        occurred_at=now,
        author=actor.email,
        body=body,
        source="staff" if actor.kind == "teammate" else "api",
        facts=Facts(author_name=actor.name),
    )
    await add_entries([entry], uow.connection)
    return msgspec.structs.replace(known, status=wanted.status, reference=reference, settled_at=now)
