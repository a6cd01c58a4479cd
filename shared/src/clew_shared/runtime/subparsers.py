"""Declare commands without importing what they do: `clew` answers at once. Next: clew_shared.runtime.cli.main."""

import argparse
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TypeAlias

# argparse has no public name for what add_subparsers returns.
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
Command = Callable[[argparse.Namespace], "int | Awaitable[int]"]


def later(target: str) -> Command:
    """Give a command that imports `target` (`package.module:function`) when it is run."""

    def run(asked: argparse.Namespace) -> int | Awaitable[int]:
        module, _, name = target.partition(":")
        command: Command = getattr(import_module(module), name)
        return command(asked)

    return run
