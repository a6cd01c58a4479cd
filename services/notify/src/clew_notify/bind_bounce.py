"""Find which delivery of ours a report is about, and how sure that is. Next: clew_notify.note_bounce.note_bounces.

Anybody can send a report. One that comes to the address of a delivery, or names a Message-ID of ours, is from
somebody who has seen that mail: it proves something of the one whom that went to, and nothing of anybody else. What
several know, the Message-ID of a letter to them and the reply address of the deal, proves nothing of one of them; nor
does what was answered, as the answer shows both to all who get a copy of it, and shows that the mail arrived. Only a
complaint is believed then, as it stops no letter. A report that only names whom we write to may be anybody's: it is
bound to the newest mail to them within ten days, as long as two mail systems may keep trying (RFC 5321 4.5.4.1). Those
prove something only where the very mail system of that address is shown to have sent them. Nothing is proven by a
report that fails DMARC.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from clew_shared.contracts.mail import MailBounced
from clew_shared.identity.email import normalise_email
from clew_shared.identity.ses_id import without_region
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
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A report with what it is about; without a delivery it is only known to be about a mail of `deal_id`."""

    report: MailBounced
    by: Literal["message_id", "reply_token", "recipient"]
    delivery: Delivery | None
    deal_id: UUID | None
    proven: bool


async def bind_bounces(reports: Sequence[MailBounced], connection: AsyncConnection) -> list[Bound]:
    """Bind by the address of a delivery, else by Message-ID, recipient or deal; what is about none of ours is left out.

    A report that came to an address of its own is about that delivery, whatever else it names.
    """
    bound: dict[int, Bound] = {}
    for way in (_by_own_address, _by_message_id, _by_rewritten_id, _by_recipient):
        rest = {place: report for place, report in enumerate(reports) if place not in bound}
        bound |= await way(rest, connection)
    for place, report in enumerate(reports):
        if place not in bound and (deal_id := _deal_named(report)) is not None:
            bound[place] = Bound(report, "reply_token", None, deal_id, proven=False)
    return [bound[place] for place in sorted(bound)]


async def _by_own_address(reports: Mapping[int, MailBounced], connection: AsyncConnection) -> dict[int, Bound]:
    marks = {
        place: (token.deal_id, token.delivery)
        for place, report in reports.items()
        if (token := report.reply_token) is not None and token.delivery and not token.expired
    }
    if not marks:
        return {}
    deals, ends = zip(*marks.values(), strict=True)
    copies = _by_place(await connection.execute(_MARKED, {"places": list(marks), "deals": deals, "ends": ends}))
    return {place: _of_copies(reports[place], each, "reply_token") for place, each in copies.items()}


async def _by_message_id(reports: Mapping[int, MailBounced], connection: AsyncConnection) -> dict[int, Bound]:
    named = {place: id_ for place, report in reports.items() if (id_ := _named(report)) is not None}
    if not named:
        return {}
    copies = _by_place(await connection.execute(_NAMED, {"places": list(named), "ids": list(named.values())}))
    return {place: _of_copies(reports[place], each, "message_id") for place, each in copies.items()}


async def _by_rewritten_id(reports: Mapping[int, MailBounced], connection: AsyncConnection) -> dict[int, Bound]:
    """Bind by the id that a relay gave a mail of ours; where it says the same of several mails, it says nothing."""
    named = [
        (place, spelling)
        for place, report in reports.items()
        if (id_ := report.message_id) is not None
        for spelling in {id_, without_region(id_) or id_}
    ]
    if not named:
        return {}
    places, ids = zip(*named, strict=True)
    copies = _by_place(await connection.execute(_REWRITTEN, {"places": places, "ids": ids}))
    return {place: _of_copies(reports[place], each, "message_id") for place, each in copies.items()}


def _by_place(rows: Iterable[Any]) -> dict[int, list[Delivery]]:
    copies: dict[int, list[Delivery]] = {}
    for row in rows:
        copies.setdefault(row.place, []).append(_delivery(row))
    return copies


def _named(report: MailBounced) -> UUID | None:
    match = _OURS.fullmatch((report.message_id or "").strip().lower())
    return UUID(match.group(1)) if match else None


def _delivery(row: Any) -> Delivery:
    return Delivery(row.id, row.recipient, row.deal_id, row.activity_id, row.answered_at is not None)


