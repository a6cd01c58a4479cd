"""What a deal must fulfil before a transition takes it, in the language of filters.

Next: clew_lifecycle.domain.predicate.evaluate.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from clew_lifecycle.domain.predicate import Fields, Kind, check_filter, evaluate, parse_filter
from clew_lifecycle.store.attributes import AttributeView

_KINDS: Mapping[str, Kind] = {"number": "decimal", "date": "date", "bool": "boolean"}
_PERSON: Mapping[str, Kind] = dict.fromkeys(("name", "first_name", "last_name", "email", "phone"), "string")


def fields_of_a_deal(attributes: Iterable[AttributeView]) -> Fields:
    """Give what a guard can ask for: the paths are those of the pointers, without the first slash."""
    own: dict[str, dict[str, Fields | Kind]] = {"deal": {}, "contact": {}, "company": {}}
    for attribute in attributes:
        many: Fields = {"": "string"}
        own[attribute.entity][attribute.key] = (
            many if attribute.type == "multi" else _KINDS.get(attribute.type, "string")
        )
    line: dict[str, Kind] = {"product": "string", "quantity": "decimal", "unit_price": "decimal", "tax": "decimal"}
    words: dict[str, Kind] = dict.fromkeys(
        ("title", "description", "status", "currency", "pipeline", "stage", "step", "source", "owner"), "string"
    )
    company: dict[str, Kind] = dict.fromkeys(("name", "email", "phone", "domain", "company_type"), "string")
    return {
        **words,
        "amount": "decimal",
        "expected_close": "date",
        "opened_at": "datetime",
        "lines": line,
        "custom": own["deal"],
        "contact": {**_PERSON, "custom": own["contact"]},
        "company": {
            **company,
            "lifecycle_stage": "string",
            "is_person": "boolean",
            "order_count": "integer",
            "custom": own["company"],
        },
    }


def check_guard(text: str, fields: Fields) -> None:
    """Raise `FilterError` or `Unsupported` for a guard that cannot be asked of a deal."""
    check_filter(parse_filter(text), fields)


def lets_through(text: str, record: Mapping[str, Any]) -> bool:
    return evaluate(parse_filter(text), record) is True
