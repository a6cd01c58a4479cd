"""Indexes that reports and lists go by."""

import sqlalchemy as sa
from alembic import op

revision = "lifecycle_0008"
down_revision = "lifecycle_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "company_calling",
        "company",
        ["lifecycle_stage", sa.text("coalesce(lifecycle_since, created_at)"), "id"],
        schema="lifecycle",
        postgresql_where=sa.text("merged_into IS NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "company_gone",
        "company",
        ["id"],
        schema="lifecycle",
        postgresql_where=sa.text("merged_into IS NOT NULL OR deleted_at IS NOT NULL"),
    )
    op.create_index("company_listed", "company", ["lifecycle_stage", "id"], schema="lifecycle")
    op.create_index("company_of_person", "company", ["is_person", "id"], schema="lifecycle")
    for name, column in (("company_of_type", "company_type"), ("company_of_owner", "owner_id")):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "company", [column, "id"], schema="lifecycle", postgresql_where=given)
    op.create_index(
        "company_ledgers",
        "company",
        ["last_order_at"],
        schema="lifecycle",
        postgresql_where=sa.text("ledger_count > 1"),
    )
    op.drop_index("lifecycle_log_current", "lifecycle_log", schema="lifecycle")
    op.create_index(
        "lifecycle_log_current",
        "lifecycle_log",
        ["company_id", "kind", "effective_at", "seq"],
        schema="lifecycle",
        postgresql_include=["stage"],
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
