"""The pages of the mail sandbox. Next: clew_notify.routes.sandbox.SandboxRoutes.answer."""

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import mark_endless
from clew_shared.web.headers import mail_html_headers
from clew_shared.web.pages import Pages

from clew_notify.answer_as_recipient import NotTaken
from clew_notify.live import Live
from clew_notify.routes.sandbox import SandboxRoutes
from clew_notify.sandbox_store import SandboxMessage, list_messages, list_recipients, mark_seen

_PAGE = 100
_PING_SECONDS = 15.0


class SandboxPages:
    """Read what was sent, and answer as the person who got it; what is `relayed` does not come here."""

    def __init__(self, rail: Rail, sandbox: SandboxRoutes, live: Live, *, relayed: bool) -> None:
        self._rail = rail
        self._relayed = relayed
        self._sandbox = sandbox
        self._live = live
        self._pages = Pages("clew_notify")

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/sandbox", self.show),
            web.get("/sandbox/events", self.events),
            web.get("/sandbox/messages/{id}", self.show_message),
            web.get("/sandbox/messages/{id}/html", self.html),
            web.get("/sandbox/messages/{id}/raw", self.raw),
            web.post("/sandbox/messages/{id}/reply", self.reply),
        ]

    async def show(self, request: web.Request) -> web.Response:
        return await self._page(request, None)

    async def show_message(self, request: web.Request) -> web.Response:
        message = await self._sandbox.message(request)
        if not message.seen:
            async with self._rail.unit_of_work() as uow:
                await mark_seen(uow.connection, message.id)
        return await self._page(request, message)

    async def html(self, request: web.Request) -> web.Response:
        message = await self._sandbox.message(request)
        return web.Response(text=message.read().html or "", content_type="text/html", headers=mail_html_headers())

    async def raw(self, request: web.Request) -> web.Response:
        message = await self._sandbox.message(request)
        return web.Response(
            body=message.content,
            content_type="text/plain",
            charset="utf-8",
            headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
        )

    async def reply(self, request: web.Request) -> web.Response:
        message = await self._sandbox.message(request)
        form = await request.post()
        words = str(form.get("body", "")).strip()
        error = "Write something first."
        if words:
            try:
                await self._sandbox.answer(message, words)
            except NotTaken as refused:
                error = str(refused)
            else:
                return web.Response(status=303, headers={"Location": f"/sandbox/messages/{message.id}?done=replied"})
        return await self._page(request, message, errors={"body": error}, values={"body": words}, status=422)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream server-sent events; what happened before is not repeated."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        mark_endless(request)
        await response.write(b"retry: 2000\n\n")
        listening = self._live.listen()
        pending = asyncio.ensure_future(anext(listening))
        try:
            while True:
                done, _ = await asyncio.wait((pending,), timeout=_PING_SECONDS)
                if not done:
                    await response.write(b": ping\n\n")
                    continue
                sent = pending.result()
                data = msgspec.json.encode({"id": sent.delivery_id, "to": sent.recipient})
                await response.write(b"event: message\ndata: " + data + b"\n\n")
                pending = asyncio.ensure_future(anext(listening))
        except ConnectionError:
            return response
        finally:
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pending
            await listening.aclose()

    async def _page(
        self,
        request: web.Request,
        message: SandboxMessage | None,
        *,
        errors: dict[str, str] | None = None,
        values: dict[str, str] | None = None,
        status: int = 200,
    ) -> web.Response:
        filters = {"to": request.query.get("to", ""), "q": request.query.get("q", "")}
        async with self._rail.reading() as connection:
            found = await list_messages(
                connection, to=filters["to"], search=filters["q"], before=_before(request), limit=_PAGE + 1
            )
            recipients = await list_recipients(connection)
        shown = found[:_PAGE]
        older = urlencode({**filters, "before": shown[-1].id}) if len(found) > _PAGE else None
        context = {
            "messages": [_item(item, message) for item in shown],
            "recipients": [{"address": address, "count": count} for address, count in recipients],
            "filters": filters,
            "relayed": self._relayed,
            "older_url": f"/sandbox?{older}" if older else None,
            "message": _shown(message) if message else None,
            "errors": errors or {},
            "values": values or {},
        }
        return self._pages.render(request, "sandbox.html", context, status=status)


def _before(request: web.Request) -> UUID | None:
    with contextlib.suppress(ValueError):
        return UUID(request.query.get("before", ""))
    return None


def _item(message: SandboxMessage, opened: SandboxMessage | None) -> dict[str, Any]:
    mail = message.read()
    return {
        "id": message.id,
        "to": message.recipient,
        "from_": {"name": mail.sender_name, "email": mail.sender_address},
        "subject": mail.subject_line,
        "sent_at": message.received_at,
        "snippet": mail.snippet,
        "seen": message.seen or (opened is not None and opened.id == message.id),
    }


def _shown(message: SandboxMessage) -> dict[str, Any]:
    mail = message.read()
    path = f"/sandbox/messages/{message.id}"
    return {
        "id": message.id,
        "from_": {"name": mail.sender_name, "email": mail.sender_address},
        "to": [
            message.recipient,
            *(address for address in mail.to if address.casefold() != message.recipient.casefold()),
        ],
        "cc": [address for address in mail.cc if address.casefold() != message.recipient.casefold()],
        "reply_to": mail.reply_to,
        "subject": mail.subject_line,
        "sent_at": message.received_at,
        "message_id": mail.message_id,
        "headers": [{"name": name, "value": value} for name, value in mail.headers],
        "text": mail.text,
        "html_url": f"{path}/html" if mail.html else None,
        "raw_url": f"{path}/raw",
        "attachments": [],
        "deal_url": f"/deals/{message.deal_id}" if message.deal_id else None,
        "delivery": {"status": message.status, "reason": message.reason},
    }
