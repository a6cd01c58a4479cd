"""Read what stands behind MAIL FROM: and RCPT TO: (RFC 5321 4.1.2).

Next: clew_mail_intake.smtp.take_mail.IntakeSMTP.smtp_MAIL.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_LONGEST_PATH = 320
_MARK = {"MAIL": "FROM:", "RCPT": "TO:"}
# A source route leads nowhere since RFC 1123 5.2.19: it is read and forgotten. Without brackets is what scripts send.
_PATH = re.compile(
    r"""
    <(?:@[^<>:\s"]*:)?
      (?: "(?P<quoted>(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*)" (?P<host>@[^<>\s"\\\x00-\x20\x7f@]*)?
        | (?P<plain>[^<>\s"\\\x00-\x20\x7f]*) )
    >(?=\s|$)
    | (?P<bare>[^<>\s"\\\x00-\x20\x7f]+)(?=\s|$)
    """,
    re.VERBOSE,
)
_ATOM = re.compile(r"[^\s\"(),:;<>@\[\\\].]+(?:\.[^\s\"(),:;<>@\[\\\].]+)*")
_ESCAPED = re.compile(r"\\(.)")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?")


class BadPath(ValueError):
    """Its words are the reply that it gets."""


@dataclass(frozen=True, slots=True)
class Path:
    """`address` is empty for the null path `<>`; `parameters` are in capitals, those without a value empty."""

    address: str
    parameters: Mapping[str, str]

    @property
    def is_international(self) -> bool:
        return not self.address.isascii()


def read_path(command: str, arg: str | None) -> Path:
    """Read the argument of MAIL or RCPT. Raises `BadPath`."""
    mark = _MARK[command]
    if arg is None or arg[: len(mark)].upper() != mark:
        raise BadPath(f"501 5.5.4 Syntax: {command} {mark}<address>")
    text = arg[len(mark) :].strip()
    found = _PATH.match(text)
    if found is None:
        raise BadPath("553 5.1.3 This is no address")
    address = _address(found)
    # What is not UTF-8 comes as lone surrogates, and is nobody's name.
    if len(address) > _LONGEST_PATH or any("\ud800" <= character <= "\udfff" for character in address):
        raise BadPath("553 5.1.3 This is no address")
    return Path(address, _parameters(text[found.end() :]))


def _address(found: re.Match[str]) -> str:
    if found["quoted"] is None:
        return found["plain"] or found["bare"] or ""
    local = _ESCAPED.sub(r"\1", found["quoted"])
    # The quotes are no part of the name where it needs none (RFC 5321 4.1.2).
    if not _ATOM.fullmatch(local):
        local = f'"{found["quoted"]}"'
    return local + (found["host"] or "")


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in text.split():
        parameter = _PARAMETER.fullmatch(word)
        if parameter is None:
            raise BadPath("501 5.5.4 This is no parameter")
        found[parameter[1].upper()] = parameter[2] or ""
    return found
