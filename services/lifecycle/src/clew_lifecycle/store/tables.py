"""Companies, contacts, deals and what is written on them. Next: clew_lifecycle.store.prefetch.prefetch."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
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
    money_column,
    text_column,
    time_column,
)

_STAGES = ("suspect", "prospect", "lead", "mql", "sql", "opportunity", "onboarding", "customer", "churned", "other")
_SINCE, _THERE = text("coalesce(lifecycle_since, created_at)"), text("merged_into IS NULL AND deleted_at IS NULL")

# What sort of company it is, apart from where it stands: reseller, wholesaler, supplier.
company_type = Table(
    "company_type",
    metadata,
    Column("key", Text, primary_key=True),
    text_column("label"),
    Column("position", Integer, nullable=False, server_default="0"),
    # Who only supplies us is at the lifecycle stage `other`.
    Column("is_supplier", Boolean, nullable=False, server_default="false"),
)

company = Table(
    "company",
    metadata,
    id_column(),
    text_column("name"),
    # How two spellings of one name are compared.
    text_column("name_key"),
    Column("is_person", Boolean, nullable=False, server_default="false"),
    text_column("lifecycle_stage", default="suspect"),
    time_column("lifecycle_since"),
    text_column("company_type", nullable=True),
    text_column("domain", nullable=True),
    text_column("phone", nullable=True),
    text_column("email", nullable=True),
    key_to("owner_id", "teammate"),
    # Since when it is an account: somebody we do business with, whose next deal needs no introduction.
    time_column("account_since"),
    # What the counted orders come to, and when their want makes the company churn; null is never.
    Column("order_count", Integer, nullable=False, server_default="0"),
    time_column("first_order_at"),
    time_column("last_order_at"),
    time_column("churn_due_at"),
    Column("ledger_count", Integer, nullable=False, server_default="0"),
    Column("auto_lifecycle", Boolean, nullable=False, server_default="true"),
    # Orders up to here were found by an initial calculation from the sales history; later ones go by the live rules.
    time_column("history_until"),
    Column("rfm_r", SmallInteger),
    Column("rfm_f", SmallInteger),
    Column("rfm_m", SmallInteger),
    text_column("rfm_segment", nullable=True),
    # When its orders are to be looked at again, because one came or because time passes.
    time_column("rfm_due_at"),
    json_column("custom"),
    key_to("merged_into", "company"),
    time_column("deleted_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    created_column(),
    ForeignKeyConstraint(["company_type"], [f"{SCHEMA}.company_type.key"]),
    CheckConstraint(f"lifecycle_stage IN ({', '.join(map(repr, _STAGES))})", name="company_lifecycle_stage"),
    Index("company_stage", "lifecycle_stage", "lifecycle_since"),
    Index("company_listed", "lifecycle_stage", "id"),
    Index("company_of_person", "is_person", "id"),
    Index("company_of_type", "company_type", "id", postgresql_where=text("company_type IS NOT NULL")),
    Index("company_of_owner", "owner_id", "id", postgresql_where=text("owner_id IS NOT NULL")),
    Index("company_churn_due", "churn_due_at", postgresql_where=text("churn_due_at IS NOT NULL")),
    Index("company_ledgers", "last_order_at", postgresql_where=text("ledger_count > 1")),
    Index("company_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    Index("company_calling", "lifecycle_stage", _SINCE, "id", postgresql_where=_THERE),
    Index("company_gone", "id", postgresql_where=text("merged_into IS NOT NULL OR deleted_at IS NOT NULL")),
    Index("company_rfm_due", "rfm_due_at", postgresql_where=text("rfm_due_at IS NOT NULL")),
    Index("company_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
)

contact = Table(
    "contact",
    metadata,
    id_column(),
    key_to("company_id", "company", index=True),
    text_column("name", nullable=True),
    text_column("given_name", nullable=True),
    text_column("family_name", nullable=True),
    # What we write to and call; identities are matched by contact_point alone.
    text_column("email", nullable=True),
    text_column("phone", nullable=True),
    json_column("custom"),
    key_to("merged_into", "contact"),
    time_column("deleted_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    created_column(),
    CheckConstraint("num_nonnulls(name, email, phone, company_id) > 0", name="contact_has_something"),
    Index("contact_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    Index(
        "contact_words",
        "name",
        "email",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops", "email": "gin_trgm_ops"},
    ),
)

# A shared point (info@) belongs to a company; its contact stands for whoever reads it and is no person's identity.
contact_point = Table(
    "contact_point",
    metadata,
    id_column(),
    key_to("contact_id", "contact", index=True),
    key_to("company_id", "company", index=True),
    text_column("kind"),
    text_column("value_raw"),
    text_column("value_norm"),
    Column("shared", Boolean, nullable=False, server_default="false"),
    text_column("verified", default="no"),
    time_column("retired_at"),
    created_column(),
    CheckConstraint("kind IN ('email', 'phone', 'external')", name="contact_point_kind"),
    CheckConstraint("num_nonnulls(contact_id, company_id) > 0", name="contact_point_owner"),
    Index(
        "contact_point_identity",
        "kind",
        "value_norm",
        unique=True,
        postgresql_where=text("contact_id IS NOT NULL AND NOT shared AND retired_at IS NULL"),
    ),
    Index("contact_point_shared", "kind", "value_norm", postgresql_where=text("shared")),
    # What another system calls a company: `<source>|<its id>`.
    Index(
        "contact_point_external",
        "value_norm",
        unique=True,
        postgresql_where=text("kind = 'external' AND company_id IS NOT NULL AND retired_at IS NULL"),
    ),
)

# A door's own settings. `scope` pipeline narrows what a repeat may land on; `phone_is_identity` lets a number alone
# identify somebody; `fold_tags` takes a+b@x for a@x.
source = Table(
    "source",
    metadata,
    id_column(),
    Column("key", Text, nullable=False, unique=True),
    text_column("scope", default="any"),
    Column("phone_is_identity", Boolean, nullable=False, server_default="false"),
    Column("fold_tags", Boolean, nullable=False, server_default="false"),
    text_column("policy", nullable=True),
    Column("version", Integer, nullable=False, server_default="1"),
    created_column(),
    CheckConstraint("scope IN ('any', 'pipeline')", name="source_scope"),
    CheckConstraint("policy IN ('open_deal', 'always_new', 'triage')", name="source_policy"),
)

deal = Table(
    "deal",
    metadata,
    id_column(),
    text_column("title"),
    text_column("description", nullable=True),
    key_to("pipeline_id", "pipeline", nullable=False),
    Column("stage_id", Uuid, nullable=False),
    Column("step_id", Uuid, nullable=False),
    text_column("status", default="open"),
    money_column("amount"),
    text_column("currency", default="EUR"),
    Column("expected_close", Date),
    key_to("source_id", "source"),
    key_to("contact_id", "contact"),
    key_to("company_id", "company"),
    key_to("owner_id", "teammate"),
    key_to("parent_deal_id", "deal"),
    # Of a contact's open deals the one that catches repeats; `thread_key` is the contact, with the pipeline where the
    # source narrows the scope.
    text_column("thread_key", nullable=True),
    Column("thread_slot", Boolean, nullable=False, server_default="false"),
    Column("board_rank", Text(collation="C"), nullable=False),
    time_column("opened_at", nullable=False),
    time_column("closed_at"),
    key_to("lost_reason_id", "lost_reason"),
    text_column("lost_note", nullable=True),
    # Where the deal goes back to when it is reopened.
    Column("last_open_step_id", Uuid),
    time_column("stage_entered_at", nullable=False),
    time_column("last_activity_at", nullable=False),
    time_column("last_inbound_at"),
    time_column("last_staff_at"),
    Column("entries", Integer, nullable=False, server_default="0"),
    json_column("custom"),
    key_to("merged_into", "deal"),
    time_column("deleted_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    ForeignKeyConstraint(["pipeline_id", "stage_id"], [f"{SCHEMA}.stage.pipeline_id", f"{SCHEMA}.stage.id"]),
    # Deals that are there no more go along with a step that comes to another stage.
    ForeignKeyConstraint(["stage_id", "step_id"], [f"{SCHEMA}.step.stage_id", f"{SCHEMA}.step.id"], onupdate="CASCADE"),
    ForeignKeyConstraint(["pipeline_id", "last_open_step_id"], [f"{SCHEMA}.step.pipeline_id", f"{SCHEMA}.step.id"]),
    CheckConstraint("status IN ('open', 'won', 'lost', 'abandoned')", name="deal_status"),
    CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="deal_closed_at"),
    Index("deal_thread", "thread_key", unique=True, postgresql_where=text("status = 'open' AND thread_slot")),
    Index("deal_board", "stage_id", "board_rank", "id"),
    Index("deal_status", "status", "id"),
    Index("deal_of_contact", "contact_id", "id"),
    Index("deal_of_company", "company_id", "id"),
    Index("deal_of_owner", "owner_id", "id", postgresql_where=text("owner_id IS NOT NULL")),
    Index("deal_of_parent", "parent_deal_id", postgresql_where=text("parent_deal_id IS NOT NULL")),
    Index("deal_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    Index("deal_title", "title", postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"}),
)

# Addresses beside the contact's: `cc` was seen in a mail's recipients, `suggested` wrote in, `added` belongs here.
deal_contact = Table(
    "deal_contact",
    metadata,
    Column("deal_id", Uuid, primary_key=True),
    Column("email_key", Text, primary_key=True),
    text_column("email"),
    text_column("name", nullable=True),
    text_column("state"),
    created_column(),
    ForeignKeyConstraint(["deal_id"], [f"{SCHEMA}.deal.id"]),
    CheckConstraint("state IN ('cc', 'suggested', 'added')", name="deal_contact_state"),
)


def _latest_first(name: str, column: str) -> Index:
    there = text(f"{column} IS NOT NULL")
    return Index(name, column, text("occurred_at DESC"), text("id DESC"), postgresql_where=there)


activity = Table(
    "activity",
    metadata,
    id_column(),
    key_to("deal_id", "deal"),
    key_to("contact_id", "contact"),
    key_to("company_id", "company"),
    text_column("kind"),
    text_column("visibility", default="internal"),
    text_column("author", nullable=True),
    text_column("body", default=""),
    time_column("occurred_at", nullable=False),
    created_column("recorded_at"),
    text_column("match_reason", nullable=True),
    text_column("source", nullable=True),
    # The submission or the mail that this entry came as.
    Column("enquiry_id", Uuid),
    # `source` and `external_id` of what arrived: the same thing again is found here.
    text_column("dedupe_key", nullable=True),
    json_column("facts"),
    Index("activity_dedupe", "dedupe_key", unique=True),
    Index("activity_deal", "deal_id", text("occurred_at DESC"), text("id DESC")),
    _latest_first("activity_company", "company_id"),
    _latest_first("activity_contact", "contact_id"),
    Index("activity_enquiry", "enquiry_id", postgresql_where=text("enquiry_id IS NOT NULL")),
)
