"""Read the tables of cases: what is said, and what comes of it."""

from dataclasses import dataclass
from pathlib import Path

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
from clew_lifecycle.domain.odata_filter.write import write_value


@dataclass(frozen=True, slots=True)
class Case:
    said: str
    status: int
    expected: str


def read_cases(name: str) -> list[Case]:
    return [_read(line) for line in _lines(name) if line and not line.startswith("#")]


def _lines(name: str) -> list[str]:
    return (Path(__file__).parent / "cases" / name).read_text().splitlines()


def _read(line: str) -> Case:
    said, arrow, expected = line.rpartition(" ==> ")
    if arrow:
        return Case(said, 200, expected)
    said, _, refusal = line.rpartition(" --> ")
    status, _, words = refusal.partition(" ")
    return Case(said, int(status), words)


def show(tree: Expression | None) -> str:  # noqa: PLR0911 - a case for each kind of part
    """Write a tree with a parenthesis for each of its parts, so that precedence can be seen."""
    match tree:
        case Constant(value):
            return write_value(value)
        case Member(segments):
            return "/".join(segments)
        case Unary(operator, operand):
            return f"({operator} {show(operand)})"
        case Binary(operator, left, right):
            return f"({operator} {show(left)} {show(right)})"
        case Junction(operator, terms):
            return f"({operator} {' '.join(map(show, terms))})"
        case In(operand, items):
            return f"(in {show(operand)} {' '.join(map(show, items))})"
        case Call(name, arguments):
            return f"({' '.join([name, *map(show, arguments)])})"
        case CountOf(collection):
            return f"(count {show(collection)})"
        case Quantified(quantifier, collection, variable, predicate):
            inside = f" {variable} {show(predicate)}" if predicate is not None else ""
            return f"({quantifier} {show(collection)}{inside})"
        case None:
            return ""
