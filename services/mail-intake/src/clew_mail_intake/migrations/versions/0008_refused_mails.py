"""Mails that were refused for good."""

import sqlalchemy as sa
from alembic import op

revision = "mail_intake_0008"
down_revision = "mail_intake_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refused_mail",
        sa.Column("key", sa.Uuid(), primary_key=True),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("mail_from", sa.Text()),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("client_address", sa.Text(), nullable=False),
        sa.Column("client_name", sa.Text()),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        schema="mail_intake",
    )
    op.create_index("refused_mail_old", "refused_mail", ["refused_at"], schema="mail_intake")
