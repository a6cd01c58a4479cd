"""The logs of deals and of companies, orders, and what a company shows of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lifecycle_0002"
down_revision = "lifecycle_0001"
branch_labels = None
depends_on = None

# Of a row that was written only these may change: that it was superseded, and whose it is after a merge.
_APPEND_ONLY = (
    """
    CREATE FUNCTION lifecycle.keep_lifecycle_log() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF to_jsonb(OLD) - ARRAY['superseded_at', 'superseded_by', 'company_id']
            IS DISTINCT FROM to_jsonb(NEW) - ARRAY['superseded_at', 'superseded_by', 'company_id'] THEN
            RAISE EXCEPTION 'a row of the log is never rewritten';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER lifecycle_log_kept BEFORE UPDATE ON lifecycle.lifecycle_log
    FOR EACH ROW EXECUTE FUNCTION lifecycle.keep_lifecycle_log()
    """,
    """
    CREATE FUNCTION lifecycle.keep_deal_log() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF to_jsonb(OLD) - ARRAY['deal_id', 'company_id']
            IS DISTINCT FROM to_jsonb(NEW) - ARRAY['deal_id', 'company_id'] THEN
            RAISE EXCEPTION 'a row of the log is never rewritten';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER deal_log_kept BEFORE UPDATE ON lifecycle.deal_log
    FOR EACH ROW EXECUTE FUNCTION lifecycle.keep_deal_log()
    """,
)

# Companies and deals that were there before their logs: what is known of them is where they began and where they are.
_BEGIN = (
    """
    INSERT INTO lifecycle.lifecycle_log (id, company_id, stage, effective_at, rule, actor)
    SELECT gen_random_uuid(), id, lifecycle_stage, coalesce(lifecycle_since, created_at), 'a', 'system'
    FROM lifecycle.company
    """,
    """
    INSERT INTO lifecycle.deal_log (id, deal_id, company_id, pipeline_id, to_stage_id, to_step_id, to_status,
        is_opportunity, reason, effective_at, actor)
    SELECT gen_random_uuid(), d.id, d.company_id, d.pipeline_id, s.stage_id, s.id, 'open',
        st.is_opportunity AND p.drives_lifecycle, 'opened', d.opened_at, 'system'
    FROM lifecycle.deal d JOIN lifecycle.pipeline p ON p.id = d.pipeline_id
    JOIN lifecycle.step s ON s.pipeline_id = p.id AND s.is_entry JOIN lifecycle.stage st ON st.id = s.stage_id
    """,
    """
    INSERT INTO lifecycle.deal_log (id, deal_id, company_id, pipeline_id, from_stage_id, from_step_id, from_status,
        to_stage_id, to_step_id, to_status, is_opportunity, reason, lost_reason_id, effective_at, actor)
    SELECT gen_random_uuid(), d.id, d.company_id, d.pipeline_id, s.stage_id, s.id, 'open',
        d.stage_id, d.step_id, d.status, st.is_opportunity AND p.drives_lifecycle, 'moved', d.lost_reason_id,
        d.stage_entered_at, 'system'
    FROM lifecycle.deal d JOIN lifecycle.pipeline p ON p.id = d.pipeline_id
    JOIN lifecycle.step s ON s.pipeline_id = p.id AND s.is_entry JOIN lifecycle.stage st ON st.id = d.stage_id
    WHERE d.step_id <> s.id OR d.status <> 'open'
    """,
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("audit_subject", "audit", ["subject", "at"], unique=False, schema="lifecycle")
    op.create_table(
        "company_type",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_supplier", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("key"),
        schema="lifecycle",
    )
    op.create_table(
        "setting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("setting_key", "setting", ["key"], unique=True, schema="lifecycle")
    op.create_table(
        "ledger",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "key", name="ledger_key"),
        schema="lifecycle",
    )
    op.create_index(
        "ledger_default",
        "ledger",
        ["company_id"],
        unique=True,
        schema="lifecycle",
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "lifecycle_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="stage", nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("cause_kind", sa.Text(), nullable=True),
        sa.Column("cause_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('stage', 'rfm')", name="lifecycle_log_kind"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index(
        "lifecycle_log_company", "lifecycle_log", ["company_id", "recorded_at"], unique=False, schema="lifecycle"
    )
    op.create_index(
        "lifecycle_log_current",
        "lifecycle_log",
        ["company_id", "kind", "effective_at", "seq"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_index("lifecycle_log_time", "lifecycle_log", ["effective_at"], unique=False, schema="lifecycle")
    op.create_table(
        "sales_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("ledger_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="sale", nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('sale', 'credit')", name="sales_order_kind"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ledger_id"],
            ["lifecycle.ledger.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "external_id", name="sales_order_once"),
        schema="lifecycle",
    )
    op.create_index("sales_order_company", "sales_order", ["company_id", "id"], unique=False, schema="lifecycle")
    op.create_index(
        "sales_order_counted",
        "sales_order",
        ["company_id", "ordered_at"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("counted"),
    )
    op.create_table(
        "deal_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("from_stage_id", sa.Uuid(), nullable=True),
        sa.Column("from_step_id", sa.Uuid(), nullable=True),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_stage_id", sa.Uuid(), nullable=False),
        sa.Column("to_step_id", sa.Uuid(), nullable=False),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("is_opportunity", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lost_reason_id", sa.Uuid(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["lost_reason_id"],
            ["lifecycle.lost_reason.id"],
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "to_stage_id"],
            ["lifecycle.stage.pipeline_id", "lifecycle.stage.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index(
        "deal_log_company",
        "deal_log",
        ["company_id", "effective_at", "seq"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("company_id IS NOT NULL"),
    )
    op.create_index("deal_log_deal", "deal_log", ["deal_id", "effective_at", "seq"], unique=False, schema="lifecycle")
    op.create_index("deal_log_stage", "deal_log", ["to_stage_id", "effective_at"], unique=False, schema="lifecycle")
    op.add_column(
        "company", sa.Column("order_count", sa.Integer(), server_default="0", nullable=False), schema="lifecycle"
    )
    op.add_column("company", sa.Column("first_order_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.add_column("company", sa.Column("last_order_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.add_column("company", sa.Column("churn_due_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.add_column(
        "company", sa.Column("ledger_count", sa.Integer(), server_default="0", nullable=False), schema="lifecycle"
    )
    op.add_column(
        "company", sa.Column("auto_lifecycle", sa.Boolean(), server_default="true", nullable=False), schema="lifecycle"
    )
    op.add_column("company", sa.Column("rfm_r", sa.SmallInteger(), nullable=True), schema="lifecycle")
    op.add_column("company", sa.Column("rfm_f", sa.SmallInteger(), nullable=True), schema="lifecycle")
    op.add_column("company", sa.Column("rfm_m", sa.SmallInteger(), nullable=True), schema="lifecycle")
    op.add_column("company", sa.Column("rfm_segment", sa.Text(), nullable=True), schema="lifecycle")
    op.add_column(
        "company",
        sa.Column("custom", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="lifecycle",
    )
    op.add_column("company", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.create_index(
        "company_churn_due",
        "company",
        ["churn_due_at"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("churn_due_at IS NOT NULL"),
    )
    op.create_foreign_key(
        "company_company_type_fkey",
        "company",
        "company_type",
        ["company_type"],
        ["key"],
        source_schema="lifecycle",
        referent_schema="lifecycle",
    )
    op.add_column("contact", sa.Column("given_name", sa.Text(), nullable=True), schema="lifecycle")
    op.add_column("contact", sa.Column("family_name", sa.Text(), nullable=True), schema="lifecycle")
    op.add_column(
        "contact",
        sa.Column("custom", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="lifecycle",
    )
    op.add_column("contact", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.create_index(
        "contact_point_external",
        "contact_point",
        ["value_norm"],
        unique=True,
        schema="lifecycle",
        postgresql_where=sa.text("kind = 'external' AND company_id IS NOT NULL AND retired_at IS NULL"),
    )
    op.add_column(
        "deal",
        sa.Column("custom", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="lifecycle",
    )
    op.add_column("deal", sa.Column("merged_into", sa.Uuid(), nullable=True), schema="lifecycle")
    op.add_column("deal", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.create_foreign_key(
        "deal_merged_into_fkey",
        "deal",
        "deal",
        ["merged_into"],
        ["id"],
        source_schema="lifecycle",
        referent_schema="lifecycle",
    )
    for statement in (*_APPEND_ONLY, *_BEGIN):
        op.execute(sa.text(statement))
