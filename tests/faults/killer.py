"""The killer: a program that ends processes with SIGKILL, at random and at named places, and waits until each is back.

`python -m tests.faults.killer --directory DIR --plan long|short --report FILE`. It knows the pids from run.json and
the failpoints by name; what a process does it does not know. Next: tests.faults.plans.PLANS
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.clew_up import arm, is_gone
from tests.faults.plans import PLANS, Blow

_BACK_SECONDS = 120.0
_REACH_SECONDS = 60.0
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Kill:
    """What was done: `how` is random, wiped or the failpoint; `back_after` the seconds until it was ready again."""

    target: str
    how: str
    back_after: float


class Killer:
    def __init__(self, directory: Path, seed: int) -> None:
        self._directory = directory
        self._chance = random.Random(seed)
        # Who is armed from the start may die while another is looked at.
        self._first = self._pids()
        self.kills: list[Kill] = []

    def strike(self, blow: Blow) -> None:
        if blow.how == "wiped":
            self._wipe_broker()
        elif blow.how == "random":
            self._kill_at_random(blow.target)
        elif blow.is_armed:
            self._await_failpoint(blow, self._first[blow.target])
        else:
            arm(self._directory / "clew.toml", f"{blow.how}:{blow.passes}")
            pid = self._kill_at_random(blow.target)
            arm(self._directory / "clew.toml", "")
            self._await_failpoint(blow, pid)

    def _kill_at_random(self, target: str) -> int:
        time.sleep(self._chance.uniform(0.2, 1.5))
        pid = self._pid(target)
        os.kill(pid, signal.SIGKILL)
        return self._note(target, "random", pid)

    def _wipe_broker(self) -> None:
        """Take the broker's store away under a stopped server, so that none of it is written again."""
        pid = self._pid("nats")
        os.kill(pid, signal.SIGSTOP)
        store = self._directory / "data" / "nats" / "store"
        store.rename(self._directory / "wiped")
        os.kill(pid, signal.SIGKILL)
        self._note("nats", "wiped", pid)
        shutil.rmtree(self._directory / "wiped")

    def _await_failpoint(self, blow: Blow, pid: int) -> None:
        end = time.monotonic() + _REACH_SECONDS
        # An armed process may have died and be back before anybody looks.
        while not is_gone(pid) and self._pid(blow.target) == pid:
            if time.monotonic() > end:
                raise TimeoutError(f"{blow.target} never came to {blow.how}")
            time.sleep(_POLL)
        self._note(blow.target, blow.how, pid)

    def _note(self, target: str, how: str, pid: int) -> int:
        """Wait until another process has taken the place of `pid`, and give its pid."""
        started = time.monotonic()
        while (new := self._pid(target)) in (0, pid):
            if time.monotonic() > started + _BACK_SECONDS:
                raise TimeoutError(f"{target} did not come back after {how}")
            time.sleep(_POLL)
        kill = Kill(target, how, round(time.monotonic() - started, 1))
        self.kills.append(kill)
        sys.stderr.write(f"killed {target} ({how}), back after {kill.back_after} s\n")
        return new

    def _pid(self, target: str) -> int:
        return self._pids()[target]

    def _pids(self) -> dict[str, int]:
        pids: dict[str, int] = json.loads((self._directory / "data" / "run.json").read_text())["pids"]
        return pids


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--plan", choices=sorted(PLANS), required=True)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    killer = Killer(asked.directory, asked.seed)
    failed = []
    for blow in PLANS[asked.plan]:
        try:
            killer.strike(blow)
        except TimeoutError as error:
            failed.append(str(error))
            sys.stderr.write(f"{error}\n")
    asked.report.write_text(json.dumps({"kills": [asdict(kill) for kill in killer.kills], "failed": failed}, indent=2))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
