"""Ask an endpoint's filter whether it wants an event. Next: clew_lifecycle.domain.predicate.evaluate."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import structlog

from clew_lifecycle.domain.predicate import Expression, evaluate, parse_filter

log = structlog.get_logger()


def fulfils(text: str | None, record: Mapping[str, Any]) -> bool:
    """Say whether `record`, the data of an event and its `type`, is what the filter lets through."""
    try:
        return text is None or evaluate(_parsed(text), record) is True
    except Exception as error:  # noqa: BLE001 - whatever a stranger's filter computes, the others are told
        log.warning("webhooks.filter_failed", error=type(error).__name__)
        return False


@lru_cache(maxsize=512)
def _parsed(text: str) -> Expression:
    return parse_filter(text)
