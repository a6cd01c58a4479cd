"""The `clew` command. Next: clew_shared.runtime.up.run_up."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import entry_points

from clew_shared.runtime.commands import add_commands
from clew_shared.runtime.settings import OperatorError

ENTRY_POINTS = "clew.commands"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code: 0 done, 1 not done, 2 wrongly asked."""
    parser = argparse.ArgumentParser(prog="clew", description="Turns what strangers send you into deals people work.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_commands(commands)
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        point.load()(commands)
    asked = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int | Awaitable[int]] = asked.run
    try:
        result = run(asked)
        return result if isinstance(result, int) else _run_async(result)
    except OperatorError as error:
        sys.stderr.write(f"clew: {error}\n")
        return 2
    except PermissionError as error:
        sys.stderr.write(f"clew: may not use {error.filename}: set CLEW_DATA_DIR to a directory of this user's\n")
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


def _run_async(work: Awaitable[int]) -> int:
    async def awaited() -> int:
        return await work

    if sys.platform == "win32":
        return asyncio.run(awaited())
    import uvloop

    return uvloop.run(awaited())


if __name__ == "__main__":
    sys.exit(main())
