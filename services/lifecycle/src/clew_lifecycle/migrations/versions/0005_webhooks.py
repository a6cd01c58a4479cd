"""What webhooks need: endpoints, their deliveries, and how far the outbox has been read for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lifecycle_0005"
down_revision = "lifecycle_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_reader",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gap", sa.BigInteger(), nullable=True),
        sa.Column("gap_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
        schema="lifecycle",
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="webhook", nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("events", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("filter", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("from_position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('webhook', 'zapier')", name="webhook_endpoint_kind"),
        sa.CheckConstraint("state IN ('active', 'disabled')", name="webhook_endpoint_state"),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'delivered', 'failed', 'dropped')", name="webhook_delivery_status"
        ),
        sa.CheckConstraint("(status IN ('pending', 'sending')) = (done_at IS NULL)", name="webhook_delivery_done"),
        sa.ForeignKeyConstraint(["endpoint_id"], ["lifecycle.webhook_endpoint.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("endpoint_id", "event_id", name="webhook_delivery_once"),
        schema="lifecycle",
    )
    _indexes()
    op.execute("INSERT INTO lifecycle.outbox_reader (name) VALUES ('lifecycle-queue-webhooks')")


def _indexes() -> None:
    is_head = sa.text("status IN ('pending', 'sending') AND next_at IS NOT NULL")
    is_due = sa.text("status = 'pending' AND next_at IS NOT NULL")
    is_waiting = sa.text("status = 'pending' AND next_at IS NULL")
    is_done = sa.text("done_at IS NOT NULL")
    is_active = sa.text("state = 'active'")
    is_sending = sa.text("status = 'sending'")
    _index("webhook_endpoint_active", "webhook_endpoint", ["worked_at"], postgresql_where=is_active)
    _index("webhook_delivery_due", "webhook_delivery", ["endpoint_id", "next_at"], postgresql_where=is_due)
    _index("webhook_delivery_sending", "webhook_delivery", ["endpoint_id"], postgresql_where=is_sending)
    _index("webhook_delivery_of_endpoint", "webhook_delivery", ["endpoint_id", "id"])
    _index("webhook_delivery_done_at", "webhook_delivery", ["done_at"], postgresql_where=is_done)
    _index(
        "webhook_delivery_head",
        "webhook_delivery",
        ["endpoint_id", "aggregate"],
        unique=True,
        postgresql_where=is_head,
    )
    _index(
        "webhook_delivery_waiting",
        "webhook_delivery",
        ["endpoint_id", "aggregate", "position"],
        postgresql_where=is_waiting,
    )


def _index(name: str, table: str, columns: list[str], **more: object) -> None:
    op.create_index(name, table, columns, schema="lifecycle", **more)  # type: ignore[arg-type]
