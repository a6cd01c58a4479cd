"""What people did with mails that were set aside, and mailboxes that rest for a while."""

import sqlalchemy as sa
from alembic import op

revision = "mail_intake_0005"
down_revision = "mail_intake_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handling",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_key", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deal", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="mail_intake",
    )
    op.create_index("handling_message", "handling", ["message_key"], unique=False, schema="mail_intake")
    op.add_column("message", sa.Column("discarded_at", sa.DateTime(timezone=True)), schema="mail_intake")
    op.create_index(
        "message_set_aside",
        "message",
        ["verdict", "key"],
        unique=False,
        schema="mail_intake",
        postgresql_where=sa.text("verdict IN ('quarantine', 'spam') AND discarded_at IS NULL"),
    )
    op.create_index(
        "message_discarded",
        "message",
        ["key"],
        unique=False,
        schema="mail_intake",
        postgresql_where=sa.text("discarded_at IS NOT NULL"),
    )
    op.add_column("mailbox", sa.Column("alias", sa.Text()), schema="mail_intake")
    op.add_column("mailbox", sa.Column("failing_since", sa.DateTime(timezone=True)), schema="mail_intake")
    op.add_column(
        "mailbox",
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="mail_intake",
    )
    op.add_column("mailbox", sa.Column("resumed_at", sa.DateTime(timezone=True)), schema="mail_intake")
