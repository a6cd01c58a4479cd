"""What the doors count for the operator (B45). Next: clew_shared.runtime.metrics.exposition.

A mail is received when it has come to its end: stored and told so by 250 or taken from a mailbox, or refused for good.
It is refused when none of those it was for is here, or it is too large, or could be read in two ways. Each received
mail gets one verdict, `duplicate` when it was here before. What was put off (4xx) or broken off is not received, for
its sender still has it; a recipient that is refused beside another who is not is counted as that alone, and so is
one that a mail system of ours only asked about.
"""

from prometheus_client import Counter

VERDICTS = (
    "enquiry",
    "auto_reply",
    "bounce",
    "complaint",
    "list",
    "spam",
    "quarantine",
    "duplicate",
    "rejected",
)

_received = Counter("clew_mails_received", "Mails that came to their end, by door", ["door"])
_became = Counter("clew_mails", "What received mails were taken for, by door", ["door", "verdict"])
_put_off = Counter("clew_mails_put_off", "Mails that we could not take now; their senders try again", ["door"])
_refused_recipients = Counter("clew_recipients_refused", "Recipients that are not here", ["door"])


def count_received(door: str) -> None:
    _received.labels(_kind(door)).inc()


def count_verdict(door: str, verdict: str) -> None:
    _became.labels(_kind(door), verdict).inc()


def count_put_off(door: str) -> None:
    _put_off.labels(_kind(door)).inc()


def count_refused_recipient(door: str) -> None:
    _refused_recipients.labels(_kind(door)).inc()


def show_from_the_start(door: str) -> None:
    """Have the counters of `door` there as zeros: a rate needs a first value."""
    for counter in (_received, _put_off, _refused_recipients):
        counter.labels(door)
    for verdict in VERDICTS:
        _became.labels(door, verdict)


def _kind(door: str) -> str:
    """Give `imap` for any mailbox."""
    return door.partition(":")[0]
