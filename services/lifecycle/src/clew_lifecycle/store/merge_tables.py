"""What was merged into what, and which rows went along, so that it can be undone.

Next: clew_lifecycle.merging.move_rows.move_rows.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Table, Text, Uuid, text

from clew_lifecycle.store.columns import (
    SCHEMA,
    created_column,
    id_column,
    json_column,
    key_to,
    metadata,
    text_column,
    time_column,
)

record_merge = Table(
    "record_merge",
    metadata,
    id_column(),
    text_column("kind"),
    Column("merged_id", Uuid, nullable=False),
    Column("kept_id", Uuid, nullable=False),
    # A person's stand-in of a company is merged along with the person.
    key_to("part_of", "record_merge"),
    text_column("actor", nullable=True),
    # What was missing on the record that is kept and came from the other, column by column.
    json_column("filled"),
    created_column("merged_at"),
    # When those who had begun before the merge were looked after as well.
    time_column("settled_at"),
    time_column("undone_at"),
    text_column("undone_by", nullable=True),
    CheckConstraint("kind IN ('contact', 'company', 'deal')", name="record_merge_kind"),
    Index("record_merge_merged", "merged_id"),
    Index("record_merge_kept", "kept_id"),
    Index("record_merge_part", "part_of", postgresql_where=text("part_of IS NOT NULL")),
    Index("record_merge_unsettled", "merged_at", postgresql_where=text("settled_at IS NULL")),
)

# A row that was moved; `row_key` is what tells it from the others of its record.
merge_row = Table(
    "merge_row",
    metadata,
    Column("merge_id", Uuid, primary_key=True),
    Column("table_name", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("row_key", Text, primary_key=True),
    ForeignKeyConstraint(["merge_id"], [f"{SCHEMA}.record_merge.id"]),
)
