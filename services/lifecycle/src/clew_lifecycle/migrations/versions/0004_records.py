"""What records need."""

revision = "lifecycle_0004"
down_revision = "lifecycle_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in by its area."""
