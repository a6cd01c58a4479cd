"""`/api/v1/mail/mailboxes`: the IMAP mailboxes as settings. Next: clew_mail_intake.imap.keeper.MailboxKeeper.poke."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import answer, cut, read_id
from clew_shared.runtime.describes import describes
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.web import actor_of

from clew_mail_intake.imap.keeper import MailboxKeeper
from clew_mail_intake.imap.try_mailbox import Trial, try_place
from clew_mail_intake.keep_mailbox import keep_mailbox, pause_mailbox, resume_mailbox
from clew_mail_intake.mailboxes import list_mailboxes, read_mailbox, remove_mailbox
from clew_mail_intake.routes.known_mailbox import Change, change_known
from clew_mail_intake.routes.mailbox_asked import MailboxAsked, place_of, read_asked, secret_of
from clew_mail_intake.routes.mailbox_view import MailboxView, view_mailbox


@dataclass(frozen=True, slots=True)
class MailboxApi:
    rail: Rail
    keeper: MailboxKeeper
    credentials: Seal
    aliases: Sequence[str]

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/mail/mailboxes", self.list),
            web.post("/api/v1/mail/mailboxes", self.add),
            web.post("/api/v1/mail/mailboxes/test", self.test),
            web.get("/api/v1/mail/mailboxes/{id}", self.read),
            web.delete("/api/v1/mail/mailboxes/{id}", self.remove),
            web.post("/api/v1/mail/mailboxes/{id}/pause", self.pause),
            web.post("/api/v1/mail/mailboxes/{id}/resume", self.resume),
        ]

    @describes("List the mailboxes that are read, and how each is doing.", lists=MailboxView)
    async def list(self, request: web.Request) -> web.Response:
        async with self.rail.reading() as connection:
            mailboxes = await list_mailboxes(connection)
        # Their ids are in the order in which they were added.
        return answer(cut(request, map(view_mailbox, mailboxes), lambda mailbox: (str(mailbox.id),)))

    @describes(
        "Have a mailbox read, or change how.",
        body=MailboxAsked,
        example={"host": "127.0.0.1", "username": "deals", "password": "secret", "after": "move", "move_to": "Done"},
        answer=MailboxView,
        status=201,
    )
    async def add(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        asked = await read_asked(request, self.aliases)
        place = place_of(asked, self.credentials.seal(secret_of(asked)))
        async with self.rail.unit_of_work() as uow:
            mailbox_id = await keep_mailbox(place, self.credentials, uow.connection)
        self.keeper.poke()
        return await self._show(mailbox_id, 201)

    @describes(
        "Try whether a mailbox could be read like this; nothing is kept.",
        body=MailboxAsked,
        example={"host": "127.0.0.1", "username": "deals", "password": "secret"},
        answer=Trial,
    )
    async def test(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        asked = await read_asked(request, self.aliases)
        return answer(await try_place(place_of(asked, self.credentials.seal(secret_of(asked))), self.credentials))

    @describes("Read how a mailbox is doing.", answer=MailboxView)
    async def read(self, request: web.Request) -> web.Response:
        return await self._show(read_id(request, "mailbox"))

    @describes("Read a mailbox no more; the mails that came from it stay.")
    async def remove(self, request: web.Request) -> web.Response:
        await change_known(request, remove_mailbox, self.rail, self.keeper)
        return web.Response(status=204)

    @describes("Have a mailbox rest: it is not read, and nobody is alarmed.", answer=MailboxView)
    async def pause(self, request: web.Request) -> web.Response:
        return await self._change(request, pause_mailbox)

    @describes("Have a mailbox that rests read again, from where it was left.", answer=MailboxView)
    async def resume(self, request: web.Request) -> web.Response:
        return await self._change(request, resume_mailbox)

    async def _change(self, request: web.Request, change: Change) -> web.Response:
        return await self._show(await change_known(request, change, self.rail, self.keeper))

    async def _show(self, mailbox_id: UUID, status: int = 200) -> web.Response:
        async with self.rail.reading() as connection:
            mailbox = await read_mailbox(mailbox_id, connection)
        if mailbox is None:
            raise not_found("mailbox")
        return answer(view_mailbox(mailbox), status)
