"""Keep who configured, deleted or merged what. Next: clew_lifecycle.store.log_tables.audit."""

from collections.abc import Mapping
from typing import Any

from clew_shared.contracts.ids import new_id
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.log_tables import audit


async def write_audit(
    action: str,
    subject: str,
    actor: str | None,
    connection: AsyncConnection,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add a row; `subject` is `<kind>:<id>`, the values are JSON."""
    values = {"action": action, "subject": subject, "actor": actor, "before": before, "after": after}
    await connection.execute(insert(audit).values(id=new_id(), **values))
