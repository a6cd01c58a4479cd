"""Write where companies come to stand, and tell it: the one way for every change of a lifecycle stage.

Next: clew_lifecycle.store.lifecycle_rows.write_moves.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from clew_shared.contracts.lifecycle import CompanyHistoryRewritten, CompanyLifecycleChanged, CompanySummary
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.store.lifecycle_rows import CompanyMove, write_moves


async def move_companies(
    moves: Sequence[CompanyMove],
    uow: UnitOfWork,
    *,
    now: datetime,
    actor: str | None,
    note: str | None = None,
    historical: bool = False,
    batch_id: UUID | None = None,
) -> list[UUID]:
    """Write the moves of companies that are locked; give the ids of those whose stage changed.

    Each of these is told once, however many rows its log was given; a history that became another is told besides.
    """
    await write_moves(moves, uow.connection, now=now, actor=actor, note=note, historical=historical, batch_id=batch_id)
    changed = []
    for move in moves:
        company = _as_it_is(move)
        common = {"historical": historical, "actor": actor, "batch_id": batch_id, "note": note}
        if move.stage != move.company.stage:
            changed.append(move.company.id)
            uow.emit(
                CompanyLifecycleChanged(
                    company=company,
                    previous=move.company.stage,  # type: ignore[arg-type]  # the table's CHECK knows them all
                    rule=move.rule,
                    effective_at=move.since,
                    recorded_at=now,
                    cause=move.cause_id,
                    **common,  # type: ignore[arg-type]
                )
            )
        if move.rewritten_since is not None:
            uow.emit(CompanyHistoryRewritten(company=company, since=move.rewritten_since, **common))  # type: ignore[arg-type]
    return changed


def _as_it_is(move: CompanyMove) -> CompanySummary:
    company = move.company
    return CompanySummary(
        id=company.id,
        name=company.name,
        lifecycle_stage=move.stage,  # type: ignore[arg-type]  # the table's CHECK knows them all
        version=move.version,
        is_person=company.is_person,
        company_type=company.company_type,
        owner=company.owner,
    )
