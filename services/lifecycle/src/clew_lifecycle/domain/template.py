"""Words with places for what is known of a deal: `Dear {contact/first_name}`.

Next: clew_lifecycle.messages.plan_messages.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from clew_lifecycle.domain.pointers import look_up

_PLACE = re.compile(r"\{([a-z_][a-z0-9_/]*)\}")


def places_in(words: str) -> list[str]:
    """List the pointers that a template has places for."""
    return [f"/{path}" for path in _PLACE.findall(words)]


def fill(words: str, record: Mapping[str, Any]) -> str:
    """Put the deal's values into their places; where nothing is known, nothing stands."""
    return _PLACE.sub(lambda place: _shown(look_up(record, place[1])), words)


def _shown(value: Any) -> str:
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item) for item in value)
    return str(value)
