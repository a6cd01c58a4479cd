"""The fault matrix: clew under load while all of it is killed, judged by the load's own ledger (`make faults`).

Three programs that know nothing of each other do the work; this one starts them and prints the table.
Next: tests.faults.load.main, tests.faults.killer.main, tests.faults.check.main
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.clew_up import Clew, clew_up, is_gone, leftovers
from tests.faults.plans import armed_from_the_start

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Size:
    """How much: `at_least` acknowledged items at `rate` a second, `settle` seconds of waiting for a late double."""

    at_least: int
    at_most: int
    rate: float
    seconds: float
    patience: float
    settle: float


SIZES = {
    "short": Size(at_least=150, at_most=1000, rate=12, seconds=120, patience=90, settle=0),
    "long": Size(at_least=2000, at_most=20_000, rate=15, seconds=1500, patience=180, settle=15),
}


@dataclass(frozen=True, slots=True)
class Result:
    """`problems` are empty when every promise was kept."""

    kills: list[dict[str, Any]]
    found: dict[str, Any]
    load: str
    problems: list[str]


def run_matrix(directory: Path, plan: str, seed: int = 1) -> Result:
    """Run one plan in an empty directory; everything that it starts has ended when it returns."""
    size = SIZES[plan]
    with clew_up(directory, armed_from_the_start(plan)) as clew:
        # What is started again from here on is started whole.
        clew.config.write_text("")
        load, killed = _load_and_kill(clew, size, plan, seed)
        judged = _program(
            "check",
            *("--directory", directory, "--ledger", directory / "ledger", "--report", directory / "verdict.json"),
            *("--patience", size.patience, "--settle", size.settle),
        ).wait()
        pids = clew.run_file()["pids"]
    kills = json.loads((directory / "kills.json").read_text())
    found = json.loads((directory / "verdict.json").read_text())
    problems = [*kills["failed"]]
    problems += [f"{name}: {len(what)}, such as {what[:3]}" for name, what in found["verdict"].items() if what]
    problems += [f"left over: {what}" for what in _leaks(directory, pids)]
    if killed or judged:
        problems = problems or [f"the killer ended with {killed}, the judge with {judged}"]
    if found["accepted"] < size.at_least:
        problems.append(f"only {found['accepted']} items were acknowledged")
    return Result(kills["kills"], found, load, problems)


def _load_and_kill(clew: Clew, size: Size, plan: str, seed: int) -> tuple[str, int]:
    addresses = clew.run_file()
    load = _program(
        "load",
        *("--http", addresses["http"], "--smtp", addresses["smtp"], "--ledger", clew.directory / "ledger"),
        *("--rate", size.rate, "--at-least", size.at_least, "--at-most", size.at_most, "--seconds", size.seconds),
        *("--seed", seed),
        stdout=subprocess.PIPE,
    )
    report = clew.directory / "kills.json"
    killer = _program("killer", "--directory", clew.directory, "--plan", plan, "--report", report, "--seed", seed)
    try:
        killed = killer.wait()
        load.terminate()
        told, _ = load.communicate()
    finally:
        for process in (killer, load):
            if process.poll() is None:
                process.kill()
                process.wait()
    return told.decode().strip(), killed


def _program(name: str, *arguments: object, stdout: int | None = None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"tests.faults.{name}", *map(str, arguments)]
    return subprocess.Popen(command, cwd=_ROOT, stdout=stdout)


def _leaks(directory: Path, pids: dict[str, int]) -> list[str]:
    """List what outlived `clew up`; the kernel needs a moment to take away what it has ended."""
    for _ in range(50):
        found = leftovers(directory) + [f"{name} {pid}" for name, pid in pids.items() if not is_gone(pid)]
        if not found:
            return []
        time.sleep(0.1)
    return found


def table(result: Result) -> str:
    """Write the result as the report of a release shows it."""
    kills = Counter((kill["target"], "random" if kill["how"] == "random" else "place") for kill in result.kills)
    wiped = sum(kill["how"] == "wiped" for kill in result.kills)
    lines = ["| killed (-9) | at random | at a failpoint | slowest return |", "|---|---|---|---|"]
    for target in dict.fromkeys(kill["target"] for kill in result.kills):
        slowest = max(kill["back_after"] for kill in result.kills if kill["target"] == target)
        places = kills[target, "place"] - (wiped if target == "nats" else 0)
        lines.append(f"| {target} | {kills[target, 'random']} | {places} | {slowest} s |")
    lines += ["", f"the broker's store wiped: {wiped}", f"load: {result.load}"]
    lines += [f"acknowledged: {result.found['accepted']}; drained {result.found['drained_after']} s after the load"]
    lines += [f"{name}: {len(what)}" for name, what in result.found["verdict"].items()]
    lines += ["", *(result.problems or ["every promise was kept"])]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", choices=sorted(SIZES), default="long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="an empty directory to work in and leave as it is afterwards")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clew-faults-") as temporary:
        result = run_matrix(asked.keep or Path(temporary), asked.plan, asked.seed)
    sys.stdout.write(table(result))
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
