"""A submission on its way into the database, and what makes two posts one.

Next: clew_forms.group_commit.GroupCommit.submit.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.enquiry import Policy

from clew_forms.screen import Screened
from clew_forms.suspicion import Sign

REMEMBERED = timedelta(days=7)
DOUBLE_CLICK = timedelta(minutes=10)


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """`content` is the digest of the answers. With `strict`, a key that had other answers is a conflict."""

    id: UUID
    form_id: UUID
    version: int
    slug: str
    policy: Policy
    pipeline: str | None
    region: str | None
    received_at: datetime
    screened: Screened
    signs: tuple[Sign, ...]
    network: str
    key: str
    content: bytes
    expires_at: datetime
    strict: bool
    amends: UUID | None = None
    traceparent: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """Accepted for the first time, the same again, or refused because its key has led to other answers."""

    kind: Literal["accepted", "repeated", "conflict"]
    submission_id: UUID


class Key(msgspec.Struct, frozen=True):
    text: str
    lasts: timedelta


def digest_of(screened: Screened) -> bytes:
    """Digest the cleaned answers: a space more or another line ending is not another enquiry."""
    return sha256(msgspec.json.encode(sorted(screened.texts.items()))).digest()


def choose_key(header: str | None, sid: str, content: bytes, network: str) -> Key:
    """Take the key that the client gave; without one, the same answers from the same network are the same click."""
    if header or sid:
        return Key(f"k:{header or sid}", REMEMBERED)
    return Key(f"f:{network}:{content.hex()}", DOUBLE_CLICK)
