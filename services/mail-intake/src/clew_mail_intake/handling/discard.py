"""Be done with mails that were set aside, or take them back; their bytes stay as long as any mail's.

Next: clew_mail_intake.handling.note_handling.note_handling.
"""

from collections.abc import Sequence
from uuid import UUID

from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import func, null, update

from clew_mail_intake.handling.note_handling import note_handling
from clew_mail_intake.handling.release import RELEASABLE
from clew_mail_intake.tables import message


async def discard_mails(keys: Sequence[UUID], by: str, uow: UnitOfWork) -> int:
    """Take mails off the list of those that somebody should look at; give how many were on it."""
    statement = (
        update(message)
        .where(message.c.key.in_(keys), message.c.verdict.in_(RELEASABLE), message.c.discarded_at.is_(None))
        .values(discarded_at=func.now())
        .returning(message.c.key)
    )
    done = (await uow.connection.scalars(statement)).all()
    await note_handling(done, "discarded", by, uow.connection)
    return len(done)


async def restore_mails(keys: Sequence[UUID], by: str, uow: UnitOfWork) -> int:
    """Put mails that were discarded back on the list while they are kept; give how many there were."""
    statement = (
        update(message)
        .where(message.c.key.in_(keys), message.c.discarded_at.is_not(None), message.c.forgotten_at.is_(None))
        .values(discarded_at=null())
        .returning(message.c.key)
    )
    done = (await uow.connection.scalars(statement)).all()
    await note_handling(done, "restored", by, uow.connection)
    return len(done)
