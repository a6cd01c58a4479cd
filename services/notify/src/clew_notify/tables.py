"""The tables of the notify schema. Next: clew_notify.announce.Announcer.announce."""

from clew_shared.runtime.tables import rail_tables
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

METADATA = MetaData(schema="notify")
RAIL = rail_tables(METADATA)

# What lifecycle says of the people who work here; `changed_at` is the event's, so that an older one changes nothing.
TEAMMATE = Table(
    "teammate",
    METADATA,
    Column("email", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

# One notification to one recipient on one channel. `status` is where its history (DELIVERY_EVENT) has led to;
# `returned` the status code of the report that it is proven to have come back with, `rewritten_as` the Message-ID that
# the relay says it gave the mail in place of ours, `answered_at` when its recipient answered on the deal.
# `due_at` is empty when a person has to decide; `lease` is whose attempt the one under way is, until `lease_until`.
DELIVERY = Table(
    "delivery",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("event", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text),
    Column("possible_duplicate", Boolean, nullable=False, server_default=text("false")),
    Column("deal_id", Uuid),
    Column("activity_id", Uuid),
    Column("message_id", Text, nullable=False),
    Column("subject_line", Text, nullable=False),
    Column("envelope_sender", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), server_default=func.now()),
    Column("lease", Uuid),
    Column("lease_until", DateTime(timezone=True)),
    Column("sent_at", DateTime(timezone=True)),
    Column("returned", Text),
    Column("rewritten_as", Text),
    Column("answered_at", DateTime(timezone=True)),
    UniqueConstraint("event_id", "rule", "recipient", "channel", name="delivery_once"),
    Index("delivery_due", "due_at", postgresql_where=text("status IN ('planned', 'held', 'in_doubt')")),
    Index("delivery_leased", "lease_until", postgresql_where=text("status = 'sending'")),
    Index("delivery_of_deal", "deal_id", "recipient", "id", postgresql_where=text("deal_id IS NOT NULL")),
    Index("delivery_recipient", func.lower(text("recipient")), "id"),
    Index("delivery_rewritten", "rewritten_as", postgresql_where=text("rewritten_as IS NOT NULL")),
)

# The mail as it was composed: every attempt sends these bytes. A row of its own, so that no change of status moves it.
# Rows that are written together with their delivery name it without a foreign key: its check costs more than the row.
MAIL = Table(
    "mail",
    METADATA,
    Column("delivery_id", Uuid, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

# What became of a delivery, step by step; its birth as planned is the delivery's own row.
DELIVERY_EVENT = Table(
    "delivery_event",
    METADATA,
    Column("delivery_id", Uuid, primary_key=True),
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("status", Text, nullable=False),
    Column("detail", Text),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# When an address was last told that we have its enquiry.
ACKNOWLEDGEMENT = Table(
    "acknowledgement",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("acknowledged_at", DateTime(timezone=True), nullable=False),
    Index("acknowledgement_lately", "acknowledged_at"),
)

# Addresses that get nothing (`all`: they do not exist) or nothing automatic (`automatic`: their reader complained), but
# for those of which somebody has said since (`lifted_at`) that they may be written to.
SUPPRESSION = Table(
    "suppression",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("delivery_id", Uuid),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("lifted_at", DateTime(timezone=True)),
)

# What the built-in mailbox holds; the bytes are the delivery's.
SANDBOX_MESSAGE = Table(
    "sandbox_message",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("subject_line", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("seen", Boolean, nullable=False, server_default=text("false")),
    Index("sandbox_message_recipient", "recipient", "id"),
)
