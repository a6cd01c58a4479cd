"""Moves by COPY and UID EXPUNGE that were begun, so that one that is interrupted leaves no second copy."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "mail_intake_0009"
down_revision = "mail_intake_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moving: sa.Column[object] = sa.Column("moving", JSONB(), nullable=False, server_default=sa.text("'{}'"))
    op.add_column("mailbox_cursor", moving, schema="mail_intake")
