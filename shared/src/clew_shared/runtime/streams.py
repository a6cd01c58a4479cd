"""The streams and durables, declared from the services' own words. Next: clew_shared.runtime.consumer.Consumer."""

from collections.abc import Iterable
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import NotFoundError

from clew_shared.contracts.event import PARTITIONS, SUBJECT_ROOT, Event, type_of

KEEP_DAYS = 30
FETCH = 256
# Short, so that what a killed process held comes back soon; a long batch says that it is still at work.
ACK_WAIT_SECONDS = 10
_DUPLICATE_WINDOW_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Durable:
    """One durable consumer: its written-out name, its stream, and the subjects that it hears."""

    name: str
    stream: str
    subjects: tuple[str, ...]


def stream_name(service: str) -> str:
    return f"CLEW_{service.replace('-', '_').upper()}"


def stream_subjects(service: str) -> str:
    return f"{SUBJECT_ROOT}.{service.replace('-', '_')}.v1.>"


def durables_of(name: str, service: str, events: Iterable[type[Event]]) -> list[Durable]:
    """Give the durables that hear `events` as `service` tells them: one, or one per partition."""
    events = tuple(events)
    prefix = f"{SUBJECT_ROOT}.{service.replace('-', '_')}.v1."
    kinds = [type_of(event).rpartition(".")[2] for event in events]
    if not any(event.PARTITIONED for event in events):
        return [Durable(name, stream_name(service), tuple(prefix + kind for kind in kinds))]
    return [
        Durable(f"{name}-{partition}", stream_name(service), tuple(f"{prefix}{kind}.{partition}" for kind in kinds))
        for partition in range(PARTITIONS)
    ]


async def ensure_stream(jetstream: JetStreamContext, service: str, replicas: int) -> StreamInfo:
    """Create the stream of `service`, or bring it up to date."""
    config = StreamConfig(
        name=stream_name(service),
        subjects=[stream_subjects(service)],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=KEEP_DAYS * 86_400,
        duplicate_window=_DUPLICATE_WINDOW_SECONDS,
        allow_atomic=True,
        allow_direct=True,
    )
    try:
        await jetstream.stream_info(stream_name(service))
    except NotFoundError:
        return await jetstream.add_stream(config)
    return await jetstream.update_stream(config)


async def ensure_durable(jetstream: JetStreamContext, durable: Durable) -> None:
    """Create the durable, or bring it up to date; a renamed one would hear history again."""
    config = ConsumerConfig(
        durable_name=durable.name,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        # We count failures ourselves and shunt, so that an engine that is away never uses up an event's tries.
        max_deliver=-1,
        max_ack_pending=8 * FETCH,
        filter_subjects=list(durable.subjects),
    )
    await jetstream.add_consumer(durable.stream, config)
