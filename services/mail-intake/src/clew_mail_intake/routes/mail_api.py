"""`/api/v1/mail/messages`: what came, what it was taken for, its bytes, its release.

Next: clew_mail_intake.handling.release.release_mail.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import answer, page, read_cursor, read_id, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.web.headers import mail_html_headers
from clew_shared.web.strange_file import GIVEN_TYPES, STRANGE, strange_file, strange_headers

from clew_mail_intake.kept_files import KeptFile, list_files
from clew_mail_intake.process import Processing
from clew_mail_intake.raw_mail import RawMail
from clew_mail_intake.routes.mail_view import Counts, MailDetails, MailView, view_details, view_mail
from clew_mail_intake.scan_files import FileScans, keep_scan
from clew_mail_intake.showing.show_mails import (
    count_arrivals,
    count_refused,
    count_verdicts,
    list_mails,
    raw_piece_of,
    show_mail,
)
from clew_mail_intake.showing.show_page import read_page
from clew_mail_intake.showing.shown_mail import MailFilter
from clew_mail_intake.understanding.attachments import attachment_pieces, read_attachment
from clew_mail_intake.understanding.understood import Attachment

_WORTH_A_WRITE = 256 * 1024


@dataclass(frozen=True, slots=True)
class MailApi:
    rail: Rail
    processing: Processing
    spool: Path
    scans: FileScans | None = None

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/mail/messages", self.list_messages),
            web.get("/api/v1/mail/messages/{id}", self.get_message),
            web.get("/api/v1/mail/messages/{id}/raw", self.get_raw),
            web.get("/mail/messages/{id}/raw", self.get_raw_as_text),
            web.get("/mail/messages/{id}/page", self.get_page),
            web.get("/api/v1/mail/messages/{id}/attachments/{number}", self.get_attachment),
            web.get("/api/v1/mail/counts", self.get_counts),
        ]

    @describes("List the mails that came, the latest first.", query=MailFilter, lists=MailView)
    async def list_messages(self, request: web.Request) -> web.Response:
        wanted = read_query(request, MailFilter)
        limit, before = read_limit(request), read_cursor(request, UUID)
        async with self.rail.reading() as connection:
            mails = await list_mails(wanted, limit + 1, before, connection)
        more = write_cursor(mails[limit - 1].key) if len(mails) > limit else None
        return answer(page([view_mail(mail) for mail in mails[:limit]], more))

    @describes("Read a mail, and what was read in it.", answer=MailDetails)
    async def get_message(self, request: web.Request) -> web.Response:
        key = read_id(request, "mail")
        async with self.rail.reading() as connection:
            mail = await show_mail(key, connection)
            files = await list_files(key, connection)
        if mail is None:
            raise not_found("mail")
        return answer(view_details(mail, files))

    @describes("Read a mail byte for byte as it came.", answer=bytes, gives="message/rfc822", problems=(410,))
    async def get_raw(self, request: web.Request) -> web.StreamResponse:
        """Give the mail byte for byte as it came (B1)."""
        return await self._send_raw(request, "message/rfc822")

    async def get_raw_as_text(self, request: web.Request) -> web.StreamResponse:
        return await self._send_raw(request, "text/plain")

    async def get_page(self, request: web.Request) -> web.Response:
        key = read_id(request, "mail")
        async with self.rail.reading() as connection:
            if await show_mail(key, connection) is None:
                raise not_found("mail")
            page_html = await read_page(key, await list_files(key, connection), self.processing, connection)
        if page_html is None:
            raise _gone()
        return web.Response(text=page_html, content_type="text/html", headers=mail_html_headers(own_pictures=True))

    async def _send_raw(self, request: web.Request, content_type: str) -> web.StreamResponse:
        key = read_id(request, "mail")
        async with self.rail.reading() as connection:
            mail = await show_mail(key, connection)
            if mail is None:
                raise not_found("mail")
            if mail.verdict == "rejected":
                raise Problem(410, "Never kept", "This mail was refused; its bytes stayed with its sender.")
            if mail.forgotten_at is not None:
                raise _gone()
        given = {
            "Content-Type": content_type,
            "Content-Length": str(mail.size),
            "Content-Disposition": f'attachment; filename="{key}.eml"',
        }
        response = web.StreamResponse(headers=STRANGE | given)
        await response.prepare(request)
        async for piece in self._pieces(key):
            await response.write(piece)
        await response.write_eof()
        return response

    async def _pieces(self, key: UUID) -> AsyncIterator[bytes]:
        """Yield a mail's bytes; no connection is held while somebody takes their time to receive them."""
        number = 0
        while True:
            async with self.rail.reading() as connection:
                piece = await raw_piece_of(key, number, connection)
            if piece is None:
                return
            yield piece
            number += 1

    @describes(
        "Read a file of a mail, by its number or its id.", answer=bytes, gives=GIVEN_TYPES, problems=(409, 410, 503)
    )
    async def get_attachment(self, request: web.Request) -> web.StreamResponse:
        key = read_id(request, "mail")
        async with self.rail.reading() as connection:
            files = [kept for kept in await list_files(key, connection) if _is_asked_for(kept, request)]
        if not files:
            raise not_found("attachment")
        [kept] = files
        with closing(RawMail(self.spool)) as raw:
            async for piece in self._pieces(key):
                raw.append(piece)
            if not raw.size:
                raise _gone()
            with raw.at_hand() as content:
                file = await self._scanned(kept, content)
                if file.rejected:
                    raise Problem(409, "Not kept", f"This attachment was set aside: {file.rejected}.")
                return await _give(file, content, request)

    async def _scanned(self, kept: KeptFile, raw: bytes | mmap) -> Attachment:
        """Have a file scanned that came while the scanner was away: nobody gets it before that."""
        if self.scans is None or kept.file.scan != "waiting":
            return kept.file
        file = await self.scans.scan_kept(kept, raw)
        if file.scan == "waiting":
            detail = "The virus scanner does not answer; the file can be had when it has looked at it."
            raise Problem(503, "Not scanned yet", detail, headers={"Retry-After": "30"})
        async with self.rail.unit_of_work() as uow:
            await keep_scan(kept, file, uow)
        return file

    @describes("Count the mails by verdict.", answer=Counts)
    async def get_counts(self, request: web.Request) -> web.Response:
        """Give how many mails have which verdict; with duplicates and rejected they sum to what was received (B45)."""
        async with self.rail.reading() as connection:
            verdicts = await count_verdicts(connection)
            arrivals, refused = await count_arrivals(connection), await count_refused(connection)
        duplicates = arrivals - sum(verdicts.values())
        return answer(Counts(received=arrivals + refused, verdicts=verdicts, duplicate=duplicates, rejected=refused))


async def _give(file: Attachment, raw: bytes | mmap, request: web.Request) -> web.StreamResponse:
    """Answer a file of a large mail piece by piece: neither of the two is in memory for that."""
    if isinstance(raw, bytes):
        return strange_file(read_attachment(raw, file), file.name, file.type)
    response = web.StreamResponse(headers=strange_headers(file.name, file.type))
    await response.prepare(request)
    pieces = attachment_pieces(raw, file)
    while piece := await asyncio.to_thread(_some_of, pieces):
        await response.write(piece)
    await response.write_eof()
    return response


def _some_of(pieces: Iterator[bytes]) -> bytes:
    """Take pieces until they are worth a write; some encodings give a line at a time."""
    taken: list[bytes] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size >= _WORTH_A_WRITE:
            break
    return b"".join(taken)


def _gone() -> Problem:
    return Problem(410, "Gone", "This mail was kept as long as the settings say; its bytes are no longer here.")


def _is_asked_for(kept: KeptFile, request: web.Request) -> bool:
    asked = request.match_info["number"]
    return asked in (str(kept.number), str(kept.id))
