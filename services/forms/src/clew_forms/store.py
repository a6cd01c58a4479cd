"""What is asked of the forms schema while submissions come in. Next: clew_forms.submit.submit_forms."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import ARRAY, Integer, Uuid, bindparam, column, delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_forms.submission import Submission
from clew_forms.tables import SUBMISSION, SUBMISSION_KEY

_KEY_COLUMNS = ("form_id", "key", "submission_id", "content", "expires_at")
_COLUMNS = (
    "id",
    "form_id",
    "version",
    "received_at",
    "raw",
    "normal",
    "signs",
    "suspicion",
    "dropped",
    "network",
    "amends",
)


class Claim(msgspec.Struct, frozen=True):
    """The submission that a key belongs to, and the digest of its answers."""

    submission_id: UUID
    content: bytes


async def claim_keys(connection: AsyncConnection, batch: Sequence[Submission]) -> dict[tuple[UUID, str], Claim]:
    """Take every key that is free, for the first in `batch` that names it; give whose each key is now.

    A transaction that is taking the same key at this moment is waited for, so there is one answer to who was first.
    """
    first: dict[tuple[UUID, str], Submission] = {}
    for item in batch:
        first.setdefault((item.form_id, item.key), item)
    # In one order, so that two batches cannot wait for each other.
    rows = [
        {"form_id": form_id, "key": key, "submission_id": s.id, "content": s.content, "expires_at": s.expires_at}
        for (form_id, key), s in sorted(first.items(), key=lambda pair: pair[0])
    ]
    taken = await connection.execute(_claim_statement(), as_arrays(rows, _KEY_COLUMNS))
    claims = {(form_id, key): Claim(first[form_id, key].id, first[form_id, key].content) for form_id, key in taken}
    missed = [pair for pair in first if pair not in claims]
    if missed:
        k = SUBMISSION_KEY.c
        found = await connection.execute(
            select(k.form_id, k.key, k.submission_id, k.content).where(tuple_(k.form_id, k.key).in_(missed))
        )
        claims |= {(form_id, key): Claim(submission_id, content) for form_id, key, submission_id, content in found}
    return claims


async def add_submissions(connection: AsyncConnection, accepted: Sequence[Submission]) -> None:
    if accepted:
        await connection.execute(_add_statement(), as_arrays([_row(item) for item in accepted], _COLUMNS))


async def count_repeats(connection: AsyncConnection, submission_ids: Sequence[UUID]) -> None:
    """Count how often each submission came again."""
    if not submission_ids:
        return
    counts = sorted(Counter(submission_ids).items())
    rows = func.unnest(bindparam("ids", type_=ARRAY(Uuid)), bindparam("counts", type_=ARRAY(Integer)))
    again = rows.table_valued(column("id", Uuid), column("count", Integer), name="again").render_derived()
    await connection.execute(
        update(SUBMISSION).where(SUBMISSION.c.id == again.c.id).values(repeats=SUBMISSION.c.repeats + again.c.count),
        {"ids": [submission_id for submission_id, _ in counts], "counts": [count for _, count in counts]},
    )


async def forget_keys(connection: AsyncConnection) -> None:
    """Delete the keys whose time is over."""
    await connection.execute(delete(SUBMISSION_KEY).where(SUBMISSION_KEY.c.expires_at <= func.now()))


def _row(item: Submission) -> dict[str, Any]:
    return {
        "id": item.id,
        "form_id": item.form_id,
        "version": item.version,
        "received_at": item.received_at,
        "raw": item.screened.raw,
        "normal": item.screened.normal,
        "signs": {sign.key: sign.weight for sign in item.signs},
        "suspicion": sum(sign.weight for sign in item.signs),
        "dropped": item.screened.dropped,
        "network": item.network,
        "amends": item.amends,
    }


@cache
def _add_statement() -> Any:
    return insert_rows(SUBMISSION, _COLUMNS)


@cache
def _claim_statement() -> Any:
    new = insert_rows(SUBMISSION_KEY, _KEY_COLUMNS)
    return new.on_conflict_do_update(
        index_elements=["form_id", "key"],
        set_={name: new.excluded[name] for name in ("submission_id", "content", "expires_at")},
        where=SUBMISSION_KEY.c.expires_at <= func.now(),
    ).returning(SUBMISSION_KEY.c.form_id, SUBMISSION_KEY.c.key)
