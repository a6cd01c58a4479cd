"""Read a filter: one pass, no recursion, whatever is nested in it.

Follows the ABNF of OData 4.01 (rule boolCommonExpr): what it allows and we do not do is `Unsupported`, all else a
`FilterError`. Next: clew_lifecycle.domain.odata_filter.grow.Grove.
"""

from collections.abc import Callable
from typing import Any

from clew_lifecycle.domain.odata_filter.grow import PRECEDENCE, Frame, Grove, Grown
from clew_lifecycle.domain.odata_filter.read_tokens import Token, read_tokens
from clew_lifecycle.domain.odata_filter.rules import ARITIES, UNSUPPORTED_FUNCTIONS
from clew_lifecycle.domain.odata_filter.syntax import (
    Call,
    Constant,
    CountOf,
    Expression,
    FilterError,
    In,
    Member,
    Quantified,
    Unsupported,
)

LONGEST = 8192
LONGEST_PATH = 8
_MOST_LAMBDAS = 8
_MOST_KEYS = 10
_WORDS = {"true": Constant(True), "false": Constant(False), "null": Constant(None)}


def parse_filter(text: str) -> Expression:
    """Read what must be true. Raises `FilterError`, and `Unsupported` for what is right and not done."""
    [(expression, _)] = _Parser(text, orders=False).run()
    return expression


def parse_order(text: str) -> list[tuple[Expression, bool]]:
    """Read by what a list is ordered, and whether that goes down. Raises as `parse_filter` does."""
    return _Parser(text, orders=True).run()


