"""Pipelines and what they are made of: stages, steps, transitions, and the reasons deals are lost for.

Next: clew_lifecycle.store.workflow.load_workflow.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from clew_lifecycle.store.columns import SCHEMA, id_column, json_column, key_to, metadata, money_column, text_column

pipeline = Table(
    "pipeline",
    metadata,
    id_column(),
    Column("key", Text, nullable=False, unique=True),
    text_column("name"),
    text_column("status_mode", default="independent"),
    Column("position", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    # How long after it was lost a deal takes up what its client writes; 0 is never.
    Column("reopen_days", Integer, nullable=False, server_default="30"),
    Column("drives_lifecycle", Boolean, nullable=False, server_default="true"),
    CheckConstraint("status_mode IN ('independent', 'stage_driven')", name="pipeline_status_mode"),
)

stage = Table(
    "stage",
    metadata,
    id_column(),
    key_to("pipeline_id", "pipeline", nullable=False),
    text_column("key"),
    text_column("name"),
    text_column("category"),
    Column("position", Integer, nullable=False),
    Column("probability", Integer),
    Column("rot_days", Integer),
    Column("is_opportunity", Boolean, nullable=False, server_default="false"),
    UniqueConstraint("pipeline_id", "key", name="stage_key"),
    UniqueConstraint("pipeline_id", "id", name="stage_in_pipeline"),
    CheckConstraint("category IN ('open', 'archived', 'won', 'lost')", name="stage_category"),
)

# A stage that needs no finer steps has one hidden step, so that one code path serves both.
step = Table(
    "step",
    metadata,
    id_column(),
    Column("pipeline_id", Uuid, nullable=False),
    Column("stage_id", Uuid, nullable=False),
    text_column("key"),
    text_column("name"),
    Column("position", Integer, nullable=False),
    Column("hidden", Boolean, nullable=False, server_default="false"),
    Column("is_entry", Boolean, nullable=False, server_default="false"),
    UniqueConstraint("pipeline_id", "key", name="step_key"),
    UniqueConstraint("pipeline_id", "id", name="step_in_pipeline"),
    UniqueConstraint("stage_id", "id", name="step_in_stage"),
    ForeignKeyConstraint(["pipeline_id", "stage_id"], [f"{SCHEMA}.stage.pipeline_id", f"{SCHEMA}.stage.id"]),
    Index("step_entry", "pipeline_id", unique=True, postgresql_where="is_entry"),
)

# A pipeline without any row here lets a deal move freely.
transition = Table(
    "transition",
    metadata,
    id_column(),
    Column("pipeline_id", Uuid, nullable=False),
    text_column("key"),
    text_column("name"),
    Column("from_step_id", Uuid, nullable=False),
    Column("to_step_id", Uuid, nullable=False),
    json_column("required"),
    UniqueConstraint("pipeline_id", "from_step_id", "key", name="transition_key"),
    ForeignKeyConstraint(["pipeline_id", "from_step_id"], [f"{SCHEMA}.step.pipeline_id", f"{SCHEMA}.step.id"]),
    ForeignKeyConstraint(["pipeline_id", "to_step_id"], [f"{SCHEMA}.step.pipeline_id", f"{SCHEMA}.step.id"]),
)

lost_reason = Table(
    "lost_reason",
    metadata,
    id_column(),
    Column("key", Text, nullable=False, unique=True),
    text_column("label"),
    Column("position", Integer, nullable=False),
    Column("needs_note", Boolean, nullable=False, server_default="false"),
    # False where writing again must not bring the deal back: spam, a duplicate, a wrong number.
    Column("reopenable", Boolean, nullable=False, server_default="true"),
)

# What the board shows above its columns, kept as differences so that no two writers wait for each other; a timer
# adds them up. Triggers of the first revision write the rows.
stage_total = Table(
    "stage_total",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("stage_id", Uuid, nullable=False),
    text_column("status"),
    text_column("currency"),
    Column("deals", BigInteger, nullable=False),
    money_column("amount"),
    Index("stage_total_stage", "stage_id"),
)
