"""Post to an address that a stranger named: resolved by us, vetted, and connected to where it was vetted.

Redirects are not followed and nothing of the answer's body is kept.
Next: clew_lifecycle.domain.safe_address.SafeAddresses.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from clew_lifecycle.domain.safe_address import Refused, SafeAddresses

SECONDS = 15.0
_BODY_SECONDS = 1.0
_BODY_BYTES = 65_536
_CONNECTIONS = 256
_KEEP_OPEN_SECONDS = 20.0

# Gives the addresses of a name, as text. Raises OSError when there are none.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def ask_system(host: str, port: int) -> Sequence[str]:
    """Resolve as this machine does."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: a status, or in `error` why there is none."""

    status: int | None = None
    retry_after: str | None = None
    error: str | None = None


class Post:
    """Holds the connections; to be used as an async context manager."""

    def __init__(self, safe: SafeAddresses, resolve: Resolve = ask_system) -> None:
        self._safe = safe
        self._resolve = resolve
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Post":
        connector = aiohttp.TCPConnector(
            resolver=_Vetting(self._safe, self._resolve),
            # A name is resolved and vetted for each connection, which goes to the address that was vetted.
            use_dns_cache=False,
            socket_factory=self._open_socket,
            limit=_CONNECTIONS,
            keepalive_timeout=_KEEP_OPEN_SECONDS,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=SECONDS),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def check(self, url: str) -> None:
        """Raises `Refused` when the address that `url` names now must not be connected to; no address is none yet."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            addresses = await self._resolve(parts.hostname or "", port)
        except OSError:
            return
        except UnicodeError:
            raise Refused("this is no name") from None
        for address in addresses:
            self._safe.check(address, port)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make one attempt of at most `SECONDS`; whatever goes wrong is in the answer, without any address."""
        if self._session is None:
            raise RuntimeError("not opened")
        try:
            response = await self._session.post(url, data=body, headers=headers, allow_redirects=False)
            await _let_go(response)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's server brings about is one failed attempt
            return Answer(error=_in_words(error))
        return Answer(response.status, response.headers.get("Retry-After"))

    def _open_socket(self, addr_info: tuple[Any, ...]) -> socket.socket:
        """The last word: whatever was parsed or resolved before, this is what would be connected to."""
        family, kind, protocol, _, address = addr_info
        self._safe.check(str(address[0]), int(address[1]))
        return socket.socket(family, kind, protocol)


class _Vetting(AbstractResolver):
    """A name of which any address is refused is refused: an honest one does not point inside and outside."""

    def __init__(self, safe: SafeAddresses, resolve: Resolve) -> None:
        self._safe = safe
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._resolve(host, port)
        for address in addresses:
            self._safe.check(address, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        return


def _in_words(error: Exception) -> str:
    """Say what went wrong to whoever named the address, without the address."""
    words: dict[type[Exception], str] = {
        Refused: f"refused: {error}",
        aiohttp.ClientConnectorDNSError: "the name has no address",
        aiohttp.ClientConnectorCertificateError: "the certificate is not trusted",
        aiohttp.ClientSSLError: "no TLS connection",
        aiohttp.ClientConnectorError: "no connection",
        TimeoutError: f"no answer within {SECONDS:.0f} s",
    }
    return next((said for kind, said in words.items() if isinstance(error, kind)), "no answer")


async def _let_go(response: aiohttp.ClientResponse) -> None:
    """Read a short body away, so that the connection can be used again; a long or slow one costs the connection."""
    with contextlib.suppress(aiohttp.ClientError, EOFError, TimeoutError, OSError):
        async with asyncio.timeout(_BODY_SECONDS):
            await response.content.readexactly(_BODY_BYTES)
    if response.content.at_eof():
        response.release()
    else:
        response.close()
