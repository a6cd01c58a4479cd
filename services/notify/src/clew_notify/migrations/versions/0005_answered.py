"""Whoever has answered a mail has it: a report that it came back is no longer believed for knowing it."""

import sqlalchemy as sa
from alembic import op

revision = "notify_0005"
down_revision = "notify_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("answered_at", sa.DateTime(timezone=True)), schema="notify")
