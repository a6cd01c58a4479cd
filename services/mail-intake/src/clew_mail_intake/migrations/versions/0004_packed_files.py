"""Where a file lies inside the file that it is packed in (winmail.dat)."""

import sqlalchemy as sa
from alembic import op

revision = "mail_intake_0004"
down_revision = "mail_intake_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachment", sa.Column("packed_from", sa.BigInteger()), schema="mail_intake")
    op.add_column("attachment", sa.Column("packed_until", sa.BigInteger()), schema="mail_intake")
