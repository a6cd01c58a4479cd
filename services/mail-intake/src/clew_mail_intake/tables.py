"""The tables of mail-intake. Next: clew_mail_intake.accept.accept_messages."""

from clew_shared.runtime.tables import rail_tables
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(schema="mail_intake")
RAIL = rail_tables(metadata)

# A mail, once, however often and by whichever door it came; `verdict` is null until it was understood. `sender`,
# `subject_line` and `message_id` are a first glance at the headers until then.
message = Table(
    "message",
    metadata,
    Column("key", Uuid, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("door", Text, nullable=False),
    Column("mail_from", Text),
    Column("client_address", Text),
    Column("client_name", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("message_id", Text),
    Column("sender", Text),
    Column("sender_name", Text),
    Column("subject_line", Text),
    Column("verdict", Text),
    Column("reasons", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("preview", Text, nullable=False, server_default=""),
    # What the DNS said of its sender when it came.
    Column("evidence", JSONB),
    Column("understanding", JSONB),
    Column("parser_version", Integer),
    Column("incomplete", Text),
    Column("attachments", Integer, nullable=False, server_default="0"),
    Column("released_by", Text),
    Column("released_at", DateTime(timezone=True)),
    # Since when its bytes are no longer kept.
    Column("forgotten_at", DateTime(timezone=True)),
    # Since when nobody needs to look at it any more, though it was set aside.
    Column("discarded_at", DateTime(timezone=True)),
    UniqueConstraint("fingerprint", name="message_fingerprint"),
    Index("message_verdict", "verdict", "key"),
    Index(
        "message_set_aside",
        "verdict",
        "key",
        postgresql_where=text("verdict IN ('quarantine', 'spam') AND discarded_at IS NULL"),
    ),
    Index("message_discarded", "key", postgresql_where=text("discarded_at IS NOT NULL")),
    Index("message_kept", "received_at", postgresql_where=text("forgotten_at IS NULL")),
)

# The bytes as they came, in pieces, so that no mail is ever in memory whole because of us.
raw_piece = Table(
    "raw_piece",
    metadata,
    Column("message_key", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

# A copy that came by another way while its mail is no enquiry, until somebody looked whether it is the better one; its
# bytes are under its own key.
further_copy = Table(
    "further_copy",
    metadata,
    Column("key", Uuid, primary_key=True),
    Column("message_key", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mail_from", Text),
    Column("client_address", Text),
    Column("client_name", Text),
    Column("incomplete", Text),
    Index("further_copy_message", "message_key"),
)

# Each time a mail arrived: the second recipient and the second door are seen here.
arrival = Table(
    "arrival",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("message_key", Uuid, nullable=False),
    Column("door", Text, nullable=False),
    Column("mail_from", Text),
    Column("recipients", ARRAY(Text), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index("arrival_message", "message_key"),
)

# What people did with a mail: released, discarded, restored, retried; `deal` is where they had it placed.
handling = Table(
    "handling",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("message_key", Uuid, nullable=False),
    Column("what", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("deal", Uuid),
    Index("handling_message", "message_key"),
)

# A mail that was refused for good, for as long as somebody may ask; its recipients are one a line.
refused_mail = Table(
    "refused_mail",
    metadata,
    Column("key", Uuid, primary_key=True),
    Column("door", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("mail_from", Text),
    Column("recipients", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("client_address", Text, nullable=False),
    Column("client_name", Text),
    Column("refused_at", DateTime(timezone=True), nullable=False),
    Index("refused_mail_old", "refused_at"),
)

# Where a file lies in the raw bytes of its mail.
attachment = Table(
    "attachment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("message_key", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("inline", Boolean, nullable=False),
    Column("decoration", Boolean, nullable=False),
    Column("content_id", Text, nullable=False),
    Column("rejected", Text),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("packed_from", BigInteger),
    Column("packed_until", BigInteger),
    Column("packed_as", Text, nullable=False, server_default=""),
    Column("packed_encoding", Text, nullable=False, server_default=""),
    # Whether the scanner found it clean, or still has to look at it; null where there is no scanner.
    Column("scan", Text),
    UniqueConstraint("message_key", "number", name="attachment_number"),
    Index("attachment_sha256", "sha256"),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("tls", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("password", LargeBinary, nullable=False),
    Column("folder", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("move_to", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("state", Text, nullable=False, server_default="connecting"),
    Column("last_success_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("lag_seconds", Integer),
    Column("received", BigInteger, nullable=False, server_default="0"),
    # What `password` seals is the secrets of this, where it is set; `refresh_token` is sealed too, and newer.
    Column("oauth", JSONB),
    Column("refresh_token", LargeBinary),
    Column("tls_verify", Boolean, nullable=False, server_default=true()),
    Column("tls_ca", Text),
    Column("alarm_minutes", Integer, nullable=False, server_default="15"),
    Column("silent_hours", Integer),
    Column("newest_first", Boolean, nullable=False, server_default=false()),
    Column("last_mail_at", DateTime(timezone=True)),
    # What the team was told, until it is over.
    Column("trouble", Text),
    Column("troubled_at", DateTime(timezone=True)),
    # The intake address that its mails count as having come for.
    Column("alias", Text),
    Column("failing_since", DateTime(timezone=True)),
    # One that rests is not read, and nobody is alarmed; its silence counts from when it was resumed.
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("resumed_at", DateTime(timezone=True)),
    UniqueConstraint("host", "port", "username", "folder", name="mailbox_place"),
)

# How far a mailbox is read: all up to `last_uid` but what is `pending`, as {uid: tries}, and what a reading from the
# newest down has left below, up to `backlog`. `moving` are the UIDs whose move by COPY was begun, each with the
# UIDVALIDITY and UIDNEXT that the other folder had then; `unsettled` those that are stored and neither marked nor moved
# yet, as a sequence set. Another UIDVALIDITY makes it void (RFC 3501 2.3.1.1).
mailbox_cursor = Table(
    "mailbox_cursor",
    metadata,
    Column("mailbox_id", Uuid, ForeignKey(mailbox.c.id, ondelete="CASCADE"), primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("pending", JSONB, nullable=False, server_default=text("'{}'")),
    Column("backlog", BigInteger, nullable=False, server_default="0"),
    Column("moving", JSONB, nullable=False, server_default=text("'{}'")),
    Column("unsettled", Text, nullable=False, server_default=""),
)
