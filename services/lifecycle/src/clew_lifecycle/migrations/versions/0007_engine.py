"""What the lifecycle remembers of an initial calculation, and when segments are due."""

import sqlalchemy as sa
from alembic import op

revision = "lifecycle_0007"
down_revision = "lifecycle_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("company", sa.Column("history_until", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.add_column("company", sa.Column("rfm_due_at", sa.DateTime(timezone=True), nullable=True), schema="lifecycle")
    op.create_index(
        "company_rfm_due",
        "company",
        ["rfm_due_at"],
        unique=False,
        schema="lifecycle",
        postgresql_where=sa.text("rfm_due_at IS NOT NULL"),
    )
