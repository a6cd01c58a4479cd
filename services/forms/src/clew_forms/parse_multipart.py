"""Read `multipart/form-data` (RFC 7578) piece by piece. Next: clew_forms.read_body.read_body."""

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from clew_forms.body import MAX_FIELD, MAX_FIELDS, Body, BodyRefused, Gathered, not_utf8, too_large
from clew_forms.charsets import codec_for, require_utf8

MAX_PART_HEADERS = 8
_CHARSET = "_charset_"


class MultipartReader:
    """Takes the chunks of one body; a body whose first bytes are not the boundary is refused at once."""

    def __init__(self, boundary: str) -> None:
        try:
            # Not strict, this parser would read a preamble for as long as somebody sends one.
            self._parser = PushMultipartParser(
                boundary,
                max_header_count=MAX_PART_HEADERS,
                max_segment_size=MAX_FIELD,
                max_segment_count=MAX_FIELDS,
                strict=True,
            )
        except MultipartError as error:
            raise _malformed(error) from None
        self._parts: list[tuple[str, bytearray]] = []
        self._files = 0
        self._into: bytearray | None = None

    def feed(self, chunk: bytes) -> None:
        try:
            for event in self._parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    self._begin(event)
                elif event is not None and self._into is not None:
                    self._into += event
        except ParserLimitReached as error:
            raise too_large(f"{error}.") from None
        except MultipartError as error:
            raise _malformed(error) from None

    def finish(self) -> Body:
        try:
            self._parser.close()
        except MultipartError as error:
            raise _malformed(error) from None
        label = next((bytes(text) for name, text in self._parts if name == _CHARSET), b"").decode("latin-1")
        codec = codec_for(label)
        gathered = Gathered()
        try:
            for name, text in self._parts:
                gathered.add(name, text.decode(codec))
        except UnicodeError:
            raise not_utf8() from None
        return Body(gathered.texts, repeated=frozenset(gathered.repeated), files=self._files)

    def _begin(self, segment: MultipartSegment) -> None:
        require_utf8(segment.charset)
        if segment.filename is None:
            self._into = bytearray()
            self._parts.append((segment.name or "", self._into))
            return
        # A form without file fields has no place for a file. The words that came with it are kept all the same; an
        # empty file control is sent with an empty name.
        self._files += bool(segment.filename)
        self._into = None


def _malformed(error: MultipartError) -> BodyRefused:
    return BodyRefused(400, "malformed_multipart", f"{error}.")
