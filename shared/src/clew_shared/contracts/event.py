"""Events, and the CloudEvents envelope that they travel in. Next: clew_shared.runtime.unit_of_work.UnitOfWork.emit."""

import re
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import msgspec

PARTITIONS = 4
SUBJECT_ROOT = "clew"

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What has happened, named in the past tense.

    Fields are added with defaults only; a new meaning is a new event. `historical` marks what an import says of the
    past: it notifies nobody. `actor` is who did it (a teammate's email, `import`, `system`, ...), `cause` the id of
    what led to it, `batch_id` what a bulk change has in common.
    """

    SERVICE: ClassVar[str]
    PARTITIONED: ClassVar[bool] = False

    historical: bool = False
    actor: str | None = None
    cause: str | None = None
    batch_id: UUID | None = None


EventT = TypeVar("EventT", bound=Event)


class CloudEvent(msgspec.Struct, Generic[EventT], frozen=True, kw_only=True):
    """CloudEvents 1.0 in structured JSON (its JSON format, section 3); `id` is also the `Nats-Msg-Id`."""

    id: UUID
    source: str
    type: str
    time: datetime
    data: EventT
    specversion: str = "1.0"
    datacontenttype: str = "application/json"
    traceparent: str | msgspec.UnsetType = msgspec.UNSET


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent whose data nobody has looked at yet."""

    id: UUID
    source: str
    type: str
    time: datetime
    data: msgspec.Raw
    traceparent: str | None = None


@cache
def type_of(event_type: type[Event]) -> str:
    """Give the CloudEvents type, which is the subject without a partition: `clew.lifecycle.v1.deal_opened`."""
    service = event_type.SERVICE.replace("-", "_")
    return f"{SUBJECT_ROOT}.{service}.v1.{_WORD_START.sub('_', event_type.__name__).lower()}"


def subject_of(service: str, event: Event, key: str | None = None) -> str:
    """Give the NATS subject of `event`; a partitioned one ends in the partition that `key` falls into.

    `service` is who tells it: an `EnquiryReceived` comes from forms and from mail-intake.
    """
    kind = type_of(type(event)).rpartition(".")[2]
    subject = f"{SUBJECT_ROOT}.{service.replace('-', '_')}.v1.{kind}"
    return f"{subject}.{partition_of(key or '')}" if event.PARTITIONED else subject


def partition_of(key: str) -> int:
    """Tell which partition an identity belongs to: one person's events stay in one, and so in order."""
    return int.from_bytes(sha256(key.encode()).digest()[:4], "big") % PARTITIONS


_encoder = msgspec.json.Encoder()
_envelope_decoder = msgspec.json.Decoder(Envelope)


def encode_event(event: Event, event_id: UUID, service: str, time: datetime, traceparent: str | None = None) -> bytes:
    kind = type_of(type(event)).rpartition(".")[2]
    cloud_event = CloudEvent(
        id=event_id,
        source=f"clew/{service}",
        type=f"{SUBJECT_ROOT}.{service.replace('-', '_')}.v1.{kind}",
        time=time,
        data=event,
        traceparent=traceparent or msgspec.UNSET,
    )
    return _encoder.encode(cloud_event)


def decode_envelope(body: bytes) -> Envelope:
    """Read a CloudEvent but not its data. Raises `msgspec.MsgspecError` on what is none."""
    return _envelope_decoder.decode(body)


def decode_data(envelope: Envelope, event_type: type[EventT]) -> EventT:
    """Read the data of `envelope`. Raises `msgspec.MsgspecError` when it does not fit `event_type`."""
    data: EventT = _decoder(event_type).decode(envelope.data)
    return data


@cache
def _decoder(event_type: type[Event]) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(event_type)
