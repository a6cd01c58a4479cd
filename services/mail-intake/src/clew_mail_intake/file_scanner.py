"""A virus scanner that speaks clamd's INSTREAM (clamd(8)), on a port or on a socket of this machine.

Next: clew_mail_intake.scan_files.FileScans.understand.
"""

import asyncio
import re
import struct
import time
from typing import Literal

import msgspec
import structlog
from clew_shared.runtime.settings import BadSetting

_ADDRESS = re.compile(r"tcp://(?P<host>[^/\s]+):(?P<port>\d{1,5})|unix:(?P<path>/.+)")
_PIECE = 256 * 1024
_LENGTH = struct.Struct(">I")
_LONGEST_ANSWER = 4096
_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 60.0
# A scanner that is away is left alone for so long, so that no mail waits for it.
_REST_SECONDS = 15.0
_HUNG_UP = "the scanner hangs up on it ERROR"
_UNFIT = re.compile(r"(?:hangs up on it|size limit|too (?:large|big)|format|parse|unpack).* ERROR$", re.IGNORECASE)

log = structlog.get_logger()


class ScannerAway(Exception):
    """The scanner does not answer; a file that it has not seen is not given to anybody."""


class Scanned(msgspec.Struct, frozen=True):
    """What the scanner says: clean, or why the file is not to be had."""

    result: Literal["clean", "refused"]
    reason: str = ""


class FileScanner:
    def __init__(self, address: str) -> None:
        found = _ADDRESS.fullmatch(address)
        if not found:
            raise BadSetting(f"CLEW_FILE_SCANNER={address!r} is no tcp://host:port and no unix:/path")
        self._host, self._port, self._path = found["host"], int(found["port"] or 0), found["path"]
        self._away_until = 0.0

    async def scan(self, content: bytes, *, anew: bool = False, seconds: float = _ANSWER_SECONDS) -> Scanned:
        """Show a file to the scanner, for so long at most, `anew` even when it just did not answer.

        Raises `ScannerAway`.
        """
        if time.monotonic() < self._away_until and not anew:
            raise ScannerAway
        try:
            async with asyncio.timeout(seconds):
                answer = await self._ask_twice(content)
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            self._away_until = time.monotonic() + _REST_SECONDS
            log.warning("mail.scanner_away", error=type(error).__name__)
            raise ScannerAway from error
        return _read_answer(answer)

    async def _ask_twice(self, content: bytes) -> str:
        """Return the answer; what the scanner hangs up on again, while it is there, it will not look at."""
        for _ in range(2):
            if answer := await self._ask(b"zINSTREAM\0", content):
                return answer
            # A proxy takes the call for one that is only starting, and hangs up on everything.
            if await self._ask(b"zPING\0") != "PONG":
                raise ConnectionError("no scanner behind this address")
        return _HUNG_UP

    async def _ask(self, command: bytes, content: bytes | None = None) -> str:
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await (
                asyncio.open_unix_connection(self._path, limit=_LONGEST_ANSWER)
                if self._path
                else asyncio.open_connection(self._host, self._port, limit=_LONGEST_ANSWER)
            )
        answering = asyncio.create_task(_read_to_end(reader))
        try:
            await _send(writer, command, content, answering)
            answer = await answering
        finally:
            answering.cancel()
            writer.close()
        return answer.rstrip(b"\0\n").decode("utf-8", "replace")


async def _send(
    writer: asyncio.StreamWriter, command: bytes, content: bytes | None, answering: asyncio.Task[bytes]
) -> None:
    """Send a file until it is through, or the scanner has seen enough, answers and hangs up."""
    try:
        writer.write(command)
        if content is None:
            return
        for start in range(0, len(content), _PIECE):
            piece = content[start : start + _PIECE]
            writer.write(_LENGTH.pack(len(piece)) + piece)
            await writer.drain()
            if answering.done():
                return
        writer.write(_LENGTH.pack(0))
        await writer.drain()
    except ConnectionError:
        log.debug("mail.scanner_hung_up")


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    """Read the answer; nothing where the scanner hung up without one, or it was lost with the connection."""
    try:
        return await reader.readuntil(b"\0")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except ConnectionError:
        return b""


def _read_answer(answer: str) -> Scanned:
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return Scanned("clean")
    if said.endswith(" FOUND"):
        return Scanned("refused", f"virus: {said.removesuffix(' FOUND')[:120]}")
    if not _UNFIT.search(said):
        # It lacks memory or time now, or this is somebody else's answer: neither says anything about the file.
        log.warning("mail.scanner_fails", answer=said[:120])
        raise ScannerAway
    # What it cannot look at, for its size or its form, is not known to be clean.
    return Scanned("refused", f"not scanned: {said.removesuffix(' ERROR')[:120]}")
