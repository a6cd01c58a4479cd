"""Companies whose churn is due: found by the partial index, moved and logged in one statement.

Next: clew_lifecycle.store.log_tables.lifecycle_log.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.lifecycle_rules import Rules


async def churn_due_companies(
    as_of: datetime, now: datetime, days: int, limit: int, actor: str, connection: AsyncConnection
) -> Sequence[Row[Any]]:
    """Move up to `limit` companies that nobody else has locked; what they are now, where they were, what was due."""
    values = {"as_of": as_of, "now": now, "days": days, "rows": limit, "actor": actor}
    return (await connection.execute(_CHURN, values)).all()


async def redate_churn(rules: Rules, connection: AsyncConnection) -> int:
    """Say anew when companies churn, after the settings changed; give how many are due at another time than before."""
    values = {"days": rules.churn_days, "many": rules.churn_with_many_ledgers}
    return (await connection.execute(_REDATE, values)).rowcount


async def count_with_many_ledgers(as_of: datetime, rules: Rules, connection: AsyncConnection) -> int:
    """Count those that would churn but for their ledgers; 0 where these make no difference."""
    if rules.churn_with_many_ledgers:
        return 0
    return int(await connection.scalar(_SKIPPED, {"as_of": as_of, "days": rules.churn_days}) or 0)


_CHURN = text(
    """
    WITH due AS (
        SELECT id, lifecycle_stage AS previous, churn_due_at AS due_at, last_order_at FROM lifecycle.company
        WHERE churn_due_at <= :as_of ORDER BY churn_due_at LIMIT :rows FOR NO KEY UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE lifecycle.company c SET lifecycle_stage = 'churned', lifecycle_since = due.due_at, churn_due_at = NULL,
            version = c.version + 1
        FROM due WHERE c.id = due.id
        RETURNING c.id, c.name, c.is_person, c.company_type, c.owner_id, c.version, due.previous, due.due_at
    ), logged AS (
        INSERT INTO lifecycle.lifecycle_log
            (id, company_id, stage, previous, effective_at, recorded_at, rule, actor, cause_kind, facts)
        SELECT gen_random_uuid(), id, 'churned', previous, due_at, :now, 'e', :actor, 'clock',
            jsonb_build_object('last_order_at', last_order_at, 'days', CAST(:days AS integer))
        FROM due
    )
    SELECT moved.id, moved.name, is_person, company_type, version, previous, due_at, t.email AS owner
    FROM moved LEFT JOIN lifecycle.teammate t ON t.id = moved.owner_id
    """
)

# The same as domain.lifecycle_rules.churn_due says of one company; a day is always 24 hours. Locked in the one order
# that everybody locks companies in.
_REDATE = text(
    """
    WITH found AS (
        SELECT id, churn_due_at AS was, CASE
            WHEN lifecycle_stage IN ('onboarding', 'customer') AND auto_lifecycle
                AND merged_into IS NULL AND deleted_at IS NULL AND (ledger_count <= 1 OR :many)
                AND last_order_at + CAST(:days AS integer) * interval '24 hours'
                    > coalesce(lifecycle_since, '-infinity')
            THEN last_order_at + CAST(:days AS integer) * interval '24 hours' END AS due
        FROM lifecycle.company WHERE last_order_at IS NOT NULL
    ), differing AS (
        SELECT c.id, found.due FROM lifecycle.company c JOIN found ON found.id = c.id
        WHERE found.due IS DISTINCT FROM found.was ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    UPDATE lifecycle.company c SET churn_due_at = differing.due FROM differing WHERE c.id = differing.id
    """
)

_SKIPPED = text(
    """
    SELECT count(*) FROM lifecycle.company
    WHERE lifecycle_stage IN ('onboarding', 'customer') AND auto_lifecycle AND ledger_count > 1
        AND merged_into IS NULL AND deleted_at IS NULL
        AND last_order_at + CAST(:days AS integer) * interval '24 hours' <= :as_of
    """
)
