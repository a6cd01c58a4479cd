"""Undo what SMTP does to a mail between DATA and the lone dot (RFC 5321 4.5.2), however the bytes are cut up.

Next: clew_mail_intake.raw_mail.RawMail.append.
"""

_END = b"\r\n.\r\n"
_CR = 0x0D
# What cannot be told apart yet from the beginning of the end.
_HELD = 4


class WireData:
    """Feed it what comes off the wire; take the mail's own bytes piece by piece.

    Only CR LF dot CR LF ends a mail. Any other use of CR or LF, and NUL, makes the mail `unclean`: two systems could
    disagree where it ends or where its lines do, which is how mail is smuggled in.
    """

    def __init__(self) -> None:
        # DATA's own line end counts: the mail may end before its first line.
        self._window = bytearray(b"\r\n")
        self._is_first = True
        self._last = 0
        self._returns = self._feeds = self._pairs = 0
        self._has_nul = False
        self.ended = False
        # A CR before the end's own CR LF: to others the mail may go on.
        self.ends_doubtfully = False
        self.rest = b""

    @property
    def unclean(self) -> bool:
        return self._has_nul or not self._returns == self._feeds == self._pairs

    def feed(self, chunk: bytes) -> bytes:
        """Take in `chunk`, give what of the mail is certain; after the end `rest` holds what followed."""
        searched = max(0, len(self._window) - _HELD)
        self._window += chunk
        end = self._window.find(_END, searched)
        if end >= 0:
            self.ended = True
            self.ends_doubtfully = (self._window[end - 1] if end else self._last) == _CR
            self.rest = bytes(self._window[end + len(_END) :])
            # The CR LF before the dot is the mail's own.
            cut = end + 2
        else:
            cut = self._safe_cut()
        piece = bytes(self._window[:cut])
        del self._window[:cut]
        return self._undo(piece)

    def _safe_cut(self) -> int:
        """Find the last place where neither a line end nor a line end with its dot is torn apart."""
        window = self._window
        cut = len(window) - _HELD
        if cut <= 2:
            return 0
        if window[cut - 1 : cut + 1] == b"\r\n":
            return cut - 1
        if window[cut - 2 : cut + 1] == b"\r\n.":
            return cut - 2
        return cut

    def _undo(self, piece: bytes) -> bytes:
        if not piece:
            return b""
        self._last = piece[-1]
        self._returns += piece.count(b"\r")
        self._feeds += piece.count(b"\n")
        self._pairs += piece.count(b"\r\n")
        self._has_nul = self._has_nul or b"\0" in piece
        if b"\r\n." in piece:
            piece = piece.replace(b"\r\n.", b"\r\n")
        if self._is_first:
            self._is_first = False
            return piece[2:]
        return piece
