"""Write down what providers answered, and say so to the others. Next: clew_shared.contracts.notify.MessageSent."""

import random
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from clew_shared.contracts.ids import derived_id
from clew_shared.contracts.notify import DeliveryFailed, MessageSent
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import ARRAY, Boolean, Float, Integer, Text, Uuid, and_, bindparam, case, column, func, or_, update

from clew_notify.claim import Claimed
from clew_notify.domain.outcome import Accepted, Next, NotTried, Outcome, Refused, Suppressed, next_state
from clew_notify.domain.rule import RULES
from clew_notify.history import note_history
from clew_notify.suppress import suppress
from clew_notify.tables import DELIVERY

_TYPES: dict[str, Any] = {
    "id": Uuid,
    "lease": Uuid,
    "status": Text,
    "reason": Text,
    "attempts": Integer,
    "possible_duplicate": Boolean,
    "pause": Float,
    "rewritten_as": Text,
}
_COLUMNS = tuple(_TYPES)
_ENDED = ("failed", "dead", "suppressed")

log = structlog.get_logger()

Result = tuple[Claimed, Outcome]


async def settle(results: Sequence[Result], uow: UnitOfWork) -> None:
    """Move each delivery to where its outcome leads; an attempt whose lease was lost changes nothing any more."""
    states = {claimed.id: _next(claimed, outcome) for claimed, outcome in results}
    rows = [_row(claimed, outcome, states[claimed.id]) for claimed, outcome in results]
    found = await uow.connection.execute(_SETTLE, {f"all_{name}": [row[name] for row in rows] for name in _COLUMNS})
    settled = set(found.scalars())
    if len(settled) < len(rows):
        log.warning("deliver.lease_lost", deliveries=[str(row["id"]) for row in rows if row["id"] not in settled])
    ours = [(claimed, outcome) for claimed, outcome in results if claimed.id in settled]
    if not ours:
        return
    steps = [
        (claimed.id, states[claimed.id].status, _detail(claimed, outcome, states[claimed.id]))
        for claimed, outcome in ours
    ]
    await note_history(uow.connection, steps)
    await _suppress_gone(ours, uow)
    for claimed, outcome in ours:
        _tell(claimed, outcome, states[claimed.id], uow)


def _next(claimed: Claimed, outcome: Outcome) -> Next:
    return next_state(
        outcome,
        RULES[claimed.rule],
        attempt=claimed.attempt,
        in_doubt_before=claimed.possible_duplicate,
        now=claimed.now,
        expires_at=claimed.expires_at,
        chance=random.random(),
    )


def _row(claimed: Claimed, outcome: Outcome, state: Next) -> Mapping[str, Any]:
    tried = not isinstance(outcome, NotTried | Suppressed)
    return {
        "id": claimed.id,
        "lease": claimed.lease,
        "status": state.status,
        "reason": state.reason,
        "attempts": claimed.attempt if tried else claimed.attempt - 1,
        "possible_duplicate": claimed.possible_duplicate,
        "pause": None if state.pause is None else state.pause.total_seconds(),
        "rewritten_as": outcome.rewritten_as if isinstance(outcome, Accepted) else None,
    }


def _detail(claimed: Claimed, outcome: Outcome, state: Next) -> str | None:
    said = outcome.detail if isinstance(outcome, Accepted) else state.reason
    if claimed.possible_duplicate and isinstance(outcome, Accepted):
        return f"possible_duplicate: {said}" if said else "possible_duplicate"
    return said


async def _suppress_gone(results: Sequence[Result], uow: UnitOfWork) -> None:
    gone: dict[str, UUID] = {}
    for claimed, outcome in results:
        if isinstance(outcome, Refused) and outcome.gone:
            gone[claimed.recipient] = claimed.id
    if gone:
        reason = "The mail system says that there is no such mailbox."
        await suppress(gone, uow, scope="all", reason=reason, just_now=True)


def _tell(claimed: Claimed, outcome: Outcome, state: Next, uow: UnitOfWork) -> None:
    if isinstance(outcome, Accepted):
        sent = MessageSent(
            delivery_id=claimed.id,
            recipient=claimed.recipient,
            message_id=claimed.message_id,
            subject_line=claimed.subject_line,
            sent_at=claimed.now,
            deal_id=claimed.deal_id,
            activity_id=claimed.activity_id,
            rewritten_as=outcome.rewritten_as,
        )
        uow.emit(sent, event_id=derived_id(claimed.id, "message_sent"))
    elif state.status in _ENDED:
        failed = DeliveryFailed(
            delivery_id=claimed.id,
            recipient=claimed.recipient,
            status=state.status,
            reason=state.reason or "",
            failed_at=claimed.now,
            deal_id=claimed.deal_id,
            activity_id=claimed.activity_id,
        )
        uow.emit(failed, event_id=derived_id(claimed.id, f"delivery_failed {claimed.attempt}"))
        log.error("deliver.given_up", delivery_id=str(claimed.id), status=state.status, attempts=claimed.attempt)


def _settle() -> Any:
    arrays = (bindparam(f"all_{name}", type_=ARRAY(kind)) for name, kind in _TYPES.items())
    typed = (column(name, kind) for name, kind in _TYPES.items())
    given = func.unnest(*arrays).table_valued(*typed).render_derived(name="given")
    # Within one transaction the row lock is the claim. A bounce can overtake the answer that it belongs to.
    locked_here = and_(given.c.lease.is_(None), DELIVERY.c.status.in_(("planned", "held", "in_doubt")))
    bounced = DELIVERY.c.status == "bounced"
    return (
        update(DELIVERY)
        .where(DELIVERY.c.id == given.c.id, or_(DELIVERY.c.lease == given.c.lease, locked_here))
        .values(
            status=case((bounced, DELIVERY.c.status), else_=given.c.status),
            reason=case((bounced, DELIVERY.c.reason), else_=given.c.reason),
            attempts=given.c.attempts,
            possible_duplicate=given.c.possible_duplicate,
            due_at=func.now() + func.make_interval(0, 0, 0, 0, 0, 0, given.c.pause),
            sent_at=case((given.c.status == "accepted", func.now()), else_=DELIVERY.c.sent_at),
            lease=None,
            lease_until=None,
            rewritten_as=func.coalesce(given.c.rewritten_as, DELIVERY.c.rewritten_as),
        )
        .returning(DELIVERY.c.id)
    )


_SETTLE = _settle()
