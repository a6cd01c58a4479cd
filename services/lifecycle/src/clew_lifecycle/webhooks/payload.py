"""What a webhook carries of an event: little, with a link to the rest. Next: clew_lifecycle.webhooks.post.Post.send."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

MAX_BYTES = 20_000
_LONGEST_TEXT = 1_000
_MOST_ITEMS = 50
# What an event can be about, the first that it has: its order at an endpoint is kept, and its link goes there.
_PATHS = {"deal": "deals", "company": "companies", "contact": "contacts", "order": "orders"}
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Telling:
    """An event as it is told outside; `aggregate` is what it is about, `data` still whole."""

    event_id: UUID
    name: str
    time: datetime
    data: dict[str, Any]

    @property
    def aggregate(self) -> str | None:
        found = _about(self.data)
        return ":".join(found) if found else None

    @property
    def record(self) -> dict[str, Any]:
        """What a filter is asked of: the data, and `type`."""
        return {**self.data, "type": self.name}


def write_body(telling: Telling, origin: str, *, with_id: bool = False) -> bytes:
    """Write `{type, timestamp, data}` in at most `MAX_BYTES`.

    `data.url` leads to the whole, `data.cut` says that there is more there. Zapier wants an `id` in what it shows
    (`with_id`); everybody else has it as the header `webhook-id`.
    """
    head = {"type": telling.name, "timestamp": telling.time}
    if with_id:
        head = {"id": telling.event_id, **head}
    link = _link(telling.data, origin)
    thin = _thinned(telling.data)
    body = _encoder.encode({**head, "data": {**thin, **link, **({"cut": True} if thin != telling.data else {})}})
    if len(body) <= MAX_BYTES:
        return body
    return _encoder.encode({**head, "data": {**_identity(telling.data), **link, "cut": True}})


def _about(data: dict[str, Any]) -> tuple[str, str] | None:
    """Give what kind of thing it is about, and which; an undone merge is about the one that was kept."""
    for thing in _PATHS:
        if isinstance(data.get(thing), dict):
            return thing, data[thing]["id"]
    return (data["kind"], data["kept"]) if data.get("kind") in _PATHS and "kept" in data else None


def _link(data: dict[str, Any], origin: str) -> dict[str, str]:
    found = _about(data)
    return {"url": f"{origin}/api/v1/{_PATHS[found[0]]}/{found[1]}"} if found else {}


def _identity(data: dict[str, Any]) -> dict[str, Any]:
    """Keep what says which thing it was, and nothing that could be long."""
    found = _about(data)
    kept: dict[str, Any] = {name: data[name] for name in ("historical", "batch_id") if name in data}
    return {**kept, found[0]: {"id": found[1]}} if found else kept


def _thinned(value: Any) -> Any:
    match value:
        case str():
            return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT]
        case list():
            return [_thinned(item) for item in value[:_MOST_ITEMS]]
        case dict():
            return {name: _thinned(item) for name, item in value.items()}
    return value
