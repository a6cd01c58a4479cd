"""What imports need."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lifecycle_0006"
down_revision = "lifecycle_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("initial", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("counts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('orders', 'deals', 'companies', 'contacts')", name="import_job_kind"),
        sa.CheckConstraint("initial IN ('history', 'replay')", name="import_job_initial"),
        sa.PrimaryKeyConstraint("id"),
        schema="lifecycle",
    )
    op.create_index("import_job_file", "import_job", ["kind", "source", "path", "started_at"], schema="lifecycle")
    op.create_table(
        "import_finding",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("level IN ('error', 'warning')", name="import_finding_level"),
        sa.ForeignKeyConstraint(["job_id"], ["lifecycle.import_job.id"]),
        sa.PrimaryKeyConstraint("position"),
        schema="lifecycle",
    )
    op.create_index("import_finding_job", "import_finding", ["job_id", "line", "position"], schema="lifecycle")
    op.create_table(
        "import_pending",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "company_id"),
        schema="lifecycle",
    )
    op.create_table(
        "deal_external",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("source", "external_id"),
        schema="lifecycle",
    )
