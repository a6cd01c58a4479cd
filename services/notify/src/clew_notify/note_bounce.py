"""Mails that came back: note it at the delivery, and stop writing to addresses that do not exist.

A report counts only when it names a mail of ours: anybody can send one. Next: clew_notify.suppress.suppress.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from clew_shared.contracts.mail import MailBounced
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import ARRAY, Text, Uuid, bindparam, column, func, select, update

from clew_notify.domain.retry import is_gone
from clew_notify.history import note_history
from clew_notify.suppress import suppress
from clew_notify.tables import DELIVERY

_OURS = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^<>\s]+>")
_CAN_BOUNCE = ("sending", "accepted", "delivered", "in_doubt")


async def note_bounces(batch: Sequence[Received[MailBounced]], uow: UnitOfWork) -> None:
    """Bind each report to the delivery that it is about; it never makes a new one."""
    reports = {id_: received.event for received in batch if (id_ := _named(received.event)) is not None}
    if not reports:
        return
    rows = (await uow.connection.execute(_FIND, {"ids": sorted(reports)})).all()
    copies = Counter(row.named for row in rows)
    found = {row.id: reports[row.named] for row in rows if _is_about(reports[row.named], row, copies[row.named])}
    if not found:
        return
    values = {"ids": list(found), "reasons": [_reason(report) for report in found.values()]}
    recipients: dict[UUID, str] = {row.id: row.recipient for row in await uow.connection.execute(_BOUNCE, values)}
    if recipients:
        await note_history(uow.connection, [(id_, "bounced", _reason(found[id_])) for id_ in recipients])
    gone = {recipients[id_]: id_ for id_ in recipients if found[id_].kind == "bounce" and is_gone(found[id_].status)}
    complained = {recipients[id_]: id_ for id_ in recipients if found[id_].kind == "complaint"}
    if gone:
        await suppress(uow.connection, gone, scope="all", reason="Mail came back: there is no such mailbox.")
    if complained:
        await suppress(uow.connection, complained, scope="automatic", reason="The reader complained.")


def _named(report: MailBounced) -> UUID | None:
    match = _OURS.fullmatch((report.message_id or "").strip().lower())
    return UUID(match.group(1)) if match else None


def _is_about(report: MailBounced, row: Any, copies: int) -> bool:
    """Tell which of the copies that share a Message-ID came back; a report that names nobody is about the first."""
    if report.recipient and copies > 1:
        return report.recipient.casefold() == str(row.recipient).casefold()
    return copies == 1 or bool(row.id == row.named)


def _reason(report: MailBounced) -> str:
    return " ".join(part for part in (report.kind, report.status, " ".join(report.text.split())[:200]) if part)


def _find() -> Any:
    named = select(DELIVERY).where(DELIVERY.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid)))).subquery("named")
    same_mail = (
        (DELIVERY.c.event_id == named.c.event_id)
        & (DELIVERY.c.rule == named.c.rule)
        & (DELIVERY.c.message_id == named.c.message_id)
    )
    return (
        select(DELIVERY.c.id, DELIVERY.c.recipient, named.c.id.label("named"))
        .join(named, same_mail)
        .where(DELIVERY.c.status.in_(_CAN_BOUNCE))
        .with_for_update(of=DELIVERY)
    )


def _bounce() -> Any:
    arrays = bindparam("ids", type_=ARRAY(Uuid)), bindparam("reasons", type_=ARRAY(Text))
    came_back = func.unnest(*arrays).table_valued(column("id", Uuid), "reason").render_derived(name="came_back")
    return (
        update(DELIVERY)
        .where(DELIVERY.c.id == came_back.c.id)
        .values(status="bounced", reason=came_back.c.reason)
        .returning(DELIVERY.c.id, DELIVERY.c.recipient)
    )


_FIND = _find()
_BOUNCE = _bounce()
