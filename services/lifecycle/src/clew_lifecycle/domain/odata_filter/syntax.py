"""What a filter is made of once it is read. Next: clew_lifecycle.domain.odata_filter.evaluate.evaluate."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

Value: TypeAlias = bool | int | Decimal | str | UUID | date | datetime | time | timedelta | None
Operator: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "mul", "div", "divby", "mod"]


class FilterError(Exception):
    """A filter says nothing that can be understood; `position` counts characters from 0, None when it has no place."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"{message} (at character {position + 1})")
        self.message = message
        self.position = position


class Unsupported(Exception):
    """The language allows it and we do not do it; `feature` is its name."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"Not supported: {feature}.")
        self.feature = feature


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value


@dataclass(frozen=True, slots=True)
class Member:
    """A property, or one of what a property leads to: `("company", "name")`; the first may be a lambda's variable."""

    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    operator: Literal["not", "-"]
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    operator: Operator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Junction:
    """Two or more terms, none of them a junction of the same kind."""

    operator: Literal["and", "or"]
    terms: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class In:
    operand: "Expression"
    items: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in function, its name in lower case."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class CountOf:
    """How many a collection has: `Deals/$count`."""

    collection: Member


@dataclass(frozen=True, slots=True)
class Quantified:
    """`Deals/any(d:d/amount gt 5)`; without a predicate it asks whether there is any."""

    quantifier: Literal["any", "all"]
    collection: Member
    variable: str | None = None
    predicate: "Expression | None" = None


Expression: TypeAlias = Constant | Member | Unary | Binary | Junction | In | Call | CountOf | Quantified
