"""How `clew import` is asked. Next: clew_lifecycle.imports.command.import_orders."""

from argparse import ArgumentParser
from pathlib import Path

from clew_shared.runtime.subparsers import Subparsers, later


def add_import_commands(commands: Subparsers) -> None:
    """Register `import orders|deals|companies|contacts FILE`."""
    kinds = commands.add_parser("import", help="bring in what another system knows").add_subparsers(required=True)
    orders = kinds.add_parser("orders", help="orders: company,order,ordered_at,amount,currency[,kind][,ledger]")
    orders.add_argument("--source", default="erp", help="the system whose ids these are (default erp)")
    orders.add_argument("--decimal", choices=["point", "comma"], help="what stands before the fraction of a sum")
    orders.set_defaults(run=later("clew_lifecycle.imports.command:import_orders"))
    _add_options(orders)
    for kind in ("deals", "companies", "contacts"):
        mapped = kinds.add_parser(kind, help=f"{kind}, by a mapping file that says which column is what")
        mapped.add_argument(
            "--mapping", type=Path, required=True, help="a TOML or JSON file; see the README of lifecycle"
        )
        mapped.set_defaults(run=later("clew_lifecycle.imports.command:import_mapped"), kind=kind)
        _add_options(mapped)


def _add_options(kind: ArgumentParser) -> None:
    kind.add_argument("file", help="a CSV file, or - for standard input")
    kind.add_argument(
        "--initial",
        choices=["history", "replay"],
        default="history",
        help="what companies become by their first orders: customers, or what the rules would have made them",
    )
    kind.add_argument("--encoding", help="of the file (default UTF-8, or what its first bytes say)")
    kind.add_argument("--dry-run", action="store_true", help="write nothing, and say what would come of it")
