"""Write a tree as the text that reads as it. Next: clew_lifecycle.domain.odata_filter.parse.parse_filter."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from clew_lifecycle.domain.odata_filter.grow import PRECEDENCE
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
    Value,
)

_PRIMARY = 9


def write_filter(expression: Expression) -> str:  # noqa: PLR0911 - a case for each kind of part
    """Give the shortest text; no tree is deeper than the parser lets it become."""
    match expression:
        case Constant(value):
            return write_value(value)
        case Member(segments):
            return "/".join(segments)
        case Unary("not", operand):
            return f"not {_within(operand, PRECEDENCE['not'])}"
        case Unary(_, operand):
            return f"- {_within(operand, PRECEDENCE['-'])}"
        case Binary(operator, left, right):
            own = PRECEDENCE[operator]
            return f"{_within(left, own)} {operator} {_within(right, own + 1)}"
        case Junction(operator, terms):
            return f" {operator} ".join(_within(term, PRECEDENCE[operator] + 1) for term in terms)
        case In(operand, items):
            return f"{_within(operand, PRECEDENCE['in'])} in ({','.join(write_filter(item) for item in items)})"
        case Call(name, arguments):
            return f"{name}({','.join(write_filter(argument) for argument in arguments)})"
        case CountOf(collection):
            return f"{write_filter(collection)}/$count"
        case Quantified(quantifier, collection, variable, predicate):
            inside = f"{variable}:{write_filter(predicate)}" if predicate is not None else ""
            return f"{write_filter(collection)}/{quantifier}({inside})"


def write_value(value: Value) -> str:  # noqa: PLR0911 - a case for each kind of value
    """Write a literal (rule primitiveLiteral)."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Decimal():
            return _decimal(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return _duration(value)
        case _:
            return str(value)


def _within(expression: Expression, binding: int) -> str:
    text = write_filter(expression)
    return f"({text})" if _binding(expression) < binding else text


def _binding(expression: Expression) -> int:
    match expression:
        case Unary(operator, _) | Binary(operator, _, _) | Junction(operator, _):
            return PRECEDENCE[operator]
        case In():
            return PRECEDENCE["in"]
        case _:
            return _PRIMARY


def _decimal(value: Decimal) -> str:
    text = str(value)
    return text if "." in text or "E" in text else f"{text}.0"


def _duration(value: timedelta) -> str:
    sign, length = ("-", -value) if value < timedelta(0) else ("", value)
    fraction = f".{length.microseconds:06}" if length.microseconds else ""
    return f"duration'{sign}P{length.days}DT{length.seconds}{fraction}S'"
