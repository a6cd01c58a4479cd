"""Let people and programs in, from the command line. Next: clew_lifecycle.add_teammate.add_teammate."""

import argparse
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clew_shared.contracts.ids import new_id
from clew_shared.runtime.engines import attached_or_started
from clew_shared.runtime.migrate import migrate
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import build_services
from clew_shared.runtime.sessions import credential_of
from clew_shared.runtime.settings import load_settings
from clew_shared.runtime.up import with_engines
from sqlalchemy import insert

from clew_lifecycle.add_teammate import NotAnAddress, add_teammate
from clew_lifecycle.remove_teammate import remove_teammate
from clew_lifecycle.store.team_tables import api_token


async def create_token(asked: argparse.Namespace) -> int:
    secret = f"clew_{secrets.token_urlsafe(32)}"
    sha256 = credential_of("token", secret).sha256
    async with _rail() as rail, rail.unit_of_work() as uow:
        values = {"id": new_id(), "name": asked.name, "sha256": sha256, "role": asked.role}
        await uow.connection.execute(insert(api_token).values(**values))
    sys.stdout.write(f"{secret}\n")
    return 0


async def add_teammate_by_hand(asked: argparse.Namespace) -> int:
    try:
        async with _rail() as rail, rail.unit_of_work() as uow:
            added = await add_teammate(asked.email, asked.name, uow, asked.role)
    except NotAnAddress:
        sys.stderr.write(f"clew: {asked.email} is no email address\n")
        return 1
    sys.stdout.write(f"{asked.email} {'is a teammate now' if added else 'is a teammate already'}\n")
    return 0


async def remove_teammate_by_hand(asked: argparse.Namespace) -> int:
    async with _rail() as rail, rail.unit_of_work() as uow:
        removed = await remove_teammate(asked.email, uow)
    sys.stdout.write(f"{asked.email} {'is no teammate any more' if removed else 'is no teammate'}\n")
    return 0 if removed else 1


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
