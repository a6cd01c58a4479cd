"""The connection to NATS: what nats-py leaves open, closed here. Next: clew_shared.runtime.outbox.Relay."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID, uuid4

import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from clew_shared.runtime.tasks import end_tasks

PUBLISH_TIMEOUT = 2.0
MAX_BATCH = 1000
_HEADER_RESERVE = 1024
# What a NATS server takes unless it is told otherwise.
LARGEST_EVENT = 1024 * 1024 - _HEADER_RESERVE
_PING_SECONDS = 15
_RECONNECT_SECONDS = 0.3

log = structlog.get_logger()


class BusUnavailable(ConnectionError):
    """NATS is away; what was to be sent stays in the outbox."""


class TooLarge(ValueError):
    """The message does not fit the broker's `max_payload`."""


class Bus:
    """One connection per process, made anew whenever nats-py gives it up for good.

    nats-py 2.16 closes itself on any unexpected `-ERR` even with endless reconnects, so `closed_cb` asks for a new one.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._client: Client | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closing = False
        self._reconnected: list[Callable[[], None]] = []
        self._answers: dict[str, Callable[[bytes], Awaitable[bytes]]] = {}
        self._watches: list[tuple[str, Callable[[Msg], Awaitable[None]]]] = []

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    @property
    def client(self) -> Client:
        if self._client is None or not self._client.is_connected:
            raise BusUnavailable("NATS is not connected")
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        return self.client.jetstream(timeout=PUBLISH_TIMEOUT)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._reconnected.append(callback)

    def start(self) -> None:
        """Begin to connect; returns at once, `connected` waits for it."""
        self._opening = asyncio.create_task(self._open(), name="bus")

    async def connected(self, timeout: float = 30) -> None:  # noqa: ASYNC109 - a bound for the caller, not for us
        async with asyncio.timeout(timeout):
            while not self.is_connected:
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        self._closing = True
        if self._opening is not None:
            await end_tasks([self._opening])
        if self._client is not None and not self._client.is_closed:
            await self._client.close()

    async def _open(self) -> None:
        while not self._closing:
            try:
                client = await nats.connect(
                    self._url,
                    name=self._name,
                    allow_reconnect=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_RECONNECT_SECONDS,
                    ping_interval=_PING_SECONDS,
                    inbox_prefix=f"_INBOX_{self._name.replace('-', '_')}",
                    connect_timeout=2,
                    error_cb=self._on_error,
                    closed_cb=self._on_closed,
                    reconnected_cb=self._on_reconnected,
                )
            except (OSError, TimeoutError, nats.errors.Error) as error:
                log.info("bus.unreachable", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)
                continue
            self._client = client
            await self._subscribe_all(client)
            await self._on_reconnected()
            return

    async def _subscribe_all(self, client: Client) -> None:
        for subject, answer in self._answers.items():
            await client.subscribe(subject, queue=self._name, cb=_answering(answer))
        for subject, watch in self._watches:
            await client.subscribe(subject, cb=watch)

    async def _on_error(self, error: Exception) -> None:
        log.warning("bus.error", error=type(error).__name__, detail=str(error)[:200])

    async def _on_closed(self) -> None:
        if not self._closing:
            log.warning("bus.closed_for_good")
            self.start()

    async def _on_reconnected(self) -> None:
        for callback in self._reconnected:
            callback()

    async def publish(self, subject: str, event_id: UUID, body: bytes, traceparent: str | None = None) -> int:
        """Store one message; give its sequence. Raises `BusUnavailable` or `TooLarge`."""
        self._check_size(body)
        headers = {"Nats-Msg-Id": str(event_id)}
        if traceparent:
            headers["traceparent"] = traceparent
        try:
            ack = await self.jetstream.publish(subject, body, timeout=PUBLISH_TIMEOUT, headers=headers)
        except (OSError, TimeoutError, nats.errors.Error) as error:
            raise BusUnavailable(str(error) or type(error).__name__) from error
        return ack.seq

    async def publish_batch(self, messages: Sequence[tuple[str, UUID, bytes]]) -> int:
        """Store up to 1 000 messages of one stream in one atomic batch (ADR-50); give the last one's sequence.

        Raises `BatchRefused` when the server wants none of it (a duplicate id refuses the whole), `BusUnavailable`
        when no answer came.
        """
        batch = uuid4().hex
        client = self.client
        reply: Msg | None = None
        for number, (subject, event_id, body) in enumerate(messages, start=1):
            self._check_size(body)
            headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number), "Nats-Msg-Id": str(event_id)}
            try:
                if number < len(messages):
                    await client.publish(subject, body, headers=headers)
                else:
                    headers["Nats-Batch-Commit"] = "1"
                    reply = await client.request(subject, body, timeout=PUBLISH_TIMEOUT, headers=headers)
            except (OSError, TimeoutError, nats.errors.Error) as error:
                raise BusUnavailable(str(error) or type(error).__name__) from error
        answer = json.loads(reply.data) if reply is not None and reply.data else {}
        if answer.get("count") != len(messages):
            raise BatchRefused(str(answer.get("error", answer)))
        return int(answer["seq"])

    def _check_size(self, body: bytes) -> None:
        # The server drops the connection, and nats-py gives up, when headers and payload together are too large.
        if len(body) > self.client.max_payload - _HEADER_RESERVE:
            raise TooLarge(f"{len(body)} bytes")

    async def answer(self, subject: str, handler: Callable[[bytes], Awaitable[bytes]]) -> None:
        """Answer requests on `subject`, sharing them with the other processes of the same name."""
        self._answers[subject] = handler
        if self.is_connected:
            await self.client.subscribe(subject, queue=self._name, cb=_answering(handler))

    async def ask(self, subject: str, body: bytes, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - the request's
        """Ask whoever answers on `subject`. Raises `BusUnavailable` when nobody does."""
        try:
            reply = await self.client.request(subject, body, timeout=timeout)
        except (OSError, TimeoutError, nats.errors.Error) as error:
            raise BusUnavailable(f"{subject}: {error}") from error
        return reply.data

    async def watch(self, subject: str, callback: Callable[[bytes], Awaitable[None]]) -> None:
        """Hear what passes on `subject` from now on, without any promise: for what is shown live."""

        async def heard(message: Msg) -> None:
            await callback(message.data)

        self._watches.append((subject, heard))
        if self.is_connected:
            await self.client.subscribe(subject, cb=heard)


class BatchRefused(ValueError):
    """The server stored nothing of an atomic batch."""


def _answering(handler: Callable[[bytes], Awaitable[bytes]]) -> Callable[[Msg], Awaitable[None]]:
    async def respond(message: Msg) -> None:
        with contextlib.suppress(nats.errors.Error):
            await message.respond(await handler(message.data))

    return respond
