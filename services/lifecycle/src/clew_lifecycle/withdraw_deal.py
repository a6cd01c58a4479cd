"""A deal that was open and is taken away: for its company that is a deal given up. Next: clew_lifecycle.log_deals."""

from datetime import datetime

from clew_lifecycle.domain.workflow import Workflow
from clew_lifecycle.log_deals import Before, step_of
from clew_lifecycle.store.world import KnownDeal, LoggedStep

_GONE = "abandoned"


def withdrawn(deal: KnownDeal, workflow: Workflow, reason: str, at: datetime, actor: str) -> LoggedStep:
    """Give the row of the log that says so; the deal itself keeps the status that it had."""
    step = step_of(deal, workflow, reason, at, before=Before.of(deal), actor=actor)
    step.to_status = _GONE
    return step


def restored(deal: KnownDeal, workflow: Workflow, reason: str, at: datetime, actor: str) -> LoggedStep:
    """Give the row of the log that says that it is back where it was."""
    step = step_of(deal, workflow, reason, at, before=Before.of(deal), was_opportunity=True, actor=actor)
    step.from_status = _GONE
    return step
