"""The bytes of one mail on their way in: in memory while small, in a file beyond.

Next: clew_mail_intake.glance.glance_at.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO

PIECE_BYTES = 1 << 20


class RawMail:
    """Exactly the bytes that came; append to it, then read it as often as you like, then close it."""

    def __init__(self, spool: Path | None = None, content: bytes = b"") -> None:
        self._spool = spool
        self._content = bytearray(content)
        self._file: IO[bytes] | None = None
        self.size = len(content)

    def append(self, piece: bytes) -> None:
        self.size += len(piece)
        if self._file is not None:
            self._file.write(piece)
            return
        self._content += piece
        if len(self._content) > PIECE_BYTES:
            # Unlinked from the start: a killed process leaves nothing behind. What must survive is in the database.
            self._file = tempfile.TemporaryFile(dir=self._spool)  # noqa: SIM115 - lives as long as the mail
            self._file.write(self._content)
            self._content = bytearray()

    @property
    def fits_one_piece(self) -> bool:
        return self._file is None

    def whole(self) -> bytes:
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Give the bytes in pieces of at most a mebibyte; an empty mail is one empty piece."""
        if self._file is None:
            yield bytes(self._content)
            return
        self._file.seek(0)
        while piece := self._file.read(PIECE_BYTES):
            yield piece

    @contextmanager
    def at_hand(self) -> Iterator[bytes | mmap]:
        """Give the bytes to be read at any place; those in a file are not in memory for that."""
        if self._file is None:
            yield bytes(self._content)
            return
        self._file.flush()
        with mmap(self._file.fileno(), 0, access=ACCESS_READ) as mapped:
            yield mapped

    def close(self) -> None:
        if self._file is not None:
            # A full disk is told where it matters: at the last byte that a mail needs, and these need none.
            with suppress(OSError):
                self._file.close()
