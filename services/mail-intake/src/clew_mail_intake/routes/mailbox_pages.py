"""The page `/settings/mailboxes`: where mail comes in. Next: clew_mail_intake.routes.mailbox_api.keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from aiohttp import web
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.settings import Settings
from clew_shared.web.pages import Pages

from clew_mail_intake.imap.keeper import MailboxKeeper
from clew_mail_intake.mailboxes import list_mailboxes
from clew_mail_intake.routes.mailbox_api import MailboxAsked, faults, forget, keep, view_mailbox

_NEEDED = ("host", "username", "password")


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
            web.post("/settings/mailboxes/{id}/delete", self.remove_mailbox),
        ]

    async def show_mailboxes(self, request: web.Request) -> web.Response:
        return await self._mailboxes(request, {}, {})

    async def add_mailbox(self, request: web.Request) -> web.Response:
        form = {name: str(value).strip() for name, value in (await request.post()).items()}
        form["password"] = form.get("password", "")
        try:
            asked = msgspec.convert(
                {name: value for name, value in form.items() if value or name in _NEEDED},
                MailboxAsked,
                strict=False,
            )
            wrong = faults(asked)
        except msgspec.ValidationError as error:
            asked, wrong = None, _fault(error)
        if asked is None or wrong:
            values = {name: value for name, value in form.items() if name != "password"}
            return await self._mailboxes(request, wrong, values, status=422)
        await keep(asked, self.rail, self.keeper, self.credentials)
        raise web.HTTPSeeOther("/settings/mailboxes?done=added")

    async def remove_mailbox(self, request: web.Request) -> web.Response:
        await forget(request, self.rail, self.keeper)
        raise web.HTTPSeeOther("/settings/mailboxes?done=removed")

    async def _mailboxes(
        self, request: web.Request, errors: Mapping[str, str], values: Mapping[str, str], status: int = 200
    ) -> web.Response:
        async with self.rail.reading() as connection:
            mailboxes = await list_mailboxes(connection)
        doors = [
            {"label": name.upper(), "address": self.settings.intake_address, "where": where}
            for name, where in self.doors.items()
        ]
        shown = [view_mailbox(one) for one in mailboxes]
        context = {"mailboxes": shown, "doors": doors, "errors": errors, "values": values}
        return self.pages.render(request, "mailboxes.html", context, status=status)


def _fault(error: msgspec.ValidationError) -> dict[str, str]:
    """Name the field that a form got wrong, for the person who filled it in."""
    message, _, path = str(error).partition(" - at `$.")
    field = path.rstrip("`")
    if not field:
        return {"form": message}
    return {field: "Please check this: it does not fit."}
