"""Let a mail through that was set aside: a person says that it is an enquiry. Next: clew_mail_intake.decide.decide."""

from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import update

from clew_mail_intake.decide import decide
from clew_mail_intake.process import Processing, emit_decision
from clew_mail_intake.stored_mail import read_mails
from clew_mail_intake.tables import message
from clew_mail_intake.write_verdicts import Judged, write_verdicts

RELEASABLE = frozenset({"quarantine", "spam", "list", "auto_reply"})


class NotReleasable(Exception):
    """The mail has a verdict that nobody can lift, or none yet."""

    def __init__(self, verdict: str | None) -> None:
        super().__init__(verdict)
        self.verdict = verdict


async def release_mail(key: UUID, by: str, processing: Processing, uow: UnitOfWork) -> bool | None:
    """Tell the mail as an enquiry, once: True when that happened now, False when it had before, None without a mail.

    Raises `NotReleasable`.
    """
    # The row lock makes a second click wait, and then find what the first one did.
    mails = await read_mails([key], uow.connection, lock=True)
    if not mails:
        return None
    [mail] = mails
    if mail.verdict == "enquiry":
        return False
    if mail.verdict not in RELEASABLE or mail.forgotten:
        raise NotReleasable(mail.verdict)
    read = await processing.read_one(mail, uow.connection)
    decision = decide(mail, read, processing.ours, released=True)
    await write_verdicts([Judged(mail, read, decision)], uow.connection)
    await uow.connection.execute(
        update(message).where(message.c.key == key).values(released_by=by, released_at=utc_now())
    )
    emit_decision(key, decision, uow)
    return True
