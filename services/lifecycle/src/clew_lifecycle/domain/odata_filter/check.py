"""Find out before a filter is used whether it can be asked of such a record.

Next: clew_lifecycle.domain.odata_filter.evaluate.evaluate.
"""

from collections.abc import Mapping
from typing import TypeAlias

from clew_lifecycle.domain.odata_filter.rules import (
    Kind,
    kind_of,
    kind_of_call,
    kind_of_negative,
    kind_of_operation,
    want_boolean,
)
from clew_lifecycle.domain.odata_filter.syntax import (
    Binary,
    Call,
    Constant,
    CountOf,
    Expression,
    FilterError,
    In,
    Junction,
    Member,
    Quantified,
    Unary,
)

# What a record has: a kind by each name or path (`company/name`), and for a part or a collection what it, or each of
# its items, has. An item that is a value by itself has its kind at the name "".
Fields: TypeAlias = Mapping[str, "Kind | Fields"]


def check_filter(expression: Expression, fields: Fields) -> None:
    """Raise `FilterError` for a field that is not there, and for what its kind cannot be asked."""
    want_boolean(_kind(expression, fields, {}), "A filter")


def _kind(  # noqa: PLR0911, PLR0912 - a case for each kind of part
    expression: Expression, fields: Fields, variables: Mapping[str, Fields]
) -> Kind:
    match expression:
        case Constant(value):
            return kind_of(value)
        case Member(segments):
            return _kind_of_member(segments, fields, variables)
        case Unary(operator, operand):
            kind = _kind(operand, fields, variables)
            if operator == "-":
                return kind_of_negative(kind)
            want_boolean(kind, "not")
        case Binary(operator, left, right):
            return kind_of_operation(operator, _kind(left, fields, variables), _kind(right, fields, variables))
        case Junction(operator, terms):
            for term in terms:
                want_boolean(_kind(term, fields, variables), operator)
        case In(operand, items):
            kind = _kind(operand, fields, variables)
            for item in items:
                kind_of_operation("eq", kind, kind_of(item.value))
        case Call(name, arguments):
            return kind_of_call(name, [_kind(argument, fields, variables) for argument in arguments])
        case CountOf(collection):
            _items(collection, fields, variables)
            return "integer"
        case Quantified(_, collection, variable, predicate):
            inside = _items(collection, fields, variables)
            if variable is not None and predicate is not None:
                want_boolean(_kind(predicate, fields, {**variables, variable: inside}), "A condition of a collection")
    return "boolean"


def _kind_of_member(segments: tuple[str, ...], fields: Fields, variables: Mapping[str, Fields]) -> Kind:
    found = _find(segments, fields, variables)
    if not isinstance(found, str):
        raise FilterError(f"{'/'.join(segments)} is a collection, not a value.")
    return found


def _items(collection: Member, fields: Fields, variables: Mapping[str, Fields]) -> Fields:
    found = _find(collection.segments, fields, variables)
    if isinstance(found, str):
        raise FilterError(f"{'/'.join(collection.segments)} is no collection.")
    return found


def _find(segments: tuple[str, ...], fields: Fields, variables: Mapping[str, Fields]) -> "Kind | Fields":
    if segments[0] in variables:
        found = _walk(segments[1:] or ("",), variables[segments[0]])
    else:
        found = _walk(segments, fields)
    if found is None:
        raise FilterError(f"There is no {'/'.join(segments)}.")
    return found


def _walk(segments: tuple[str, ...], fields: Fields) -> "Kind | Fields | None":
    found: Kind | Fields | None = fields.get("/".join(segments))
    if found is None:
        found = fields
        for segment in segments:
            found = found.get(segment) if isinstance(found, Mapping) else None
    return found
