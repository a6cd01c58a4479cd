"""Have a delivery that ended, or that waits for a person's word, tried again. Next: clew_notify.claim.claim_due."""

from typing import Any
from uuid import UUID

from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import exists, func, or_, select, update

from clew_notify.domain.rule import RULES
from clew_notify.history import note_history
from clew_notify.tables import DELIVERY, MAIL

_CAN_RETRY = ("failed", "dead", "bounced", "suppressed", "in_doubt")


async def retry_delivery(delivery_id: UUID, actor: str, uow: UnitOfWork) -> None:
    """Make the delivery due now, for as long as its rule allows. Raises `Problem` 404 and 409."""
    row: Any = (
        await uow.connection.execute(
            select(DELIVERY.c.status, DELIVERY.c.rule, exists().where(MAIL.c.delivery_id == delivery_id).label("mail"))
            .where(DELIVERY.c.id == delivery_id)
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise not_found("delivery")
    if row.status not in _CAN_RETRY:
        raise Problem(409, "Nothing to retry", f"The delivery is {row.status.replace('_', ' ')}.")
    if not row.mail:
        raise Problem(409, "Nothing to send", "The mail could not be composed, so there is none to send.")
    await uow.connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.id == delivery_id)
        .values(
            status="planned",
            possible_duplicate=or_(DELIVERY.c.possible_duplicate, DELIVERY.c.status == "in_doubt"),
            due_at=func.now(),
            expires_at=func.now() + RULES[row.rule].window,
        )
    )
    await note_history(uow.connection, [(delivery_id, "planned", f"again, by {actor}")])
