"""Write the body of a mail: plain text beside HTML, in lines that any relay passes on.

Next: clew_notify.compose.compose_mail.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp

_LINE_END = re.compile(r"\r\n|\r|\n")
# RFC 5322 2.1.1 allows 998; relays that re-wrap begin well below that.
_LONG_LINE = 900
_READABLE = bytes((9, 10, *range(32, 127)))
_BOUNDARY = "=_"


def compose_body(text: str, html: str | None, unique: str) -> bytes:
    """Give everything from `Content-Type` on; `unique` makes the boundary, which no part can contain."""
    if html is None:
        return _part("plain", text)
    boundary = f"{_BOUNDARY}{unique}"
    line = f"--{boundary}".encode()
    return b"".join(
        (
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode(),
            line,
            b"\r\n",
            _part("plain", text),
            line,
            b"\r\n",
            _part("html", html),
            line,
            b"--\r\n",
        )
    )


def _part(kind: str, text: str) -> bytes:
    lines = _LINE_END.sub("\n", text)
    if not lines.endswith("\n"):
        lines += "\n"
    encoding, content = _transfer(lines)
    charset = "us-ascii" if encoding == "7bit" else "utf-8"
    head = f'Content-Type: text/{kind}; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + content


def _transfer(lines: str) -> tuple[str, bytes]:
    """Encode lines that end in LF for the wire: as they are, readable where mostly ASCII, else in base64 (RFC 2045 6).

    No encoded form can hold a boundary, and a plain one that might is not left plain.
    """
    octets = lines.encode()
    strange = len(octets.translate(None, _READABLE))
    if not strange and _BOUNDARY not in lines and max(map(len, octets.split(b"\n"))) <= _LONG_LINE:
        return "7bit", octets.replace(b"\n", b"\r\n")
    octets = octets.replace(b"\n", b"\r\n")
    if strange * 4 <= len(octets):
        return "quoted-printable", b2a_qp(octets, istext=True)
    return "base64", encodebytes(octets).replace(b"\n", b"\r\n")
