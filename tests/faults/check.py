"""The judge: a program that compares the ledger with what clew shows through its public API (I1, I2 and I7).

`python -m tests.faults.check --directory DIR --ledger FILE --report FILE`; it looks again until everything is as it
must be or its patience ends, and once more later, because a double may come late. Next: tests.faults.look.Looker.look
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aiohttp import ClientError

from tests.faults.clew_up import API_TOKEN, TEAM, Clew, environ_of
from tests.faults.ledger import Account, read_ledger
from tests.faults.look import Looker, Seen

_PAUSE_SECONDS = 2.0
_FINAL = frozenset(("accepted", "delivered", "suppressed", "skipped"))


@dataclass(slots=True)
class Verdict:
    """What is not as it must be, each by its marker, address or name; all empty is a pass."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    not_drained: list[str] = field(default_factory=list)
    not_told: list[str] = field(default_factory=list)
    told_twice: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not any(asdict(self).values())


def judge(account: Account, seen: Seen) -> Verdict:
    """Compare what was acknowledged and sent with what is shown."""
    verdict = Verdict(refused=[f"{marker}: {reply}" for marker, reply in account.refused.items()])
    for marker, item in account.sent.items():
        shown = seen.places.get(marker, [])
        # What came by mail is kept as a mail besides; an automatic answer as nothing else.
        kept = seen.mails.get(item.message_id, []) if item.door == "mail" else None
        count = len(kept or []) if item.is_machine else len(shown)
        if marker in account.accepted and (count == 0 or kept == []):
            verdict.lost.append(marker)
        if count > 1 or len(kept or []) > 1 or len(seen.notes.get(marker, [])) > 1:
            verdict.doubled.append(marker)
        if item.is_machine and shown:
            verdict.misplaced.append(f"{marker}: an automatic answer on {shown}")
    _judge_deals(account, seen, verdict)
    _judge_deliveries(seen, verdict)
    known_mails = {item.message_id for item in account.sent.values() if item.door == "mail"}
    verdict.invented += [marker for marker in seen.places if marker not in account.sent]
    verdict.invented += [message_id for message_id in seen.mails if message_id not in known_mails]
    verdict.invented += seen.unknown
    return verdict


def _judge_deals(account: Account, seen: Seen, verdict: Verdict) -> None:
    """See that each sender has one deal and all their words are on it, and that nobody else has one."""
    senders = {item.sender for item in account.sent.values()}
    for sender, deals in seen.deals.items():
        if sender not in senders:
            verdict.invented.append(f"a deal of {sender}")
        elif len(deals) > 1:
            verdict.doubled.append(f"{len(deals)} deals of {sender}")
    for marker, places in seen.places.items():
        if marker in account.sent:
            home = seen.deals.get(account.sent[marker].sender, [])
            if any(place not in home and place != "waiting" for place in places):
                verdict.misplaced.append(f"{marker}: on a deal of somebody else")


def _judge_deliveries(seen: Seen, verdict: Verdict) -> None:
    states = Counter(state for states in seen.deliveries.values() for state in states)
    verdict.not_drained += [f"{number} deliveries {state}" for state, number in states.items() if state not in _FINAL]
    for deal in (deal for deals in seen.deals.values() for deal in deals):
        for teammate in TEAM:
            told = len(seen.deliveries.get((deal, "deal_opened", teammate), []))
            if told == 0:
                verdict.not_told.append(f"{teammate} of {deal}")
            elif told > 1:
                verdict.told_twice.append(f"{teammate} of {deal}, {told} times")


async def _judge_now(clew: Clew, account: Account, *, in_full: bool) -> Verdict:
    waiting = await asyncio.to_thread(_what_waits, clew)
    if waiting and not in_full:
        return Verdict(not_drained=waiting)
    verdict = judge(account, await Looker(clew.run_file()["http"], API_TOKEN).look())
    verdict.not_drained += waiting
    return verdict


def _what_waits(clew: Clew) -> list[str]:
    """Ask `clew doctor` for what has not left the outboxes and what was set aside."""
    lines = [line for line in clew.command("doctor").splitlines() if " outbox: " in line or " shunt: " in line]
    drained = ("outbox: nothing waits to be published", "shunt: 0 events set aside")
    waiting = [line for line in lines if not line.endswith(drained)]
    return waiting if lines else ["clew doctor says nothing"]


async def _run(asked: argparse.Namespace) -> int:
    clew = Clew(asked.directory, environ_of(asked.directory))
    account = read_ledger(asked.ledger)
    started = time.monotonic()
    end = started + asked.patience
    verdict = Verdict(not_drained=["never looked"])
    while not verdict.is_clean and time.monotonic() < end:
        try:
            verdict = await _judge_now(clew, account, in_full=time.monotonic() > end - asked.patience / 2)
        except (ClientError, OSError, TimeoutError, subprocess.TimeoutExpired) as error:
            verdict = Verdict(not_drained=[f"not readable: {error!r}"])
        if not verdict.is_clean:
            await asyncio.sleep(_PAUSE_SECONDS)
    drained_after = round(time.monotonic() - started, 1)
    if verdict.is_clean and asked.settle:
        await asyncio.sleep(asked.settle)
        verdict = await _judge_now(clew, account, in_full=True)
    report = {"accepted": len(account.accepted), "sent": len(account.sent), "drained_after": drained_after}
    asked.report.write_text(json.dumps(report | {"verdict": asdict(verdict)}, indent=2))
    for name, found in asdict(verdict).items():
        if found:
            sys.stderr.write(f"{name}: {len(found)}, such as {found[:5]}\n")
    return 0 if verdict.is_clean else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--patience", type=float, default=120.0, help="seconds until what is not there counts as lost")
    parser.add_argument("--settle", type=float, default=0.0, help="seconds after which it looks once more")
    return asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
