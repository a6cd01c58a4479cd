"""`/api/v1/sandbox/messages`: the built-in mailbox for programs. Next: clew_notify.answer_as_recipient."""

from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import (
    answer,
    page,
    read_cursor,
    read_id,
    read_json,
    read_limit,
    read_query,
    write_cursor,
)
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import Settings

from clew_notify.answer_as_recipient import NotTaken, answer_as_recipient
from clew_notify.sandbox_store import SandboxMessage, empty_mailbox, find_message, list_messages


class SandboxReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the recipient answers."""

    body: str


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What the mailbox is narrowed to; `q` is part of a subject or a recipient."""

    to: str = ""
    q: str = ""


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, or an SMS, in the built-in mailbox; `rule` says why it was sent."""

    id: UUID
    to: str
    sender: str = msgspec.field(name="from")
    from_name: str
    subject: str
    text: str
    html: str | None
    message_id: str
    in_reply_to: str | None
    references: list[str]
    reply_to: str | None
    headers: dict[str, str]
    rule: str
    channel: str
    deal_id: UUID | None
    received_at: datetime


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The Message-ID of the answer."""

    message_id: str


class SandboxRoutes:
    """List, read, throw away, answer."""

    def __init__(self, rail: Rail, settings: Settings) -> None:
        self._rail = rail
        self._door = settings.smtp_host, settings.smtp_port

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/sandbox/messages", self.list),
            web.delete("/api/v1/sandbox/messages", self.empty),
            web.get("/api/v1/sandbox/messages/{id}", self.read),
            web.delete("/api/v1/sandbox/messages/{id}", self.delete),
            web.get("/api/v1/sandbox/messages/{id}/raw", self.raw),
            web.post("/api/v1/sandbox/messages/{id}/reply", self.reply),
        ]

    @describes("List the mails in the built-in mailbox, the latest first.", query=MessageFilter, lists=MessageView)
    async def list(self, request: web.Request) -> web.Response:
        wanted = read_query(request, MessageFilter)
        limit, before = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_messages(connection, to=wanted.to, search=wanted.q, before=before, limit=limit + 1)
        items = [_show(message) for message in found[:limit]]
        return answer(page(items, write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes("Read a mail in the built-in mailbox.", answer=MessageView)
    async def read(self, request: web.Request) -> web.Response:
        return answer(_show(await self.message(request)))

    @describes("Read a mail in the built-in mailbox byte for byte.", answer=bytes, gives="message/rfc822")
    async def raw(self, request: web.Request) -> web.Response:
        message = await self.message(request)
        return web.Response(
            body=message.content,
            content_type="message/rfc822",
            headers={
                "Content-Disposition": f'attachment; filename="{message.id}.eml"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    @describes(
        "Answer as the recipient would.",
        body=SandboxReply,
        example={"body": "Yes, please."},
        answer=Answered,
        status=201,
        problems=(502,),
    )
    async def reply(self, request: web.Request) -> web.Response:
        message = await self.message(request)
        words = (await read_json(request, SandboxReply)).body.strip()
        if not words:
            missing = FieldError(pointer="/body", label="Answer", code="required", message="An answer needs words.")
            raise Problem(422, "Incomplete", errors=[missing])
        try:
            message_id = await self.answer(message, words)
        except NotTaken as error:
            raise Problem(502, "Not taken", str(error)) from error
        return answer(Answered(message_id=message_id), 201)

    async def answer(self, message: SandboxMessage, words: str) -> str:
        """Send the recipient's answer through the mail door; give its Message-ID. Raises `NotTaken`."""
        return await answer_as_recipient(message.read(), message.recipient, words, *self._door)

    @describes("Throw a mail away.")
    async def delete(self, request: web.Request) -> web.Response:
        message_id = read_id(request, "message")
        async with self._rail.unit_of_work() as uow:
            if not await empty_mailbox(uow.connection, message_id):
                raise not_found("message")
        return web.Response(status=204)

    @describes("Throw all mails away.")
    async def empty(self, request: web.Request) -> web.Response:
        async with self._rail.unit_of_work() as uow:
            await empty_mailbox(uow.connection)
        return web.Response(status=204)

    async def message(self, request: web.Request) -> SandboxMessage:
        """Find the message that the path names. Raises `Problem` 404."""
        message_id = read_id(request, "message")
        async with self._rail.reading() as connection:
            found = await find_message(connection, message_id)
        if found is None:
            raise not_found("message")
        return found


def _show(message: SandboxMessage) -> MessageView:
    mail = message.read()
    return MessageView(
        id=message.id,
        to=message.recipient,
        sender=mail.sender_address,
        from_name=mail.sender_name,
        subject=mail.subject_line,
        text=mail.text,
        html=mail.html,
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        reply_to=mail.reply_to,
        headers=dict(mail.headers),
        rule=message.rule,
        channel=message.channel,
        deal_id=message.deal_id,
        received_at=message.received_at,
    )
