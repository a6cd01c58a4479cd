"""Become an engine that dies with its parent: drop privileges, ask for the signal, exec.

Run as a script by `child.launch_command`, never imported, and before any of our packages are on the path:
`launch.py PARENT SIGNAL UID GID PROGRAM ARGUMENT...`. A negative UID keeps the user.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, death_signal, uid, gid = map(int, sys.argv[1:5])
    os.umask(0o077)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, because that clears the request.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent died before the engine started")
    os.execv(sys.argv[5], sys.argv[5:])  # noqa: S606 - that is the whole point


if __name__ == "__main__":
    main()
