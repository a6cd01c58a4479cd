"""The pages `/mail` and `/mail/messages/{id}`: what came, what became of it, and why.

Next: clew_mail_intake.showing.show_mails.list_mails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.contracts.placement import Placement
from clew_shared.runtime.api import read_cursor, read_id, write_cursor
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.rail import Rail
from clew_shared.web.pages import Pages

from clew_mail_intake.handling.failed_mails import count_failed
from clew_mail_intake.kept_files import list_files
from clew_mail_intake.mailboxes import list_mailboxes
from clew_mail_intake.process import Processing
from clew_mail_intake.routes.mail_page_view import mail_context, row_of
from clew_mail_intake.showing.ask_placements import ask_placements
from clew_mail_intake.showing.read_again import read_again
from clew_mail_intake.showing.show_mails import (
    count_refused,
    count_set_aside,
    count_verdicts,
    list_handling,
    list_mails,
    show_mail,
)
from clew_mail_intake.showing.shown_mail import MailFilter, Outcome

_ON_A_PAGE = 50
# What somebody should look at comes first.
_IN_ORDER = ("enquiry", "quarantine", "spam", "auto_reply", "bounce", "complaint", "list")
_OUTCOMES = tuple(name for group in get_args(Outcome) for name in get_args(group))


@dataclass(frozen=True, slots=True)
class MailPages:
    rail: Rail
    processing: Processing
    pages: Pages

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get("/mail", self.list),
            web.get("/mail/messages/{id}", self.show),
        ]

    async def list(self, request: web.Request) -> web.Response:
        wanted, before = _wanted(request.query), read_cursor(request, UUID)
        async with self.rail.reading() as connection:
            mails = await list_mails(wanted, _ON_A_PAGE + 1, before, connection)
            counts, refused = await count_verdicts(connection), await count_refused(connection)
            aside = sum((await count_set_aside(connection)).values()) + await count_failed(connection)
            boxes = await list_mailboxes(connection)
        shown = mails[:_ON_A_PAGE]
        placements = await ask_placements([mail.key for mail in shown], self.rail.bus)
        filters = {name: value for name, value in msgspec.to_builtins(wanted).items() if value}
        context = {
            "messages": [row_of(mail, placements.get(mail.key)) for mail in shown],
            "counts": {name: counts[name] for name in _IN_ORDER if name in counts},
            "total": sum(counts.values()),
            "refused": refused,
            "aside": aside,
            "filters": {name: filters.get(name, "") for name in MailFilter.__struct_fields__},
            "narrowed": any(name != "verdict" for name in filters),
            "links": {name: _link({**filters, "verdict": name}) for name in ("", *_OUTCOMES)},
            "doors": _doors(wanted.door, [box.place.host for box in boxes]),
            "newest_url": _link(filters) if before is not None else None,
            "next_url": _link(filters, write_cursor(shown[-1].key)) if len(mails) > _ON_A_PAGE else None,
        }
        return self.pages.render(request, "mail.html", context)

    async def show(self, request: web.Request) -> web.Response:
        """Show one mail, read anew so that it is shown whole; `?again=1` reads also one that may take long."""
        return await self.page(request, read_id(request, "mail"))

    async def page(
        self, request: web.Request, key: UUID, errors: Mapping[str, str] | None = None, status: int = 200
    ) -> web.Response:
        async with self.rail.reading() as connection:
            mail = await show_mail(key, connection)
            if mail is None:
                raise not_found("mail")
            files = await list_files(key, connection)
            handled = await list_handling(key, connection)
            again = await read_again(mail, self.processing, connection, at_any_cost="again" in request.query)
        placement = await self._placement(key)
        context = mail_context(mail, files, again, placement, handled)
        return self.pages.render(request, "one_mail.html", {**context, "errors": errors or {}}, status=status)

    async def _placement(self, key: UUID) -> Placement | None:
        return (await ask_placements([key], self.rail.bus)).get(key)


def _wanted(query: Mapping[str, str]) -> MailFilter:
    """Read the filter; a link with a verdict or a day that there is not narrows nothing."""
    asked = query.get("verdict", "")
    return MailFilter(
        verdict=next((known for known in _OUTCOMES if known == asked), None),
        q=query.get("q", "").strip() or None,
        door=query.get("door", "").strip() or None,
        address=query.get("address", "").strip() or None,
        since=_day(query.get("since", "")),
        until=_day(query.get("until", "")),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _link(filters: Mapping[str, Any], cursor: str | None = None) -> str:
    asked = {name: value for name, value in {**filters, "cursor": cursor}.items() if value}
    return f"/mail?{urlencode(asked)}" if asked else "/mail"


def _doors(chosen: str | None, hosts: Sequence[str]) -> list[dict[str, str]]:
    """List the doors to choose from, also one that was chosen and is no more."""
    names = {"smtp": "SMTP", "lmtp": "LMTP", "imap": "Every mailbox"}
    names |= {f"imap:{host}": f"Mailbox at {host}" for host in sorted(set(hosts))}
    if chosen:
        names.setdefault(chosen, chosen)
    return [{"key": key, "label": label} for key, label in names.items()]
