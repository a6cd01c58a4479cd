"""How a file is packed in the file that it came in, and what the scanner says of it."""

import sqlalchemy as sa
from alembic import op

revision = "mail_intake_0006"
down_revision = "mail_intake_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("packed_as", "packed_encoding"):
        column = sa.Column(name, sa.Text(), nullable=False, server_default="")
        op.add_column("attachment", column, schema="mail_intake")
    op.add_column("attachment", sa.Column("scan", sa.Text()), schema="mail_intake")
