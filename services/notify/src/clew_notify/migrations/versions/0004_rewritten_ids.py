"""A relay may give a mail another Message-ID than ours; what comes back names that one."""

import sqlalchemy as sa
from alembic import op

revision = "notify_0004"
down_revision = "notify_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("rewritten_as", sa.Text()), schema="notify")
    op.create_index(
        "delivery_rewritten",
        "delivery",
        ["rewritten_as"],
        schema="notify",
        postgresql_where=sa.text("rewritten_as IS NOT NULL"),
    )
