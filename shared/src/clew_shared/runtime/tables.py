"""The tables that the rail keeps in each service's schema. Next: clew_shared.runtime.unit_of_work.UnitOfWork."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
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


@dataclass(frozen=True, slots=True)
class RailTables:
    outbox: Table
    inbox: Table
    shunt: Table
    stream: Table


def rail_tables(metadata: MetaData) -> RailTables:
    """Define the rail's tables in `metadata`, whose schema is the service's.

    outbox: what was emitted; `sequence` is its place in the stream once that has it.
    inbox: `(durable, event_id)` of every event that had its effect.
    shunt: what could not be dealt with, until a person retries or drops it.
    stream: when the stream that this outbox serves was created, to notice that it was lost.
    """
    outbox = Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("subject", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("published_at", DateTime(timezone=True)),
        Column("sequence", BigInteger),
        Index("outbox_unpublished", "position", postgresql_where=text("published_at IS NULL")),
        Index("outbox_created_at", "created_at"),
    )
    inbox = Table(
        "inbox",
        metadata,
        Column("durable", Text, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index("inbox_received_at", "received_at"),
    )
    shunt = Table(
        "shunt",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("durable", Text, nullable=False),
        Column("event_id", Uuid),
        Column("subject", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("reason", Text, nullable=False),
        Column("stack", Text, nullable=False),
        Column("deliveries", Integer, nullable=False),
        Column("shunted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("state", Text, nullable=False, server_default="waiting"),
        Index("shunt_waiting", "shunted_at", postgresql_where=text("state = 'waiting'")),
    )
    stream = Table(
        "stream",
        metadata,
        Column("name", Text, primary_key=True),
        Column("created_at", DateTime(timezone=True), nullable=False),
    )
    return RailTables(outbox, inbox, shunt, stream)
