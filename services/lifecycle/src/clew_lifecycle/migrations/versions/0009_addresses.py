"""Addresses that nothing reaches are shown with their contacts."""

import sqlalchemy as sa
from alembic import op

revision = "lifecycle_0009"
down_revision = "lifecycle_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_standing",
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email_key"),
        sa.CheckConstraint("scope IN ('all', 'automatic')", name="address_standing_scope"),
        schema="lifecycle",
    )
