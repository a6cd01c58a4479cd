"""Let people and programs in, from the command line. Next: clew_lifecycle.add_teammate.add_teammate."""

import argparse
import secrets
import sys

from clew_shared.contracts.ids import new_id
from clew_shared.runtime.at_hand import rail_at_hand
from clew_shared.runtime.sessions import credential_of
from sqlalchemy import insert

from clew_lifecycle.add_teammate import NotAnAddress, add_teammate
from clew_lifecycle.remove_teammate import remove_teammate
from clew_lifecycle.store.team_tables import api_token


async def create_token(asked: argparse.Namespace) -> int:
    secret = f"clew_{secrets.token_urlsafe(32)}"
    sha256 = credential_of("token", secret).sha256
    async with rail_at_hand("lifecycle") as rail, rail.unit_of_work() as uow:
        values = {"id": new_id(), "name": asked.name, "sha256": sha256, "role": asked.role}
        await uow.connection.execute(insert(api_token).values(**values))
    sys.stdout.write(f"{secret}\n")
    return 0


async def add_teammate_by_hand(asked: argparse.Namespace) -> int:
    try:
        async with rail_at_hand("lifecycle") as rail, rail.unit_of_work() as uow:
            added = await add_teammate(asked.email, asked.name, uow, asked.role)
    except NotAnAddress:
        sys.stderr.write(f"clew: {asked.email} is no email address\n")
        return 1
    sys.stdout.write(f"{asked.email} {'is a teammate now' if added else 'is a teammate already'}\n")
    return 0


async def remove_teammate_by_hand(asked: argparse.Namespace) -> int:
    async with rail_at_hand("lifecycle") as rail, rail.unit_of_work() as uow:
        removed = await remove_teammate(asked.email, uow)
    sys.stdout.write(f"{asked.email} {'is no teammate any more' if removed else 'is no teammate'}\n")
    return 0 if removed else 1
