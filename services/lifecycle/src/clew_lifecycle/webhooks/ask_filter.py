"""Ask an endpoint's filter whether it wants an event. Next: clew_lifecycle.domain.predicate.evaluate."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from clew_lifecycle.domain.predicate import Expression, evaluate, parse_filter


def fulfils(text: str | None, record: Mapping[str, Any]) -> bool:
    """Say whether `record`, the data of an event and its `type`, is what the filter lets through."""
    return text is None or evaluate(_parsed(text), record) is True


@lru_cache(maxsize=512)
def _parsed(text: str) -> Expression:
    return parse_filter(text)
