"""What our events are called outside: `deal.opened`. Next: clew_shared.contracts.event.type_of."""

from collections.abc import Iterable

from clew_shared.contracts.event import Event, type_of
from clew_shared.contracts.lifecycle import MessageRequested, SignInRequested

TEST_EVENT = "webhook.test"
# Whoever reads the link of one may sign in with it; the other is for notify, with all that is to be sent.
_KEPT_INSIDE = (SignInRequested, MessageRequested)
# Things that are called by two words; every other event is named thing first, in one word.
_TWO_WORDS = ("token_issue",)


def outside_name(event_type: str) -> str:
    """Give the name outside of a CloudEvents type: `clew.lifecycle.v1.deal_opened` is `deal.opened`."""
    kind = event_type.split(".")[3]
    for thing in _TWO_WORDS:
        if kind.startswith(f"{thing}_"):
            return f"{thing}.{kind[len(thing) + 1 :]}"
    return kind.replace("_", ".", 1)


def told_outside(events: Iterable[type[Event]]) -> tuple[type[Event], ...]:
    """Leave out what is nobody's business."""
    return tuple(event for event in events if event not in _KEPT_INSIDE)


def names_of(events: Iterable[type[Event]]) -> dict[str, type[Event]]:
    """Give every event that may be subscribed to by its name outside, in the order of the names."""
    return dict(sorted((outside_name(type_of(event)), event) for event in told_outside(events)))
