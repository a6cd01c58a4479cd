"""Write what a batch of mails was taken for, in two statements.

Next: clew_mail_intake.showing.show_mails.list_mails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from clew_shared.runtime.database import PlainArray, as_arrays, insert_rows
from sqlalchemy import Integer, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.decide import Decision, attachment_id
from clew_mail_intake.stored_mail import StoredMail
from clew_mail_intake.tables import attachment
from clew_mail_intake.understanding.understood import Understanding

_PREVIEW = 2_000
_LEFT_OUT = {"text": "", "quoted": "", "html": "", "attachments": ()}
_FILE = (
    "id",
    "message_key",
    "number",
    "name",
    "type",
    "size",
    "sha256",
    "inline",
    "decoration",
    "content_id",
    "rejected",
    "starts_at",
    "ends_at",
    "encoding",
    "packed_from",
    "packed_until",
    "packed_as",
    "packed_encoding",
    "scan",
)


@dataclass(frozen=True, slots=True)
class Judged:
    mail: StoredMail
    read: Understanding
    decision: Decision


async def write_verdicts(judged: Sequence[Judged], connection: AsyncConnection) -> None:
    """Store verdict, reasons and what was understood; the texts are read from the raw bytes again when needed."""
    if not judged:
        return
    await connection.execute(_WRITE, _columns(judged))
    files = [row for one in judged for row in _files(one)]
    if files:
        statement = insert_rows(attachment, _FILE).on_conflict_do_nothing()
        await connection.execute(statement, as_arrays(files, _FILE))


def _columns(judged: Sequence[Judged]) -> dict[str, list[Any]]:
    reads = [one.read for one in judged]
    return {
        "key": [one.mail.key for one in judged],
        "verdict": [one.decision.verdict for one in judged],
        "reasons": ["\n".join(reason.replace("\n", " ") for reason in one.decision.reasons) for one in judged],
        "message_id": [read.message_id or None for read in reads],
        "sender": [(read.sender.email or read.contact.email) or None for read in reads],
        "sender_name": [(read.sender.name or read.contact.name) or None for read in reads],
        "subject_line": [read.subject_line for read in reads],
        "preview": [read.text[:_PREVIEW] for read in reads],
        "understanding": [msgspec.json.encode(_kept(read)).decode() for read in reads],
        "parser_version": [read.parser_version for read in reads],
        "evidence": [None if (e := one.mail.evidence) is None else msgspec.json.encode(e).decode() for one in judged],
        "attachments": [sum(not file.decoration for file in read.attachments) for read in reads],
    }


def as_kept(read: Understanding) -> tuple[dict[str, Any], str]:
    """Give what is kept of an understanding, as the database gives it back, and the beginning of its text."""
    return msgspec.json.decode(msgspec.json.encode(_kept(read))), read.text[:_PREVIEW]


def _kept(read: Understanding) -> Understanding:
    return msgspec.structs.replace(read, **_LEFT_OUT)


def _files(one: Judged) -> list[dict[str, Any]]:
    return [
        {
            "id": attachment_id(one.mail.key, number),
            "message_key": one.mail.key,
            "number": number,
            "name": file.name,
            "type": file.type,
            "size": file.size,
            "sha256": file.sha256,
            "inline": file.inline,
            "decoration": file.decoration,
            "content_id": file.content_id,
            "rejected": file.rejected,
            "starts_at": file.start,
            "ends_at": file.end,
            "encoding": file.encoding,
            "packed_from": file.inner[0] if file.inner else None,
            "packed_until": file.inner[1] if file.inner else None,
            "packed_as": file.packed_as,
            "packed_encoding": file.inner_encoding,
            "scan": file.scan or None,
        }
        for number, file in enumerate(one.read.attachments)
    ]


_TYPES: dict[str, Any] = {"key": Uuid, "parser_version": Integer, "attachments": Integer}
_NAMES = (
    "key",
    "verdict",
    "reasons",
    "message_id",
    "sender",
    "sender_name",
    "subject_line",
    "preview",
    "understanding",
    "parser_version",
    "evidence",
    "attachments",
)
_WRITE = text(
    f"""UPDATE mail_intake.message SET
  verdict = g.verdict, reasons = coalesce(string_to_array(nullif(g.reasons, ''), E'\\n'), '{{}}'),
  message_id = g.message_id, sender = g.sender, sender_name = g.sender_name, subject_line = g.subject_line,
  preview = g.preview, understanding = CAST(g.understanding AS jsonb), parser_version = g.parser_version,
  evidence = CAST(g.evidence AS jsonb), attachments = g.attachments
FROM unnest({", ".join(f":{name}" for name in _NAMES)}) AS g ({", ".join(_NAMES)})
WHERE message.key = g.key AND message.verdict IS DISTINCT FROM 'enquiry'"""  # noqa: S608 - constants only
).bindparams(*(bindparam(name, type_=PlainArray(_TYPES.get(name, Text))) for name in _NAMES))
