"""Hear what happened and plan who is told of it. Next: clew_notify.deliver.Deliverer.run."""

from collections.abc import Callable, Sequence
from typing import Any

from clew_shared.contracts.ids import derived_id, utc_now
from clew_shared.contracts.lifecycle import TeammateAdded, TeammateRemoved
from clew_shared.contracts.notify import DeliveryFailed
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_notify.domain.draft import Draft
from clew_notify.domain.recipients import one_reader
from clew_notify.domain.rule import ACKNOWLEDGEMENT
from clew_notify.draft import Drafter, threads_that_go_on
from clew_notify.note_answers import note_answers
from clew_notify.plan import Planned, Planner
from clew_notify.stop_ping_pong import without_ping_pong
from clew_notify.store import (
    TeammateChange,
    add_deliveries,
    grant_acknowledgements,
    note_teammates,
    read_team,
    read_threads,
)


class Announcer:
    """Plans the deliveries of whole batches of events in a handful of statements; `wake` is called after the commit.

    At `most` so many acknowledgements go out in an hour.
    """

    def __init__(self, drafter: Drafter, planner: Planner, wake: Callable[[], None], most: int) -> None:
        self._drafter = drafter
        self._planner = planner
        self._wake = wake
        self._most = most

    async def announce(self, batch: Sequence[Received[Any]], uow: UnitOfWork) -> None:
        """Handle events of lifecycle; an event heard twice adds nothing."""
        changes = [change for received in batch for change in _teammate_changes(received)]
        if changes:
            await note_teammates(uow.connection, changes)
        if len(changes) == len(batch):
            return
        await note_answers(batch, uow.connection)
        team = await read_team(uow.connection)
        drafts = [draft for received in batch for draft in self._drafter.draft(received, team)]
        drafts = await without_ping_pong(drafts, team.active, uow.connection, utc_now())
        drafts = await self._without_second_acknowledgements(drafts, uow)
        if not drafts:
            return
        wanted = threads_that_go_on(drafts)
        threads = await read_threads(uow.connection, wanted) if wanted else {}
        planned = self._planner.plan(drafts, threads, utc_now())
        await add_deliveries(uow.connection, planned)
        _tell_failures(planned, uow)
        uow.after_commit(self._wake)

    async def _without_second_acknowledgements(self, drafts: list[Draft], uow: UnitOfWork) -> list[Draft]:
        candidates = [draft for draft in drafts if draft.rule is ACKNOWLEDGEMENT]
        if not candidates:
            return drafts
        granted = await grant_acknowledgements(uow.connection, candidates, utc_now(), self._most)
        kept = []
        for draft in drafts:
            if draft.rule is ACKNOWLEDGEMENT:
                address = one_reader(draft.recipient)
                if address not in granted:
                    continue
                granted.discard(address)
            kept.append(draft)
        return kept


def _teammate_changes(received: Received[Any]) -> list[TeammateChange]:
    event = received.event
    if isinstance(event, TeammateAdded):
        return [TeammateChange(event.email.casefold(), event.name, True, received.time)]
    if isinstance(event, TeammateRemoved):
        return [TeammateChange(event.email.casefold(), "", False, received.time)]
    return []


def _tell_failures(planned: Sequence[Planned], uow: UnitOfWork) -> None:
    for plan in planned:
        if plan.reason is not None:
            uow.emit(
                DeliveryFailed(
                    delivery_id=plan.id,
                    recipient=plan.draft.recipient,
                    status="failed",
                    reason=plan.reason,
                    failed_at=utc_now(),
                    deal_id=plan.draft.deal_id,
                    activity_id=plan.draft.activity_id,
                ),
                event_id=derived_id(plan.id, "delivery_failed"),
            )
