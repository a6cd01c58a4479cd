"""Find the one property without which a condition cannot be true.

Next: clew_lifecycle.store.compile_filter.compile_condition.
"""

from clew_lifecycle.domain.odata_filter.syntax import Binary, Call, Constant, Expression, In, Member, Unary

# These are never true of a null; the others of two of them, so that one side must be a value that is written there.
_OF_VALUES = frozenset({"lt", "gt"})
_OF_TWO_NULLS = frozenset({"eq", "le", "ge"})
_TRUTHS = frozenset({"contains", "startswith", "endswith"})


def hangs_on(condition: Expression) -> Member | None:
    """Give the property when there is but one and its being null keeps the condition from being true."""
    match condition:
        case Binary(operator, left, right) if operator in _OF_VALUES or (
            operator in _OF_TWO_NULLS and (isinstance(left, Constant) or isinstance(right, Constant))
        ):
            parts: tuple[Expression, ...] = (left, right)
        case Call(name, arguments) if name in _TRUTHS:
            parts = arguments
        case In(operand, items):
            parts = (operand, *items)
        case _:
            return None
    members = _members(parts)
    return members.pop() if members is not None and len(members) == 1 else None


def _members(parts: tuple[Expression, ...]) -> set[Member] | None:
    """Give the properties in what passes a null on; None when something in it does not."""
    found: set[Member] = set()
    waiting = list(parts)
    while waiting:
        match waiting.pop():
            case Constant(None):
                return None
            case Constant():
                pass
            case Member() as member:
                found.add(member)
            case Unary("-", operand):
                waiting.append(operand)
            case Binary(operator, left, right) if operator in ("add", "sub", "mul", "div", "divby", "mod"):
                waiting += (left, right)
            case Call(name, arguments) if name not in _TRUTHS:
                waiting += arguments
            case _:
                return None
    return found
