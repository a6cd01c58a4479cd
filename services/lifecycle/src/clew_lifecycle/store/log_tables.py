"""What is only ever added to: how deals moved, where companies stood, and who changed a setting.

Next: clew_lifecycle.follow_deals.follow_deals.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Table,
    Uuid,
    text,
)

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

# A row for each stage, step or status that a deal came to, its opening first. `is_opportunity` is what the stage was
# when it was entered, in a pipeline that drives the lifecycle.
deal_log = Table(
    "deal_log",
    metadata,
    id_column(),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    key_to("deal_id", "deal", nullable=False),
    key_to("company_id", "company"),
    Column("pipeline_id", Uuid, nullable=False),
    Column("from_stage_id", Uuid),
    Column("from_step_id", Uuid),
    text_column("from_status", nullable=True),
    Column("to_stage_id", Uuid, nullable=False),
    Column("to_step_id", Uuid, nullable=False),
    text_column("to_status"),
    Column("is_opportunity", Boolean, nullable=False),
    # The transition's key; else `opened`, `reopened`, `workflow_migrated`, `import`, `merge`.
    text_column("reason"),
    key_to("lost_reason_id", "lost_reason"),
    time_column("effective_at", nullable=False),
    created_column("recorded_at"),
    text_column("actor", nullable=True),
    Column("batch_id", Uuid),
    ForeignKeyConstraint(["pipeline_id", "to_stage_id"], [f"{SCHEMA}.stage.pipeline_id", f"{SCHEMA}.stage.id"]),
    Index("deal_log_deal", "deal_id", "effective_at", "seq"),
    Index("deal_log_company", "company_id", "effective_at", "seq", postgresql_where=text("company_id IS NOT NULL")),
    Index("deal_log_stage", "to_stage_id", "effective_at"),
)

# Where a company stood (`kind` stage) or what its orders said of it (`kind` rfm): `effective_at` is when it was so,
# `recorded_at` when we knew. A correction adds rows and supersedes others; nothing else of a row ever changes, which a
# trigger sees to. `rule` is the letter of the rule, `m` by hand.
lifecycle_log = Table(
    "lifecycle_log",
    metadata,
    id_column(),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    key_to("company_id", "company", nullable=False),
    text_column("kind", default="stage"),
    text_column("stage"),
    text_column("previous", nullable=True),
    time_column("effective_at", nullable=False),
    created_column("recorded_at"),
    time_column("superseded_at"),
    Column("superseded_by", Uuid),
    text_column("rule"),
    text_column("actor", nullable=True),
    # `deal`, `order`, `setting`, `merge`, ... and the id of it.
    text_column("cause_kind", nullable=True),
    text_column("cause_id", nullable=True),
    text_column("note", nullable=True),
    json_column("facts"),
    Column("batch_id", Uuid),
    CheckConstraint("kind IN ('stage', 'rfm')", name="lifecycle_log_kind"),
    Index(
        "lifecycle_log_current",
        "company_id",
        "kind",
        "effective_at",
        "seq",
        # Where all stood on a day is read from the index alone.
        postgresql_include=["stage"],
        postgresql_where=text("superseded_at IS NULL"),
    ),
    Index("lifecycle_log_company", "company_id", "recorded_at"),
    Index("lifecycle_log_time", "effective_at"),
)

# What was configured, deleted or merged, by whom, and what it was before.
audit = Table(
    "audit",
    metadata,
    id_column(),
    created_column("at"),
    text_column("actor", nullable=True),
    text_column("action"),
    text_column("subject"),
    json_column("before"),
    json_column("after"),
    Index("audit_subject", "subject", "at"),
)

# What people set for the whole of lifecycle, one row a room: `lifecycle` is one.
setting = Table(
    "setting",
    metadata,
    id_column(),
    text_column("key"),
    json_column("value"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    Index("setting_key", "key", unique=True),
)
