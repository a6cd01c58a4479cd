"""`clew mail replay`: read stored mails again and say what would be decided differently; nothing is changed.

Next: clew_mail_intake.decide.decide.
"""

import argparse
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, get_args
from uuid import UUID

import msgspec
from clew_shared.runtime.at_hand import rail_at_hand
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import load_settings
from sqlalchemy import select

from clew_mail_intake.decide import decide
from clew_mail_intake.explain import speak_utf8
from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.process import Processing, envelope_of
from clew_mail_intake.reading import Reading, surroundings
from clew_mail_intake.recipients import Recipients, our_recipients
from clew_mail_intake.stored_mail import StoredMail, groups, read_mails, read_or_open
from clew_mail_intake.tables import message
from clew_mail_intake.understanding.understood import Understanding, Verdict
from clew_mail_intake.write_verdicts import as_kept

_AT_A_TIME = 200
# Where a file lies in the bytes, and how it was decided, may change without anybody noticing.
_NOT_COMPARED = frozenset({"reasons", "parser_version", "html"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A mail that would be read differently; `changed` gives what was kept and what would be, by name."""

    key: UUID
    subject_line: str
    parser_version: int | None
    changed: Mapping[str, tuple[Any, Any]]


@dataclass(slots=True)
class Replayed:
    """How many mails were read again, how many came out otherwise, and of how many the bytes are gone."""

    read: int = 0
    differ: int = 0
    unreadable: int = 0


async def run_replay(asked: argparse.Namespace) -> int:
    """Print the differences as they are found; the exit code is 2 for a day or a verdict that is none."""
    speak_utf8()
    try:
        since = None if asked.since is None else datetime.combine(date.fromisoformat(asked.since), time(), UTC)
    except ValueError:
        sys.stderr.write(f"clew: --since takes a day such as 2026-03-01, not {asked.since}\n")
        return 2
    if asked.verdict is not None and asked.verdict not in get_args(Verdict):
        sys.stderr.write(f"clew: --verdict takes one of {', '.join(get_args(Verdict))}, not {asked.verdict}\n")
        return 2
    settings = load_settings()
    reading = Reading(surroundings(settings))
    processing = Processing(reading.understand, _ask_nobody, our_recipients(settings), lambda: False)
    async with rail_at_hand("mail-intake") as rail, reading.door():
        replayed = await replay_mails(rail, processing, _show(asked), since=since, verdict=asked.verdict)
    if not asked.json:
        sys.stdout.write(_summary(replayed))
    return 0


def _show(asked: argparse.Namespace) -> Callable[[Difference], None]:
    written = _as_json if asked.json else _as_text

    def show(found: Difference) -> None:
        sys.stdout.write(written(found))

    return show


async def replay_mails(
    rail: Rail,
    processing: Processing,
    tell: Callable[[Difference], None],
    *,
    since: datetime | None = None,
    verdict: str | None = None,
) -> Replayed:
    """Read the mails again, with what the DNS said of them then, and tell each that differs from what was kept."""
    replayed = Replayed()
    async for batch in _batches(rail, since, verdict):
        async with rail.reading() as connection:
            mails = await read_mails([key for key, _, _ in batch], connection)
            kept = {key: (understanding, preview) for key, understanding, preview in batch}
            for group in groups([mail for mail in mails if not mail.forgotten]):
                raws = await read_or_open(group, connection)
                for mail in group:
                    if mail.key in raws:
                        difference = await _compare(mail, raws[mail.key], *kept[mail.key], processing)
                        replayed.read += 1
                        if difference is not None:
                            replayed.differ += 1
                            tell(difference)
            replayed.unreadable += len(mails)
    replayed.unreadable -= replayed.read
    return replayed


async def _compare(
    mail: StoredMail, raw: bytes | LargeMail, kept: dict[str, Any], preview: str, processing: Processing
) -> Difference | None:
    read = await processing.understand(raw, envelope_of(mail))
    changed = find_changes(mail, kept, preview, read, processing.ours)
    return Difference(mail.key, read.subject_line, kept.get("parser_version"), changed) if changed else None


def find_changes(
    mail: StoredMail, kept: Mapping[str, Any], preview: str, read: Understanding, ours: Recipients
) -> dict[str, tuple[Any, Any]]:
    """Compare what was kept of a mail with a new reading of it; give what was and what would be, by name."""
    now, preview_now = as_kept(read)
    before = {**_completed(kept), "verdict": mail.verdict, "text": preview}
    after = {**now, "verdict": decide(mail, read, ours).verdict, "text": preview_now}
    names = sorted((before.keys() | after.keys()) - _NOT_COMPARED)
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def _completed(kept: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add what a newer reader has words for and an older one had none, so that this alone is no difference."""
    try:
        return as_kept(msgspec.convert(kept, Understanding))[0]
    except msgspec.ValidationError:
        return kept


async def _batches(
    rail: Rail, since: datetime | None, verdict: str | None
) -> AsyncIterator[list[tuple[UUID, dict[str, Any], str]]]:
    """Yield key, understanding and the beginning of the text of the mails that were judged, in order."""
    query = select(message.c.key, message.c.understanding, message.c.preview).order_by(message.c.key).limit(_AT_A_TIME)
    # What a person let through is not for a rule to decide again.
    query = query.where(message.c.understanding.is_not(None), message.c.released_at.is_(None))
    if since is not None:
        query = query.where(message.c.received_at >= since)
    if verdict is not None:
        query = query.where(message.c.verdict == verdict)
    last: UUID | None = None
    while True:
        async with rail.reading() as connection:
            asked = query if last is None else query.where(message.c.key > last)
            rows = (await connection.execute(asked)).all()
        if not rows:
            return
        yield [(row.key, row.understanding, row.preview) for row in rows]
        last = rows[-1].key


async def _ask_nobody(mail: StoredMail, raw: bytes) -> None:
    return None


def _as_json(difference: Difference) -> str:
    changed = {name: {"before": before, "after": after} for name, (before, after) in difference.changed.items()}
    return (
        msgspec.json.encode(
            {"id": difference.key, "parser_version": difference.parser_version, "changed": changed}
        ).decode()
        + "\n"
    )


def _as_text(difference: Difference) -> str:
    lines = [f"{difference.key}  {difference.subject_line[:80]}"]
    for name, (before, after) in difference.changed.items():
        lines += [f"  {name}", f"    - {_short(before)}", f"    + {_short(after)}"]
    return "\n".join(lines) + "\n\n"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text.replace("\n", "⏎")[:200]


def _summary(replayed: Replayed) -> str:
    gone = f", {replayed.unreadable} no longer kept" if replayed.unreadable else ""
    return f"{replayed.read} mails read again, {replayed.differ} differ{gone}.\n"
