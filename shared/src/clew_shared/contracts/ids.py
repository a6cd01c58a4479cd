"""Ids and times, made one way everywhere."""

import os
import time
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562 5.7): ordered by milliseconds, so that indexes grow at one end."""
    milliseconds = time.time_ns() // 1_000_000
    return _version_7(milliseconds, int.from_bytes(os.urandom(10), "big"))


def derived_id(source: UUID, name: str) -> UUID:
    """Make the one id that `name` has below `source`: the same call gives the same id, wherever it is made.

    The time of `source` is kept, so that a derived id sorts beside the id it comes from.
    """
    digest = sha256(source.bytes + name.encode()).digest()
    return _version_7(source.int >> 80, int.from_bytes(digest[:10], "big"))


def utc_now() -> datetime:
    return datetime.now(UTC)


def _version_7(milliseconds: int, randomness: int) -> UUID:
    rand_a = randomness >> 68
    rand_b = randomness & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (rand_a & 0xFFF) << 64 | 0x2 << 62 | rand_b)
