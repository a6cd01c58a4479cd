"""The tables of the forms schema. Next: clew_forms.submit.submit_forms."""

from clew_shared.runtime.tables import rail_tables
from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(schema="forms")
RAIL = rail_tables(METADATA)

FORM = Table(
    "form",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# What was asked at the time: versions are added and never changed.
FORM_VERSION = Table(
    "form_version",
    METADATA,
    Column("form_id", Uuid, ForeignKey(FORM.c.id), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("definition", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# `raw` is as typed, `normal` what others match by, `signs` the weights that make up the suspicion; `repeats` counts the
# copies that became this one row.
SUBMISSION = Table(
    "submission",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("form_id", Uuid, ForeignKey(FORM.c.id), nullable=False),
    Column("version", Integer, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("raw", JSONB, nullable=False),
    Column("normal", JSONB, nullable=False),
    Column("signs", JSONB, nullable=False),
    Column("suspicion", Integer, nullable=False),
    Column("dropped", Integer, nullable=False),
    Column("network", Text, nullable=False),
    Column("amends", Uuid),
    Column("repeats", Integer, nullable=False, server_default=text("0")),
    Index("submission_of_form", "form_id", "id"),
)

# Which submission a key has led to; a row past its time may be taken over by a new submission.
SUBMISSION_KEY = Table(
    "submission_key",
    METADATA,
    Column("form_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("submission_id", Uuid, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("submission_key_expires_at", "expires_at"),
)
