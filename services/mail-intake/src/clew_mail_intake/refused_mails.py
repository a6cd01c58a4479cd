"""Mails that were refused for good: noted, so that somebody who asks after one gets an answer.

Next: clew_mail_intake.showing.show_mails.list_mails.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from clew_shared.runtime.database import as_arrays, insert_rows
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy.exc import SQLAlchemyError

from clew_mail_intake.count_mails import count_received, count_verdict
from clew_mail_intake.tables import refused_mail

_MOST_WAITING = 5_000
_LONGEST_LIST = 10_000
_COLUMNS = tuple(column.name for column in refused_mail.c)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMail:
    """A mail that is not ours; `key` stands in the reply that its sender got."""

    key: UUID
    door: str
    reply: str
    mail_from: str | None
    recipients: tuple[str, ...]
    size: int
    client_address: str
    client_name: str | None
    refused_at: datetime


class Refusals:
    """Notes refused mails beside the conversations: nobody waits for that, and without a database nothing breaks."""

    def __init__(self, unit_of_work: Callable[[], UnitOfWork]) -> None:
        self._unit_of_work = unit_of_work
        self._waiting: list[RefusedMail] = []
        self._writer: asyncio.Task[None] | None = None

    def note(self, mail: RefusedMail) -> None:
        count_received(mail.door)
        count_verdict(mail.door, "rejected")
        log.info("mail.rejected", message=str(mail.key), trace=mail.key.hex, door=mail.door, reply=mail.reply)
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(mail)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="note refused mails")

    async def close(self) -> None:
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            rows = [_row(mail) for mail in batch]
            try:
                async with self._unit_of_work() as uow:
                    await uow.connection.execute(insert_rows(refused_mail, _COLUMNS), as_arrays(rows, _COLUMNS))
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                # The reply and the log have told it.
                log.info("mail.refusals_not_noted", mails=len(batch), error=str(error)[:200])


def _row(mail: RefusedMail) -> dict[str, Any]:
    # Not even text need be what stands in a refused path.
    recipients = "\n".join(mail.recipients).encode("utf-8", "replace").decode().replace("\0", "")
    return asdict(mail) | {"recipients": recipients[:_LONGEST_LIST]}
