"""Add, change and end the endpoints that webhooks go to. Next: clew_lifecycle.webhooks.queue_deliveries.Queue."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from clew_shared.contracts.event import Event
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from clew_shared.runtime.wake import Wake
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import invalid
from clew_lifecycle.domain.predicate import FilterError, Unsupported, check_filter, parse_filter
from clew_lifecycle.domain.safe_address import Refused
from clew_lifecycle.domain.webhook_signature import new_secret
from clew_lifecycle.store.webhook_endpoints import (
    EndpointView,
    Kind,
    State,
    add_row,
    any_active,
    change_row,
    disable,
    read_endpoint,
    remove_row,
    seal_of,
)
from clew_lifecycle.webhooks.event_shape import fields_of
from clew_lifecycle.webhooks.follow_outbox import last_position, start_here, wait_for_reader
from clew_lifecycle.webhooks.post import Post
from clew_lifecycle.webhooks.queue_deliveries import READER
from clew_lifecycle.webhooks.rights import check_sees

# How long the secret before the last is signed with too.
OVERLAP = timedelta(hours=24)
_LONGEST_URL = 2_000
_LONGEST_DESCRIPTION = 500
# A name or a literal address, as it is when its international letters are written in ASCII.
_HOST = re.compile(r"[0-9A-Za-z_.:-]+")


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to send what: `events` are names of events, none for all, `filter` is a predicate on their data."""

    url: str
    events: list[str] = []
    filter: str | None = None
    description: str | None = None


class EndpointChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that are to change. What was missed while `disabled` is not made up for by itself: replay it."""

    url: str | msgspec.UnsetType = msgspec.UNSET
    events: list[str] | msgspec.UnsetType = msgspec.UNSET
    filter: str | msgspec.UnsetType | None = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    state: State | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Keeper:
    """What the keeping of endpoints needs: the events there are by name, how to check, to seal and to wake."""

    names: Mapping[str, type[Event]]
    post: Post
    seal: Seal
    wake_first: Wake

    async def add(self, wanted: NewEndpoint, actor: Actor, uow: UnitOfWork, kind: Kind = "webhook") -> tuple[UUID, str]:
        """Add an endpoint; give its id and the secret, which is shown this once. Raises `Problem` 422."""
        await self._check(wanted.url, wanted.events, wanted.filter, wanted.description)
        endpoint_id, secret = new_id(), new_secret()
        values = {"events": _once(wanted.events), "secret": self.seal.seal(secret), "created_at": utc_now()}
        values |= {name: getattr(wanted, name) for name in ("url", "filter", "description")}
        position = await self._begin(uow)
        await add_row(
            {"id": endpoint_id, "kind": kind, "owner": actor.email, "from_position": position, **values},
            uow.connection,
        )
        return endpoint_id, secret

    async def change(
        self, endpoint_id: UUID, wanted: EndpointChanges, actor: Actor, uow: UnitOfWork, version: int | None
    ) -> None:
        """Raises `Problem` 404, 412, 422."""
        known = check_sees(actor, await read_endpoint(endpoint_id, uow.connection))
        asked = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        values = {name: value for name, value in asked.items() if value is not msgspec.UNSET}
        now = {**msgspec.structs.asdict(known), **values}
        await self._check(values.get("url"), now["events"], now["filter"], now["description"])
        # The reader's place before the endpoint, in the order that the queue locks them.
        position = await self._begin(uow) if wanted.state == "active" else 0
        known = await _lock(endpoint_id, actor, version, uow.connection)
        values = {name: value for name, value in values.items() if value != getattr(known, name)}
        state = values.pop("state", None)
        if "events" in values:
            values["events"] = _once(values["events"])
        if state == "active":
            values |= {"state": "active", "state_reason": None, "from_position": position, "failures": 0}
        if values:
            await change_row(endpoint_id, values, uow.connection)
        if state == "disabled":
            await disable(endpoint_id, "by_hand", uow.connection)

    async def remove(self, endpoint_id: UUID, actor: Actor, uow: UnitOfWork, version: int | None) -> None:
        """Forget an endpoint and all its deliveries. Raises `Problem` 404, 412."""
        await _lock(endpoint_id, actor, version, uow.connection)
        await remove_row(endpoint_id, uow.connection)

    async def rotate(self, endpoint_id: UUID, actor: Actor, uow: UnitOfWork) -> str:
        """Give a new secret; the one before is signed with too for `OVERLAP`. Raises `Problem` 404."""
        await _lock(endpoint_id, actor, None, uow.connection)
        secret = new_secret()
        values = {
            "previous_secret": await seal_of(endpoint_id, uow.connection),
            "previous_until": utc_now() + OVERLAP,
            "secret": self.seal.seal(secret),
        }
        await change_row(endpoint_id, values, uow.connection)
        return secret

    async def _begin(self, uow: UnitOfWork) -> int:
        """Give the place in the outbox behind which everything is told; have it read on from there if nobody does."""
        await wait_for_reader(READER, uow.connection)
        if not await any_active(uow.connection):
            await start_here(READER, uow.connection)
        uow.after_commit(self.wake_first)
        return await last_position(uow.connection)

    async def _check(self, url: str | None, events: Sequence[str], text: str | None, description: str | None) -> None:
        """Raises `Problem` 422 for what cannot be."""
        for number, name in enumerate(events):
            if name not in self.names:
                raise invalid(f"/events/{number}", f"There is no event {name}; there are {', '.join(self.names)}.")
        if text is not None:
            self._check_filter(text, events)
        if len(description or "") > _LONGEST_DESCRIPTION:
            raise invalid("/description", f"At most {_LONGEST_DESCRIPTION} characters.")
        if url is not None:
            await self._check_url(url)

    async def _check_url(self, url: str) -> None:
        if not _is_web_address(url):
            raise invalid("/url", "An http or https address with a host, and without a password or a fragment.")
        try:
            await self.post.check(url)
        except Refused as refused:
            raise invalid("/url", f"This cannot be reached: {refused}.") from None

    def _check_filter(self, text: str, events: Sequence[str]) -> None:
        try:
            check_filter(parse_filter(text), fields_of(self.names[name] for name in events or self.names))
        except (FilterError, Unsupported) as error:
            raise invalid("/filter", str(error)) from None


async def _lock(endpoint_id: UUID, actor: Actor, version: int | None, connection: AsyncConnection) -> EndpointView:
    known = check_sees(actor, await read_endpoint(endpoint_id, connection, lock=True))
    if version is not None and version != known.version:
        headers = {"ETag": f'"{known.version}"'}
        raise Problem(412, "Changed meanwhile", "Somebody else changed this webhook.", headers=headers)
    return known


def _is_web_address(url: str) -> bool:
    if len(url) > _LONGEST_URL or not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        is_host = bool(_HOST.fullmatch((parts.hostname or "").encode("idna").decode()))
        is_port = parts.port != 0
    except ValueError:
        return False
    is_plain = parts.username is None and parts.password is None and not parts.fragment
    return parts.scheme in ("http", "https") and is_host and is_port and is_plain


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))
