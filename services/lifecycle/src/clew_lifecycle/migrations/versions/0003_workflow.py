"""What workflow need."""

revision = "lifecycle_0003"
down_revision = "lifecycle_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in by its area."""
