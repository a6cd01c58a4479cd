"""What a source does with enquiries, where people set it."""

import sqlalchemy as sa
from alembic import op

revision = "lifecycle_0010"
down_revision = "lifecycle_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("policy", sa.Text()), schema="lifecycle")
    op.add_column("source", sa.Column("version", sa.Integer(), server_default="1", nullable=False), schema="lifecycle")
    op.create_check_constraint(
        "source_policy", "source", "policy IN ('open_deal', 'always_new', 'triage')", schema="lifecycle"
    )
