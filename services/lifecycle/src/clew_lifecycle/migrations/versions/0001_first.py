"""The first tables of lifecycle: workflow, people, deals, the team, and the rail's."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lifecycle_0001"
down_revision = None
branch_labels = None
depends_on = None

# Every change of what a column of the board counts leaves a row with the difference: inserts one per statement, the
# others one per deal that changed in stage, status or amount.
_COUNTING = (
    """
    CREATE FUNCTION lifecycle.count_new_deals() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
        SELECT stage_id, status, currency, count(*), coalesce(sum(amount), 0) FROM fresh GROUP BY 1, 2, 3;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER deal_new AFTER INSERT ON lifecycle.deal REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION lifecycle.count_new_deals()
    """,
    """
    CREATE FUNCTION lifecycle.count_changed_deal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
        VALUES (OLD.stage_id, OLD.status, OLD.currency, -1, -coalesce(OLD.amount, 0));
        IF TG_OP = 'UPDATE' THEN
            INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
            VALUES (NEW.stage_id, NEW.status, NEW.currency, 1, coalesce(NEW.amount, 0));
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER deal_changed AFTER UPDATE ON lifecycle.deal FOR EACH ROW
    WHEN ((OLD.stage_id, OLD.status, OLD.currency, OLD.amount)
        IS DISTINCT FROM (NEW.stage_id, NEW.status, NEW.currency, NEW.amount))
    EXECUTE FUNCTION lifecycle.count_changed_deal()
    """,
    """
    CREATE TRIGGER deal_gone AFTER DELETE ON lifecycle.deal FOR EACH ROW
    EXECUTE FUNCTION lifecycle.count_changed_deal()
    """,
)


def upgrade() -> None:  # noqa: PLR0915 - one statement a table
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), server_default="admin", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'manager', 'sales', 'read_only')", name="api_token_role"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sha256"),
        schema="lifecycle",
    )
    op.create_table(
        "enquiry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'converted', 'dropped')", name="enquiry_status"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "external_id", name="enquiry_once"),
        schema="lifecycle",
    )
    op.create_index("enquiry_status", "enquiry", ["status", "id"], unique=False, schema="lifecycle")
    op.create_table(
        "inbox",
        sa.Column("durable", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("durable", "event_id"),
        schema="lifecycle",
    )
    op.create_index("inbox_received_at", "inbox", ["received_at"], unique=False, schema="lifecycle")
    op.create_table(
        "lost_reason",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("needs_note", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("reopenable", sa.Boolean(), server_default="true", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        schema="lifecycle",
    )
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position"),
        schema="lifecycle",
    )
    op.create_index("outbox_created_at", "outbox", ["created_at"], unique=False, schema="lifecycle")
    op.create_index(
        "outbox_unpublished",
        "outbox",
        ["position"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "pipeline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status_mode", sa.Text(), server_default="independent", nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("reopen_days", sa.Integer(), server_default="30", nullable=False),
        sa.Column("drives_lifecycle", sa.Boolean(), server_default="true", nullable=False),
        sa.CheckConstraint("status_mode IN ('independent', 'stage_driven')", name="pipeline_status_mode"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        schema="lifecycle",
    )
    op.create_table(
        "shunt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("durable", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stack", sa.Text(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("shunted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index(
        "shunt_waiting",
        "shunt",
        ["shunted_at"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="any", nullable=False),
        sa.Column("phone_is_identity", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("fold_tags", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("scope IN ('any', 'pipeline')", name="source_scope"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        schema="lifecycle",
    )
    op.create_table(
        "stage_total",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("deals", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("stage_total_stage", "stage_total", ["stage_id"], unique=False, schema="lifecycle")
    op.create_table(
        "stream",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        schema="lifecycle",
    )
    op.create_table(
        "teammate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="admin", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'manager', 'sales', 'read_only')", name="teammate_role"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email_key"),
        schema="lifecycle",
    )
    op.create_table(
        "company",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("is_person", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("lifecycle_stage", sa.Text(), server_default="suspect", nullable=False),
        sa.Column("lifecycle_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("company_type", sa.Text(), nullable=True),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "lifecycle_stage IN ('suspect', 'prospect', 'lead', 'mql', 'sql', "
            "'opportunity', 'onboarding', 'customer', 'churned', 'other')",
            name="company_lifecycle_stage",
        ),
        sa.ForeignKeyConstraint(
            ["merged_into"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["lifecycle.teammate.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index(
        "company_name",
        "company",
        ["name"],
        unique=False,
        schema="lifecycle",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(
        "company_stage", "company", ["lifecycle_stage", "lifecycle_since"], unique=False, schema="lifecycle"
    )
    op.create_table(
        "session",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("teammate_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["teammate_id"],
            ["lifecycle.teammate.id"],
        ),
        sa.PrimaryKeyConstraint("sha256"),
        schema="lifecycle",
    )
    op.create_index(
        op.f("ix_lifecycle_session_teammate_id"), "session", ["teammate_id"], unique=False, schema="lifecycle"
    )
    op.create_index("session_created_at", "session", ["created_at"], unique=False, schema="lifecycle")
    op.create_table(
        "sign_in_link",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("teammate_id", sa.Uuid(), nullable=False),
        sa.Column("shown_in", sa.Text(), server_default="mail", nullable=False),
        sa.Column("next", sa.Text(), server_default="/", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("shown_in IN ('terminal', 'mail')", name="sign_in_link_shown_in"),
        sa.ForeignKeyConstraint(
            ["teammate_id"],
            ["lifecycle.teammate.id"],
        ),
        sa.PrimaryKeyConstraint("sha256"),
        schema="lifecycle",
    )
    op.create_index(
        op.f("ix_lifecycle_sign_in_link_teammate_id"), "sign_in_link", ["teammate_id"], unique=False, schema="lifecycle"
    )
    op.create_index(
        "sign_in_link_unused",
        "sign_in_link",
        ["expires_at"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("used_at IS NULL"),
    )
    op.create_table(
        "stage",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=True),
        sa.Column("rot_days", sa.Integer(), nullable=True),
        sa.Column("is_opportunity", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint("category IN ('open', 'archived', 'won', 'lost')", name="stage_category"),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["lifecycle.pipeline.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pipeline_id", "id", name="stage_in_pipeline"),
        sa.UniqueConstraint("pipeline_id", "key", name="stage_key"),
        schema="lifecycle",
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(name, email, phone, company_id) > 0", name="contact_has_something"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["merged_into"],
            ["lifecycle.contact.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index(
        "contact_words",
        "contact",
        ["name", "email"],
        unique=False,
        schema="lifecycle",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops", "email": "gin_trgm_ops"},
    )
    op.create_index(
        op.f("ix_lifecycle_contact_company_id"), "contact", ["company_id"], unique=False, schema="lifecycle"
    )
    op.create_table(
        "step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_entry", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "stage_id"],
            ["lifecycle.stage.pipeline_id", "lifecycle.stage.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pipeline_id", "id", name="step_in_pipeline"),
        sa.UniqueConstraint("pipeline_id", "key", name="step_key"),
        sa.UniqueConstraint("stage_id", "id", name="step_in_stage"),
        schema="lifecycle",
    )
    op.create_index("step_entry", "step", ["pipeline_id"], unique=True, schema="lifecycle", postgresql_where="is_entry")
    op.create_table(
        "contact_point",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value_raw", sa.Text(), nullable=False),
        sa.Column("value_norm", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("verified", sa.Text(), server_default="no", nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'phone', 'external')", name="contact_point_kind"),
        sa.CheckConstraint("num_nonnulls(contact_id, company_id) > 0", name="contact_point_owner"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["lifecycle.contact.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index(
        "contact_point_identity",
        "contact_point",
        ["kind", "value_norm"],
        unique=True,
        schema="lifecycle",
        postgresql_where=sa.text("contact_id IS NOT NULL AND NOT shared AND retired_at IS NULL"),
    )
    op.create_index(
        "contact_point_shared",
        "contact_point",
        ["kind", "value_norm"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("shared"),
    )
    op.create_index(
        op.f("ix_lifecycle_contact_point_company_id"), "contact_point", ["company_id"], unique=False, schema="lifecycle"
    )
    op.create_index(
        op.f("ix_lifecycle_contact_point_contact_id"), "contact_point", ["contact_id"], unique=False, schema="lifecycle"
    )
    op.create_table(
        "deal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("expected_close", sa.Date(), nullable=True),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("parent_deal_id", sa.Uuid(), nullable=True),
        sa.Column("thread_key", sa.Text(), nullable=True),
        sa.Column("thread_slot", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("board_rank", sa.Text(collation="C"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_reason_id", sa.Uuid(), nullable=True),
        sa.Column("lost_note", sa.Text(), nullable=True),
        sa.Column("last_open_step_id", sa.Uuid(), nullable=True),
        sa.Column("stage_entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_inbound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_staff_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="deal_closed_at"),
        sa.CheckConstraint("status IN ('open', 'won', 'lost', 'abandoned')", name="deal_status"),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["lifecycle.company.id"],
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["lifecycle.contact.id"],
        ),
        sa.ForeignKeyConstraint(
            ["lost_reason_id"],
            ["lifecycle.lost_reason.id"],
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["lifecycle.teammate.id"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "last_open_step_id"],
            ["lifecycle.step.pipeline_id", "lifecycle.step.id"],
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "stage_id"],
            ["lifecycle.stage.pipeline_id", "lifecycle.stage.id"],
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["lifecycle.pipeline.id"],
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["lifecycle.source.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stage_id", "step_id"],
            ["lifecycle.step.stage_id", "lifecycle.step.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("deal_board", "deal", ["stage_id", "board_rank", "id"], unique=False, schema="lifecycle")
    op.create_index("deal_of_company", "deal", ["company_id", "id"], unique=False, schema="lifecycle")
    op.create_index("deal_of_contact", "deal", ["contact_id", "id"], unique=False, schema="lifecycle")
    op.create_index(
        "deal_of_owner",
        "deal",
        ["owner_id", "id"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_index(
        "deal_of_parent",
        "deal",
        ["parent_deal_id"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("parent_deal_id IS NOT NULL"),
    )
    op.create_index("deal_status", "deal", ["status", "id"], unique=False, schema="lifecycle")
    op.create_index(
        "deal_thread",
        "deal",
        ["thread_key"],
        unique=True,
        schema="lifecycle",
        postgresql_where=sa.text("status = 'open' AND thread_slot"),
    )
    op.create_index(
        "deal_title",
        "deal",
        ["title"],
        unique=False,
        schema="lifecycle",
        postgresql_using="gin",
        postgresql_ops={"title": "gin_trgm_ops"},
    )
    op.create_table(
        "transition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("from_step_id", sa.Uuid(), nullable=False),
        sa.Column("to_step_id", sa.Uuid(), nullable=False),
        sa.Column("required", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "from_step_id"],
            ["lifecycle.step.pipeline_id", "lifecycle.step.id"],
        ),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "to_step_id"],
            ["lifecycle.step.pipeline_id", "lifecycle.step.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pipeline_id", "from_step_id", "key", name="transition_key"),
        schema="lifecycle",
    )
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), server_default="internal", nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("match_reason", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("enquiry_id", sa.Uuid(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
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
    op.create_index(
        "activity_company",
        "activity",
        ["company_id", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("company_id IS NOT NULL"),
    )
    op.create_index(
        "activity_deal",
        "activity",
        ["deal_id", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="lifecycle",
    )
    op.create_index("activity_dedupe", "activity", ["dedupe_key"], unique=True, schema="lifecycle")
    op.create_index(
        "activity_enquiry",
        "activity",
        ["enquiry_id"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("enquiry_id IS NOT NULL"),
    )
    op.create_table(
        "deal_contact",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('cc', 'suggested', 'added')", name="deal_contact_state"),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.PrimaryKeyConstraint("deal_id", "email_key"),
        schema="lifecycle",
    )
    op.create_table(
        "message_ref",
        sa.Column("message_id", sa.Text(collation="C"), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('sent', 'received', 'ancestor')", name="message_ref_kind"),
        sa.ForeignKeyConstraint(
            ["deal_id"],
            ["lifecycle.deal.id"],
        ),
        sa.PrimaryKeyConstraint("message_id"),
        schema="lifecycle",
    )
    op.create_index(
        op.f("ix_lifecycle_message_ref_deal_id"), "message_ref", ["deal_id"], unique=False, schema="lifecycle"
    )
    for statement in _COUNTING:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION lifecycle.count_new_deals CASCADE")
    op.execute("DROP FUNCTION lifecycle.count_changed_deal CASCADE")
    op.drop_table("message_ref", schema="lifecycle")
    op.drop_table("deal_contact", schema="lifecycle")
    op.drop_table("activity", schema="lifecycle")
    op.drop_table("transition", schema="lifecycle")
    op.drop_table("deal", schema="lifecycle")
    op.drop_table("contact_point", schema="lifecycle")
    op.drop_table("step", schema="lifecycle")
    op.drop_table("contact", schema="lifecycle")
    op.drop_table("stage", schema="lifecycle")
    op.drop_table("sign_in_link", schema="lifecycle")
    op.drop_table("session", schema="lifecycle")
    op.drop_table("company", schema="lifecycle")
    op.drop_table("teammate", schema="lifecycle")
    op.drop_table("stream", schema="lifecycle")
    op.drop_table("stage_total", schema="lifecycle")
    op.drop_table("source", schema="lifecycle")
    op.drop_table("shunt", schema="lifecycle")
    op.drop_table("pipeline", schema="lifecycle")
    op.drop_table("outbox", schema="lifecycle")
    op.drop_table("lost_reason", schema="lifecycle")
    op.drop_table("inbox", schema="lifecycle")
    op.drop_table("enquiry", schema="lifecycle")
    op.drop_table("api_token", schema="lifecycle")
