"""Whence a mail came, what the DNS said of its sender then, and since when its bytes are gone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "mail_intake_0002"
down_revision = "mail_intake_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("client_address", sa.Text()), schema="mail_intake")
    op.add_column("message", sa.Column("client_name", sa.Text()), schema="mail_intake")
    op.add_column("message", sa.Column("evidence", postgresql.JSONB()), schema="mail_intake")
    op.add_column("message", sa.Column("forgotten_at", sa.DateTime(timezone=True)), schema="mail_intake")
    op.create_index(
        "message_kept",
        "message",
        ["received_at"],
        schema="mail_intake",
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
