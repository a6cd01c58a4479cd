"""How many acknowledgements went out lately is asked for each batch."""

from alembic import op

revision = "notify_0002"
down_revision = "notify_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("acknowledgement_lately", "acknowledgement", ["acknowledged_at"], schema="notify")
