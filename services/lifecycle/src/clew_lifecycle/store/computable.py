"""Tell a filter that cannot be computed from a database that failed. Next: clew_lifecycle.odata.read_entities."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from clew_lifecycle.domain.odata_filter.syntax import FilterError

# What a value cannot be: a time beyond all calendars, a number beyond all digits.
_DATA_EXCEPTION = "22"


@contextmanager
def computable() -> Iterator[None]:
    """Run a statement that has somebody's filter in it. Raises `FilterError` where the filter is what fails."""
    try:
        yield
    except RecursionError:
        # SQLAlchemy writes SQL by recursion, a function of ours being several of its own.
        raise FilterError("That is too deeply nested.") from None
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if not state.startswith(_DATA_EXCEPTION):
            raise
        raise FilterError("This cannot be computed over the data.") from None
