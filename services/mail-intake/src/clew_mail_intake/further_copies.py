"""Copies of one mail that came by different ways: a list, a forwarder, directly. The best one counts.

Next: clew_mail_intake.process.Processing.process_messages.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from clew_shared.runtime.database import PlainArray
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.stored_mail import StoredMail
from clew_mail_intake.write_verdicts import Judged

_BETTER = "copy: it came again by a better way, which counts"


async def lock_copied(keys: Collection[UUID], connection: AsyncConnection) -> Mapping[UUID, UUID]:
    """Give the further copies of the mails under `keys`, with their mails', and let nobody else decide over these."""
    found = await connection.execute(_LOCK, {"keys": list(keys)})
    locked = [row.key for row in found]
    if not locked:
        return {}
    copies = await connection.execute(_LIST, {"keys": locked})
    return {row.key: row.message_key for row in copies}


async def read_copies(
    copies: Mapping[UUID, UUID], mails: Sequence[StoredMail], connection: AsyncConnection
) -> list[StoredMail]:
    """Read the copies of those `mails` that are not settled, the first that came first."""
    open_mails = {mail.key: mail for mail in mails if _is_open(mail)}
    found = await connection.execute(_READ, {"keys": [copy for copy, key in copies.items() if key in open_mails]})
    return [replace(open_mails[row.pop("message_key")], **row, evidence=None) for row in map(dict, found.mappings())]


def _is_open(mail: StoredMail) -> bool:
    return mail.verdict in (None, "quarantine", "spam", "list") and not mail.forgotten and not mail.discarded


def choose_best(judged: Sequence[Judged]) -> list[Judged]:
    """Choose of each mail's copies the first that is an enquiry; else the mail stays what its first copy was."""
    best: dict[UUID, Judged] = {}
    for one in judged:
        known = best.setdefault(one.mail.key, one)
        if one.decision.verdict == "enquiry" and known.decision.verdict != "enquiry":
            best[one.mail.key] = one
    # One that was looked at before is changed by a better copy alone.
    changed = [one for one in best.values() if one.mail.verdict is None or one.decision.verdict == "enquiry"]
    return [_with_reason(one) if one.mail.copy else one for one in changed]


def _with_reason(one: Judged) -> Judged:
    return replace(one, decision=replace(one.decision, reasons=(*one.decision.reasons, _BETTER)))


async def take_over(judged: Sequence[Judged], connection: AsyncConnection) -> None:
    """Have the chosen copies stand for their mails: their bytes and who brought them."""
    for one in judged:
        if one.mail.copy is not None:
            for statement in _TAKE_OVER:
                await connection.execute(statement, {"key": one.mail.key, "copy": one.mail.copy})


async def drop_copies(copies: Collection[UUID], connection: AsyncConnection) -> None:
    """Drop copies that were looked at; that they arrived stays noted."""
    if copies:
        await connection.execute(_DROP, {"keys": list(copies)})


_KEYS = bindparam("keys", type_=PlainArray(Uuid))
_LOCK = text(
    """SELECT key FROM mail_intake.message WHERE key = ANY(:keys)
    AND key IN (SELECT message_key FROM mail_intake.further_copy WHERE message_key = ANY(:keys))
    ORDER BY key FOR UPDATE"""
).bindparams(_KEYS)
_LIST = text(
    "SELECT key, message_key FROM mail_intake.further_copy WHERE message_key = ANY(:keys) ORDER BY key"
).bindparams(_KEYS)
_READ = text(
    """SELECT key AS copy, message_key, size, mail_from, client_address, client_name, incomplete
    FROM mail_intake.further_copy WHERE key = ANY(:keys) ORDER BY key"""
).bindparams(_KEYS)
_DROP = text(
    """WITH gone AS (DELETE FROM mail_intake.further_copy WHERE key = ANY(:keys) RETURNING key)
    DELETE FROM mail_intake.raw_piece USING gone WHERE message_key = gone.key"""
).bindparams(_KEYS)
_TAKE_OVER = (
    text("DELETE FROM mail_intake.raw_piece WHERE message_key = :key"),
    text("UPDATE mail_intake.raw_piece SET message_key = :key WHERE message_key = :copy"),
    text("DELETE FROM mail_intake.attachment WHERE message_key = :key"),
    text(
        """UPDATE mail_intake.message SET digest = better.digest, size = better.size, mail_from = better.mail_from,
          client_address = better.client_address, client_name = better.client_name, incomplete = better.incomplete
        FROM mail_intake.further_copy better WHERE message.key = :key AND better.key = :copy"""
    ),
)
