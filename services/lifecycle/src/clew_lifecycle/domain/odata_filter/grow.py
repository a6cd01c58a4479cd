"""Put operands and operators together by precedence, without recursion.

Next: clew_lifecycle.domain.odata_filter.syntax.Junction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from clew_lifecycle.domain.odata_filter.syntax import (
    Binary,
    Constant,
    Expression,
    FilterError,
    Junction,
    Member,
    Unary,
)

MOST_NODES = 200
DEEPEST = 50

# OData 4.01 part 2, 5.1.1.17: what binds tighter has the larger number; `in` and `has` bind tightest.
PRECEDENCE: Mapping[str, int] = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("eq", "ne"), 3),
    **dict.fromkeys(("lt", "le", "gt", "ge"), 4),
    **dict.fromkeys(("add", "sub"), 5),
    **dict.fromkeys(("mul", "div", "divby", "mod"), 6),
    **dict.fromkeys(("not", "-"), 7),
    **dict.fromkeys(("in", "has"), 8),
}

# An expression and how deep it is.
Grown: TypeAlias = tuple[Expression, int]


@dataclass(slots=True)
class Frame:
    """What stands between two parentheses, or the whole; calls gather arguments, lambdas know their variable."""

    kind: Literal["whole", "group", "call", "lambda"]
    position: int
    name: str = ""
    collection: Member | None = None
    variable: str | None = None
    arguments: list[Grown] = field(default_factory=list)
    operands: list[Grown] = field(default_factory=list)
    operators: list[str] = field(default_factory=list)


class Grove:
    """The frames that are open, and how large everything in them has become."""

    def __init__(self) -> None:
        self._frames = [Frame("whole", 0)]
        self._nodes = 0

    @property
    def frame(self) -> Frame:
        return self._frames[-1]

    @property
    def variables(self) -> set[str]:
        return {frame.variable for frame in self._frames if frame.variable}

    def open(self, frame: Frame) -> None:
        self._frames.append(frame)

    def close(self) -> Frame:
        return self._frames.pop()

    def push(self, expression: Expression, *parts: Grown) -> None:
        """Put down an operand that is made of `parts`. Raises `FilterError` when all becomes too large."""
        self._nodes += 1
        depth = 1 + max((deep for _, deep in parts), default=0)
        if self._nodes > MOST_NODES:
            raise FilterError(f"More than {MOST_NODES} parts.")
        if depth > DEEPEST:
            raise FilterError(f"More than {DEEPEST} levels deep.")
        self.frame.operands.append((expression, depth))

    def give_back(self, grown: Grown) -> None:
        """Put down an operand that has been counted: parentheses add nothing."""
        self.frame.operands.append(grown)

    def take(self) -> Grown:
        return self.frame.operands.pop()

    def prefix(self, operator: str) -> None:
        self.frame.operators.append(operator)

    def infix(self, operator: str) -> None:
        """Put down an operator after an operand: what binds as tight or tighter is put together first."""
        self._reduce(PRECEDENCE[operator])
        self.frame.operators.append(operator)

    def finish(self) -> Grown:
        """Put together all of the frame, or what stands before its next comma."""
        self._reduce(0)
        return self.frame.operands.pop()

    def _reduce(self, until: int) -> None:
        operators = self.frame.operators
        while operators and PRECEDENCE[operators[-1]] >= until:
            self._apply(operators.pop())

    def _apply(self, operator: Any) -> None:
        right = self.take()
        if operator in ("not", "-"):
            self.push(Unary(operator, right[0]), right)
            return
        left = self.take()
        if operator in ("and", "or"):
            self._join(operator, left, right)
        elif operator in ("in", "has"):
            # It is refused once all has been read; until then anything may stand for it.
            self.push(Constant(None), left, right)
        else:
            self.push(Binary(operator, left[0], right[0]), left, right)

    def _join(self, operator: Literal["and", "or"], left: Grown, right: Grown) -> None:
        """Keep a long chain flat, so that it is no deeper than its deepest term."""
        terms: list[Expression] = []
        parts: list[Grown] = []
        for expression, depth in (left, right):
            same = isinstance(expression, Junction) and expression.operator == operator
            terms.extend(expression.terms if isinstance(expression, Junction) and same else (expression,))
            parts.append((expression, depth - 1 if same else depth))
            # A chain is one part, however many terms have joined it.
            self._nodes -= same
        self.push(Junction(operator, tuple(terms)), *parts)
