"""Structured logs without addresses or tokens in the clear."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ADDRESS = re.compile(r"[\w.+%-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63})*)")
_SECRET_WORDS = ("token", "password", "secret", "authorization", "cookie", "sign_in")


def set_up_logs(level: str = "info", form: str = "auto") -> None:
    """Write logs to standard error: for people on a terminal, JSON lines elsewhere (`form` auto, text or json)."""
    form = form.lower()
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer()
    ending = [structlog.processors.format_exc_info, hide_persons, renderer]
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamp,
            *ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # What libraries have to say is read by the same programs, and may name people as well.
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, stamp],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])


def hide_persons(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave only the domain of an address and nothing of a secret."""
    for name, value in entry.items():
        entry[name] = "***" if any(word in name for word in _SECRET_WORDS) else _without_persons(value)
    return entry


def _without_persons(value: Any) -> Any:
    if isinstance(value, str):
        return _ADDRESS.sub(r"***@\1", value) if "@" in value else value
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_persons(one) for one in value]
    if isinstance(value, dict):
        return {name: _without_persons(one) for name, one in value.items()}
    return value
