"""Teammates and the ways they are recognised. Next: clew_lifecycle.verify.TeamVerifier."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, LargeBinary, Table, Text, text

from clew_lifecycle.store.columns import created_column, id_column, key_to, metadata, text_column, time_column

_ROLES = "role IN ('admin', 'manager', 'sales', 'read_only')"

teammate = Table(
    "teammate",
    metadata,
    id_column(),
    text_column("email"),
    Column("email_key", Text, nullable=False, unique=True),
    text_column("name"),
    text_column("role", default="admin"),
    Column("active", Boolean, nullable=False, server_default="true"),
    created_column(),
    CheckConstraint(_ROLES, name="teammate_role"),
)

# Of a session, a token and a link only the SHA-256 is kept: who reads this table can impersonate nobody.
session = Table(
    "session",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    key_to("teammate_id", "teammate", nullable=False, index=True),
    created_column(),
    time_column("seen_at", nullable=False),
    time_column("ended_at"),
    Index("session_created_at", "created_at"),
)

api_token = Table(
    "api_token",
    metadata,
    id_column(),
    text_column("name"),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    text_column("role", default="admin"),
    created_column(),
    time_column("revoked_at"),
    CheckConstraint(_ROLES, name="api_token_role"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    key_to("teammate_id", "teammate", nullable=False, index=True),
    # A link shown in the operator's terminal signs in at once; one that was mailed asks first, because mail
    # scanners follow links.
    text_column("shown_in", default="mail"),
    text_column("next", default="/"),
    created_column(),
    time_column("expires_at", nullable=False),
    time_column("used_at"),
    CheckConstraint("shown_in IN ('terminal', 'mail')", name="sign_in_link_shown_in"),
    Index("sign_in_link_unused", "expires_at", postgresql_where=text("used_at IS NULL")),
)
