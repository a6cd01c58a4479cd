"""The built-in mailbox: what is sent stays here. Next: clew_notify.routes.sandbox.SandboxRoutes."""

from collections.abc import Sequence

from clew_shared.runtime.database import insert_rows
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.claim import Claimed
from clew_notify.tables import SANDBOX_MESSAGE

_COLUMNS = ("id", "recipient", "subject_line")
_INSERT = insert_rows(SANDBOX_MESSAGE, _COLUMNS).on_conflict_do_nothing()


class SandboxMailbox:
    """Takes every mail, once; the bytes stay where they are."""

    async def take(self, mails: Sequence[Claimed], connection: AsyncConnection) -> None:
        """Put the mails in, in the caller's transaction."""
        values = {
            "id": [mail.id for mail in mails],
            "recipient": [mail.recipient.casefold() for mail in mails],
            "subject_line": [mail.subject_line for mail in mails],
        }
        await connection.execute(_INSERT, values)


class SandboxPhone(SandboxMailbox):
    """Takes every SMS, and shows it beside the mails."""
