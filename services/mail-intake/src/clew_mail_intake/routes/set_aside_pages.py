"""The page `/mail/set-aside`: quarantine, spam, and what could not be worked; and what people do with it.

Next: clew_mail_intake.handling.release.release_mails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import read_cursor, write_cursor
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import actor_of
from clew_shared.web.pages import Pages
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.handling.discard import discard_mails, restore_mails
from clew_mail_intake.handling.failed_mails import count_failed, drop_mails, list_failed, retry_mails
from clew_mail_intake.handling.release import release_mails
from clew_mail_intake.process import Processing
from clew_mail_intake.routes.mail_page_view import row_of
from clew_mail_intake.showing.ask_placements import ask_placements
from clew_mail_intake.showing.show_mails import count_set_aside, list_mails
from clew_mail_intake.showing.shown_mail import MailFilter

Shelf = Literal["quarantine", "spam", "failed", "discarded"]
_ON_A_PAGE = 50
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class SetAsidePages:
    rail: Rail
    processing: Processing
    pages: Pages

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [web.get("/mail/set-aside", self.show), web.post("/mail/set-aside", self.act)]

    async def show(self, request: web.Request) -> web.Response:
        shelf, before = _shelf(request.query.get("what", "")), read_cursor(request, UUID)
        async with self.rail.reading() as connection:
            waiting = await count_set_aside(connection)
            counts = {**waiting, "failed": await count_failed(connection)}
            failed = await list_failed(connection) if shelf == "failed" else []
            mails = [] if shelf == "failed" else await list_mails(_filter(shelf), _ON_A_PAGE + 1, before, connection)
        shown = mails[:_ON_A_PAGE]
        placements = await ask_placements([mail.key for mail in shown], self.rail.bus)
        asked = {"what": shelf, "cursor": write_cursor(shown[-1].key) if len(mails) > _ON_A_PAGE else ""}
        context = {
            "shelf": shelf,
            "shelves": get_args(Shelf),
            "counts": counts,
            "messages": [row_of(mail, placements.get(mail.key)) for mail in shown],
            "failed": failed,
            "newest_url": f"/mail/set-aside?what={shelf}" if before is not None else None,
            "next_url": f"/mail/set-aside?{urlencode(asked)}" if asked["cursor"] else None,
        }
        return self.pages.render(request, "set_aside.html", context)

    async def act(self, request: web.Request) -> web.Response:
        """Do one thing with all the mails that were chosen; what was done before is not done again."""
        form = await request.post()
        keys, action = _chosen(form.getall("mail", ())), str(form.get("action", ""))
        if action not in _DONE:
            raise Problem(422, "Nothing to do", "Choose what is to happen with the mails.")
        await self._do(action, keys, actor_of(request).email)
        shelf = _shelf(str(form.get("what", "")))
        raise web.HTTPSeeOther(f"/mail/set-aside?what={shelf}&done={_DONE[action] if keys else 'nothing'}")

    async def _do(self, action: str, keys: Sequence[UUID], by: str) -> None:
        async with self.rail.unit_of_work() as uow:
            if action == "release":
                await release_mails(keys, by, self.processing, uow)
            elif action == "discard":
                await discard_mails(keys, by, uow)
            elif action == "restore":
                await restore_mails(keys, by, uow)
            else:
                await self._settle_failed(action, keys, by, uow.connection)

    async def _settle_failed(self, action: str, keys: Sequence[UUID], by: str, connection: AsyncConnection) -> None:
        if action == "retry":
            await retry_mails(keys, by, self.rail.bus, connection)
        else:
            await drop_mails(keys, by, connection)


_DONE = {
    "release": "released",
    "discard": "discarded",
    "restore": "restored",
    "retry": "retried",
    "drop": "discarded",
}


def _shelf(asked: str) -> Shelf:
    return next((known for known in get_args(Shelf) if known == asked), "quarantine")


def _filter(shelf: Shelf) -> MailFilter:
    if shelf == "discarded":
        return MailFilter(discarded=True)
    return MailFilter(verdict="spam" if shelf == "spam" else "quarantine", discarded=False)


def _chosen(ticked: Sequence[object]) -> list[UUID]:
    """Read the ids of the mails that were ticked; what is none is left out."""
    keys = []
    for value in ticked[:_AT_ONCE]:
        try:
            keys.append(UUID(str(value)))
        except ValueError:
            continue
    return keys
