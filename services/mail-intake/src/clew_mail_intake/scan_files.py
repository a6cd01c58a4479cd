"""Have the files of a mail scanned before anybody can fetch them (B30).

A mail never waits for a scanner: while it is away its files are listed, and scanned when somebody wants one.
Next: clew_mail_intake.file_scanner.FileScanner.scan.
"""

import asyncio
from mmap import mmap

from clew_shared.runtime.settings import Settings
from clew_shared.runtime.unit_of_work import UnitOfWork
from msgspec.structs import replace
from sqlalchemy import update

from clew_mail_intake.file_scanner import FileScanner, ScannerAway
from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.process import Understand
from clew_mail_intake.showing.show_mails import KeptFile
from clew_mail_intake.tables import attachment
from clew_mail_intake.understanding.attachments import read_attachment
from clew_mail_intake.understanding.understood import Attachment, Envelope, Understanding


class FileScans:
    """Understands mail as `inner` does and adds what the scanner says of the files."""

    def __init__(self, scanner: FileScanner, inner: Understand) -> None:
        self._scanner = scanner
        self._inner = inner
        # One mail's bytes at a time are in memory for this.
        self._turn = asyncio.Semaphore(1)

    async def understand(self, raw: bytes | LargeMail, envelope: Envelope, *, page: bool = False) -> Understanding:
        read = await self._inner(raw, envelope, page=page)
        if all(file.rejected for file in read.attachments):
            return read
        async with self._turn:
            whole = raw if isinstance(raw, bytes) else b"".join([piece async for piece in raw.pieces()])
            files = tuple([await self.scan(file, whole) for file in read.attachments])
        refused = tuple(
            f"attachment: {new.name[:80]} is refused, {new.rejected}"
            for old, new in zip(read.attachments, files, strict=True)
            if new.rejected and not old.rejected
        )
        return replace(read, attachments=files, reasons=read.reasons + refused)

    async def scan(self, file: Attachment, raw: bytes | mmap, *, anew: bool = False) -> Attachment:
        """Give the file with what the scanner says of it."""
        if file.rejected:
            return file
        try:
            found = await self._scanner.scan(await asyncio.to_thread(read_attachment, raw, file), anew=anew)
        except ScannerAway:
            return replace(file, scan="waiting")
        if found.result == "clean":
            return replace(file, scan="clean")
        return replace(file, rejected=found.reason, scan="")

    async def scan_kept(self, kept: KeptFile, raw: bytes | mmap, uow: UnitOfWork) -> Attachment:
        """Scan a file that still waits for it and keep what was found."""
        file = await self.scan(kept.file, raw, anew=True)
        if file != kept.file:
            changed = {"scan": file.scan or None, "rejected": file.rejected}
            await uow.connection.execute(update(attachment).where(attachment.c.id == kept.id).values(**changed))
        return file


def file_scans(settings: Settings, inner: Understand) -> FileScans | None:
    """Give the scans that the settings ask for."""
    return FileScans(FileScanner(settings.file_scanner), inner) if settings.file_scanner else None
