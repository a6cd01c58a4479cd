"""Have the files of a mail scanned before anybody can fetch them (B30).

A mail waits some seconds for a scanner at most: files it has not seen are listed, and scanned when somebody wants one.
Next: clew_mail_intake.file_scanner.FileScanner.scan.
"""

import asyncio
import time
from collections.abc import Sequence
from mmap import mmap

from clew_shared.runtime.settings import Settings
from clew_shared.runtime.unit_of_work import UnitOfWork
from msgspec.structs import replace
from sqlalchemy import update

from clew_mail_intake.file_scanner import FileScanner, Scanned, ScannerAway
from clew_mail_intake.kept_files import KeptFile
from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.process import Understand
from clew_mail_intake.tables import attachment
from clew_mail_intake.understanding.attachments import read_attachment
from clew_mail_intake.understanding.understood import Attachment, Envelope, Understanding

# A mail's verdict waits for all of its files together for so long.
_MAIL_SECONDS = 5.0


class FileScans:
    """Understands mail as `inner` does and adds what the scanner says of the files."""

    def __init__(self, scanner: FileScanner, inner: Understand, seconds: float = _MAIL_SECONDS) -> None:
        self._scanner = scanner
        self._inner = inner
        self._seconds = seconds
        # One mail's bytes at a time are in memory for this.
        self._turn = asyncio.Semaphore(1)

    async def understand(self, raw: bytes | LargeMail, envelope: Envelope, *, page: bool = False) -> Understanding:
        read = await self._inner(raw, envelope, page=page)
        if all(file.rejected for file in read.attachments):
            return read
        async with self._turn:
            whole = raw if isinstance(raw, bytes) else b"".join([piece async for piece in raw.pieces()])
            until = time.monotonic() + self._seconds
            return with_scans(read, [await self._scan_until(until, file, whole) for file in read.attachments])

    async def understand_again(
        self, raw: bytes | LargeMail, envelope: Envelope, *, page: bool = False
    ) -> Understanding:
        """Understand a mail whose files were scanned when it came; they are not shown to the scanner anew."""
        read = await self._inner(raw, envelope, page=page)
        return with_scans(read, [_waiting(file) for file in read.attachments])

    async def scan_kept(self, kept: KeptFile, raw: bytes | mmap) -> Attachment:
        """Scan a file that still waits, because somebody waits for it."""
        try:
            return _judged(kept.file, await self._scanner.scan(await _content(raw, kept.file), anew=True))
        except ScannerAway:
            return kept.file

    async def _scan_until(self, until: float, file: Attachment, raw: bytes) -> Attachment:
        seconds = until - time.monotonic()
        if file.rejected or seconds <= 0:
            return _waiting(file)
        try:
            return _judged(file, await self._scanner.scan(await _content(raw, file), seconds=seconds))
        except ScannerAway:
            return _waiting(file)


async def keep_scan(kept: KeptFile, file: Attachment, uow: UnitOfWork) -> None:
    """Keep what was found of a file that waited."""
    waited = (attachment.c.id == kept.id, attachment.c.scan == "waiting")
    changed = {"scan": file.scan or None, "rejected": file.rejected}
    await uow.connection.execute(update(attachment).where(*waited).values(**changed))


def with_scans(read: Understanding, files: Sequence[Attachment]) -> Understanding:
    """Give the mail with its files as scanned, and say which are refused for that."""
    refused = tuple(
        f"attachment: {new.name[:80]} is refused, {new.rejected}"
        for old, new in zip(read.attachments, files, strict=True)
        if new.rejected and not old.rejected
    )
    return replace(read, attachments=tuple(files), reasons=read.reasons + refused)


def with_kept_scans(read: Understanding, kept: Sequence[KeptFile]) -> Understanding:
    """Give a mail that was read again with what the scanner said of its files when it came."""
    said = {one.number: one.file for one in kept if one.file.scan or one.file.rejected}
    files = [
        replace(file, scan=said[number].scan, rejected=said[number].rejected) if number in said else file
        for number, file in enumerate(read.attachments)
    ]
    return with_scans(read, files)


async def _content(raw: bytes | mmap, file: Attachment) -> bytes:
    return await asyncio.to_thread(read_attachment, raw, file)


def _judged(file: Attachment, found: Scanned) -> Attachment:
    if found.result == "clean":
        return replace(file, scan="clean")
    return replace(file, rejected=found.reason, scan="")


def _waiting(file: Attachment) -> Attachment:
    return file if file.rejected else replace(file, scan="waiting")


def file_scans(settings: Settings, inner: Understand) -> FileScans | None:
    """Give the scans that the settings ask for."""
    return FileScans(FileScanner(settings.file_scanner), inner) if settings.file_scanner else None
