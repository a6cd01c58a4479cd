"""`clew token create`, `clew teammate` and `clew lifecycle`. Next: clew_lifecycle.grant_access.create_token."""

from uuid import UUID

from clew_shared.runtime.subparsers import Subparsers, later

from clew_lifecycle.imports.commands import add_import_commands

_ROLES = ("admin", "manager", "sales", "read_only")


def add_commands(commands: Subparsers) -> None:
    """Register `token create NAME`, `teammate add|remove EMAIL` and `lifecycle sweep|recompute`."""
    token = commands.add_parser("token", help="tokens for programs that use the API").add_subparsers(required=True)
    create = token.add_parser("create", help="make a token and show it, once")
    create.add_argument("name", help="what the token is for; it stands beside what is done with it")
    create.add_argument("--role", choices=_ROLES, default="admin")
    create.set_defaults(run=later("clew_lifecycle.grant_access:create_token"))
    mate = commands.add_parser("teammate", help="the people who work here").add_subparsers(required=True)
    add = mate.add_parser("add", help="add somebody, who can then sign in by mail")
    add.add_argument("email")
    add.add_argument("--name")
    add.add_argument("--role", choices=_ROLES, default="admin")
    add.set_defaults(run=later("clew_lifecycle.grant_access:add_teammate_by_hand"))
    remove = mate.add_parser("remove", help="let somebody go: no more sign-in, no more mail; what they did stays")
    remove.add_argument("email")
    remove.set_defaults(run=later("clew_lifecycle.grant_access:remove_teammate_by_hand"))
    add_import_commands(commands)
    _add_lifecycle(commands.add_parser("lifecycle", help="where companies stand").add_subparsers(required=True))


def _add_lifecycle(commands: Subparsers) -> None:
    sweep = commands.add_parser("sweep", help="churn the companies whose time has come, as `clew up` does by itself")
    sweep.add_argument("--as-of", metavar="DATE", help="only what was due by the end of that UTC day")
    sweep.set_defaults(run=later("clew_lifecycle.maintain_lifecycle:sweep"))
    recompute = commands.add_parser("recompute", help="derive again where companies stand, from orders and deals")
    recompute.add_argument(
        "--initial",
        choices=("history", "replay"),
        help="as at a first import: customers from the first order on, or the live rules run over the past",
    )
    recompute.add_argument("--company", metavar="ID", type=UUID, help="one company alone")
    recompute.set_defaults(run=later("clew_lifecycle.maintain_lifecycle:recompute"))
