"""Keep a file with a deal, and give it back. Next: clew_lifecycle.staff_entry.add_staff_entry."""

import re
from hashlib import sha256
from typing import Any
from uuid import UUID

from clew_shared.contracts.enquiry import Attachment
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import invalid
from clew_lifecycle.facts import Facts
from clew_lifecycle.staff_entry import add_staff_entry
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.tables import deal
from clew_lifecycle.store.work_tables import stored_file
from clew_lifecycle.store.world import Activity

MOST_BYTES = 25 << 20
_LONGEST_NAME = 200
# A name leads nowhere, whatever system it is saved on.
_NO_PART_OF_A_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}")


async def keep_file(deal_id: UUID, name: str, kind: str, content: bytes, actor: Actor, uow: UnitOfWork) -> Activity:
    """Keep the bytes and enter the file on the timeline. Raises `Problem` 404, 413, 422 for nothing."""
    if not content:
        raise invalid("/", "A file has something in it.")
    if len(content) > MOST_BYTES:
        raise too_large()
    file = Attachment(
        id=new_id(),
        name=file_name(name),
        type=kind if _TYPE.fullmatch(kind) else "application/octet-stream",
        size=len(content),
        sha256=sha256(content).hexdigest(),
    )
    entry = await add_staff_entry(deal_id, "file", "", Facts(attachments=(file,)), actor, uow)
    await uow.connection.execute(
        insert(stored_file).values(
            id=file.id,
            deal_id=deal_id,
            activity_id=entry.id,
            name=file.name,
            type=file.type,
            size=file.size,
            sha256=bytes.fromhex(file.sha256),
            content=content,
            created_by=actor.email,
        )
    )
    return entry


def too_large() -> Problem:
    return Problem(413, "Too large", f"A file has at most {MOST_BYTES >> 20} MB.")


def file_name(given: str) -> str:
    """Give the last part of a name, without what a file system could take for something else."""
    last = re.split(r"[/\\]", given.strip())[-1]
    name = " ".join(_NO_PART_OF_A_NAME.sub(" ", last).split()).strip(" .")
    return name[-_LONGEST_NAME:] or "file"


async def read_file(file_id: UUID, connection: AsyncConnection) -> Row[Any]:
    """Give the file with its content. Raises `Problem` 404, 410 when somebody removed it."""
    query = select(stored_file).join(deal, deal.c.id == stored_file.c.deal_id)
    row = (
        await connection.execute(query.where(stored_file.c.id == file_id, deal.c.deleted_at.is_(None)))
    ).one_or_none()
    if row is None:
        raise not_found("file")
    if row.content is None:
        raise Problem(410, "Gone", "That file was removed.")
    return row


async def remove_file(file_id: UUID, actor: Actor, uow: UnitOfWork) -> None:
    """Drop the bytes; that there was a file stays on the timeline. Raises `Problem` 404, 410."""
    row = await read_file(file_id, uow.connection)
    gone = update(stored_file).where(stored_file.c.id == file_id).values(content=None)
    await uow.connection.execute(gone)
    await write_audit("removed", f"file:{file_id}", actor.email, uow.connection, before={"name": row.name})
