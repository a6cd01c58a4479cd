"""What imports need."""

revision = "lifecycle_0006"
down_revision = "lifecycle_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in by its area."""
