"""What a provider answered, and the state that it leads to. Next: clew_notify.settle.settle."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clew_notify.domain.retry import pause_before
from clew_notify.domain.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has it; `rewritten_as` is the Message-ID that it says it gave it in place of ours."""

    detail: str | None = None
    rewritten_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not now (`permanent` false) or never. `gone`: the address itself does not exist."""

    reason: str
    permanent: bool
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """It was handed over and nothing was said: perhaps it went."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTried:
    """It was not handed over, through no fault of its own: the provider is away, or refuses us."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """It must not be sent: the address is on our list of those that get nothing."""

    reason: str


Outcome = Accepted | Refused | InDoubt | NotTried | Suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The state after an attempt; `pause` is how long until it is due again, None when it is not."""

    status: str
    pause: timedelta | None = None
    reason: str | None = None


def next_state(  # noqa: PLR0911 - one line for each way that it can end
    outcome: Outcome,
    rule: Rule,
    *,
    attempt: int,
    in_doubt_before: bool,
    now: datetime,
    expires_at: datetime,
    chance: float,
) -> Next:
    """Decide what follows from `outcome` of the attempt-th attempt; `chance` (0 to 1) spreads the pauses.

    `in_doubt_before`: an earlier attempt may have arrived, which a later one that was never made does not change.
    """
    match outcome:
        case Accepted():
            return Next(status="accepted")
        case Suppressed(reason=reason):
            return Next(status="suppressed", reason=reason)
        case NotTried(reason=reason):
            return Next(status="in_doubt" if in_doubt_before else "planned", pause=timedelta(0), reason=reason)
        case Refused(reason=reason, permanent=True):
            return Next(status="failed", reason=reason)
        case Refused(reason=reason):
            pause = pause_before(attempt, chance)
            if now + pause > expires_at:
                return Next(status="dead", reason=reason)
            return Next(status="planned", pause=pause, reason=reason)
        case InDoubt(reason=reason):
            again = rule.in_doubt == "resend_same_message_id"
            return Next(status="in_doubt", pause=pause_before(attempt, chance) if again else None, reason=reason)
