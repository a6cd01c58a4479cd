"""The threading rule: which deal an enquiry belongs to, and why. Next: clew_lifecycle.receive_enquiry.

A signed reply address is worth more than headers, headers more than who wrote. What was lost may come back for a
while, what was abandoned always, what was won never by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

Reason = Literal["reply_token", "in_reply_to", "references", "same_contact", "same_company", "reopened", "new"]
Action = Literal["comment", "reopen", "open", "suppress"]


@dataclass(slots=True, kw_only=True)
class Deal:
    """What the rule needs to know of a deal; `reopenable` is what the reason it was lost for says."""

    id: UUID
    pipeline_id: UUID
    source_id: UUID | None
    contact_id: UUID | None
    company_id: UUID | None
    status: str
    closed_at: datetime | None
    last_activity_at: datetime
    reopenable: bool = True
    reopen_days: int = 30


@dataclass(slots=True, kw_only=True)
class Enquiry:
    """An enquiry as the rule sees it.

    `strong` are the deals that it names, strongest reason first and each once. `hinted` is one that its subject names,
    which anybody can write. `scope` is the pipeline that the source keeps to, if any. `by_teammate`: what is said about
    a deal of somebody else changes nothing about it. `is_hearsay`: that its sender wrote it is somebody else's word.
    """

    received_at: datetime
    source_id: UUID
    pipeline_id: UUID
    scope: UUID | None = None
    strong: Sequence[tuple[Reason, Deal]] = ()
    hinted: Deal | None = None
    always_new: bool = False
    is_ours: bool = False
    is_shared: bool = False
    by_teammate: bool = False
    is_hearsay: bool = False


@dataclass(slots=True, kw_only=True)
class Decision:
    """What becomes of an enquiry.

    `deal` is the deal to comment or reopen; `parent` the one that a new deal follows; `candidates` are those that it
    could have been as well. `takes_slot`: the new deal is the one that this contact's repeats land on.
    """

    action: Action
    reason: Reason
    deal: Deal | None = None
    parent: Deal | None = None
    flags: list[str] = field(default_factory=list)
    candidates: Sequence[Deal] = ()
    takes_slot: bool = False


def find_deal(enquiry: Enquiry, deals: Sequence[Deal]) -> Decision:
    """Decide where an enquiry goes; `deals` are the sender's own, or the company's for a mailbox that many read."""
    named = _named(enquiry)
    if enquiry.is_ours:
        return Decision(action="suppress", reason="references", deal=named, flags=["own_loop"])
    decision = _decide(enquiry, deals, named)
    if enquiry.is_hearsay:
        decision = _apart(decision)
    if len(enquiry.strong) > 1:
        decision.flags.insert(0, "match_conflict")
        decision.candidates = [deal for _, deal in enquiry.strong]
    hinted = enquiry.hinted
    if hinted is not None and named is None and decision.deal is not hinted and hinted not in deals:
        # A subject proves nothing: a person may see what it meant.
        decision.flags.append("unproven_tag")
        decision.candidates = [*decision.candidates, hinted]
    return decision


def _decide(enquiry: Enquiry, deals: Sequence[Deal], named: Deal | None) -> Decision:
    if named is not None:
        reason = enquiry.strong[0][0]
        if named.status in ("open", "won") or (enquiry.by_teammate and named not in deals):
            return Decision(action="comment", reason=reason, deal=named)
        if may_reopen(named, enquiry.received_at):
            return Decision(action="reopen", reason="reopened", deal=named)
    if enquiry.always_new:
        return Decision(action="open", reason="new", parent=named)
    in_scope = [deal for deal in deals if enquiry.scope is None or deal.pipeline_id == enquiry.scope]
    if enquiry.is_shared:
        return _by_company(enquiry, in_scope, named)
    return _by_contact(enquiry, in_scope, named)


def _apart(decision: Decision) -> Decision:
    """Have it open a deal of its own; the one that it would have continued is for a person to see."""
    candidates = decision.candidates or [deal for deal in (decision.deal, decision.parent) if deal]
    slot = decision.takes_slot
    return Decision(action="open", reason="new", flags=["hearsay"], candidates=candidates, takes_slot=slot)


def may_reopen(deal: Deal, at: datetime) -> bool:
    """Tell whether a closed deal takes up what its client writes at `at`."""
    if deal.status == "abandoned":
        return deal.reopenable
    if deal.status != "lost" or not deal.reopenable or deal.closed_at is None:
        return False
    return deal.reopen_days > 0 and at - deal.closed_at <= timedelta(days=deal.reopen_days)


def _named(enquiry: Enquiry) -> Deal | None:
    return enquiry.strong[0][1] if enquiry.strong else None


def _by_contact(enquiry: Enquiry, deals: Sequence[Deal], named: Deal | None) -> Decision:
    hinted = enquiry.hinted
    if hinted is not None and hinted in deals and (hinted.status == "open" or may_reopen(hinted, enquiry.received_at)):
        if hinted.status == "open":
            return Decision(action="comment", reason="same_contact", deal=hinted)
        return Decision(action="reopen", reason="reopened", deal=hinted)
    if still_open := [deal for deal in deals if deal.status == "open"]:
        found = Decision(action="comment", reason="same_contact", deal=_likeliest(enquiry, still_open))
        return _ambiguous(found, still_open) if len(still_open) > 1 else found
    back = [deal for deal in deals if may_reopen(deal, enquiry.received_at)]
    if back:
        return Decision(action="reopen", reason="reopened", deal=max(back, key=_closed))
    won = [deal for deal in deals if deal.status == "won"]
    parent = named or (max(won, key=_closed) if won else None)
    return Decision(action="open", reason="new", parent=parent, takes_slot=True)


def _by_company(enquiry: Enquiry, deals: Sequence[Deal], named: Deal | None) -> Decision:
    here = [deal for deal in deals if deal.status == "open" and deal.pipeline_id == enquiry.pipeline_id]
    if len(here) == 1:
        return Decision(action="comment", reason="same_company", deal=here[0])
    new = Decision(action="open", reason="new", parent=named)
    return _ambiguous(new, here) if here else new


def _ambiguous(decision: Decision, deals: Sequence[Deal]) -> Decision:
    decision.flags.append("ambiguous")
    decision.candidates = deals
    return decision


def _likeliest(enquiry: Enquiry, deals: Sequence[Deal]) -> Deal:
    """The same source's first, then the pipeline's, then the latest that something happened on, then the oldest."""
    return min(
        deals,
        key=lambda deal: (
            deal.source_id != enquiry.source_id,
            deal.pipeline_id != enquiry.pipeline_id,
            -deal.last_activity_at.timestamp(),
            deal.id,
        ),
    )


def _closed(deal: Deal) -> tuple[float, int]:
    return (deal.closed_at.timestamp() if deal.closed_at else 0.0, deal.id.int)
