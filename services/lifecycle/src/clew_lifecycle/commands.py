"""`clew token create` and `clew teammate add|remove`. Next: clew_lifecycle.grant_access.create_token."""

from clew_shared.runtime.subparsers import Subparsers, later

_ROLES = ("admin", "manager", "sales", "read_only")


def add_commands(commands: Subparsers) -> None:
    """Register `token create NAME` and `teammate add|remove EMAIL`."""
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
