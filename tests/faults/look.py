"""What clew shows of itself through its public API once everything has settled."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, ClientTimeout

from tests.faults.people import MARKER

_PAGE = 500
_AT_ONCE = 8
# What a person sent and clew took for an enquiry; the other kinds are clew's own notes.
_WORDS = ("enquiry", "comment", "mail_in")


@dataclass(slots=True)
class Seen:
    """`places` has for each marker where it is shown: a deal, or the waiting enquiries. The rest is by id or state.

    `mails` has each Message-ID's verdicts, `unknown` what carries no marker, `deliveries` the states by
    (deal, event, recipient), `deals` the ids by the contact's address.
    """

    deals: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    mails: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    deliveries: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)


class Looker:
    """Reads as a program with an API token does."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def look(self) -> Seen:
        seen = Seen()
        async with ClientSession(headers=self._headers, timeout=ClientTimeout(total=60)) as http:
            deals = await self._all(http, "deals", status="all")
            for deal in deals:
                seen.deals.setdefault((deal["contact"] or {}).get("email") or "", []).append(deal["id"])
            await self._read_timelines(http, [deal["id"] for deal in deals], seen)
            for waiting in await self._all(http, "enquiries"):
                _place(seen, waiting["enquiry"].get("text") or "", "waiting", waiting["id"])
            for mail in await self._all(http, "mail/messages"):
                seen.mails.setdefault(mail["message_id"] or mail["id"], []).append(mail["verdict"] or mail["state"])
            for sent in await self._all(http, "deliveries"):
                key = (sent["deal_id"] or "", sent["event"], sent["recipient"])
                seen.deliveries.setdefault(key, []).append(sent["status"])
        return seen

    async def _read_timelines(self, http: ClientSession, deals: list[str], seen: Seen) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def read(deal: str) -> None:
            async with gate:
                for entry in await self._all(http, f"deals/{deal}/activities"):
                    if entry["kind"] in _WORDS:
                        _place(seen, entry["body"], deal, entry["id"])
                    elif entry["kind"] == "auto_reply":
                        for marker in MARKER.findall(entry["body"]):
                            seen.notes.setdefault(marker, []).append(deal)

        await asyncio.gather(*(read(deal) for deal in deals))

    async def _all(self, http: ClientSession, path: str, **query: str) -> list[dict[str, Any]]:
        """Give all items of a list, page by page."""
        items: list[dict[str, Any]] = []
        asked = {**query, "limit": str(_PAGE)}
        while True:
            async with http.get(f"{self._url}/api/v1/{path}", params=asked) as answer:
                answer.raise_for_status()
                page = await answer.json(content_type=None)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            asked["cursor"] = page["next_cursor"]


def _place(seen: Seen, text: str, where: str, item_id: str) -> None:
    markers = set(MARKER.findall(text))
    if len(markers) != 1:
        seen.unknown.append(f"{where} {item_id}: {text[:80]!r}")
    for marker in markers:
        seen.places.setdefault(marker, []).append(where)
