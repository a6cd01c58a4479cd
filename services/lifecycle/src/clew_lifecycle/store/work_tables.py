"""What is kept for a deal beside its timeline: files, and what somebody is to be reminded of.

Next: clew_lifecycle.remind.remind_due.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Uuid, text

from clew_lifecycle.store.columns import created_column, id_column, key_to, metadata, text_column, time_column

# The bytes are in the database: any replica serves them, and they are there as soon as their entry is.
stored_file = Table(
    "stored_file",
    metadata,
    id_column(),
    key_to("deal_id", "deal", nullable=False),
    Column("activity_id", Uuid, nullable=False),
    text_column("name"),
    text_column("type"),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    # Null once somebody has removed it.
    Column("content", LargeBinary),
    text_column("created_by", nullable=True),
    created_column(),
    Index("stored_file_of_deal", "deal_id", "id"),
)

reminder = Table(
    "reminder",
    metadata,
    id_column(),
    key_to("deal_id", "deal", nullable=False),
    time_column("due_at", nullable=False),
    text_column("text"),
    key_to("assignee_id", "teammate"),
    text_column("created_by", nullable=True),
    created_column(),
    # When it was told that it is due.
    time_column("told_at"),
    time_column("done_at"),
    text_column("done_by", nullable=True),
    Column("version", Integer, nullable=False, server_default="1"),
    Index("reminder_of_deal", "deal_id", "due_at"),
    Index("reminder_due", "due_at", postgresql_where=text("done_at IS NULL AND told_at IS NULL")),
    Index("reminder_of_assignee", "assignee_id", "due_at", postgresql_where=text("done_at IS NULL")),
)
