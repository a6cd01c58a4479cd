"""What people do with one mail on its page. Next: clew_mail_intake.handling.release.release_mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import read_id
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import actor_of
from clew_shared.web.named_deal import WHICH_DEAL, read_deal

from clew_mail_intake.handling.ask_named_deal import NO_SUCH_DEAL, is_missing
from clew_mail_intake.handling.discard import discard_mails, restore_mails
from clew_mail_intake.handling.failed_mails import drop_mails, retry_mails
from clew_mail_intake.handling.release import NotReleasable, release_mail
from clew_mail_intake.process import Processing
from clew_mail_intake.routes.mail_pages import MailPages


@dataclass(frozen=True, slots=True)
class OneMailActs:
    rail: Rail
    processing: Processing
    shown: MailPages

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.post("/mail/messages/{id}/release", self.release),
            web.post("/mail/messages/{id}/discard", self.discard),
            web.post("/mail/messages/{id}/restore", self.restore),
            web.post("/mail/messages/{id}/retry", self.retry),
            web.post("/mail/messages/{id}/drop", self.drop),
        ]

    async def release(self, request: web.Request) -> web.Response:
        """Let it through: to the deal that the form names, or to where its own words lead."""
        key, form = read_id(request, "mail"), await request.post()
        named = str(form.get("deal", "")).strip()
        deal = read_deal(named)
        if (named or form.get("as") == "deal") and deal is None:
            return await self.shown.page(request, key, {"deal": WHICH_DEAL}, 422)
        if deal is not None and await is_missing(deal, self.rail.bus):
            return await self.shown.page(request, key, {"deal": NO_SUCH_DEAL}, 422)
        try:
            async with self.rail.unit_of_work() as uow:
                released = await release_mail(key, actor_of(request).email, self.processing, uow, deal=deal)
        except NotReleasable:
            raise Problem(409, "Not releasable", "This mail stays what it was taken for.") from None
        if released is None:
            raise not_found("mail")
        raise _back(key, "released" if released else "nothing")

    async def discard(self, request: web.Request) -> web.Response:
        key = read_id(request, "mail")
        async with self.rail.unit_of_work() as uow:
            done = await discard_mails([key], actor_of(request).email, uow)
        raise _back(key, "discarded" if done else "nothing")

    async def restore(self, request: web.Request) -> web.Response:
        key = read_id(request, "mail")
        async with self.rail.unit_of_work() as uow:
            done = await restore_mails([key], actor_of(request).email, uow)
        raise _back(key, "restored" if done else "nothing")

    async def retry(self, request: web.Request) -> web.Response:
        key = read_id(request, "mail")
        async with self.rail.unit_of_work() as uow:
            done = await retry_mails([key], actor_of(request).email, self.rail.bus, uow.connection)
        raise _back(key, "retried" if done else "nothing")

    async def drop(self, request: web.Request) -> web.Response:
        key = read_id(request, "mail")
        async with self.rail.unit_of_work() as uow:
            done = await drop_mails([key], actor_of(request).email, uow.connection)
        raise _back(key, "discarded" if done else "nothing")


def _back(key: UUID, done: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/mail/messages/{key}?done={done}")
