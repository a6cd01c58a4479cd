"""The pages `/mail` and `/settings/mailboxes`. Next: clew_mail_intake.show_mails.list_mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import read_cursor, read_id, write_cursor
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.web import actor_of
from clew_shared.web.pages import Pages

from clew_mail_intake.imap.keeper import MailboxKeeper
from clew_mail_intake.mailboxes import list_mailboxes
from clew_mail_intake.process import Processing
from clew_mail_intake.release import NotReleasable, release_mail
from clew_mail_intake.routes.mailbox_api import MailboxAsked, faults, forget, keep, view_mailbox
from clew_mail_intake.show_mails import count_refused, count_verdicts, list_mails
from clew_mail_intake.shown_mail import MailFilter, Outcome, ShownMail

_ON_A_PAGE = 50
_OUTCOMES = tuple(name for group in get_args(Outcome) for name in get_args(group))
_NEEDED = ("host", "username", "password")


@dataclass(frozen=True, slots=True)
class MailPages:
    rail: Rail
    settings: Settings
    processing: Processing
    keeper: MailboxKeeper
    credentials: Seal
    pages: Pages
    doors: Mapping[str, str]

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get("/mail", self.show_mail),
            web.post("/mail/messages/{id}/release", self.release),
            web.get("/settings/mailboxes", self.show_mailboxes),
            web.post("/settings/mailboxes", self.add_mailbox),
            web.post("/settings/mailboxes/{id}/delete", self.remove_mailbox),
        ]

    async def show_mail(self, request: web.Request) -> web.Response:
        # A link with a verdict that there is not shows all mails.
        asked, words = request.query.get("verdict", ""), request.query.get("q", "").strip()
        verdict = next((known for known in _OUTCOMES if known == asked), None)
        async with self.rail.reading() as connection:
            wanted, before = MailFilter(verdict=verdict, q=words), read_cursor(request, UUID)
            mails = await list_mails(wanted, _ON_A_PAGE + 1, before, connection)
            counts = await count_verdicts(connection)
            refused = await count_refused(connection)
        more = None
        if len(mails) > _ON_A_PAGE:
            filters = {"verdict": verdict, "q": words, "cursor": write_cursor(mails[_ON_A_PAGE - 1].key)}
            more = f"/mail?{urlencode({name: value for name, value in filters.items() if value})}"
        context = {
            "messages": [_row(mail) for mail in mails[:_ON_A_PAGE]],
            "counts": {name: number for name, number in sorted(counts.items()) if name != "waiting"},
            "total": sum(counts.values()),
            "refused": refused,
            "filters": {"verdict": verdict or "", "q": words},
            "next_url": more,
        }
        return self.pages.render(request, "mail.html", context)

    async def release(self, request: web.Request) -> web.Response:
        key = read_id(request, "mail")
        try:
            async with self.rail.unit_of_work() as uow:
                released = await release_mail(key, actor_of(request).email, self.processing, uow)
        except NotReleasable:
            raise Problem(409, "Not releasable", "This mail stays what it was taken for.") from None
        if released is None:
            raise not_found("mail")
        raise web.HTTPSeeOther("/mail?done=saved")

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


def _row(mail: ShownMail) -> dict[str, Any]:
    return {
        "id": mail.key,
        "from_": {"name": mail.sender_name or "", "email": mail.sender or ""},
        "to": ", ".join(mail.recipients),
        "subject": mail.subject_line or "",
        "received_at": mail.received_at,
        "verdict": mail.verdict or "waiting",
        "reasons": list(mail.reasons),
        "door": mail.door,
        "size": mail.size,
        "attachments": mail.attachments,
        "text": mail.preview[:400],
        "raw_url": f"/mail/messages/{mail.key}/raw",
        "state": mail.state,
    }


def _fault(error: msgspec.ValidationError) -> dict[str, str]:
    """Name the field that a form got wrong, for the person who filled it in."""
    message, _, path = str(error).partition(" - at `$.")
    field = path.rstrip("`")
    if not field:
        return {"form": message}
    return {field: "Please check this: it does not fit."}
