"""Read a table from a file as other programs write it: CSV of any separator, with its lines counted and hashed.

Next: clew_lifecycle.imports.run.run_import.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from clew_shared.runtime.settings import OperatorError

from clew_lifecycle.imports.finding import Finding

_SEPARATORS = ",;\t|"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NAMES_SEPARATOR = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
# What a decoder leaves of bytes that its encoding does not have: of UTF-8, and of the others.
_LEFT_OF_UTF8 = re.compile("[\0\ud800-\udfff]")
_LEFT_OF_OTHERS = re.compile("[\0\ufffd]")


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one record and the number of its first line; `trouble` when it cannot be used at all."""

    line: int
    fields: list[str]
    trouble: Finding | None = None


class Table:
    """A table that is read once, from its header on.

    `lines` and `digest` are how many lines were read so far and their SHA-256: by them a second run finds the place
    where the first one was broken off. Raises `OperatorError` for a header that cannot be meant.
    """

    def __init__(self, file: BinaryIO, encoding: str | None = None, separator: str | None = None) -> None:
        head = file.peek(4)[:4] if isinstance(file, io.BufferedReader) else b""
        self.encoding = encoding or next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
        is_utf8 = self.encoding.startswith("utf-8")
        # Newlines stay as they are: a quoted field may hold some.
        self._text = io.TextIOWrapper(
            file, encoding=self.encoding, errors="surrogateescape" if is_utf8 else "replace", newline=""
        )
        self._left = _LEFT_OF_UTF8 if is_utf8 else _LEFT_OF_OTHERS
        self._hash = sha256()
        self._damaged = 0
        self.lines = 0
        self.separator = separator or ","
        self.header = self._read_header(separator)
        self._reader = csv.reader(self._numbered(), delimiter=self.separator)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def skip_to(self, lines: int, digest: str) -> bool:
        """Pass over lines that were dealt with before; False when the file does not begin with those."""
        numbered = self._numbered()
        while self.lines < lines and next(numbered, None) is not None:
            continue
        return self.lines == lines and self.digest == digest

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """Give the rows, up to `size` at a time; after each chunk `lines` and `digest` are where it ends."""
        while True:
            chunk: list[Row] = []
            while len(chunk) < size and (row := self._next_row()) is not None:
                chunk.append(row)
            if not chunk:
                return
            yield chunk

    def _next_row(self) -> Row | None:
        while True:
            first = self.lines + 1
            try:
                fields = next(self._reader, None)
            except csv.Error as error:
                return Row(first, [], Finding.error(first, "", "unreadable", f"No row begins here: {error}"))
            if fields is None:
                return None
            if any(fields):
                return self._row(first, fields)

    def _row(self, first: int, fields: list[str]) -> Row:
        if self._damaged >= first:
            shown = [self._left.sub("\ufffd", field) for field in fields]
            message = f"Some bytes are no {self.encoding}: save the file as UTF-8, or say --encoding"
            return Row(first, shown, Finding.error(first, "", "encoding", message, shown))
        wanted = len(self.header)
        if len(fields) != wanted:
            if len(fields) < wanted or any(fields[wanted:]):
                message = f"There are {len(fields)} fields under a header of {wanted}"
                return Row(first, fields, Finding.error(first, "", "fields", message, fields))
            del fields[wanted:]
        return Row(first, fields)

    def _read_header(self, separator: str | None) -> list[str]:
        numbered = self._numbered()
        first = next(numbered, "")
        if separator is None and (said := _NAMES_SEPARATOR.fullmatch(first)):
            self.separator, first = said[1], next(numbered, "")
        elif separator is None:
            self.separator = max(_SEPARATORS, key=first.count)
        names = [name.strip() for name in next(csv.reader(_chain(first, numbered), delimiter=self.separator), [])]
        if self._damaged:
            raise OperatorError(f"the header is no {self.encoding}: save the file as UTF-8, or say --encoding")
        if not any(names):
            raise OperatorError("the file has no header in its first line")
        check_names(names)
        return names

    def _numbered(self) -> Iterator[str]:
        update, search = self._hash.update, self._left.search
        for line in self._text:
            self.lines += 1
            update(line.encode("utf-8", "surrogateescape"))
            if ("\0" in line or not line.isascii()) and search(line):
                self._damaged = self.lines
            yield line


def check_names(names: Sequence[str]) -> None:
    """Refuse a header that names one column twice. Raises `OperatorError`."""
    keys = [name.casefold() for name in names if name]
    twice = sorted({name for name in keys if keys.count(name) > 1})
    if twice:
        raise OperatorError(f"the header names {', '.join(twice)} twice: which one is meant?")


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
