"""Make one company of two. Next: clew_lifecycle.recompute.recompute_companies."""

from uuid import UUID

from clew_shared.contracts.lifecycle import CompanyMerged
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Uuid, bindparam, text

from clew_lifecycle.merging.fill_blanks import blanks
from clew_lifecycle.merging.merge import begin_merge, carry_out, find_merge, lock_deals_of, note_merge
from clew_lifecycle.merging.pool_ledgers import pool_ledgers
from clew_lifecycle.recompute import recompute_companies
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.records import lock_company
from clew_lifecycle.tell import summarise_company

_FILLED = ("company_type", "domain", "phone", "email", "owner_id", "account_since")


async def merge_companies(company_id: UUID, into: UUID, actor: Actor, uow: UnitOfWork) -> UUID:
    """Give all that is one company's to another: people, deals, orders, and what was ever said of where it stands.

    Raises `Problem` 404, 422.
    """
    if (done := await find_merge("company", company_id, into, uow.connection)) is not None:
        return done
    await lock_deals_of((), (company_id, into), uow.connection)
    return await join_companies(company_id, into, actor, uow)


async def join_companies(
    company_id: UUID, into: UUID, actor: Actor, uow: UnitOfWork, *, part_of: UUID | None = None
) -> UUID:
    """Merge two companies whose deals are locked. Orders are pooled and replayed once; what people set is kept."""
    connection = uow.connection
    merge = await begin_merge("company", company_id, into, actor, connection, part_of)
    values = blanks(merge.kept, merge.merged, _FILLED)
    if (until := max(filter(None, (merge.kept.history_until, merge.merged.history_until)), default=None)) is not None:
        values["history_until"] = until
    await note_merge(merge, values, connection)
    await pool_ledgers(merge.id, company_id, into, connection)
    await carry_out(merge, values, connection)
    await connection.execute(_LEAVE_BEGINNING, {"merged": company_id, "kept": into})
    await write_audit("merged", f"company:{company_id}", actor.email, connection, after={"into": str(into)})
    kept = summarise_company(await lock_company(into, connection))
    if part_of is None:
        uow.emit(CompanyMerged(company=kept, merged=company_id, merge_id=merge.id, actor=actor.email))
    await recompute_companies([into], uow, actor=actor.email)
    return merge.id


# A company begins once: what began later stays with the one that is no more.
_LEAVE_BEGINNING = text(
    """
    UPDATE lifecycle.lifecycle_log SET company_id = :merged
    WHERE id IN (
        SELECT id FROM lifecycle.lifecycle_log
        WHERE company_id = :kept AND kind = 'stage' AND rule = 'a' AND superseded_at IS NULL
        ORDER BY effective_at, seq OFFSET 1
    ) AND id::text IN (
        SELECT row_key FROM lifecycle.merge_row JOIN lifecycle.record_merge m ON m.id = merge_id
        WHERE m.merged_id = :merged AND table_name = 'lifecycle_log'
    )
    """
).bindparams(bindparam("merged", type_=Uuid), bindparam("kept", type_=Uuid))
