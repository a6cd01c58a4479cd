"""Copies of mails that came by another way and wait to be looked at."""

import sqlalchemy as sa
from alembic import op

revision = "mail_intake_0011"
down_revision = "mail_intake_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "further_copy",
        sa.Column("key", sa.Uuid(), primary_key=True),
        sa.Column("message_key", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mail_from", sa.Text()),
        sa.Column("client_address", sa.Text()),
        sa.Column("client_name", sa.Text()),
        sa.Column("incomplete", sa.Text()),
        schema="mail_intake",
    )
    op.create_index("further_copy_message", "further_copy", ["message_key"], schema="mail_intake")