class _Parser:
    """Reads in turns, each of which gives the next: an operand, or what may follow one."""

    def __init__(self, text: str, *, orders: bool) -> None:
        if len(text.encode(errors="replace")) > LONGEST:
            raise FilterError(f"More than {LONGEST} bytes.")
        self._tokens = read_tokens(text)
        self._at = 0
        self._orders = orders
        self._grove = Grove()
        self._refused: list[str] = []
        self._parts: list[tuple[Expression, bool]] = []

    def run(self) -> list[tuple[Expression, bool]]:
        turn: Callable[[], Any] | None = self._operand
        while turn is not None:
            turn = turn()
        # Only what is right as a whole is refused by the name of what we do not do.
        if self._refused:
            raise Unsupported(self._refused[0])
        if len(self._parts) > _MOST_KEYS:
            raise FilterError(f"More than {_MOST_KEYS} to order by.")
        return self._parts

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _stands(self, kind: str) -> bool:
        return self._next.kind == kind

    def _take(self, kind: str | None = None) -> Token:
        token = self._next
        if kind is not None and kind != token.kind:
            raise FilterError(f"Expected {kind!r}.", token.position)
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _operand(self) -> Callable[[], Any]:
        token = self._take()
        if token.kind == "literal":
            return self._put(self._constant(token))
        if token.kind == "word":
            return self._word(token)
        if token.kind == "(":
            self._grove.open(Frame("group", token.position))
        elif token.kind == "-":
            self._grove.prefix("-")
        else:
            raise FilterError("Something to look at is missing.", token.position)
        return self._operand

    def _put(self, expression: Expression) -> Callable[[], Any]:
        self._grove.push(expression)
        return self._after

    def _constant(self, token: Token) -> Constant:
        if token.feature == "JSON literals":
            raise Unsupported(token.feature)
        if token.feature is not None:
            self._refused.append(token.feature)
        return Constant(token.value)

    def _word(self, token: Token) -> Callable[[], Any]:
        name, following = token.text.lower(), self._next
        if name == "not" and following.kind != "end" and (following.spaced or following.kind == "("):
            self._grove.prefix("not")
            return self._operand
        if following.kind == "(" and not following.spaced:
            return self._call(token)
        if name in _WORDS and following.kind != "/":
            return self._put(_WORDS[name])
        return self._member(token)

    def _call(self, token: Token) -> Callable[[], Any]:
        name = token.text.lower()
        if name == "case":
            raise Unsupported("case()")
        if name in UNSUPPORTED_FUNCTIONS or "." in name:
            self._refused.append(UNSUPPORTED_FUNCTIONS.get(name, "custom functions"))
        elif name not in ARITIES:
            raise FilterError(f"There is no function {token.text}.", token.position)
        self._take("(")
        self._grove.open(Frame("call", token.position, name))
        return self._close if self._next.kind == ")" else self._operand

    def _member(self, token: Token) -> Callable[[], Any]:
        segments = [self._segment(token)]
        while self._next.kind == "/":
            slash = self._take()
            token = self._take("word")
            if slash.spaced or token.spaced:
                raise FilterError("A path has no white space.", slash.position)
            if token.text == "$count":
                return self._put(self._count(segments))
            if self._stands("(") and not self._next.spaced:
                return self._quantified(token, segments)
            segments.append(self._segment(token))
            if len(segments) > LONGEST_PATH:
                raise FilterError(f"A path of more than {LONGEST_PATH} names.", slash.position)
        return self._put(Member(_without_it(segments)))

    def _segment(self, token: Token) -> str:
        if token.text[0] == "@":
            self._refused.append("parameter aliases")
        elif token.text[0] == "$" and token.text != "$it":
            if token.text not in ("$root", "$this"):
                raise FilterError(f"{token.text} cannot stand here.", token.position)
            self._refused.append(token.text)
        elif "." in token.text:
            self._refused.append("type casts")
        return token.text

    def _count(self, segments: list[str]) -> Expression:
        if self._next.kind == "(":
            raise Unsupported("options of $count in an expression")
        return CountOf(Member(_without_it(segments)))

    def _quantified(self, token: Token, segments: list[str]) -> Callable[[], Any]:
        name = token.text.lower()
        if name not in ("any", "all"):
            raise Unsupported("keys and bound functions in an expression")
        self._take("(")
        frame = Frame("lambda", token.position, name, Member(_without_it(segments)))
        if self._next.kind == ")":
            if name == "all":
                raise FilterError("all needs a condition.", token.position)
            self._take()
            return self._put(Quantified("any", Member(_without_it(segments))))
        frame.variable = self._variable()
        self._grove.open(frame)
        return self._operand

    def _variable(self) -> str:
        token = self._take("word")
        known = self._grove.variables
        if not token.text.isidentifier() or token.text in known:
            raise FilterError(f"{token.text} cannot be a variable here.", token.position)
        if len(known) == _MOST_LAMBDAS:
            raise FilterError(f"More than {_MOST_LAMBDAS} conditions of collections in each other.", token.position)
        self._take(":")
        return token.text

    def _after(self) -> Callable[[], Any] | None:
        """Go on after an operand."""
        token = self._next
        if token.kind == ")":
            return self._close
        if token.kind == ",":
            return self._comma
        if token.kind == "end":
            return self._end
        if token.kind == "word" and self._orders and token.text.lower() in ("asc", "desc"):
            return self._direction
        return self._operator(self._take())

    def _operator(self, token: Token) -> Callable[[], Any]:
        name = token.text.lower()
        if token.kind != "word" or name not in PRECEDENCE or name == "not":
            raise FilterError("Expected an operator.", token.position)
        if not (token.spaced and self._next.spaced):
            raise FilterError(f"{token.text} needs white space on both sides.", token.position)
        if name == "in" and self._next.kind == "(":
            return self._list()
        if name in ("in", "has"):
            self._refused.append("has" if name == "has" else "in with a collection")
        self._grove.infix(name)
        return self._operand

    def _list(self) -> Callable[[], Any]:
        """`in` binds tightest: what it looks at is the operand just read."""
        self._take("(")
        items = [self._item()]
        while self._next.kind == ",":
            self._take()
            items.append(self._item())
        self._take(")")
        operand = self._grove.take()
        self._grove.push(In(operand[0], tuple(items)), operand)
        return self._after

    def _item(self) -> Constant:
        token = self._take()
        if token.kind == "literal":
            return self._constant(token)
        if token.kind == "word" and token.text.lower() in _WORDS:
            return _WORDS[token.text.lower()]
        if token.kind in ("word", "(", "-"):
            raise Unsupported("computed items of in")
        raise FilterError("Expected a value.", token.position)

    def _comma(self) -> Callable[[], Any]:
        token = self._take()
        if self._grove.frame.kind == "call":
            self._grove.frame.arguments.append(self._grove.finish())
        elif self._orders and self._grove.frame.kind == "whole":
            self._parts.append((self._grove.finish()[0], False))
        else:
            raise FilterError("A comma cannot stand here.", token.position)
        return self._operand

    def _direction(self) -> Callable[[], Any] | None:
        token = self._take()
        if self._grove.frame.kind != "whole" or not token.spaced or self._next.kind not in (",", "end"):
            raise FilterError(f"{token.text} cannot stand here.", token.position)
        self._parts.append((self._grove.finish()[0], token.text.lower() == "desc"))
        if self._take().kind == "end":
            return None
        return self._operand

    def _end(self) -> None:
        if self._grove.frame.kind != "whole":
            raise FilterError("A parenthesis is not closed.", self._grove.frame.position)
        self._parts.append((self._grove.finish()[0], False))

    def _close(self) -> Callable[[], Any]:
        token = self._take()
        frame = self._grove.frame
        if frame.kind == "whole":
            raise FilterError("A parenthesis too many.", token.position)
        last = [self._grove.finish()] if frame.operands else []
        self._grove.close()
        if frame.kind == "group":
            self._grove.give_back(last[0])
        elif frame.kind == "call":
            self._grove.push(self._called(frame, [*frame.arguments, *last]), *frame.arguments, *last)
        elif frame.kind == "lambda" and frame.collection is not None:
            quantified = Quantified(
                "any" if frame.name == "any" else "all", frame.collection, frame.variable, last[0][0]
            )
            self._grove.push(quantified, *last)
        return self._after

    def _called(self, frame: Frame, arguments: list[Grown]) -> Expression:
        if len(arguments) not in ARITIES.get(frame.name, {len(arguments)}):
            raise FilterError(f"{frame.name} takes another number of arguments.", frame.position)
        return Call(frame.name, tuple(expression for expression, _ in arguments))


def _without_it(segments: list[str]) -> tuple[str, ...]:
    """`$it` is where we stand anyway."""
    if segments == ["$it"]:
        raise Unsupported("$it alone")
    return tuple(segments[1:] if segments[0] == "$it" else segments)
