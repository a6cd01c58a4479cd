"""Who tells what and who hears it, from the services' own declarations; also as AsyncAPI and JSON Schema."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from clew_shared.contracts.event import CloudEvent, Event, type_of
from clew_shared.runtime.service import Service
from clew_shared.runtime.streams import stream_name

_SCHEMAS = "#/components/schemas/{name}"


def as_markdown(services: Iterable[Service]) -> str:
    """Give the README's table: an event a row."""
    services = list(services)
    rows = ["| event | told by | heard by |", "|---|---|---|"]
    for event in _events(services):
        tellers = ", ".join(service.name for service in services if event in service.tells)
        hearers = ", ".join(_hearers(services, event))
        rows.append(f"| `{event.__name__}` | {tellers} | {hearers} |")
    return "\n".join(rows) + "\n"


def as_json_schema(services: Iterable[Service]) -> str:
    """Give the JSON Schema (2020-12) of every event's data."""
    _, components = msgspec.json.schema_components(_events(services), ref_template="#/$defs/{name}")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": components}
    return _pretty(schema)


def as_asyncapi(services: Iterable[Service]) -> str:
    """Give an AsyncAPI 3.0 document; streams and durables, for which its NATS binding has no words, are `x-` fields."""
    services = list(services)
    envelopes = [CloudEvent[event] for event in _events(services)]  # type: ignore[valid-type]  # a type made at run time
    _, components = msgspec.json.schema_components(envelopes, ref_template=_SCHEMAS)
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for service in services:
        for event in service.tells:
            channel = f"{service.name}.{event.__name__}"
            channels[channel] = _channel(service, event)
            operations[f"{channel}.send"] = {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}}
            messages[event.__name__] = {
                "contentType": "application/cloudevents+json",
                "summary": (event.__doc__ or "").strip().partition("\n")[0],
                "payload": {"$ref": _SCHEMAS.format(name=f"CloudEvent_{event.__name__}_")},
            }
    return _pretty(
        {
            "asyncapi": "3.0.0",
            "info": {"title": "clew", "version": "1"},
            "channels": channels,
            "operations": operations,
            "components": {"messages": messages, "schemas": components},
            "x-durables": {
                subscription.durable: {"service": service.name, "hears": [type_of(e) for e in subscription.events]}
                for service in services
                for subscription in service.subscriptions
            },
        }
    )


FORMATS: Mapping[str, Callable[[Iterable[Service]], str]] = {
    "markdown": as_markdown,
    "asyncapi": as_asyncapi,
    "json-schema": as_json_schema,
}


def _channel(service: Service, event: type[Event]) -> dict[str, Any]:
    kind = type_of(event).rpartition(".")[2]
    address = f"clew.{service.name.replace('-', '_')}.v1.{kind}"
    if event.PARTITIONED:
        address += ".{partition}"
    channel: dict[str, Any] = {
        "address": address,
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
        "x-stream": stream_name(service.name),
    }
    if event.PARTITIONED:
        channel["parameters"] = {"partition": {"description": "Where the hash of the identity falls."}}
    return channel


def _events(services: Iterable[Service]) -> list[type[Event]]:
    found = {event: None for service in services for event in service.tells}
    return sorted(found, key=lambda event: (event.SERVICE, event.__name__))


def _hearers(services: Iterable[Service], event: type[Event]) -> list[str]:
    heard = [
        f"`{subscription.durable}`"
        for service in services
        for subscription in service.subscriptions
        if event in subscription.events
    ]
    followed = [f"`{name}`" for service in services for name, events in service.follows.items() if event in events]
    return heard + followed + [f"{service.name}, live" for service in services if event in service.watches]


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2).decode() + "\n"
