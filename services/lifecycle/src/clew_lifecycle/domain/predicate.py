"""One language for what must be true of a record: filters of lists, guards, webhooks, bulk changes.

It is the `$filter` of OData 4.01: `status eq 'open' and amount gt 1000`. Parse it when it is said, check it against
the fields that there are, keep its text, and evaluate or compile it when it is asked.
Next: clew_lifecycle.store.compile_filter.compile_filter.
"""

from clew_lifecycle.domain.odata_filter.check import Fields, check_filter
from clew_lifecycle.domain.odata_filter.evaluate import evaluate
from clew_lifecycle.domain.odata_filter.parse import parse_filter
from clew_lifecycle.domain.odata_filter.rules import Kind
from clew_lifecycle.domain.odata_filter.syntax import Expression, FilterError, Unsupported
from clew_lifecycle.domain.odata_filter.write import write_filter

__all__ = [
    "Expression",
    "Fields",
    "FilterError",
    "Kind",
    "Unsupported",
    "check_filter",
    "evaluate",
    "parse_filter",
    "write_filter",
]
