"""What reports are asked with, and what they answer. Next: clew_lifecycle.routes.api_reports.ReportApi."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from clew_lifecycle.domain.workflow import ENQUIRIES
from clew_lifecycle.routes.moments import Moment
from clew_lifecycle.store.reports.report_funnel import FunnelStage
from clew_lifecycle.store.reports.report_lost_reasons import LostCount
from clew_lifecycle.store.reports.report_movement import Movement
from clew_lifecycle.store.reports.report_time_in_stage import StageTime
from clew_lifecycle.store.reports.report_win_rate import Grouping, WinRate

Format = Literal["json", "csv"]
Stage = Literal[
    "suspect", "prospect", "lead", "mql", "sql", "opportunity", "onboarding", "customer", "churned", "other"
]


class LifecycleQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`owner` is a teammate's address, or none."""

    as_of: Moment | None = None
    as_known_at: Moment | None = None
    owner: str | None = None
    company_type: str | None = None
    format: Format | None = None


class MovementQuery(msgspec.Struct, frozen=True, kw_only=True):
    start: Moment | None = msgspec.field(name="from", default=None)
    end: Moment | None = msgspec.field(name="to", default=None)
    as_known_at: Moment | None = None
    format: Format | None = None


class DealsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Deals opened or closed from..to, as they stood by `as_of`; `owner` is a teammate's address, or none."""

    start: Moment | None = msgspec.field(name="from", default=None)
    end: Moment | None = msgspec.field(name="to", default=None)
    as_of: Moment | None = None
    pipeline: str | None = None
    owner: str | None = None
    source: str | None = None
    format: Format | None = None


class FunnelQuery(DealsQuery, frozen=True, kw_only=True):
    """A funnel is one pipeline's."""

    pipeline: str = ENQUIRIES


class WinRateQuery(DealsQuery, frozen=True, kw_only=True):
    by: Grouping = "pipeline"


class CallingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Companies at a lifecycle stage that were quiet for `days` by `as_of`; `owner` is an address, or none."""

    stage: Stage = "lead"
    days: Annotated[int, msgspec.Meta(ge=0, le=36500)] = 0
    as_of: Moment | None = None
    owner: str | None = None
    format: Format | None = None


class CompaniesAtStage(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the lifecycle report as CSV."""

    stage: str
    companies: int


class LifecycleCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many companies stood at each stage."""

    as_of: str
    as_known_at: datetime | None
    total: int
    counts: dict[str, int]


class Movements(msgspec.Struct, frozen=True, kw_only=True):
    """The moves between stages; `added` companies came into being, `churned` and `reactivated` count moves."""

    start: str | None = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    added: int
    churned: int
    reactivated: int
    moves: list[Movement]


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """How far the `deals` opened from..to came by `as_of`."""

    start: str | None = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    as_of: str
    pipeline: str
    deals: int
    open: int
    won: int
    lost: int
    abandoned: int
    stages: list[FunnelStage]


class StageTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long deals opened from..to stood in each open stage by `as_of`, in days."""

    start: str | None = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    as_of: str
    stages: list[StageTime]


class LostReasons(msgspec.Struct, frozen=True, kw_only=True):
    """Why `lost` deals were lost from..to."""

    start: str | None = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    as_of: str
    lost: int
    reasons: list[LostCount]
    by_stage: list[LostCount]
    by_source: list[LostCount]
    by_owner: list[LostCount]


class WinRates(msgspec.Struct, frozen=True, kw_only=True):
    """Of the deals closed from..to; `win_rate` is won of won and lost, over all currencies."""

    start: str | None = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    as_of: str
    won: int
    lost: int
    abandoned: int
    win_rate: float | None
    by: Grouping
    groups: list[WinRate]
