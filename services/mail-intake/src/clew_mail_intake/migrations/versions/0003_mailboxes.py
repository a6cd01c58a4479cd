"""How a mailbox is signed in to by OAuth, whose certificate is believed, and when its silence is an alarm."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "mail_intake_0003"
down_revision = "mail_intake_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("oauth", postgresql.JSONB()),
        sa.Column("refresh_token", sa.LargeBinary()),
        sa.Column("tls_verify", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("tls_ca", sa.Text()),
        sa.Column("alarm_minutes", sa.Integer(), nullable=False, server_default="15"),
        sa.Column("silent_hours", sa.Integer()),
        sa.Column("last_mail_at", sa.DateTime(timezone=True)),
        sa.Column("trouble", sa.Text()),
        sa.Column("troubled_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("mailbox", column, schema="mail_intake")
