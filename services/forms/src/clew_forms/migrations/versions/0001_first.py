"""The first tables of forms: definitions, submissions and their keys, and the rail's."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "forms_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
        schema="forms",
    )
    op.create_table(
        "inbox",
        sa.Column("durable", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("durable", "event_id"),
        schema="forms",
    )
    op.create_index("inbox_received_at", "inbox", ["received_at"], unique=False, schema="forms")
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
        schema="forms",
    )
    op.create_index("outbox_created_at", "outbox", ["created_at"], unique=False, schema="forms")
    op.create_index(
        "outbox_unpublished",
        "outbox",
        ["position"],
        unique=False,
        schema="forms",
        postgresql_where=sa.text("published_at IS NULL"),
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
        schema="forms",
    )
    op.create_index(
        "shunt_waiting",
        "shunt",
        ["shunted_at"],
        unique=False,
        schema="forms",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "stream",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        schema="forms",
    )
    op.create_table(
        "submission_key",
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("form_id", "key"),
        schema="forms",
    )
    op.create_index("submission_key_expires_at", "submission_key", ["expires_at"], unique=False, schema="forms")
    op.create_table(
        "form_version",
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["form_id"],
            ["forms.form.id"],
        ),
        sa.PrimaryKeyConstraint("form_id", "version"),
        schema="forms",
    )
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", postgresql.JSONB(), nullable=False),
        sa.Column("normal", postgresql.JSONB(), nullable=False),
        sa.Column("signs", postgresql.JSONB(), nullable=False),
        sa.Column("suspicion", sa.Integer(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("amends", sa.Uuid(), nullable=True),
        sa.Column("repeats", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["form_id"],
            ["forms.form.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="forms",
    )
    op.create_index("submission_of_form", "submission", ["form_id", "id"], unique=False, schema="forms")


def downgrade() -> None:
    op.drop_table("submission", schema="forms")
    op.drop_table("form_version", schema="forms")
    op.drop_table("submission_key", schema="forms")
    op.drop_table("stream", schema="forms")
    op.drop_table("shunt", schema="forms")
    op.drop_table("outbox", schema="forms")
    op.drop_table("inbox", schema="forms")
    op.drop_table("form", schema="forms")
