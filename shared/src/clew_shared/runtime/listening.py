"""A port that cannot be had is for the operator to mend, and says so. Next: clew_shared.runtime.cli.main."""

from collections.abc import Iterator
from contextlib import contextmanager

from clew_shared.runtime.settings import PREFIX, OperatorError


@contextmanager
def taking_port(port: int, setting: str) -> Iterator[None]:
    """Turn a refusal to listen on `port` into words that name the setting. Raises `OperatorError`."""
    try:
        yield
    except OSError as error:
        mend = f"set {PREFIX}{setting.upper()} to another, or to 0"
        raise OperatorError(f"cannot listen on port {port} ({error.strerror or error}); {mend}") from None
