"""Changes to many records at once: what was asked for, and row by row what came of it.

Next: clew_lifecycle.bulk.work_on_jobs.work_on_jobs.
"""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Table, Uuid, text

from clew_lifecycle.store.columns import (
    SCHEMA,
    created_column,
    id_column,
    json_column,
    metadata,
    text_column,
    time_column,
)

# A job's id is the `batch_id` of all that comes of it; `undo_id` that of its undoing.
bulk_job = Table(
    "bulk_job",
    metadata,
    id_column(),
    text_column("entity"),
    text_column("status", default="running"),
    json_column("actor"),
    json_column("selected"),
    json_column("set"),
    # Whether the people that a move writes to are written to.
    Column("notify", Boolean, nullable=False, server_default="false"),
    Column("total", Integer, nullable=False),
    created_column(),
    time_column("finished_at"),
    Column("undo_id", Uuid),
    json_column("undone_by"),
    CheckConstraint("entity IN ('companies', 'deals', 'contacts')", name="bulk_job_entity"),
    CheckConstraint("status IN ('running', 'done', 'undoing', 'undone')", name="bulk_job_status"),
    Index("bulk_job_waiting", "created_at", postgresql_where=text("status IN ('running', 'undoing')")),
)

# `before` is what the fields were that the job changed. Records that are gone by the time are so reported, so there is
# no foreign key.
bulk_row = Table(
    "bulk_row",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("record_id", Uuid, nullable=False),
    text_column("state", default="waiting"),
    json_column("before"),
    json_column("error"),
    ForeignKeyConstraint(["job_id"], [f"{SCHEMA}.bulk_job.id"]),
    CheckConstraint(
        "state IN ('waiting', 'changed', 'same', 'failed', 'undone', 'kept')",
        name="bulk_row_state",
    ),
    Index("bulk_row_state", "job_id", "state", "place"),
    Index("bulk_row_record", "job_id", "record_id"),
)
