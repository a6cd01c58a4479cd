"""The IMAP mailboxes that are read, and how each is doing. Next: clew_mail_intake.imap.keeper.MailboxKeeper."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from sqlalchemy import delete, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.tables import mailbox, mailbox_cursor
from clew_mail_intake.uid_ranges import read_ranges, write_ranges

Tls = Literal["tls", "starttls", "none"]
After = Literal["keep", "seen", "move"]
# The UIDVALIDITY and the UIDNEXT that the other folder had before a mail was copied there.
MoveBegun = tuple[int, int]
# One whose copy is there, and which is still to be deleted.
COPIED: MoveBegun = (0, -1)
# What tells the folder of one mailbox from another.
NAMES_IT = ("host", "port", "username", "folder")
# Degraded is one that cannot be signed in to, because there is no token for it.
State = Literal["connected", "connecting", "failing", "degraded", "paused"]


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens for a mailbox are had; the client's secret and the refresh token are sealed elsewhere."""

    provider: Literal["microsoft", "google"]
    flow: Literal["client_credentials", "refresh_token"]
    client_id: str
    tenant: str | None = None
    token_url: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxPlace:
    """Where a mailbox is and what is done with a mail that was taken.

    `password` is sealed, and holds the secrets of `oauth` where that is set. `tls_ca` is whose certificates are
    believed (PEM) in place of the system's authorities. The team is told when there was no success for
    `alarm_minutes`, or no mail for `silent_hours`. With `newest_first`, what lies there already is taken from the
    newest down. `alias` is the intake address that its mails count as having come for.
    """

    host: str
    port: int
    tls: Tls
    username: str
    password: bytes
    folder: str
    after: After
    move_to: str | None
    oauth: OAuth | None = None
    tls_verify: bool = True
    tls_ca: str | None = None
    alarm_minutes: int = 15
    silent_hours: int | None = None
    newest_first: bool = False
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a mailbox is doing; `lag_seconds` is how long its newest mail had lain there when we had it.

    `trouble` is what the team was told at `troubled_at`, until it is over. `failing_since` is when the first of the
    errors came that nothing has ended yet.
    """

    state: State
    last_success_at: datetime | None = None
    last_error: str | None = None
    lag_seconds: int | None = None
    received: int = 0
    last_mail_at: datetime | None = None
    trouble: str | None = None
    troubled_at: datetime | None = None
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`refresh_token` is sealed: the latest that the provider gave in place of the one in the settings.

    One that is `paused` is not read. `waiting` are the mails in it that could not be fetched yet.
    """

    id: UUID
    place: MailboxPlace
    health: Health
    refresh_token: bytes | None = None
    paused: bool = False
    waiting: int = 0


@dataclass(slots=True)
class Cursor:
    """How far a folder is read: everything up to `last_uid` but `pending`, which maps a UID to the tries it had.

    What is not above `backlog` is not read yet either, where the newest mails went first. `moving` are the mails whose
    move was begun, `unsettled` those that are stored and not marked or moved yet.
    """

    uidvalidity: int
    last_uid: int
    pending: dict[int, int]
    backlog: int = 0
    moving: dict[int, MoveBegun] = field(default_factory=dict)
    unsettled: set[int] = field(default_factory=set)

    def pass_by(self, uid: int) -> None:
        """Note that a mail is dealt with, and all that are read before it."""
        if uid <= self.backlog:
            self.backlog = uid - 1
        else:
            self.last_uid = max(self.last_uid, uid)


_PLACE = tuple(mailbox.c[name] for name in MailboxPlace.__dataclass_fields__)
_HEALTH = tuple(mailbox.c[name] for name in Health.__dataclass_fields__)


async def list_mailboxes(connection: AsyncConnection) -> list[Mailbox]:
    pending = mailbox_cursor.c.pending.label("pending")
    columns = (mailbox.c.id, mailbox.c.refresh_token, mailbox.c.paused, pending, *_PLACE, *_HEALTH)
    query = select(*columns).outerjoin(mailbox_cursor, mailbox_cursor.c.mailbox_id == mailbox.c.id)
    found = await connection.execute(query.order_by(mailbox.c.created_at))
    return [
        Mailbox(
            row["id"],
            _place({column.name: row[column] for column in _PLACE}),
            Health(**{column.name: row[column] for column in _HEALTH}),
            row["refresh_token"],
            row["paused"],
            len(row["pending"] or ()),
        )
        for row in found.mappings()
    ]


async def read_mailbox(mailbox_id: UUID, connection: AsyncConnection) -> Mailbox | None:
    return next((one for one in await list_mailboxes(connection) if one.id == mailbox_id), None)


