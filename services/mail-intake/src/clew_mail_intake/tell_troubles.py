"""Tell the team of a mailbox that is silent or cannot be read, once, and when it is well again.

One of which it was told that no mail comes is told again when it cannot be read: that is graver, and somebody else's to
mend.

Next: clew_shared.contracts.mail.MailboxTroubled.
"""

import asyncio
from datetime import datetime, timedelta

import structlog
from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.mail import MailboxRecovered, MailboxTroubled
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

_LOOK_SECONDS = 15.0
# A provider that gives no token for a moment is nobody's business yet.
_TOKEN_PATIENCE = timedelta(minutes=2)
_SLACK = timedelta(minutes=1)

log = structlog.get_logger()


async def keep_telling(rail: Rail, settings: Settings) -> None:
    """Look after all mailboxes until cancelled; several processes may."""
    since = utc_now()
    calm = timedelta(seconds=settings.imap_idle_seconds + settings.imap_answer_seconds) + _SLACK
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            async with rail.unit_of_work() as uow:
                await tell_troubles(uow, since, utc_now(), calm)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.info("mailbox.troubles_not_told", error=str(error)[:200])


async def tell_troubles(uow: UnitOfWork, since: datetime, now: datetime, calm: timedelta) -> None:
    """Emit `MailboxTroubled` and `MailboxRecovered`.

    `since` is when we began to look: what was not read before that is not the mailbox's fault. `calm` is how long one
    that is well says nothing at most.
    """
    values = {"since": since, "now": now, "calm": calm, "token_patience": _TOKEN_PATIENCE}
    recovered = (await uow.connection.execute(_RECOVERED, values)).mappings().all()
    for row in recovered:
        log.info("mailbox.recovered", mailbox=str(row["mailbox_id"]))
        uow.emit(MailboxRecovered(**row))
    troubled = (await uow.connection.execute(_TROUBLED, values)).mappings().all()
    for row in troubled:
        log.warning("mailbox.troubled", mailbox=str(row["mailbox_id"]), trouble=row["trouble"])
        uow.emit(MailboxTroubled(**row))


_RECOVERED = text(
    """
    WITH well AS (
        SELECT id, troubled_at FROM mail_intake.mailbox
        WHERE troubled_at IS NOT NULL AND state = 'connected' AND last_success_at > troubled_at
          AND (trouble <> 'no_mail' OR last_mail_at > troubled_at)
        FOR UPDATE
    )
    UPDATE mail_intake.mailbox AS box SET trouble = NULL, troubled_at = NULL FROM well WHERE box.id = well.id
    RETURNING box.id AS mailbox_id, host, username, folder, well.troubled_at, CAST(:now AS timestamptz) AS recovered_at
    """
)
_TROUBLED = text(
    """
    WITH quiet AS (
        SELECT id,
            CAST(:now AS timestamptz) - greatest(coalesce(last_success_at, created_at), resumed_at, :since) AS unread,
            CAST(:now AS timestamptz) - greatest(coalesce(last_mail_at, created_at), resumed_at) AS without_mail
        FROM mail_intake.mailbox WHERE NOT paused
    ), found AS (
        SELECT id, CASE
            WHEN state = 'degraded' AND unread > :token_patience THEN 'no_token'
            WHEN unread > make_interval(mins => alarm_minutes) AND (state <> 'connected' OR unread > :calm)
                THEN 'no_success'
            WHEN state = 'connected' AND last_success_at > :since
                AND without_mail > make_interval(hours => silent_hours) THEN 'no_mail'
        END AS trouble
        FROM mail_intake.mailbox JOIN quiet USING (id)
        WHERE troubled_at IS NULL OR trouble = 'no_mail'
    )
    UPDATE mail_intake.mailbox AS box SET trouble = found.trouble, troubled_at = :now
    FROM found WHERE box.id = found.id AND found.trouble IS NOT NULL
        AND (box.troubled_at IS NULL OR box.trouble = 'no_mail' AND found.trouble <> 'no_mail')
    RETURNING box.id AS mailbox_id, host, username, folder, box.trouble, box.troubled_at, last_error AS error,
        last_success_at, last_mail_at
    """
)
