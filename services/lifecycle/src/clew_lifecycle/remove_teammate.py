"""Let a person go: they sign in no more and hear of nothing more. Next: clew_notify.announce.Announcer."""

from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import TeammateRemoved
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import update

from clew_lifecycle.store.team_tables import session, sign_in_link, teammate


async def remove_teammate(email: str, uow: UnitOfWork) -> bool:
    """End a teammate's sessions and links; what they did stays under their name. Give False when there is none."""
    read = normalise_email(email)
    if read is None:
        return False
    removed = await uow.connection.execute(
        update(teammate)
        .where(teammate.c.email_key == read.key, teammate.c.active)
        .values(active=False)
        .returning(teammate.c.id, teammate.c.email)
    )
    row = removed.one_or_none()
    if row is None:
        return False
    open_sessions = update(session).where(session.c.teammate_id == row.id, session.c.ended_at.is_(None))
    await uow.connection.execute(open_sessions.values(ended_at=utc_now()))
    unused = update(sign_in_link).where(sign_in_link.c.teammate_id == row.id, sign_in_link.c.used_at.is_(None))
    await uow.connection.execute(unused.values(used_at=utc_now()))
    uow.emit(TeammateRemoved(email=row.email))
    return True
