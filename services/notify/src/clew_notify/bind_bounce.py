"""Find which delivery of ours a report is about, and how sure that is. Next: clew_notify.note_bounce.note_bounces.

Anybody can send a report. One that names a Message-ID of ours is from somebody who has seen that mail. A reply address
that we signed is known to everybody who writes on its deal: it proves something only in a mail system's name, and
nothing against a teammate. What remains is that who writes on a deal may write in such a name against another of its
clients; a person undoes that. One that only names whom we write to may be anybody's: it is bound to the newest mail to
them within ten days, as long as two mail systems may keep trying (RFC 5321 4.5.4.1), and proves nothing, unless the
very mail system of that address is shown to have sent it. Nothing is proven by a report that fails DMARC.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from clew_shared.contracts.mail import MailBounced
from sqlalchemy import ARRAY, DateTime, Integer, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

_WINDOW = timedelta(days=10)
# RFC 5321 4.5.1, RFC 2142 5: no provider gives these to a customer.
_KEPT_BY_PROVIDERS = {"mailer-daemon", "mailerdaemon", "postmaster"}
_OURS = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as far as a report is about it."""

    id: UUID
    recipient: str
    deal_id: UUID | None
    activity_id: UUID | None
    works_here: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A report with what it is about; without a delivery it is only known to be about a mail of `deal_id`."""

    report: MailBounced
    by: Literal["message_id", "reply_token", "recipient"]
    delivery: Delivery | None
    deal_id: UUID | None
    proven: bool


async def bind_bounces(reports: Sequence[MailBounced], connection: AsyncConnection) -> list[Bound]:
    """Bind by Message-ID, else by the reply address, else by the recipient; what is about none of ours is left out."""
    bound = await _by_message_id(reports, connection)
    bound |= await _by_recipient({place: one for place, one in enumerate(reports) if place not in bound}, connection)
    for place, report in enumerate(reports):
        token = report.reply_token
        if place not in bound and token is not None and not token.expired:
            bound[place] = Bound(report, "reply_token", None, token.deal_id, proven=False)
    return [bound[place] for place in sorted(bound)]


async def _by_message_id(reports: Sequence[MailBounced], connection: AsyncConnection) -> dict[int, Bound]:
    named = {place: id_ for place, report in enumerate(reports) if (id_ := _named(report)) is not None}
    if not named:
        return {}
    found = await connection.execute(_NAMED, {"places": list(named), "ids": list(named.values())})
    copies: dict[int, list[Delivery]] = {}
    for row in found:
        copies.setdefault(row.place, []).append(_delivery(row))
    return {place: _of_copies(reports[place], each) for place, each in copies.items()}


def _named(report: MailBounced) -> UUID | None:
    match = _OURS.fullmatch((report.message_id or "").strip().lower())
    return UUID(match.group(1)) if match else None


def _delivery(row: Any) -> Delivery:
    return Delivery(row.id, row.recipient, row.deal_id, row.activity_id, row.works_here)


def _of_copies(report: MailBounced, copies: Sequence[Delivery]) -> Bound:
    """Tell which of the copies that share a Message-ID it is about; of several none, where the report names nobody."""
    meant = [copy for copy in copies if report.recipient and _same(report.recipient, copy.recipient)]
    if not meant and len(copies) == 1:
        meant = list(copies)
    # Where a mail was passed on, it is the next mailbox that is gone, not the one that we wrote to. Who complains is
    # often told in a way that nobody can read.
    hidden = not report.recipient or report.kind == "complaint"
    proven = bool(meant) and (hidden or _same(report.recipient or "", meant[0].recipient))
    # Everybody who got a copy knows the id.
    only_theirs = len(copies) == 1 or not any(copy.works_here for copy in meant)
    proven = proven and only_theirs and report.authenticity != "fail"
    return Bound(report, "message_id", meant[0] if meant else None, copies[0].deal_id, proven)


async def _by_recipient(reports: Mapping[int, MailBounced], connection: AsyncConnection) -> dict[int, Bound]:
    named = {place: report for place, report in reports.items() if report.recipient}
    if not named:
        return {}
    values = {
        "places": list(named),
        "recipients": [(report.recipient or "").lower() for report in named.values()],
        "deals": [_deal_named(report) for report in named.values()],
        "earliest": [report.received_at - _WINDOW for report in named.values()],
    }
    bound = {}
    for row in await connection.execute(_NEWEST, values):
        report = named[row.place]
        delivery, by_token = _delivery(row), _deal_named(report) is not None
        told = by_token and not delivery.works_here and _is_by_mail_system(report)
        by: Literal["reply_token", "recipient"] = "reply_token" if by_token else "recipient"
        bound[row.place] = Bound(report, by, delivery, row.deal_id, proven=told or _is_vouched_for(report))
    return bound


def _deal_named(report: MailBounced) -> UUID | None:
    return report.reply_token.deal_id if report.reply_token and not report.reply_token.expired else None


def _is_by_mail_system(report: MailBounced) -> bool:
    """Say whether it comes in a mail system's name, which need not be true."""
    local = (report.reporter or "").lower().rpartition("@")[0]
    return report.authenticity != "fail" and local in _KEPT_BY_PROVIDERS


def _is_vouched_for(report: MailBounced) -> bool:
    """Say whether the mail system of the very address says so, and it is shown to be that one."""
    domain = (report.reporter or "").lower().rpartition("@")[2]
    theirs = (report.recipient or "").lower().rpartition("@")[2]
    return report.authenticity == "pass" and _is_by_mail_system(report) and domain == theirs


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _newest() -> Any:
    return text(
        """SELECT given.place, newest.id, newest.recipient, newest.deal_id, newest.activity_id,
  EXISTS (SELECT FROM notify.teammate WHERE active AND lower(email) = given.recipient) AS works_here
FROM unnest(:places, :recipients, :deals, :earliest) AS given (place, recipient, deal_id, earliest),
LATERAL (
  SELECT id, recipient, deal_id, activity_id FROM notify.delivery
  WHERE lower(recipient) = given.recipient AND created_at >= given.earliest AND channel = 'email'
    AND status IN ('sending', 'accepted', 'delivered', 'in_doubt', 'bounced')
    AND (given.deal_id IS NULL OR delivery.deal_id = given.deal_id)
  ORDER BY id DESC LIMIT 1
) AS newest"""
    ).bindparams(
        bindparam("places", type_=ARRAY(Integer)),
        bindparam("recipients", type_=ARRAY(Text)),
        bindparam("deals", type_=ARRAY(Uuid)),
        bindparam("earliest", type_=ARRAY(DateTime(timezone=True))),
    )


_NEWEST = _newest()
_NAMED = text(
    """SELECT given.place, copy.id, copy.recipient, copy.deal_id, copy.activity_id,
  EXISTS (SELECT FROM notify.teammate WHERE active AND lower(email) = lower(copy.recipient)) AS works_here
FROM unnest(:places, :ids) AS given (place, id)
JOIN notify.delivery AS named ON named.id = given.id
JOIN notify.delivery AS copy
  ON copy.event_id = named.event_id AND copy.rule = named.rule AND copy.message_id = named.message_id
WHERE copy.status IN ('sending', 'accepted', 'delivered', 'in_doubt', 'bounced')
ORDER BY copy.id"""
).bindparams(bindparam("places", type_=ARRAY(Integer)), bindparam("ids", type_=ARRAY(Uuid)))
