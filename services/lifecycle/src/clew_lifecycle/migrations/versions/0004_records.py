"""What records need: merges, and totals without what was deleted."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lifecycle_0004"
down_revision = "lifecycle_0003"
branch_labels = None
depends_on = None

# A deal that was deleted stands in no column.
_COUNT_WHAT_IS_THERE = (
    "DROP TRIGGER deal_changed ON lifecycle.deal",
    """
    CREATE OR REPLACE FUNCTION lifecycle.count_changed_deal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.deleted_at IS NULL THEN
            INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
            VALUES (OLD.stage_id, OLD.status, OLD.currency, -1, -coalesce(OLD.amount, 0));
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.deleted_at IS NULL THEN
            INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
            VALUES (NEW.stage_id, NEW.status, NEW.currency, 1, coalesce(NEW.amount, 0));
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER deal_changed AFTER UPDATE ON lifecycle.deal FOR EACH ROW
    WHEN ((OLD.stage_id, OLD.status, OLD.currency, OLD.amount, OLD.deleted_at IS NULL)
        IS DISTINCT FROM (NEW.stage_id, NEW.status, NEW.currency, NEW.amount, NEW.deleted_at IS NULL))
    EXECUTE FUNCTION lifecycle.count_changed_deal()
    """,
)


def upgrade() -> None:
    for statement in _COUNT_WHAT_IS_THERE:
        op.execute(statement)
    op.create_table(
        "record_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("part_of", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("filled", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('contact', 'company', 'deal')", name="record_merge_kind"),
        sa.ForeignKeyConstraint(["part_of"], ["lifecycle.record_merge.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_table(
        "merge_row",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["merge_id"], ["lifecycle.record_merge.id"]),
        sa.PrimaryKeyConstraint("merge_id", "table_name", "column_name", "row_key"),
        schema="lifecycle",
    )
    _index("record_merge_merged", "record_merge", ["merged_id"])
    _index("record_merge_kept", "record_merge", ["kept_id"])
    _index("record_merge_part", "record_merge", ["part_of"], "part_of IS NOT NULL")
    _index("record_merge_unsettled", "record_merge", ["merged_at"], "settled_at IS NULL")
    for kind in ("contact", "company", "deal"):
        _index(f"{kind}_merged", kind, ["merged_into"], "merged_into IS NOT NULL")
    op.create_table(
        "bulk_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="running", nullable=False),
        _json("actor"),
        _json("selected"),
        _json("set"),
        sa.Column("notify", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_id", sa.Uuid(), nullable=True),
        _json("undone_by"),
        sa.CheckConstraint("entity IN ('companies', 'deals', 'contacts')", name="bulk_job_entity"),
        sa.CheckConstraint("status IN ('running', 'done', 'undoing', 'undone')", name="bulk_job_status"),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_table(
        "bulk_row",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        _json("before"),
        _json("error"),
        sa.CheckConstraint(
            "state IN ('waiting', 'changed', 'same', 'failed', 'undone', 'kept')", name="bulk_row_state"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["lifecycle.bulk_job.id"]),
        sa.PrimaryKeyConstraint("job_id", "place"),
        schema="lifecycle",
    )
    _index("bulk_job_waiting", "bulk_job", ["created_at"], "status IN ('running', 'undoing')")
    _index("bulk_row_state", "bulk_row", ["job_id", "state", "place"])
    _index("bulk_row_record", "bulk_row", ["job_id", "record_id"])
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["lifecycle.deal.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["lifecycle.deal.id"]),
        sa.ForeignKeyConstraint(["assignee_id"], ["lifecycle.teammate.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    _index("stored_file_of_deal", "stored_file", ["deal_id", "id"])
    _index("reminder_of_deal", "reminder", ["deal_id", "due_at"])
    _index("reminder_due", "reminder", ["due_at"], "done_at IS NULL AND told_at IS NULL")
    _index("reminder_of_assignee", "reminder", ["assignee_id", "due_at"], "done_at IS NULL")
    latest_first = ["contact_id", sa.text("occurred_at DESC"), sa.text("id DESC")]
    _index("activity_contact", "activity", latest_first, "contact_id IS NOT NULL")


def _index(name: str, table: str, columns: list[Any], where: str | None = None) -> None:
    op.create_index(
        name, table, columns, schema="lifecycle", postgresql_where=sa.text(where) if where is not None else None
    )


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
