"""Statements that take whole columns at once. Next: clew_lifecycle.store.flush.flush."""

from typing import Any

from sqlalchemy import ARRAY, TextClause, bindparam, text


def with_arrays(statement: str, **kinds: Any) -> TextClause:
    """Give a statement whose named parameters are arrays of these types: its text is the same for every batch."""
    # Without the dimension every element is looked at for being a list itself.
    arrays = (bindparam(name, type_=ARRAY(kind, dimensions=1)) for name, kind in kinds.items())
    return text(statement).bindparams(*arrays)
