"""Say in words what a field should have been, where a pattern is all that the decoder can tell."""

from typing import Any

import msgspec


def what_was_expected(message: str, kind: Any, field: str) -> str:
    """Give the description of that field of `kind` instead of its pattern; any other message as it is."""
    if "matching regex" not in message:
        return message
    known = {each.encode_name: each.type for each in getattr(msgspec.inspect.type_info(kind), "fields", ())}
    types = getattr(known.get(field), "types", (known.get(field),))
    found = (each.extra_json_schema for each in types if isinstance(each, msgspec.inspect.Metadata))
    description = next(((schema or {}).get("description") for schema in found), None)
    return f"Expected: {description.rstrip('.')}" if description else message
