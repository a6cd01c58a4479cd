"""A body as it was posted, and why one is refused. Next: clew_forms.screen.screen_submission."""

from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_FIELDS = 200
MAX_FIELD = 32 * 1024


class BodyRefused(Exception):
    """The body cannot be read as answers to a form; `status`, `code` and the text go back to whoever sent it."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Body:
    """Text by field name. `odd` holds names whose value was a list or an object, `repeated` those given twice."""

    texts: dict[str, str]
    is_json: bool = False
    repeated: frozenset[str] = frozenset()
    odd: frozenset[str] = frozenset()
    files: int = 0


@dataclass(slots=True)
class Gathered:
    """The fields of one body while they are read, with the caps that hold for every content type."""

    texts: dict[str, str] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    count: int = 0

    def add_all(self, pairs: Iterable[tuple[str, str]]) -> None:
        for name, text in pairs:
            self.add(name, text)

    def add(self, name: str, text: str) -> None:
        """Keep the last of several values of one name, as servers mostly do, and remember that there were."""
        self.count += 1
        if self.count > MAX_FIELDS:
            raise too_many_fields()
        if len(name) + len(text) > MAX_FIELD // 4 and len(name.encode()) + len(text.encode()) > MAX_FIELD:
            raise too_large(f"A field holds at most {MAX_FIELD} bytes.")
        # PostgreSQL has no place for NUL in a text.
        if "\0" in text or "\0" in name:
            raise BodyRefused(422, "nul", "A NUL character is not text.")
        if name in self.texts:
            self.repeated.add(name)
        self.texts[name] = text


def too_large(detail: str) -> BodyRefused:
    return BodyRefused(413, "too_large", detail)


def too_many_fields() -> BodyRefused:
    return BodyRefused(413, "too_many_fields", f"A form has at most {MAX_FIELDS} fields.")


def not_utf8() -> BodyRefused:
    return BodyRefused(422, "not_utf8", "The text is not UTF-8.")
