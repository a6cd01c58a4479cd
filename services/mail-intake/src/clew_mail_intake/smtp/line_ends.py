"""Make the line ends of a mail what they should be, where it is taken although they are not (B42).

Next: clew_mail_intake.raw_mail.RawMail.append.
"""

import re

from clew_mail_intake.understanding.limits import ALL_HEADERS_BYTES

_EMPTY_LINE = b"\r\n\r\n"
_CRLF_OR_EMPTY_LINE = re.compile(rb"\r\n|\n\n")
_ANY_END = re.compile(rb"\r\n|\r|\n")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class LineEnds:
    """Feed it the mail piece by piece, then ask for the end; NULs are left out.

    In the text each bare CR and LF becomes a line end. In the header it becomes a blank, for it must not begin a new
    field; only where the header ends its lines by LF throughout, LF is what its lines end with.
    """

    def __init__(self) -> None:
        self._header: bytearray | None = bytearray()
        self._held = b""
        self._has_crlf = False

    def feed(self, piece: bytes) -> bytes:
        data = self._held + piece.replace(b"\0", b"")
        # Its LF may come in the next piece.
        self._held = data[-1:] if data.endswith(b"\r") else b""
        data = data[: len(data) - len(self._held)]
        if self._header is None:
            return _mend_text(data)
        searched = max(0, len(self._header) - 3)
        self._header += data
        end = self._end_of(self._header, searched)
        if not end and len(self._header) < ALL_HEADERS_BYTES:
            return b""
        return self._give_header(end or len(self._header))

    def end(self) -> bytes:
        """Give what was held back."""
        held, self._held = self._held, b""
        if self._header is None:
            return _mend_text(held)
        self._header += held
        return self._give_header(len(self._header))

    def _end_of(self, header: bytearray, searched: int) -> int:
        """Give where the header ends, 0 where it does not yet; the empty line ends as those before it do."""
        if not self._has_crlf:
            found = _CRLF_OR_EMPTY_LINE.search(header, searched)
            if found is None:
                return 0
            if found.group() == b"\n\n":
                return found.end()
            self._has_crlf = True
            searched = found.start()
        at = header.find(_EMPTY_LINE, searched)
        return at + len(_EMPTY_LINE) if at >= 0 else 0

    def _give_header(self, end: int) -> bytes:
        header, rest = bytes((self._header or b"")[:end]), bytes((self._header or b"")[end:])
        self._header = None
        return _mend_header(header) + _mend_text(rest)


def _mend_header(header: bytes) -> bytes:
    if b"\n" in header and b"\r\n" not in header:
        return header.replace(b"\r", b" ").replace(b"\n", b"\r\n")
    return _BARE.sub(b" ", header)


def _mend_text(text: bytes) -> bytes:
    if text.count(b"\r") == text.count(b"\n") == text.count(b"\r\n"):
        return text
    return _ANY_END.sub(b"\r\n", text)
