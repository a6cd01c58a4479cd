"""What a deal is about and what comes of it: lines, records made by a transition, and what enquiries became.

Next: clew_lifecycle.run_triggers.run_triggers.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
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

# What is offered: `tax` in per cent, `attendees` as `{name, email}`.
deal_line = Table(
    "deal_line",
    metadata,
    id_column(),
    key_to("deal_id", "deal", nullable=False),
    Column("position", Integer, nullable=False),
    text_column("product"),
    Column("quantity", Numeric(19, 4), nullable=False),
    Column("unit_price", Numeric(19, 4), nullable=False),
    Column("tax", Numeric(7, 4), nullable=False, server_default="0"),
    json_column("attendees"),
    Index("deal_line_deal", "deal_id", "position", "id"),
)

# A draft has no number; it gets the next one when it is activated.
invoice = Table(
    "invoice",
    metadata,
    id_column(),
    key_to("deal_id", "deal"),
    key_to("company_id", "company"),
    key_to("contact_id", "contact"),
    text_column("title"),
    text_column("status", default="draft"),
    text_column("number", nullable=True),
    text_column("currency"),
    text_column("created_by", nullable=True),
    Column("version", Integer, nullable=False, server_default="1"),
    created_column(),
    CheckConstraint(
        "status IN ('draft', 'active', 'partially_paid', 'paid', 'refunded', 'void')", name="invoice_status"
    ),
    CheckConstraint("(status = 'draft') = (number IS NULL)", name="invoice_number"),
    Index("invoice_of_deal", "deal_id", "id"),
    Index("invoice_of_company", "company_id", "id"),
)

invoice_line = Table(
    "invoice_line",
    metadata,
    id_column(),
    key_to("invoice_id", "invoice", nullable=False),
    Column("position", Integer, nullable=False),
    text_column("product"),
    Column("quantity", Numeric(19, 4), nullable=False),
    money_column("unit_price"),
    Column("tax", Numeric(7, 4), nullable=False, server_default="0"),
    Index("invoice_line_invoice", "invoice_id", "position", "id"),
)

# What somebody outside is to do for a deal: register an attendee, or issue training tokens.
fulfilment = Table(
    "fulfilment",
    metadata,
    id_column(),
    text_column("kind"),
    key_to("deal_id", "deal", nullable=False),
    key_to("company_id", "company"),
    key_to("contact_id", "contact"),
    Column("line_id", Uuid),
    text_column("product"),
    Column("quantity", Numeric(19, 4), nullable=False),
    text_column("attendee_name", nullable=True),
    text_column("attendee_email", nullable=True),
    text_column("status", default="requested"),
    # What the system that fulfilled it calls it.
    text_column("reference", nullable=True),
    created_column("requested_at"),
    time_column("settled_at"),
    ForeignKeyConstraint(["line_id"], [f"{SCHEMA}.deal_line.id"], ondelete="SET NULL"),
    CheckConstraint("kind IN ('registration', 'token_issue')", name="fulfilment_kind"),
    CheckConstraint("status IN ('requested', 'fulfilled', 'cancelled')", name="fulfilment_status"),
    Index("fulfilment_of_deal", "deal_id", "id"),
    Index("fulfilment_of_company", "company_id", "id"),
)

# What a trigger of one move came to: `run_id` is the move's row in the deal log, so that a trigger runs once.
trigger_run = Table(
    "trigger_run",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("trigger", Text, primary_key=True),
    key_to("deal_id", "deal", nullable=False),
    text_column("kind"),
    Column("target_id", Uuid),
    # `created` or `reused`.
    text_column("outcome"),
    created_column("at"),
    ForeignKeyConstraint(["run_id"], [f"{SCHEMA}.deal_log.id"]),
    Index("trigger_run_deal", "deal_id"),
)

# Something to be solved for somebody, as an enquiry may turn out to be.
problem = Table(
    "problem",
    metadata,
    id_column(),
    text_column("title"),
    text_column("description", nullable=True),
    text_column("status", default="open"),
    key_to("contact_id", "contact"),
    key_to("company_id", "company"),
    key_to("deal_id", "deal"),
    text_column("created_by", nullable=True),
    created_column(),
    time_column("solved_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    CheckConstraint("status IN ('open', 'solved')", name="problem_status"),
    CheckConstraint("(status = 'solved') = (solved_at IS NOT NULL)", name="problem_solved_at"),
    Index("problem_listed", "status", "id"),
)

# What people made of an enquiry that waited; it may become several things, and each of them once.
conversion = Table(
    "conversion",
    metadata,
    id_column(),
    key_to("enquiry_id", "enquiry", nullable=False),
    text_column("kind"),
    Column("target_id", Uuid, nullable=False),
    text_column("actor", nullable=True),
    created_column("at"),
    UniqueConstraint("enquiry_id", "kind", "target_id", name="conversion_once"),
    CheckConstraint("kind IN ('deal', 'contact', 'problem', 'comment')", name="conversion_kind"),
    Index("conversion_target", "target_id"),
)
