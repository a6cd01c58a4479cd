"""`/api/v1/mail/messages/{id}/...`: what people do with a mail that was set aside.

Next: clew_mail_intake.handling.release.release_mail.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, read_id, read_json
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import actor_of

from clew_mail_intake.handling.ask_named_deal import NO_SUCH_DEAL, is_missing
from clew_mail_intake.handling.discard import discard_mails, restore_mails
from clew_mail_intake.handling.release import NotReleasable, release_mail
from clew_mail_intake.process import Processing
from clew_mail_intake.routes.mail_view import Handling, Released
from clew_mail_intake.showing.show_mails import list_handling, show_mail


class ReleaseAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`deal` is where the mail is to go; without one it goes where its own words lead."""

    deal: UUID | None = None


@dataclass(frozen=True, slots=True)
class MailActsApi:
    rail: Rail
    processing: Processing

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/mail/messages/{id}/release", self.release),
            web.post("/api/v1/mail/messages/{id}/discard", self.discard),
            web.post("/api/v1/mail/messages/{id}/restore", self.restore),
            web.get("/api/v1/mail/messages/{id}/handling", self.list_handling),
        ]

    @describes(
        "Have a mail that was set aside worked as an enquiry, once.",
        body=ReleaseAsked,
        answer=Released,
        problems=(409,),
    )
    async def release(self, request: web.Request) -> web.Response:
        key, asked = read_id(request, "mail"), await read_json(request, ReleaseAsked)
        by = actor_of(request).email
        if asked.deal is not None and await is_missing(asked.deal, self.rail.bus):
            wrong = FieldError(pointer="/deal", code="invalid", message=NO_SUCH_DEAL)
            raise Problem(422, "Invalid content", NO_SUCH_DEAL, errors=[wrong])
        try:
            async with self.rail.unit_of_work() as uow:
                released = await release_mail(key, by, self.processing, uow, deal=asked.deal)
        except NotReleasable as error:
            raise Problem(409, "Not releasable", f"A mail with verdict {error.verdict or 'none yet'} stays.") from None
        if released is None:
            raise not_found("mail")
        return answer(Released(id=key, verdict="enquiry", released=released))

    @describes("Be done with a mail that was set aside.", answer=Handling)
    async def discard(self, request: web.Request) -> web.Response:
        return await self._move(request, discard_mails)

    @describes("Take back a mail that was discarded.", answer=Handling)
    async def restore(self, request: web.Request) -> web.Response:
        return await self._move(request, restore_mails)

    @describes("Say who did what with a mail, the latest first.", answer=Handling)
    async def list_handling(self, request: web.Request) -> web.Response:
        return await self._handling(read_id(request, "mail"))

    async def _move(self, request: web.Request, act: Callable[..., Awaitable[int]]) -> web.Response:
        key, by = read_id(request, "mail"), actor_of(request).email
        async with self.rail.unit_of_work() as uow:
            await act([key], by, uow)
        return await self._handling(key)

    async def _handling(self, key: UUID) -> web.Response:
        async with self.rail.reading() as connection:
            mail = await show_mail(key, connection)
            handled = await list_handling(key, connection)
        if mail is None:
            raise not_found("mail")
        return answer(Handling(id=key, discarded=mail.discarded_at is not None, handled=handled))
