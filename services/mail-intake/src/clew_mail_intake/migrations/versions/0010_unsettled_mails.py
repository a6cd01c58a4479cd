"""Mails of a mailbox that are stored, and that its server did not let us mark or move yet."""

import sqlalchemy as sa
from alembic import op

revision = "mail_intake_0010"
down_revision = "mail_intake_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unsettled: sa.Column[str] = sa.Column("unsettled", sa.Text(), nullable=False, server_default="")
    op.add_column("mailbox_cursor", unsettled, schema="mail_intake")
