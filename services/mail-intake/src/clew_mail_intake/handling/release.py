"""Let a mail through that was set aside: a person says that it is an enquiry. Next: clew_mail_intake.decide.decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import update

from clew_mail_intake.decide import Release, decide
from clew_mail_intake.handling.note_handling import note_handling
from clew_mail_intake.kept_files import list_files
from clew_mail_intake.process import Processing, emit_decision
from clew_mail_intake.scan_files import with_kept_scans
from clew_mail_intake.stored_mail import StoredMail, read_mails
from clew_mail_intake.tables import message
from clew_mail_intake.write_verdicts import Judged, write_verdicts

RELEASABLE = frozenset({"quarantine", "spam", "list", "auto_reply"})


class NotReleasable(Exception):
    """The mail has a verdict that nobody can lift, or none yet."""

    def __init__(self, verdict: str | None) -> None:
        super().__init__(verdict)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Releasing:
    """What came of a call for many: those let through now, those that had been before, and those that stay."""

    released: int = 0
    before: int = 0
    stay: int = 0


async def release_mail(
    key: UUID, by: str, processing: Processing, uow: UnitOfWork, *, deal: UUID | None = None
) -> bool | None:
    """Tell the mail as an enquiry, once: True when that happened now, False when it had before, None without a mail.

    `deal` is where the person wants it; without one it goes where its own words lead. Raises `NotReleasable`.
    """
    # The row lock makes a second click wait, and then find what the first one did.
    mails = await read_mails([key], uow.connection, lock=True)
    if not mails:
        return None
    [mail] = mails
    if mail.verdict == "enquiry":
        return False
    if not _is_releasable(mail):
        raise NotReleasable(mail.verdict)
    await _let_through(mail, Release(by, deal), processing, uow)
    return True


async def release_mails(keys: Sequence[UUID], by: str, processing: Processing, uow: UnitOfWork) -> Releasing:
    """Tell each of the mails as an enquiry, once; those that nobody can let through stay as they are."""
    mails = await read_mails(keys, uow.connection, lock=True)
    willing = [mail for mail in mails if _is_releasable(mail)]
    for mail in willing:
        await _let_through(mail, Release(by), processing, uow)
    before = sum(mail.verdict == "enquiry" for mail in mails)
    return Releasing(released=len(willing), before=before, stay=len(mails) - len(willing) - before)


def _is_releasable(mail: StoredMail) -> bool:
    return mail.verdict in RELEASABLE and not mail.forgotten


async def _let_through(mail: StoredMail, release: Release, processing: Processing, uow: UnitOfWork) -> None:
    # Nobody waits for a scanner while the mail is locked.
    files = await list_files(mail.key, uow.connection)
    read = with_kept_scans(await processing.read_one(mail, uow.connection), files)
    decision = decide(mail, read, processing.ours, release=release)
    await write_verdicts([Judged(mail, read, decision)], uow.connection)
    await uow.connection.execute(
        update(message)
        .where(message.c.key == mail.key)
        .values(released_by=release.by, released_at=utc_now(), discarded_at=None)
    )
    await note_handling([mail.key], "released", release.by, uow.connection, deal=release.deal)
    emit_decision(mail.key, decision, uow)
