"""Ask a filter of one record, without a database.

Null behaves as OData 4.01 says (part 2, 5.1.1.1): equality knows it, order is false for it, everything else passes it
on. A value that a record has as text (as in JSON) is read as what it is compared with.
Next: clew_lifecycle.domain.odata_filter.compute.call.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any

from clew_lifecycle.domain.odata_filter.compute import call, compute, negative
from clew_lifecycle.domain.odata_filter.syntax import (
    Binary,
    Call,
    Constant,
    CountOf,
    Expression,
    In,
    Junction,
    Member,
    Quantified,
    Unary,
)
from clew_lifecycle.domain.odata_filter.values import align

_ORDERS = {"lt": lt, "le": le, "gt": gt, "ge": ge}
_COMPARISONS = frozenset({"eq", "ne", *_ORDERS})


def evaluate(expression: Expression, record: Mapping[str, Any], now: datetime | None = None) -> bool | None:
    """Say whether the record fulfils the filter; None is neither, and lets nothing through."""
    answer = _value(expression, record, now or datetime.now(UTC))
    return answer if isinstance(answer, bool) else None


def _value(  # noqa: PLR0911 - a case for each kind of part
    expression: Expression, record: Mapping[str, Any], now: datetime
) -> Any:
    match expression:
        case Constant(value):
            return value
        case Member(segments):
            return _look_up(segments, record)
        case Unary("not", operand):
            truth = _value(operand, record, now)
            return not truth if isinstance(truth, bool) else None
        case Unary(_, operand):
            return negative(_value(operand, record, now))
        case Binary(operator, left, right):
            one, other = align(_value(left, record, now), _value(right, record, now))
            return _compare(operator, one, other) if operator in _COMPARISONS else compute(operator, one, other)
        case Junction(operator, terms):
            return _join(operator, (_value(term, record, now) for term in terms))
        case In(operand, items):
            sought = _value(operand, record, now)
            return any(_compare("eq", *align(sought, item.value)) for item in items)
        case Call(name, arguments):
            return call(name, [_value(argument, record, now) for argument in arguments], now)
        case CountOf(collection):
            return len(_items(collection, record))
        case Quantified():
            return _quantify(expression, record, now)


def _look_up(segments: tuple[str, ...], record: Any) -> Any:
    for segment in segments:
        if not isinstance(record, Mapping):
            return None
        record = record.get(segment)
    return record


def _items(collection: Member, record: Mapping[str, Any]) -> list[Any] | tuple[Any, ...]:
    found = _look_up(collection.segments, record)
    return found if isinstance(found, list | tuple) else ()


def _quantify(asked: Quantified, record: Mapping[str, Any], now: datetime) -> bool:
    items = _items(asked.collection, record)
    if asked.predicate is None or asked.variable is None:
        return bool(items)
    predicate, variable = asked.predicate, asked.variable
    answers = (_value(predicate, {**record, variable: item}, now) is True for item in items)
    return any(answers) if asked.quantifier == "any" else all(answers)


def _join(operator: str, truths: Iterable[Any]) -> bool | None:
    deciding: bool = operator == "or"
    unknown = False
    for truth in truths:
        if truth is deciding:
            return operator == "or"
        unknown = unknown or not isinstance(truth, bool)
    return None if unknown else not deciding


def _compare(operator: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        both = left is None and right is None
        return not both if operator == "ne" else both and operator in ("eq", "le", "ge")
    if operator in ("eq", "ne"):
        same = isinstance(left, bool) == isinstance(right, bool) and left == right
        return bool(same) is (operator == "eq")
    try:
        return bool(_ORDERS[operator](left, right))
    except TypeError:
        return False
