"""Sockets that wait so long for a whole answer, and not for each byte of it.

A timeout of the system begins anew with every byte, so that a server which sends one now and then is waited for without
end. Next: clew_mail_intake.imap.session.PeekingClient.
"""

import socket
import ssl
import time
from typing import Any

# No answer that we ask for is larger than two megabytes.
_ANSWERS = 4


class Deadline:
    """When the answer that is awaited must have come, as often as something is sent."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begin(seconds)

    def begin(self, seconds: float | None = None) -> None:
        """Await an answer from now on, each part of it for `seconds` and the whole for a few times as long."""
        self._seconds = seconds or self._seconds
        self._at = time.monotonic() + self._seconds * _ANSWERS

    def bound(self, connection: socket.socket) -> None:
        """Let the next read of a socket that blocks wait no longer than is left. Raises `TimeoutError`."""
        if not connection.gettimeout():
            return
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        connection.settimeout(min(self._seconds, left))


class PatientSocket(socket.socket):
    deadline: Deadline

    def sendall(self, *args: Any) -> None:
        self.deadline.begin()
        return super().sendall(*args)

    def recv_into(self, *args: Any) -> int:
        self.deadline.bound(self)
        return super().recv_into(*args)


class PatientTlsSocket(ssl.SSLSocket):
    """The same behind TLS; made by a context whose `sslsocket_class` it is."""

    deadline: Deadline | None = None

    def sendall(self, *args: Any) -> None:
        if self.deadline:
            self.deadline.begin()
        return super().sendall(*args)

    def recv_into(self, *args: Any) -> int:
        if self.deadline:
            self.deadline.bound(self)
        return super().recv_into(*args)


def connect(host: str, port: int, connect_seconds: float, deadline: Deadline) -> PatientSocket:
    """Open a connection. Raises `OSError`."""
    plain = socket.create_connection((host, port), connect_seconds)
    connection = PatientSocket(plain.family, plain.type, plain.proto, plain.detach())
    connection.settimeout(connect_seconds)
    connection.deadline = deadline
    deadline.begin()
    return connection
