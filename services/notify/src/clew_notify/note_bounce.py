"""Mails that came back: note it at the delivery, tell it, and stop writing to addresses that do not exist.

Next: clew_lifecycle.note_bounce.note_bounces.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import derived_id
from clew_shared.contracts.mail import MailBounced
from clew_shared.contracts.notify import MailReturned
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from clew_notify.bind_bounce import Bound, bind_bounces
from clew_notify.domain.retry import is_gone
from clew_notify.history import note_history
from clew_notify.suppress import suppress

_BECOMES = {"hard": "bounced", "soft": "bounced", "arrived": "delivered"}
_REASON = 200


async def note_bounces(batch: Sequence[Received[MailBounced]], uow: UnitOfWork) -> None:
    """Bind each report to the delivery that it is about; it never makes a new one."""
    bound = await bind_bounces([received.event for received in batch], uow.connection)
    if not bound:
        return
    await _note_on_deliveries(bound, uow)
    for one in bound:
        uow.emit(_returned(one), event_id=derived_id(one.report.message_key, "mail_returned"))
    await _stop(bound, uow)


async def _note_on_deliveries(bound: Iterable[Bound], uow: UnitOfWork) -> None:
    """What is bound by the recipient alone changes no delivery, unless it is proven: it may be somebody's joke.

    Of several reports about one delivery that which came back counts, and what is proven of it.
    """
    sure = [(one, one.delivery) for one in bound if one.delivery and (one.proven or one.by != "recipient")]
    steps = [(delivery.id, _status(one.report), _reason(one.report)) for one, delivery in sure]
    changed = {
        delivery.id: (status, _reason(one.report), one.report.status if one.proven and status == "bounced" else None)
        for one, delivery in sorted(sure, key=lambda pair: (_status(pair[0].report) == "bounced", pair[0].proven))
        if (status := _status(one.report)) != "delayed"
    }
    if changed:
        statuses, reasons, returned = zip(*changed.values(), strict=True)
        values = {"ids": list(changed), "statuses": statuses, "reasons": reasons, "returned": returned}
        await uow.connection.execute(_CHANGE, values)
    if steps:
        await note_history(uow.connection, steps)


def _status(report: MailBounced) -> str:
    return "bounced" if report.kind == "complaint" else _BECOMES.get(report.severity, "delayed")


def _reason(report: MailBounced) -> str:
    words = " ".join((report.diagnostic or report.text).split())[:_REASON]
    return " ".join(part for part in (report.kind, report.status, words) if part)


def _returned(one: Bound) -> MailReturned:
    report, delivery = one.report, one.delivery
    return MailReturned(
        message_key=report.message_key,
        kind=report.kind,
        severity=report.severity,
        received_at=report.received_at,
        bound_by=one.by,
        proven=one.proven,
        recipient=report.recipient or (delivery.recipient if delivery else None),
        status=report.status,
        diagnostic=report.diagnostic,
        text=report.text,
        delivery_id=delivery.id if delivery else None,
        deal_id=one.deal_id,
        activity_id=delivery.activity_id if delivery else None,
    )


async def _stop(bound: Iterable[Bound], uow: UnitOfWork) -> None:
    """End an address that does not exist, and one that nothing has reached on three days of the last thirty."""
    proven = [(one.report, one.delivery) for one in bound if one.proven and one.delivery]
    failed = [pair for pair in proven if pair[0].kind == "bounce" and pair[0].severity in ("hard", "soft")]
    gone = {delivery.recipient: delivery.id for report, delivery in failed if is_gone(report.status)}
    complained = {delivery.recipient: delivery.id for report, delivery in proven if report.kind == "complaint"}
    if gone:
        await suppress(gone, uow, scope="all", reason="Mail came back: there is no such mailbox.")
    if complained:
        await suppress(complained, uow, scope="automatic", reason="The reader complained.")
    others = {delivery.recipient.lower(): delivery.id for _, delivery in failed if delivery.recipient not in gone}
    again = await _never_reached(others, uow) if others else {}
    if again:
        await suppress(again, uow, scope="all", reason="Mail came back on three days within a month.")


async def _never_reached(addresses: dict[str, UUID], uow: UnitOfWork) -> dict[str, UUID]:
    found = await uow.connection.scalars(_NEVER_REACHED, {"addresses": list(addresses)})
    return {address: addresses[address] for address in found}


def _change() -> Any:
    return text(
        """UPDATE notify.delivery SET status = given.status, reason = given.reason,
  returned = coalesce(given.returned, delivery.returned)
FROM unnest(:ids, :statuses, :reasons, :returned) AS given (id, status, reason, returned)
WHERE delivery.id = given.id AND (given.status = 'bounced' OR delivery.status <> 'bounced')"""
    ).bindparams(
        bindparam("ids", type_=ARRAY(Uuid)),
        *(bindparam(name, type_=ARRAY(Text)) for name in ("statuses", "reasons", "returned")),
    )


_CHANGE = _change()
# What was refused by policy (5.7) is about us; what came back before somebody lifted it is forgiven. What is not proven
# has not `returned`.
_NEVER_REACHED = text(
    """SELECT lower(recipient) FROM notify.delivery
LEFT JOIN notify.suppression ON suppression.address = lower(recipient)
WHERE lower(recipient) = ANY(:addresses) AND delivery.status = 'bounced' AND returned NOT LIKE '5.7.%'
  AND delivery.created_at > now() - interval '30 days'
  AND delivery.created_at > coalesce(suppression.lifted_at, '-infinity')
GROUP BY 1
HAVING count(DISTINCT (delivery.created_at AT TIME ZONE 'UTC')::date) >= 3"""
).bindparams(bindparam("addresses", type_=ARRAY(Text)))
