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

from clew_lifecycle.store.columns import (
    SCHEMA,
    created_column,
    id_column,
    json_column,
    key_to,
    metadata,
    money_column,
    text_column,
    time_column,
)

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
    # What the next version is going to be, while people still work on it.
    json_column("draft"),
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
    # A version without it was published; what deals were in it stays told.
    time_column("retired_at"),
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
    # Pointers such as `/contact/phone`: what a deal's page shows while the deal is here; null is everything.
    json_column("shown_attributes"),
    time_column("retired_at"),
    UniqueConstraint("pipeline_id", "key", name="step_key"),
    UniqueConstraint("pipeline_id", "id", name="step_in_pipeline"),
    UniqueConstraint("stage_id", "id", name="step_in_stage"),
    ForeignKeyConstraint(["pipeline_id", "stage_id"], [f"{SCHEMA}.stage.pipeline_id", f"{SCHEMA}.stage.id"]),
)

# A pipeline without any row here lets a deal move freely.
transition = Table(
    "transition",
    metadata,
    id_column(),
    Column("pipeline_id", Uuid, nullable=False),
    text_column("key"),
    text_column("name"),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("from_step_id", Uuid, nullable=False),
    Column("to_step_id", Uuid, nullable=False),
    # Pointers to what must be filled in; what is made of the deal; who is written to; who may; and a filter that the
    # deal must fulfil.
    json_column("required"),
    json_column("triggers"),
    json_column("comms"),
    json_column("roles"),
    text_column("guard", nullable=True),
    UniqueConstraint("pipeline_id", "from_step_id", "key", name="transition_key"),
    ForeignKeyConstraint(["pipeline_id", "from_step_id"], [f"{SCHEMA}.step.pipeline_id", f"{SCHEMA}.step.id"]),
    ForeignKeyConstraint(["pipeline_id", "to_step_id"], [f"{SCHEMA}.step.pipeline_id", f"{SCHEMA}.step.id"]),
)

# Where a new deal begins: `new`, or `existing_account` for a company that is an account already.
entry = Table(
    "entry",
    metadata,
    Column("pipeline_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    text_column("name"),
    Column("step_id", Uuid, nullable=False),
    ForeignKeyConstraint(["pipeline_id", "step_id"], [f"{SCHEMA}.step.pipeline_id", f"{SCHEMA}.step.id"]),
    CheckConstraint("kind IN ('new', 'existing_account')", name="entry_kind"),
)

# What may follow a deal of this pipeline: a deal that begins at a step of this or of another one.
follow_on = Table(
    "follow_on",
    metadata,
    Column("pipeline_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    text_column("name"),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("to_pipeline_id", Uuid, nullable=False),
    Column("step_id", Uuid, nullable=False),
    ForeignKeyConstraint(["pipeline_id"], [f"{SCHEMA}.pipeline.id"]),
    ForeignKeyConstraint(["to_pipeline_id", "step_id"], [f"{SCHEMA}.step.pipeline_id", f"{SCHEMA}.step.id"]),
)

# Every definition that was published, as it was.
workflow_version = Table(
    "workflow_version",
    metadata,
    id_column(),
    key_to("pipeline_id", "pipeline", nullable=False),
    Column("number", Integer, nullable=False),
    json_column("definition"),
    created_column("published_at"),
    text_column("published_by", nullable=True),
    UniqueConstraint("pipeline_id", "number", name="workflow_version_number"),
)

# The attributes that an organisation adds to its deals, contacts and companies; their values are in `custom`.
attribute = Table(
    "attribute",
    metadata,
    id_column(),
    text_column("entity"),
    text_column("key"),
    text_column("label"),
    text_column("type"),
    json_column("choices"),
    Column("position", Integer, nullable=False, server_default="0"),
    # Values are kept; none is taken any more.
    time_column("retired_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    created_column(),
    UniqueConstraint("entity", "key", name="attribute_key"),
    CheckConstraint("entity IN ('deal', 'contact', 'company')", name="attribute_entity"),
    CheckConstraint("type IN ('text', 'number', 'date', 'bool', 'choice', 'multi')", name="attribute_type"),
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
    # Deals that were lost for it go on saying so; no other can be.
    time_column("retired_at"),
    Column("version", Integer, nullable=False, server_default="1"),
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
