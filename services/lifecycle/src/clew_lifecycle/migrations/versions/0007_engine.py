"""What the lifecycle remembers of an initial calculation."""

import sqlalchemy as sa
from alembic import op

revision = "lifecycle_0007"
down_revision = "lifecycle_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("company", sa.Column("history_until", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
