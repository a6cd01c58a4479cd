"""`/api/v1/mail/mailboxes/...`: try a mailbox, have it rest and go on.

Next: clew_mail_intake.imap.try_mailbox.try_mailbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.api import answer, read_id, read_json
from clew_shared.runtime.describes import describes
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.web import actor_of

from clew_mail_intake.change_mailbox import pause_mailbox, resume_mailbox
from clew_mail_intake.imap.keeper import MailboxKeeper
from clew_mail_intake.imap.sign_in import way_in
from clew_mail_intake.imap.try_mailbox import Trial, try_mailbox
from clew_mail_intake.mailboxes import Health, Mailbox, MailboxPlace, read_mailbox
from clew_mail_intake.routes.mailbox_api import (
    MailboxAsked,
    MailboxView,
    faults,
    place_of,
    secret_of,
    view_mailbox,
)


@dataclass(frozen=True, slots=True)
class MailboxActsApi:
    rail: Rail
    keeper: MailboxKeeper
    credentials: Seal
    aliases: Sequence[str]

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/mail/mailboxes/test", self.test),
            web.get("/api/v1/mail/mailboxes/{id}", self.read),
            web.post("/api/v1/mail/mailboxes/{id}/pause", self.pause),
            web.post("/api/v1/mail/mailboxes/{id}/resume", self.resume),
        ]

    @describes(
        "Try whether a mailbox could be read like this; nothing is kept.",
        body=MailboxAsked,
        example={"host": "127.0.0.1", "username": "deals", "password": "secret"},
        answer=Trial,
    )
    async def test(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        asked = await read_json(request, MailboxAsked)
        wrong = faults(asked, self.aliases)
        if wrong:
            errors = [FieldError(pointer=f"/{name}", code="invalid", message=text) for name, text in wrong.items()]
            raise Problem(422, "Invalid content", "The mailbox cannot be read like this.", errors=errors)
        return answer(await try_place(place_of(asked, self.credentials.seal(secret_of(asked))), self.credentials))

    @describes("Read how a mailbox is doing.", answer=MailboxView)
    async def read(self, request: web.Request) -> web.Response:
        mailbox_id = read_id(request, "mailbox")
        async with self.rail.reading() as connection:
            mailbox = await read_mailbox(mailbox_id, connection)
        if mailbox is None:
            raise not_found("mailbox")
        return answer(view_mailbox(mailbox))

    @describes("Have a mailbox rest: it is not read, and nobody is alarmed.", answer=MailboxView)
    async def pause(self, request: web.Request) -> web.Response:
        return await self._rest(request, rests=True)

    @describes("Have a mailbox that rests read again, from where it was left.", answer=MailboxView)
    async def resume(self, request: web.Request) -> web.Response:
        return await self._rest(request, rests=False)

    async def _rest(self, request: web.Request, *, rests: bool) -> web.Response:
        check_may_configure(actor_of(request))
        mailbox_id = read_id(request, "mailbox")
        async with self.rail.unit_of_work() as uow:
            await (pause_mailbox if rests else resume_mailbox)(mailbox_id, uow.connection)
            mailbox = await read_mailbox(mailbox_id, uow.connection)
        if mailbox is None:
            raise not_found("mailbox")
        self.keeper.poke()
        return answer(view_mailbox(mailbox))


async def try_place(place: MailboxPlace, credentials: Seal) -> Trial:
    """Try settings that nobody has kept yet; a refresh token that is changed meanwhile is not ours to keep."""
    stranger = Mailbox(new_id(), place, Health(state="connecting"))
    return await try_mailbox(place, way_in(stranger, credentials, lambda _: None))
