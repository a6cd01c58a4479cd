"""Serve mail-intake in one process after the other, each until it ends itself with SIGKILL at a given place.

All of them are forked from this one, which has imported what they are made of and runs none of it: so a process lives
and dies as one that was started anew, only a second sooner. Reads one place a line, and tells how its process ended.
"""

import os
import sys
from importlib import import_module

from clew_shared.runtime.cli import main as clew


def main() -> None:
    for name in ("uvloop", "clew_shared.runtime.operate", "clew_mail_intake.service"):
        import_module(name)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.environ["CLEW_FAILPOINT"] = line.strip()
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            os._exit(clew(["serve", "mail-intake"]))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
