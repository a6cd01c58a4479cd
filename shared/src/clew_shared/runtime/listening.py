"""A port that cannot be had is for the operator to mend, and says so. Next: clew_shared.runtime.cli.main."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from clew_shared.runtime.settings import PREFIX, OperatorError


@contextmanager
def taking_port(port: int, setting: str, host_setting: str) -> Iterator[None]:
    """Turn a refusal to listen there into words that name the setting to change. Raises `OperatorError`."""
    try:
        yield
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            where = f"cannot listen there ({error.strerror or error})"
            mend = f"set {PREFIX}{host_setting.upper()} to an address of this machine"
            raise OperatorError(f"{where}; {mend}, or to 0.0.0.0 for all of them") from None
        mend = f"set {PREFIX}{setting.upper()} to another, or to 0"
        raise OperatorError(f"cannot listen on port {port} ({error.strerror or error}); {mend}") from None
