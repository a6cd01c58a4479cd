"""What webhooks need."""

revision = "lifecycle_0005"
down_revision = "lifecycle_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in by its area."""
