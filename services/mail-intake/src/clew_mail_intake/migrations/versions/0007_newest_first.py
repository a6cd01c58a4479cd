"""Mailboxes whose first reading begins with the newest mails."""

import sqlalchemy as sa
from alembic import op

revision = "mail_intake_0007"
down_revision = "mail_intake_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    newest_first: sa.Column[bool] = sa.Column("newest_first", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("mailbox", newest_first, schema="mail_intake")
    backlog: sa.Column[int] = sa.Column("backlog", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("mailbox_cursor", backlog, schema="mail_intake")
