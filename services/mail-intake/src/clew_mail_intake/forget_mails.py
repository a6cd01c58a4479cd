"""Forget the bytes of mails that were kept as long as the settings say. Next: clew_mail_intake.tables.message.

What a mail was taken for stays, and its fingerprint, by which it would be known if it came again.
"""

import asyncio
from datetime import datetime, timedelta

import structlog
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import Settings
from sqlalchemy import ARRAY, Boolean, Text, bindparam, delete, text
from sqlalchemy.exc import SQLAlchemyError

from clew_mail_intake.tables import refused_mail

_MACHINES = ("auto_reply", "bounce", "complaint", "list", "spam")
_ANYBODY = ("enquiry", *_MACHINES)
_AT_A_TIME = 200
_REFUSED_DAYS = 30
_LOOK_SECONDS = 3600.0

log = structlog.get_logger()


async def keep_forgetting(rail: Rail, settings: Settings) -> None:
    """Run until cancelled; several processes may."""
    while True:
        try:
            await forget_mails(rail, settings, utc_now())
            await forget_refused(rail, utc_now())
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.info("mail.not_forgotten", error=str(error)[:200])
        await asyncio.sleep(_LOOK_SECONDS)


async def forget_mails(rail: Rail, settings: Settings, now: datetime) -> int:
    """Drop the bytes of what is too old and give how many mails that were; what waits for a person is never too old."""
    forgotten = 0
    for days, verdicts in ((settings.mail_keep_days, _ANYBODY), (settings.machine_mail_keep_days, _MACHINES)):
        if days is None:
            continue
        dropped = _AT_A_TIME
        while dropped == _AT_A_TIME:
            async with rail.unit_of_work() as uow:
                values = {"before": now - timedelta(days=days), "verdicts": list(verdicts), "most": _AT_A_TIME}
                # What people were done with may be anybody's.
                values |= {"done_with": verdicts is _ANYBODY}
                dropped = len((await uow.connection.execute(_FORGET, values)).all())
            forgotten += dropped
    if forgotten:
        log.info("mail.forgotten", mails=forgotten)
    return forgotten


async def forget_refused(rail: Rail, now: datetime) -> None:
    """Drop what was noted of mails that were refused so long ago that nobody asks."""
    async with rail.unit_of_work() as uow:
        old = refused_mail.c.refused_at < now - timedelta(days=_REFUSED_DAYS)
        await uow.connection.execute(delete(refused_mail).where(old))


_FORGET = text(
    """
    WITH old AS (
        SELECT key FROM mail_intake.message
        WHERE received_at < :before AND forgotten_at IS NULL AND (
            verdict = ANY(:verdicts)
            OR :done_with AND verdict = 'quarantine' AND discarded_at IS NOT NULL
            OR :done_with AND verdict IS NULL AND 'discarded' = (
                SELECT what FROM mail_intake.handling WHERE message_key = message.key ORDER BY id DESC LIMIT 1
            )
        )
        ORDER BY received_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), bytes AS (
        DELETE FROM mail_intake.raw_piece USING old WHERE message_key = old.key
    ), copies AS (
        DELETE FROM mail_intake.further_copy USING old WHERE message_key = old.key RETURNING further_copy.key
    ), bytes_of_copies AS (
        DELETE FROM mail_intake.raw_piece USING copies WHERE message_key = copies.key
    )
    UPDATE mail_intake.message SET forgotten_at = now(), preview = '', understanding = NULL
    FROM old WHERE message.key = old.key RETURNING message.key
    """
).bindparams(bindparam("verdicts", type_=ARRAY(Text)), bindparam("done_with", type_=Boolean))
