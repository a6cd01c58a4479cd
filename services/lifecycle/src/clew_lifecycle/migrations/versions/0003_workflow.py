"""Workflow in full: versions, entries, follow-ons, attributes, lines, and what transitions make of a deal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lifecycle_0003"
down_revision = "lifecycle_0002"
branch_labels = None
depends_on = None

_ENTRIES = """
    INSERT INTO lifecycle.entry (pipeline_id, kind, name, step_id)
    SELECT pipeline_id, 'new', 'New opportunity', id FROM lifecycle.step WHERE is_entry
"""


def upgrade() -> None:
    op.create_table(
        "attribute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("choices", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("entity IN ('deal', 'contact', 'company')", name="attribute_entity"),
        sa.CheckConstraint("type IN ('text', 'number', 'date', 'bool', 'choice', 'multi')", name="attribute_type"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entity", "key", name="attribute_key"),
        schema="lifecycle",
    )
    op.create_table(
        "conversion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enquiry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('deal', 'contact', 'problem', 'comment')", name="conversion_kind"),
        sa.ForeignKeyConstraint(
            ["enquiry_id"],
            ["lifecycle.enquiry.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("enquiry_id", "kind", "target_id", name="conversion_once"),
        schema="lifecycle",
    )
    op.create_index("conversion_target", "conversion", ["target_id"], unique=False, schema="lifecycle")
    op.create_table(
        "workflow_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["lifecycle.pipeline.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pipeline_id", "number", name="workflow_version_number"),
        schema="lifecycle",
    )
    op.create_table(
        "entry",
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('new', 'existing_account')", name="entry_kind"),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "step_id"],
            ["lifecycle.step.pipeline_id", "lifecycle.step.id"],
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "kind"),
        schema="lifecycle",
    )
    op.create_table(
        "follow_on",
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("to_pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["lifecycle.pipeline.id"],
        ),
        sa.ForeignKeyConstraint(
            ["to_pipeline_id", "step_id"],
            ["lifecycle.step.pipeline_id", "lifecycle.step.id"],
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "key"),
        schema="lifecycle",
    )
    op.create_table(
        "deal_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("tax", sa.Numeric(precision=7, scale=4), server_default="0", nullable=False),
        sa.Column("attendees", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("deal_line_deal", "deal_line", ["deal_id", "position", "id"], unique=False, schema="lifecycle")
    op.create_table(
        "invoice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status = 'draft') = (number IS NULL)", name="invoice_number"),
        sa.CheckConstraint(
            "status IN ('draft', 'active', 'partially_paid', 'paid', 'refunded', 'void')", name="invoice_status"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["lifecycle.contact.id"],
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("invoice_of_company", "invoice", ["company_id", "id"], unique=False, schema="lifecycle")
    op.create_index("invoice_of_deal", "invoice", ["deal_id", "id"], unique=False, schema="lifecycle")
    op.create_table(
        "problem",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("solved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(status = 'solved') = (solved_at IS NOT NULL)", name="problem_solved_at"),
        sa.CheckConstraint("status IN ('open', 'solved')", name="problem_status"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["lifecycle.contact.id"],
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("problem_listed", "problem", ["status", "id"], unique=False, schema="lifecycle")
    op.create_table(
        "fulfilment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("attendee_name", sa.Text(), nullable=True),
        sa.Column("attendee_email", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="requested", nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('registration', 'token_issue')", name="fulfilment_kind"),
        sa.CheckConstraint("status IN ('requested', 'fulfilled', 'cancelled')", name="fulfilment_status"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["lifecycle.contact.id"],
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.ForeignKeyConstraint(["line_id"], ["lifecycle.deal_line.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("fulfilment_of_company", "fulfilment", ["company_id", "id"], unique=False, schema="lifecycle")
    op.create_index("fulfilment_of_deal", "fulfilment", ["deal_id", "id"], unique=False, schema="lifecycle")
    op.create_table(
        "invoice_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("tax", sa.Numeric(precision=7, scale=4), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["lifecycle.invoice.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index(
        "invoice_line_invoice", "invoice_line", ["invoice_id", "position", "id"], unique=False, schema="lifecycle"
    )
    op.create_table(
        "trigger_run",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["lifecycle.deal_log.id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "trigger"),
        schema="lifecycle",
    )
    op.create_index("trigger_run_deal", "trigger_run", ["deal_id"], unique=False, schema="lifecycle")
    op.add_column("company", sa.Column("account_since", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.add_column("lost_reason", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.add_column(
        "lost_reason", sa.Column("version", sa.Integer(), server_default="1", nullable=False), schema="lifecycle"
    )
    op.add_column(
        "pipeline",
        sa.Column("draft", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="lifecycle",
    )
    op.add_column("stage", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.add_column(
        "step",
        sa.Column("shown_attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="lifecycle",
    )
    op.add_column("step", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.execute(sa.text(_ENTRIES))
    op.drop_index("step_entry", table_name="step", schema="lifecycle", postgresql_where=sa.text("is_entry"))
    op.drop_column("step", "is_entry", schema="lifecycle")
    op.add_column(
        "transition", sa.Column("position", sa.Integer(), server_default="0", nullable=False), schema="lifecycle"
    )
    op.add_column(
        "transition",
        sa.Column("triggers", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="lifecycle",
    )
    op.add_column(
        "transition",
        sa.Column("comms", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="lifecycle",
    )
    op.add_column(
        "transition",
        sa.Column("roles", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        schema="lifecycle",
    )
    op.add_column("transition", sa.Column("guard", sa.Text(), nullable=True), schema="lifecycle")
    op.drop_constraint("deal_stage_id_step_id_fkey", "deal", schema="lifecycle")
    op.create_foreign_key(
        "deal_stage_id_step_id_fkey",
        "deal",
        "step",
        ["stage_id", "step_id"],
        ["stage_id", "id"],
        source_schema="lifecycle",
        referent_schema="lifecycle",
        onupdate="CASCADE",
    )
