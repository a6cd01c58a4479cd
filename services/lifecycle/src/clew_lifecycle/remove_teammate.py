"""Part with a person who worked here. Next: clew_notify.announce."""

from clew_shared.contracts.lifecycle import TeammateRemoved
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import func, update

from clew_lifecycle.store.team_tables import session, sign_in_link, teammate


async def remove_teammate(email: str, uow: UnitOfWork) -> bool:
    """End somebody's access; what they wrote and what they own stays theirs. Give False for who is no teammate."""
    read = normalise_email(email)
    found = await uow.connection.execute(
        update(teammate)
        .where(teammate.c.email_key == (read.key if read else ""), teammate.c.active)
        .values(active=False)
        .returning(teammate.c.id, teammate.c.email)
    )
    gone = found.one_or_none()
    if gone is None:
        return False
    await uow.connection.execute(
        update(session)
        .where(session.c.teammate_id == gone.id, session.c.ended_at.is_(None))
        .values(ended_at=func.now())
    )
    await uow.connection.execute(
        update(sign_in_link).where(sign_in_link.c.teammate_id == gone.id).values(used_at=func.now())
    )
    uow.emit(TeammateRemoved(email=gone.email))
    return True
