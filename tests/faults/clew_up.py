"""`clew up --split` as an operator starts and stops it, and what it left behind. Next: clew_shared.runtime.up.run_up"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

API_TOKEN = "clew_faults_0123456789abcdef0123456789abcdef"
TEAM = ("sam@team.example", "kim@team.example")
_START_SECONDS = 180.0
_STOP_SECONDS = 90.0
_CLEW = (sys.executable, "-m", "clew_shared.runtime.cli")


@dataclass(frozen=True, slots=True)
class Clew:
    """A running clew: its directory, and the settings that its commands need."""

    directory: Path
    environ: dict[str, str]

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def config(self) -> Path:
        """The TOML file that each process reads when it starts; the killer writes failpoints into it."""
        return self.directory / "clew.toml"

    def run_file(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return found

    def command(self, *arguments: str) -> str:
        """Run a command of clew on the same data and give what it printed."""
        done = subprocess.run(
            [*_CLEW, *arguments], env=self.environ, capture_output=True, text=True, timeout=120, check=False
        )
        return done.stdout + done.stderr


@contextlib.contextmanager
def clew_up(directory: Path, failpoint: str = "") -> Iterator[Clew]:
    """Start it on an empty directory, its processes armed with `failpoint`; stop it as Ctrl-C does."""
    clew = Clew(directory, environ_of(directory))
    clew.data.mkdir(parents=True)
    arm(clew.config, failpoint)
    with (directory / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [*_CLEW, "up", "--split"], env=clew.environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_until_up(clew, process)
        yield clew
    finally:
        _stop(process)


def arm(config: Path, failpoint: str) -> None:
    """Have every process that starts from now on die at this place; an empty one arms none."""
    draft = config.with_suffix(".tmp")
    draft.write_text(f'failpoint = "{failpoint}"\n' if failpoint else "")
    draft.replace(config)


def leftovers(directory: Path) -> list[str]:
    """List the processes that still work in or for its data: none should, once it was stopped."""
    data = str(directory / "data").encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            environ = (process / "environ").read_bytes()
            cwd = os.readlink(process / "cwd").encode()
            if any(data in text for text in (command, environ, cwd)):
                found.append(f"{process.name} {command.replace(bytes(1), b' ').decode(errors='replace')[:200]}")
    return found


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that only waits to be reaped has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def environ_of(directory: Path) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("CLEW_")}
    return others | {
        "CLEW_DATA_DIR": str(directory / "data"),
        "CLEW_CONFIG": str(directory / "clew.toml"),
        "CLEW_HTTP_PORT": "0",
        "CLEW_SMTP_PORT": "0",
        "CLEW_API_TOKEN": API_TOKEN,
        "CLEW_TEAM": ",".join(TEAM),
    }


def _wait_until_up(clew: Clew, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while not (clew.data / "run.json").exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"clew up did not start: {(clew.directory / 'up.log').read_text()[-3000:]}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
