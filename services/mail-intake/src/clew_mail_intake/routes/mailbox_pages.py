"""The pages `/settings/mailboxes`: where mail comes in, how each is doing, and how it is read.

Next: clew_mail_intake.routes.mailbox_form.Filled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import read_id
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal, Unreadable
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.web import actor_of
from clew_shared.web.pages import Pages

from clew_mail_intake.imap.keeper import MailboxKeeper
from clew_mail_intake.imap.sign_in import way_in
from clew_mail_intake.imap.try_mailbox import Trial, try_mailbox, try_place
from clew_mail_intake.keep_mailbox import (
    MailboxTaken,
    change_mailbox,
    keep_mailbox,
    pause_mailbox,
    resume_mailbox,
)
from clew_mail_intake.mailboxes import Mailbox, list_mailboxes, read_mailbox, remove_mailbox
from clew_mail_intake.routes.known_mailbox import change_known
from clew_mail_intake.routes.mailbox_asked import place_of
from clew_mail_intake.routes.mailbox_form import Filled, values_of
from clew_mail_intake.routes.mailbox_view import view_mailbox

_INCOMPLETE = Trial(works=False, message="Something is missing or wrong in the fields.", who="You can mend this here.")


@dataclass(frozen=True, slots=True)
class MailboxPages:
    rail: Rail
    settings: Settings
    keeper: MailboxKeeper
    credentials: Seal
    pages: Pages
    doors: Mapping[str, str]

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get("/settings/mailboxes", self.show_mailboxes),
            web.post("/settings/mailboxes", self.add_mailbox),
            web.get("/settings/mailboxes/new", self.show_new),
            web.post("/settings/mailboxes/test", self.test_form),
            web.get("/settings/mailboxes/{id}", self.show_one),
            web.post("/settings/mailboxes/{id}", self.change_mailbox),
            web.post("/settings/mailboxes/{id}/test", self.test_mailbox),
            web.post("/settings/mailboxes/{id}/pause", self.pause_mailbox),
            web.post("/settings/mailboxes/{id}/resume", self.resume_mailbox),
            web.post("/settings/mailboxes/{id}/delete", self.remove_mailbox),
        ]

    async def show_mailboxes(self, request: web.Request) -> web.Response:
        return await self._list(request)

    async def show_new(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        return self._form(request, None, {}, {})

    async def show_one(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        before = await self._known(request)
        return self._form(request, before, values_of(before), {})

    async def add_mailbox(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        filled = Filled(await _form(request), self.settings.intake_addresses)
        if filled.asked is None:
            return self._form(request, None, filled.values, filled.errors, status=422)
        place = place_of(filled.asked, filled.sealed(self.credentials, None))
        async with self.rail.unit_of_work() as uow:
            await keep_mailbox(place, self.credentials, uow.connection)
        self.keeper.poke()
        raise web.HTTPSeeOther("/settings/mailboxes?done=added")

    async def change_mailbox(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        before = await self._known(request)
        filled = Filled(await _form(request), self.settings.intake_addresses, before)
        if filled.asked is None:
            return self._form(request, before, filled.values, filled.errors, status=422)
        place = place_of(filled.asked, filled.sealed(self.credentials, before))
        try:
            async with self.rail.unit_of_work() as uow:
                await change_mailbox(before, place, self.credentials, uow.connection)
        except MailboxTaken:
            taken = {"folder": "Another entry reads this folder already."}
            return self._form(request, before, filled.values, taken, status=422)
        self.keeper.poke()
        raise web.HTTPSeeOther("/settings/mailboxes?done=saved")

    async def test_form(self, request: web.Request) -> web.Response:
        """Try what is filled in; secrets that were left out are those that are known, where they may go."""
        check_may_configure(actor_of(request))
        form = await _form(request)
        before = await self._named(form.get("id", ""))
        filled = Filled(form, self.settings.intake_addresses, before)
        if filled.asked is None:
            return self._form(request, before, filled.values, filled.errors, trial=_INCOMPLETE, status=422)
        place = place_of(filled.asked, filled.sealed(self.credentials, before))
        if before is not None and filled.keeps_secret:
            # A refresh token may have changed since it was filled in, and may do so again.
            trial = await self._try(Mailbox(before.id, place, before.health, before.refresh_token))
        else:
            trial = await try_place(place, self.credentials)
        return self._form(request, before, filled.values, {}, trial=trial)

    async def test_mailbox(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        mailbox = await self._known(request)
        return await self._list(request, {mailbox.id: await self._try(mailbox)})

    async def pause_mailbox(self, request: web.Request) -> web.Response:
        await change_known(request, pause_mailbox, self.rail, self.keeper)
        raise web.HTTPSeeOther("/settings/mailboxes?done=paused")

    async def resume_mailbox(self, request: web.Request) -> web.Response:
        await change_known(request, resume_mailbox, self.rail, self.keeper)
        raise web.HTTPSeeOther("/settings/mailboxes?done=resumed")

    async def remove_mailbox(self, request: web.Request) -> web.Response:
        await change_known(request, remove_mailbox, self.rail, self.keeper)
        raise web.HTTPSeeOther("/settings/mailboxes?done=removed")

    async def _try(self, mailbox: Mailbox) -> Trial:
        try:
            sign_in = way_in(mailbox, self.credentials, self.keeper.keep_token(mailbox))
        except Unreadable as error:
            return Trial(works=False, message=f"Its password cannot be read: {error}", who="Fill it in again.")
        return await try_mailbox(mailbox.place, sign_in)

    async def _known(self, request: web.Request) -> Mailbox:
        mailbox = await self._named(str(read_id(request, "mailbox")))
        if mailbox is None:
            raise not_found("mailbox")
        return mailbox

    async def _named(self, mailbox_id: str) -> Mailbox | None:
        try:
            key = UUID(mailbox_id)
        except ValueError:
            return None
        async with self.rail.reading() as connection:
            return await read_mailbox(key, connection)

    async def _list(self, request: web.Request, trials: Mapping[UUID, Trial] | None = None) -> web.Response:
        async with self.rail.reading() as connection:
            mailboxes = await list_mailboxes(connection)
        doors = [
            {"label": name.upper(), "addresses": self.settings.intake_addresses, "where": where}
            for name, where in self.doors.items()
        ]
        shown = [view_mailbox(one) for one in mailboxes]
        return self.pages.render(
            request, "mailboxes.html", {"mailboxes": shown, "doors": doors, "trials": trials or {}}
        )

    def _form(
        self,
        request: web.Request,
        before: Mailbox | None,
        values: Mapping[str, str],
        errors: Mapping[str, str],
        *,
        trial: Trial | None = None,
        status: int = 200,
    ) -> web.Response:
        render = partial(self.pages.render, request, "mailbox.html", status=status)
        return render(
            {
                "mailbox": None if before is None else view_mailbox(before),
                "values": values,
                "errors": errors,
                "trial": trial,
                "aliases": self.settings.intake_addresses,
            }
        )


async def _form(request: web.Request) -> dict[str, str]:
    # PostgreSQL's text holds no NUL, and no field of ours needs one.
    return {name: str(value).replace("\0", "").strip() for name, value in (await request.post()).items()}
