"""Read what is to be written of an entity. Next: clew_lifecycle.odata.write_entity.add_entity."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import FieldError, Problem
from clew_shared.runtime.sessions import Actor

from clew_lifecycle.domain.odata_filter.syntax import FilterError, Unsupported
from clew_lifecycle.odata.model import EntityType
from clew_lifecycle.odata.scope import find_property

T = TypeVar("T")

# A sum is what its digits say, and never the nearest float.
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def read_body(body: bytes, entity: EntityType, actor: Actor) -> dict[str, Any]:
    """Give the properties that are named, without annotations.

    Raises `FilterError` for what is no JSON object of such an entity, `Unsupported` for writing more than one.
    """
    try:
        given = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidOperation, RecursionError) as error:
        raise FilterError(f"The body is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise FilterError("The body is a JSON object with the properties of one entity.")
    for name, value in given.items():
        _check(name, value, entity, actor)
    return {name: value for name, value in given.items() if "@" not in name}


def _check(name: str, value: Any, entity: EntityType, actor: Actor) -> None:
    if name.endswith(("@odata.bind", "@bind")):
        raise Unsupported("binding by reference; set the key, such as company_id")
    if "@" in name:
        return
    if name in entity.navigations:
        raise Unsupported("deep inserts and updates")
    find_property(entity, name, actor)
    if isinstance(value, dict | list):
        raise FilterError(f"{name} is one value.")
    if isinstance(value, str) and "\0" in value:
        raise FilterError(f"{name} holds a NUL, which is no text.")


def as_changes(given: Mapping[str, Any], kind: type[T]) -> T:
    """Give the properties as a use case takes them. Raises `Problem` 422 with a pointer for what does not fit."""
    plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in given.items()}
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        raise _unfit([place.rstrip("`")], message) from None


def only_writable(given: Iterable[str], writable: Iterable[str]) -> None:
    """Raise `Problem` 422 for properties that nobody sets by hand."""
    fixed = sorted(set(given) - set(writable))
    if fixed:
        raise _unfit(fixed, "This cannot be set.")


def _unfit(names: Iterable[str], message: str) -> Problem:
    errors = [FieldError(pointer=f"/{name}", code="invalid", message=message) for name in names]
    return Problem(422, "Invalid content", message, errors=errors)


def differing(given: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is as it was: a client may send back all that it read."""
    return {name: value for name, value in given.items() if not _same(value, current[name])}


def _same(given: Any, known: Any) -> bool:
    if isinstance(given, bool) or isinstance(known, bool) or given is None or known is None:
        return given is known
    for kind, read in _READ.items():
        if isinstance(known, kind):
            try:
                return bool(read(str(given)) == known)
            except (ValueError, InvalidOperation):
                return False
    return False


# A datetime is a date as well, and so before it.
_READ: Mapping[type[Any], Callable[[str], Any]] = {
    Decimal: Decimal,
    int: Decimal,
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    str: str,
}