async def add_mailbox(place: MailboxPlace, connection: AsyncConnection, *, has_new_secret: bool = True) -> UUID:
    """Add a mailbox; the same folder given again gets the new settings and keeps its cursor."""
    values = row_of_place(place, has_new_secret=has_new_secret)
    statement = insert(mailbox).values(id=new_id(), **values)
    changed = {name: statement.excluded[name] for name in values if name not in NAMES_IT}
    statement = statement.on_conflict_do_update(constraint="mailbox_place", set_=changed)
    found: UUID = (await connection.execute(statement.returning(mailbox.c.id))).scalar_one()
    return found


def row_of_place(place: MailboxPlace, *, has_new_secret: bool) -> dict[str, Any]:
    """Give what is stored of new settings.

    How it did with the old ones says nothing of these, and a refresh token is as good as the secret that brought it.
    """
    values = {name: getattr(place, name) for name in MailboxPlace.__dataclass_fields__}
    values["oauth"] = null() if place.oauth is None else msgspec.to_builtins(place.oauth)
    values |= {"state": "connecting", "last_error": None, "failing_since": None}
    return values | ({"refresh_token": None} if has_new_secret else {})


async def remove_mailbox(mailbox_id: UUID, connection: AsyncConnection) -> bool:
    """Forget a mailbox; the mails that came from it stay. Gives False where there is none."""
    result = await connection.execute(delete(mailbox).where(mailbox.c.id == mailbox_id))
    return bool(result.rowcount)


async def keep_refresh_token(used: Mailbox, sealed: bytes, connection: AsyncConnection) -> None:
    """Remember the refresh token that the provider gave in place of the last one.

    Where another secret was given meanwhile, this one is of no use: it would be taken in place of the new secret.
    """
    is_the_same = (mailbox.c.id == used.id, mailbox.c.password == used.place.password)
    await connection.execute(update(mailbox).where(*is_the_same).values(refresh_token=sealed))


async def report_health(
    mailbox_id: UUID,
    connection: AsyncConnection,
    *,
    state: State,
    succeeded_at: datetime | None = None,
    error: str | None = None,
    lag_seconds: int | None = None,
    newly_received: int = 0,
) -> None:
    """Note how it went; what is not given stays, except the error, which is the latest or none."""
    is_failing = state in ("failing", "degraded")
    failing_since = func.coalesce(mailbox.c.failing_since, func.now()) if is_failing else null()
    values: dict[str, object] = {"state": state, "last_error": error, "failing_since": failing_since}
    if succeeded_at is not None:
        values["last_success_at"] = succeeded_at
    if lag_seconds is not None:
        values["lag_seconds"] = lag_seconds
    if newly_received:
        values["received"] = mailbox.c.received + newly_received
        values["last_mail_at"] = func.now()
    await connection.execute(update(mailbox).where(mailbox.c.id == mailbox_id).values(values))


async def read_cursor(mailbox_id: UUID, uidvalidity: int, connection: AsyncConnection) -> Cursor:
    """Give how far the folder is read, which is nowhere when its UIDs mean something else than before."""
    row = (
        await connection.execute(select(mailbox_cursor).where(mailbox_cursor.c.mailbox_id == mailbox_id))
    ).one_or_none()
    if row is None or row.uidvalidity != uidvalidity:
        return Cursor(uidvalidity, 0, {})
    pending = {int(uid): tries for uid, tries in row.pending.items()}
    moving = {int(uid): (same, first) for uid, (same, first) in row.moving.items()}
    return Cursor(uidvalidity, row.last_uid, pending, row.backlog, moving, read_ranges(row.unsettled))


async def save_cursor(used: Mailbox, row: Mapping[str, Any], connection: AsyncConnection) -> None:
    """Keep how far the folder is read, unless the mailbox was removed or turned to another folder meanwhile."""
    # The lock has a change wait, or has us see it: numbers of the old folder would hide mails of the new one.
    is_the_same = (mailbox.c.id == used.id, *(mailbox.c[name] == getattr(used.place, name) for name in NAMES_IT))
    if await connection.scalar(select(mailbox.c.id).where(*is_the_same).with_for_update(read=True)):
        statement = insert(mailbox_cursor).values(mailbox_id=used.id, **row)
        await connection.execute(statement.on_conflict_do_update(index_elements=["mailbox_id"], set_=row))


def row_of_cursor(cursor: Cursor) -> dict[str, Any]:
    """Give what `save_cursor` keeps; for a hundred thousand UIDs that takes longer than the event loop may wait."""
    return {
        "uidvalidity": cursor.uidvalidity,
        "last_uid": cursor.last_uid,
        "pending": {str(uid): tries for uid, tries in cursor.pending.items()},
        "backlog": cursor.backlog,
        "unsettled": write_ranges(cursor.unsettled),
        "moving": {str(uid): begun for uid, begun in cursor.moving.items()},
    }


def _place(row: dict[str, Any]) -> MailboxPlace:
    oauth = row.pop("oauth")
    return MailboxPlace(**row, oauth=None if oauth is None else msgspec.convert(oauth, OAuth))