def _of_copies(report: MailBounced, copies: Sequence[Delivery], by: Literal["message_id", "reply_token"]) -> Bound:
    """Tell which of the copies that it may be about it is about; of several none, where the report names nobody."""
    meant = [copy for copy in copies if report.recipient and _same(report.recipient, copy.recipient)]
    if not meant and len(copies) == 1:
        meant = list(copies)
    # Where a mail was passed on, it is the next mailbox that is gone, not the one that we wrote to.
    is_theirs = bool(meant) and (_is_hidden(report, by) or _same(report.recipient or "", meant[0].recipient))
    is_private = len(copies) == 1 and (report.kind == "complaint" or not copies[0].is_answered)
    proven = is_theirs and (_is_vouched_for(report) or (is_private and report.authenticity != "fail"))
    return Bound(report, by, meant[0] if meant else None, copies[0].deal_id, proven)


def _is_hidden(report: MailBounced, by: str) -> bool:
    """Say whether it leaves open whom it is about. Who complains is often told in a way that nobody can read.

    People write to our addresses too: what names nobody is no report, unless a mail system sends it.
    """
    return report.kind == "complaint" or (not report.recipient and (by == "message_id" or _is_by_mail_system(report)))


async def _by_recipient(reports: Mapping[int, MailBounced], connection: AsyncConnection) -> dict[int, Bound]:
    # The address of a deal says which deal. Which of its mails is a guess that marks somebody's as returned.
    named = {
        place: report
        for place, report in reports.items()
        if report.recipient and (_deal_named(report) is None or _is_vouched_for(report))
    }
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
        by: Literal["reply_token", "recipient"] = "reply_token" if _deal_named(report) else "recipient"
        bound[row.place] = Bound(report, by, _delivery(row), row.deal_id, proven=_is_vouched_for(report))
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
    """Say whether two spellings are one address; reports write a domain in ASCII that people write otherwise."""
    read, also = normalise_email(one), normalise_email(other)
    return read.key == also.key if read and also else one.casefold() == other.casefold()


def _newest() -> Any:
    return text(
        """SELECT given.place, newest.id, newest.recipient, newest.deal_id, newest.activity_id, newest.answered_at
FROM unnest(:places, :recipients, :deals, :earliest) AS given (place, recipient, deal_id, earliest),
LATERAL (
  SELECT id, recipient, deal_id, activity_id, answered_at FROM notify.delivery
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
    """SELECT given.place, copy.id, copy.recipient, copy.deal_id, copy.activity_id, copy.answered_at
FROM unnest(:places, :ids) AS given (place, id)
JOIN notify.delivery AS named ON named.id = given.id
JOIN notify.delivery AS copy
  ON copy.event_id = named.event_id AND copy.rule = named.rule AND copy.message_id = named.message_id
WHERE copy.status IN ('sending', 'accepted', 'delivered', 'in_doubt', 'bounced')
ORDER BY copy.id"""
).bindparams(bindparam("places", type_=ARRAY(Integer)), bindparam("ids", type_=ARRAY(Uuid)))
_REWRITTEN = text(
    """SELECT given.place, delivery.id, recipient, deal_id, activity_id, answered_at
FROM unnest(:places, :ids) AS given (place, name)
JOIN notify.delivery ON delivery.rewritten_as = given.name
WHERE status IN ('sending', 'accepted', 'delivered', 'in_doubt', 'bounced')
ORDER BY delivery.id"""
).bindparams(bindparam("places", type_=ARRAY(Integer)), bindparam("ids", type_=ARRAY(Text)))
# Of a deal's deliveries there are tens.
_MARKED = text(
    """SELECT given.place, delivery.id, recipient, delivery.deal_id, activity_id, answered_at
FROM unnest(:places, :deals, :ends) AS given (place, deal_id, mark)
JOIN notify.delivery ON delivery.deal_id = given.deal_id AND right(delivery.id::text, length(given.mark)) = given.mark
WHERE channel = 'email' AND status IN ('sending', 'accepted', 'delivered', 'in_doubt', 'bounced')
ORDER BY delivery.id"""
).bindparams(
    bindparam("places", type_=ARRAY(Integer)),
    bindparam("deals", type_=ARRAY(Uuid)),
    bindparam("ends", type_=ARRAY(Text)),
)
