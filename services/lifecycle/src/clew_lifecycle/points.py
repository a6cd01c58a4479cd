"""The addresses and numbers of a contact or a company: added, put first, retired, and never lost.

Next: clew_lifecycle.recognise_sender.recognise_sender.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from clew_shared.contracts.ids import new_id
from clew_shared.identity.email import normalise_email
from clew_shared.identity.phone import normalise_phone
from clew_shared.runtime.database import as_arrays, insert_rows
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import invalid
from clew_lifecycle.domain.mailbox import is_shared_mailbox
from clew_lifecycle.store.prefetch import lock_identities
from clew_lifecycle.store.tables import contact_point as points

_COLUMNS = ("id", "kind", "value_raw", "value_norm", "contact_id", "company_id", "shared")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose the points are: a contact's, with the company that a mailbox read by many belongs to, or a company's."""

    contact_id: UUID | None
    company_id: UUID | None


@dataclass(frozen=True, slots=True)
class Read:
    """A point as it is written (`raw`), as it is shown (`main`) and as it is matched (`norm`)."""

    raw: str
    main: str
    norm: str


def read_emails(main: str | None, others: Sequence[str] = ()) -> list[Read]:
    """Read `email` and `emails`, each address once. Raises `Problem` 422 for what cannot be one."""
    read: dict[str, Read] = {}
    pointed = (("/email", main or ""), *((f"/emails/{place}", typed) for place, typed in enumerate(others)))
    for pointer, typed in pointed:
        if not typed.strip():
            continue
        email = normalise_email(typed)
        if email is None:
            raise invalid(pointer, "That is no email address.")
        read.setdefault(email.key, Read(typed.strip(), email.address, email.key))
    return list(read.values())


def read_phones(given: Sequence[str], region: str | None) -> list[Read]:
    """Read numbers, each once; one that cannot be dialled as written is kept as it is and matches nobody."""
    read: dict[str, Read] = {}
    for typed in given:
        words = " ".join(typed.split())
        if words:
            norm = normalise_phone(words, region) or f"raw:{words}"
            read.setdefault(norm, Read(words, words, norm))
    return list(read.values())


async def known_points(owner: Owner, kind: str, main: str | None, connection: AsyncConnection) -> list[str]:
    """List what the owner is reached by, the main one first; nothing of it is main where `main` is None."""
    query = select(points.c.value_raw, points.c.value_norm).where(
        points.c.kind == kind, points.c.retired_at.is_(None), _owned_by(owner)
    )
    norm = read.key if kind == "email" and (read := normalise_email(main or "")) else None
    rows = (await connection.execute(query.order_by(points.c.id))).all()
    return [main or "", *(row.value_raw for row in rows if norm != row.value_norm and row.value_raw != main)]


async def replace_points(owner: Owner, kind: str, wanted: Sequence[Read], uow: UnitOfWork) -> bool:
    """Have the owner's points of this kind be those `wanted`; the others are retired, which keeps what they were.

    True when that changed anything. Raises `Problem` 409 for an address that is another contact's own.
    """
    connection = uow.connection
    await lock_identities([f"{kind}:{point.norm}" for point in wanted], connection)
    taken = await _taken(owner, kind, [point.norm for point in wanted], connection)
    if kind == "email" and taken and owner.contact_id is not None:
        raise Problem(
            409, "Already known", "Another contact has that address.", contact=str(next(iter(taken.values())))
        )
    mine = (points.c.kind == kind) & points.c.retired_at.is_(None) & _owned_by(owner)
    known = set((await connection.scalars(select(points.c.value_norm).where(mine))).all())
    gone = known - {point.norm for point in wanted}
    if gone:
        retire = update(points).where(mine, points.c.value_norm.in_(gone)).values(retired_at=func.now())
        await connection.execute(retire)
    new = [point for point in wanted if point.norm not in known]
    # They are listed by their ids, and two of one moment are in no order.
    ids = sorted(new_id() for _ in new)
    rows = [_row(point_id, owner, kind, point, taken) for point_id, point in zip(ids, new, strict=True)]
    if rows:
        await connection.execute(insert_rows(points, _COLUMNS), as_arrays(rows, _COLUMNS))
    return bool(gone or rows)


async def retire_points(owner: Owner, connection: AsyncConnection) -> None:
    """Have nothing lead to the owner any more."""
    mine = points.c.retired_at.is_(None) & _owned_by(owner)
    await connection.execute(update(points).where(mine).values(retired_at=func.now()))


async def lock_points_of(contacts: Sequence[UUID], connection: AsyncConnection) -> None:
    """Have everybody who writes for these contacts wait for us, by whatever address or number they come."""
    known = select(points.c.kind, points.c.value_norm).where(
        points.c.contact_id.in_(contacts), points.c.retired_at.is_(None)
    )
    locked: set[str] = set()
    # Whoever was before us may have added one.
    while missing := {f"{kind}:{norm}" for kind, norm in await connection.execute(known)} - locked:
        await lock_identities(missing, connection)
        locked |= missing


def _owned_by(owner: Owner) -> ColumnElement[bool]:
    if owner.contact_id is not None:
        return points.c.contact_id == owner.contact_id
    return (points.c.company_id == owner.company_id) & points.c.contact_id.is_(None)


async def _taken(owner: Owner, kind: str, norms: Sequence[str], connection: AsyncConnection) -> dict[str, UUID]:
    """Give the contacts that have one of these as their own."""
    query = select(points.c.value_norm, points.c.contact_id).where(
        points.c.kind == kind,
        points.c.value_norm.in_(norms),
        points.c.contact_id.is_not(None),
        points.c.contact_id.is_distinct_from(owner.contact_id),
        ~points.c.shared,
        points.c.retired_at.is_(None),
    )
    return {row.value_norm: row.contact_id for row in await connection.execute(query)}


def _row(point_id: UUID, owner: Owner, kind: str, point: Read, taken: dict[str, UUID]) -> dict[str, object]:
    is_office = kind == "email" and is_shared_mailbox(point.norm)
    shared = owner.contact_id is None or is_office or point.norm in taken or point.norm.startswith("raw:")
    return {
        "id": point_id,
        "kind": kind,
        "value_raw": point.raw,
        "value_norm": point.norm,
        "contact_id": owner.contact_id,
        "company_id": owner.company_id if owner.contact_id is None or is_office else None,
        "shared": shared,
    }
