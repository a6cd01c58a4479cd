"""Turn a filter into SQL that says the same of a row as `evaluate` says of a record.

Next: clew_lifecycle.store.compile_functions.compile_call.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from clew_shared.contracts.ids import utc_now
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    Interval,
    Numeric,
    Select,
    Text,
    Time,
    Uuid,
    and_,
    cast,
    collate,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)

from clew_lifecycle.domain.odata_filter.hangs_on import hangs_on
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
from clew_lifecycle.store.compile_functions import as_literal, compile_arithmetic, compile_call, compile_negative

Typed: TypeAlias = tuple[ColumnElement[Any], Kind]


class Scope(Protocol):
    """Where names are looked up; each method raises `FilterError` for a name that is not there."""

    def column(self, segments: tuple[str, ...]) -> Typed: ...

    def collection(self, segments: tuple[str, ...]) -> "Items": ...

    def leads(self, segments: tuple[str, ...]) -> "Leads | None":
        """Say where a value is looked up by a key; None for one that the row has itself."""
        ...


# The rows of a collection, what ties them to the row asked, and where the names of an item are looked up.
Items: TypeAlias = tuple[tuple[FromClause, ...], tuple[ColumnElement[bool], ...], Scope]
# The rows that a value stands in, what ties them to the row asked, and the value there.
Leads: TypeAlias = tuple[tuple[FromClause, ...], tuple[ColumnElement[bool], ...], Typed]


def compile_filter(expression: Expression, columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    """Say in SQL what must be true; `columns` are by path, such as `company/name`.

    Raises `FilterError` for a path that is not among them and for what its kind cannot be asked.
    """
    return compile_condition(expression, _Columns(columns))


def compile_condition(expression: Expression, scope: Scope) -> ColumnElement[bool]:
    return _Compiler(scope, utc_now()).condition(expression)


def compile_value(expression: Expression, scope: Scope) -> Typed:
    """Say in SQL what a list is ordered by."""
    return _Compiler(scope, utc_now()).value(expression)


class _Columns:
    def __init__(self, columns: Mapping[str, ColumnElement[Any]]) -> None:
        self._columns = columns

    def column(self, segments: tuple[str, ...]) -> Typed:
        found = self._columns.get("/".join(segments))
        if found is None:
            raise FilterError(f"There is no {'/'.join(segments)}.")
        return found, kind_of_column(found)

    def collection(self, segments: tuple[str, ...]) -> Items:
        raise FilterError(f"{'/'.join(segments)} is no collection.")

    def leads(self, _: tuple[str, ...]) -> Leads | None:
        return None


def kind_of_column(column: ColumnElement[Any]) -> Kind:
    """Give the kind of a column by its type; what has none of ours is no value that can be asked about."""
    kinds: tuple[tuple[type[Any], Kind], ...] = (
        *((Boolean, "boolean"), (Integer, "integer"), (Numeric, "decimal"), (Text, "string"), (Uuid, "guid")),
        *((DateTime, "datetime"), (Date, "date"), (Time, "time"), (Interval, "duration")),
    )
    for kind_type, kind in kinds:
        if isinstance(column.type, kind_type):
            return kind
    raise TypeError(f"{column} is of no kind that a filter knows")


class _Compiler:
    def __init__(
        self,
        scope: Scope,
        now: datetime,
        variables: Mapping[str, Scope] | None = None,
        found: Mapping[Member, Typed] | None = None,
    ) -> None:
        self._scope = scope
        self._now = now
        self._variables = variables or {}
        self._found = found or {}

    def condition(self, expression: Expression) -> ColumnElement[bool]:
        return self._truth(expression, "A filter", exact=False)

    def _truth(self, expression: Expression, whose: str, *, exact: bool) -> ColumnElement[bool]:
        """Compile what is true or false.

        Unless it must be `exact`, an unknown may stand for false, which lets an index answer; below a `not` it may
        not.
        """
        if not exact and (found_there := self._look_up(expression)) is not None:
            return found_there
        match expression:
            case Junction("and", terms):
                return and_(*(self._truth(term, "and", exact=exact) for term in terms))
            case Junction(_, terms):
                return or_(*(self._truth(term, "or", exact=exact) for term in terms))
            case Binary("eq" | "ne" | "lt" | "le" | "gt" | "ge"):
                return self._comparison(expression, exact=exact)
            case In():
                return self._in(expression, exact=exact)
        found, kind = self.value(expression)
        want_boolean(kind, whose)
        return cast(null(), Boolean) if kind == "null" else found

    def value(self, expression: Expression) -> Typed:  # noqa: PLR0911 - a case for each kind of part
        match expression:
            case Constant(value):
                return as_literal(value), kind_of(value)
            case Member(segments):
                scope, rest = self._of(segments)
                return self._found.get(expression) or scope.column(rest)
            case Unary("-", operand):
                found, kind = self.value(operand)
                return compile_negative(found, kind_of_negative(kind)), kind
            case Unary(_, operand):
                # The cast is its parentheses: without them a NOT would reach beyond an IS DISTINCT after it.
                return cast(not_(self._truth(operand, "not", exact=True)), Boolean), "boolean"
            case Binary(operator, left, right) if operator in ("add", "sub", "mul", "div", "divby", "mod"):
                return self._arithmetic(operator, self.value(left), self.value(right))
            case Call(name, arguments):
                return self._call(name, [self.value(argument) for argument in arguments])
            case CountOf(collection):
                return self._items(collection, func.count())[0].scalar_subquery(), "integer"
            case Quantified():
                return self._quantified(expression), "boolean"
        return cast(self._truth(expression, "A condition", exact=True), Boolean), "boolean"

    def _of(self, segments: tuple[str, ...]) -> tuple[Scope, tuple[str, ...]]:
        if segments[0] in self._variables:
            return self._variables[segments[0]], segments[1:]
        return self._scope, segments

    def _look_up(self, expression: Expression) -> ColumnElement[bool] | None:
        """Ask where a key leads whether it is so there: an index there then finds the rows here."""
        member = hangs_on(expression)
        if member is None or member in self._found:
            return None
        scope, rest = self._of(member.segments)
        leads = scope.leads(rest)
        if leads is None:
            return None
        rows, tie, value = leads
        there = _Compiler(self._scope, self._now, self._variables, {member: value})
        condition = there._truth(expression, "A condition", exact=False)
        return select(literal(1)).select_from(*rows).where(*tie, condition).correlate_except(*rows).exists()

    def _arithmetic(self, operator: str, left: Typed, right: Typed) -> Typed:
        kind = kind_of_operation(operator, left[1], right[1])
        if "null" in (left[1], right[1]):
            return null(), "null"
        return compile_arithmetic(operator, left, right, kind), kind

    def _call(self, name: str, arguments: list[Typed]) -> Typed:
        kinds = [kind for _, kind in arguments]
        kind = kind_of_call(name, kinds)
        if "null" in kinds:
            return null(), "null"
        return compile_call(name, [column for column, _ in arguments], kinds, self._now), kind

    def _comparison(self, compared: Binary, *, exact: bool) -> ColumnElement[bool]:
        operator = compared.operator
        (left, left_kind), (right, right_kind) = self.value(compared.left), self.value(compared.right)
        kind_of_operation(operator, left_kind, right_kind)
        if "null" in (left_kind, right_kind):
            return _compare_with_null(operator, left if right_kind == "null" else right, left_kind == right_kind)
        if operator == "ne":
            return left.is_distinct_from(right)
        known = any(isinstance(side, Constant) for side in (compared.left, compared.right))
        if operator == "eq":
            if not known:
                return left.is_not_distinct_from(right)
            return _settle(left == right, exact=exact)
        if left_kind == "string":
            # By code points, as everybody compares them; a locale's order differs from machine to machine.
            left, right = collate(left, "C"), collate(right, "C")
        found = _settle(_ORDERS[operator](left, right), exact=exact)
        return or_(found, and_(left.is_(None), right.is_(None))) if operator in ("le", "ge") and not known else found

    def _in(self, sought: In, *, exact: bool) -> ColumnElement[bool]:
        operand, kind = self.value(sought.operand)
        for item in sought.items:
            kind_of_operation("eq", kind, kind_of(item.value))
        has_null = any(item.value is None for item in sought.items)
        if kind == "null":
            return true() if has_null else false()
        values = [as_literal(item.value) for item in sought.items if item.value is not None]
        if not values:
            return operand.is_(None)
        # The operand is written once: what is nested in it may be nested again.
        found = operand.in_(values)
        return func.coalesce(found, true()) if has_null else _settle(found, exact=exact)

    def _items(self, collection: Member, *columns: ColumnElement[Any]) -> tuple[Select[Any], Scope]:
        scope, rest = self._of(collection.segments)
        rows, tie, inside = scope.collection(rest)
        return select(*columns).select_from(*rows).where(*tie).correlate_except(*rows), inside

    def _quantified(self, asked: Quantified) -> ColumnElement[bool]:
        query, inside = self._items(asked.collection, literal(1))
        if asked.predicate is None or asked.variable is None:
            return query.exists()
        nested = _Compiler(self._scope, self._now, {**self._variables, asked.variable: inside})
        every = asked.quantifier == "all"
        condition = nested._truth(asked.predicate, "A condition of a collection", exact=every)
        if not every:
            return query.where(condition).exists()
        return not_(query.where(condition.is_not(true())).exists())


_ORDERS = {
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


def _settle(condition: ColumnElement[bool], *, exact: bool) -> ColumnElement[bool]:
    """Have a comparison with a null be false and not unknown."""
    return func.coalesce(condition, false()) if exact else condition


def _compare_with_null(operator: str, other: ColumnElement[Any], both: bool) -> ColumnElement[bool]:
    if operator in ("lt", "gt"):
        return false()
    if both:
        return false() if operator == "ne" else true()
    return other.is_not(None) if operator == "ne" else other.is_(None)
