"""The forms as they are now, at hand for every request. Next: clew_forms.routes.PublicForms.post_submission."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.rail import Rail
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_forms.definition import FormDefinition
from clew_forms.tables import FORM, FORM_VERSION, SUBMISSION

FRESH_SECONDS = 1.0
# Somebody who asks for a form that is not here may have just published it.
_FRESH_WITHOUT_SECONDS = 0.05
_PATIENCE_SECONDS = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LiveForm:
    """A form with the version that is shown now."""

    id: UUID
    version: int
    closed_at: datetime | None
    definition: FormDefinition

    def takes(self, now: datetime, opened_at: datetime | None) -> bool:
        """Tell whether it takes a submission now, from a page that was opened at `opened_at` when that is known."""
        if self.closed_at is None:
            return True
        grace = timedelta(minutes=self.definition.grace_minutes)
        return opened_at is not None and opened_at <= self.closed_at and now <= self.closed_at + grace


class FormBook:
    """Reads all forms at most once a second, and keeps what it has when the database is away."""

    def __init__(self, rail: Rail) -> None:
        self._rail = rail
        self._forms: dict[str, LiveForm] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, slug: str) -> LiveForm | None:
        """Give the form; None when there is none. Raises what the database raises when nothing was ever read."""
        fresh_for = FRESH_SECONDS if slug in self._forms else _FRESH_WITHOUT_SECONDS
        if time.monotonic() - self._read_at > fresh_for:
            await self._refresh(fresh_for)
        return self._forms.get(slug)

    def forget(self) -> None:
        """Read again at the next request: this process has just published something."""
        self._read_at = float("-inf")

    async def _refresh(self, fresh_for: float) -> None:
        async with self._reading:
            if time.monotonic() - self._read_at <= fresh_for:
                return
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS), self._rail.reading() as connection:
                    self._forms = {form.definition.slug: form for form in await read_forms(connection)}
            except (SQLAlchemyError, OSError) as error:
                if not self._forms:
                    raise
                log.warning("forms.book_is_old", error=str(error)[:200])
            self._read_at = time.monotonic()


async def read_forms(connection: AsyncConnection, slug: str | None = None) -> list[LiveForm]:
    query = (
        select(FORM.c.id, FORM.c.version, FORM.c.closed_at, FORM_VERSION.c.definition)
        .join(FORM_VERSION, (FORM_VERSION.c.form_id == FORM.c.id) & (FORM_VERSION.c.version == FORM.c.version))
        .order_by(FORM.c.slug)
    )
    found = await connection.execute(query if slug is None else query.where(FORM.c.slug == slug))
    return [_live(row) for row in found]


async def count_submissions(connection: AsyncConnection, form_ids: Sequence[UUID]) -> dict[UUID, int]:
    found = await connection.execute(
        select(SUBMISSION.c.form_id, func.count().label("total"))
        .where(SUBMISSION.c.form_id.in_(form_ids))
        .group_by(SUBMISSION.c.form_id)
    )
    return {row.form_id: row.total for row in found}


async def publish_form(connection: AsyncConnection, definition: FormDefinition) -> LiveForm:
    """Make `definition` what is shown from now on: a new version when it differs from the one before."""
    await connection.execute(
        upsert(FORM)
        .values(id=new_id(), slug=definition.slug, version=0)
        .on_conflict_do_nothing(index_elements=["slug"])
    )
    form = (await connection.execute(select(FORM).where(FORM.c.slug == definition.slug).with_for_update())).one()
    shown = await read_forms(connection, definition.slug)
    if shown and shown[0].definition == definition:
        return shown[0]
    version = form.version + 1
    await connection.execute(
        insert(FORM_VERSION).values(form_id=form.id, version=version, definition=msgspec.to_builtins(definition))
    )
    closed_at = (form.closed_at or func.now()) if definition.closed else None
    await connection.execute(update(FORM).where(FORM.c.id == form.id).values(version=version, closed_at=closed_at))
    [published] = await read_forms(connection, definition.slug)
    return published


def _live(row: Row[*tuple[Any, ...]]) -> LiveForm:
    return LiveForm(row.id, row.version, row.closed_at, msgspec.convert(row.definition, FormDefinition))
