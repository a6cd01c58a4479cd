"""Reports are bound by whom we wrote to, whatever case it is spelt in; an address may be written to again."""

import sqlalchemy as sa
from alembic import op

revision = "notify_0003"
down_revision = "notify_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("returned", sa.Text()), schema="notify")
    op.drop_index("delivery_recipient", "delivery", schema="notify")
    op.create_index("delivery_recipient", "delivery", [sa.text("lower(recipient)"), "id"], schema="notify")
    op.add_column("suppression", sa.Column("lifted_at", sa.DateTime(timezone=True)), schema="notify")
