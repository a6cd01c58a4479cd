"""`clew token create` and `clew teammate add`. Next: clew_lifecycle.add_teammate.add_teammate."""

import argparse
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clew_shared.contracts.ids import new_id
from clew_shared.runtime.commands import Subparsers
from clew_shared.runtime.engines import attached_or_started
from clew_shared.runtime.migrate import migrate
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import build_services
from clew_shared.runtime.sessions import credential_of
from clew_shared.runtime.settings import load_settings
from clew_shared.runtime.up import with_engines
from sqlalchemy import insert

from clew_lifecycle.add_teammate import NotAnAddress, add_teammate
from clew_lifecycle.store.team_tables import api_token

_ROLES = ("admin", "manager", "sales", "read_only")


def add_commands(commands: Subparsers) -> None:
    """Register `token create NAME` and `teammate add EMAIL`."""
    token = commands.add_parser("token", help="tokens for programs that use the API").add_subparsers(required=True)
    create = token.add_parser("create", help="make a token and show it, once")
    create.add_argument("name", help="what the token is for; it stands beside what is done with it")
    create.add_argument("--role", choices=_ROLES, default="admin")
    create.set_defaults(run=_create_token)
    mate = commands.add_parser("teammate", help="the people who work here").add_subparsers(required=True)
    add = mate.add_parser("add", help="add somebody, who can then sign in by mail")
    add.add_argument("email")
    add.add_argument("--name")
    add.add_argument("--role", choices=_ROLES, default="admin")
    add.set_defaults(run=_add_teammate)


async def _create_token(asked: argparse.Namespace) -> int:
    secret = f"clew_{secrets.token_urlsafe(32)}"
    sha256 = credential_of("token", secret).sha256
    async with _rail() as rail, rail.unit_of_work() as uow:
        values = {"id": new_id(), "name": asked.name, "sha256": sha256, "role": asked.role}
        await uow.connection.execute(insert(api_token).values(**values))
    sys.stdout.write(f"{secret}\n")
    return 0


async def _add_teammate(asked: argparse.Namespace) -> int:
    try:
        async with _rail() as rail, rail.unit_of_work() as uow:
            added = await add_teammate(asked.email, asked.name, uow, asked.role)
    except NotAnAddress:
        sys.stderr.write(f"clew: {asked.email} is no email address\n")
        return 1
    sys.stdout.write(f"{asked.email} {'is a teammate now' if added else 'is a teammate already'}\n")
    return 0


@asynccontextmanager
async def _rail() -> AsyncIterator[Rail]:
    """Work on the engines that run on this data, or on engines of our own for the call."""
    settings = load_settings()
    async with attached_or_started(settings) as found:
        [service] = build_services(with_engines(settings, found), ["lifecycle"])
        try:
            await migrate([service])
            yield service.rail
        finally:
            await service.rail.database.close()
