"""Who works here, and the sessions, tokens and links that prove it. Next: clew_lifecycle.verify.TeamVerifier."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from clew_shared.runtime.sessions import Actor
from sqlalchemy import ColumnElement, Text, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.team_tables import api_token, session, sign_in_link, teammate
from clew_lifecycle.store.world import Teammate

SESSION_IDLE = timedelta(hours=12)
SESSION_LIFE = timedelta(days=7)
# How exactly the last use of a session is known: a write for every request would cost more than it tells.
_SEEN_EVERY = timedelta(minutes=1)
_KNOWN = with_arrays(
    "SELECT email_key, email, name FROM lifecycle.teammate WHERE active AND email_key = ANY(:keys)", keys=Text
)


class TeammateView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works here."""

    email: str
    name: str


async def actor_of_session(sha256: bytes, connection: AsyncConnection) -> Actor | None:
    """Give the teammate of a session that is alive, and note that it was used."""
    row = (
        await connection.execute(
            select(teammate.c.email, teammate.c.name, teammate.c.role, _is_due_to_be_seen().label("due"))
            .join(session, session.c.teammate_id == teammate.c.id)
            .where(
                session.c.sha256 == sha256,
                session.c.ended_at.is_(None),
                session.c.seen_at > func.now() - SESSION_IDLE,
                session.c.created_at > func.now() - SESSION_LIFE,
                teammate.c.active,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if row.due:
        await connection.execute(update(session).where(session.c.sha256 == sha256).values(seen_at=func.now()))
        await connection.commit()
    return Actor(kind="teammate", email=row.email, name=row.name, role=row.role)


async def actor_of_token(sha256: bytes, connection: AsyncConnection) -> Actor | None:
    found = await connection.execute(
        select(api_token.c.name, api_token.c.role).where(api_token.c.sha256 == sha256, api_token.c.revoked_at.is_(None))
    )
    row = found.one_or_none()
    return Actor(kind="token", email=f"api:{row.name}", name=row.name, role=row.role) if row is not None else None


async def find_teammate(email_key: str, connection: AsyncConnection) -> tuple[UUID, str] | None:
    """Give the id and address of an active teammate."""
    found = await connection.execute(
        select(teammate.c.id, teammate.c.email).where(teammate.c.email_key == email_key, teammate.c.active)
    )
    row = found.one_or_none()
    return (row.id, row.email) if row is not None else None


async def know_teammates(email_keys: Iterable[str | None], connection: AsyncConnection) -> dict[str, Teammate]:
    """Give the active teammates among some addresses, by these."""
    keys = sorted(filter(None, email_keys))
    found = await connection.execute(_KNOWN, {"keys": keys}) if keys else ()
    return {row.email_key: Teammate(row.email, row.name) for row in found}


async def first_admin(connection: AsyncConnection) -> UUID | None:
    found: UUID | None = await connection.scalar(
        select(teammate.c.id).where(teammate.c.active, teammate.c.role == "admin").order_by(teammate.c.id).limit(1)
    )
    return found


async def list_teammates(connection: AsyncConnection) -> list[TeammateView]:
    found = await connection.execute(
        select(teammate.c.email, teammate.c.name).where(teammate.c.active).order_by(teammate.c.name, teammate.c.id)
    )
    return [TeammateView(email=row.email, name=row.name) for row in found]


async def add_link(
    sha256: bytes, teammate_id: UUID, shown_in: str, next_path: str, expires_at: datetime, connection: AsyncConnection
) -> None:
    values = {"sha256": sha256, "teammate_id": teammate_id, "shown_in": shown_in, "next": next_path}
    await connection.execute(insert(sign_in_link).values(**values, expires_at=expires_at))


async def count_open_links(teammate_id: UUID, connection: AsyncConnection) -> int:
    found = await connection.scalar(
        select(func.count()).where(
            sign_in_link.c.teammate_id == teammate_id,
            sign_in_link.c.shown_in == "mail",
            sign_in_link.c.used_at.is_(None),
            sign_in_link.c.expires_at > func.now(),
        )
    )
    return int(found or 0)


async def look_at_link(sha256: bytes, connection: AsyncConnection) -> str | None:
    """Tell where a link that still works was shown."""
    found: str | None = await connection.scalar(
        select(sign_in_link.c.shown_in).where(sign_in_link.c.sha256 == sha256, _works())
    )
    return found


async def use_link(sha256: bytes, connection: AsyncConnection) -> tuple[UUID, str] | None:
    """Use a link up; give its teammate and where to go, or None when it does not work or somebody was faster."""
    found = await connection.execute(
        update(sign_in_link)
        .where(sign_in_link.c.sha256 == sha256, _works())
        .values(used_at=func.now())
        .returning(sign_in_link.c.teammate_id, sign_in_link.c.next)
    )
    row = found.one_or_none()
    return (row.teammate_id, row.next) if row is not None else None


async def add_session(sha256: bytes, teammate_id: UUID, connection: AsyncConnection) -> None:
    await connection.execute(insert(session).values(sha256=sha256, teammate_id=teammate_id, seen_at=func.now()))


async def end_session(sha256: bytes, connection: AsyncConnection) -> None:
    await connection.execute(update(session).where(session.c.sha256 == sha256).values(ended_at=func.now()))


def _works() -> ColumnElement[bool]:
    return sign_in_link.c.used_at.is_(None) & (sign_in_link.c.expires_at > func.now())


def _is_due_to_be_seen() -> ColumnElement[bool]:
    return session.c.seen_at < func.now() - _SEEN_EVERY
