"""How many companies stood at each stage at a time, as it was known at a time.

Next: clew_lifecycle.store.log_tables.lifecycle_log.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, DateTime, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

STAGES = ("suspect", "prospect", "lead", "mql", "sql", "opportunity", "onboarding", "customer", "churned", "other")


async def report_lifecycle(
    as_of: datetime,
    connection: AsyncConnection,
    *,
    as_known_at: datetime | None = None,
    by_owner: bool = False,
    owner: UUID | None = None,
    company_type: str | None = None,
) -> dict[str, int]:
    """Count companies by the last row of their log that was effective by `as_of`; one without such a row was not there.

    `as_known_at` leaves out what was recorded later and takes what was superseded later: the report as it was read
    then. Companies that were merged into others, or deleted by `as_of`, do not count; owner and type are today's.
    """
    found = await connection.execute(
        _NOW_KNOWN if as_known_at is None else _THEN_KNOWN,
        {
            "as_of": as_of,
            **({"as_known_at": as_known_at} if as_known_at is not None else {}),
            "by_owner": by_owner,
            "owner": owner,
            "company_type": company_type,
        },
    )
    counts = {row.stage: int(row.companies) for row in found}
    return {stage: counts.get(stage, 0) for stage in STAGES}


KNOWN = "recorded_at <= :as_known_at AND (superseded_at IS NULL OR superseded_at > :as_known_at)"

_COUNT = """
    SELECT stage, count(*) AS companies
    FROM (
        SELECT DISTINCT ON (company_id) company_id, stage FROM lifecycle.lifecycle_log
        WHERE kind = 'stage' AND effective_at <= :as_of AND {known}
        ORDER BY company_id DESC, effective_at DESC, seq DESC
    ) AS latest
    WHERE company_id NOT IN (
            SELECT id FROM lifecycle.company WHERE merged_into IS NOT NULL OR deleted_at <= :as_of)
        AND (NOT :by_owner OR company_id IN (
            SELECT id FROM lifecycle.company WHERE owner_id IS NOT DISTINCT FROM :owner))
        AND (:company_type IS NULL OR company_id IN (
            SELECT id FROM lifecycle.company WHERE company_type = :company_type))
    GROUP BY stage
    """
_PARAMETERS = (
    bindparam("as_of", type_=DateTime(timezone=True)),
    bindparam("by_owner", type_=Boolean),
    bindparam("owner", type_=Uuid),
    bindparam("company_type", type_=Text),
)
_NOW_KNOWN = text(_COUNT.format(known="superseded_at IS NULL")).bindparams(*_PARAMETERS)
_THEN_KNOWN = text(_COUNT.format(known=KNOWN)).bindparams(
    *_PARAMETERS, bindparam("as_known_at", type_=DateTime(timezone=True))
)
