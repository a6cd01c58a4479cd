"""A line between a client and a server, which may go silent or slow without either noticing."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Literal

_BYTE_SECONDS = 0.2


class TcpProxy:
    """Passes on what is said. While `way` is "lose", what the server says gets lost and the connection stays; while it
    is "trickle", it comes byte by byte, for ever before any timeout of a single read.
    """

    def __init__(self, port: int) -> None:
        self.way: Literal["pass", "lose", "trickle"] = "pass"
        self._server = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @contextlib.contextmanager
    def running(self) -> Iterator["TcpProxy"]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            for one in (self._listening, *self._open):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._open += [client, server]
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while said := source.recv(65_536):
                if not is_answer or self.way == "pass":
                    target.sendall(said)
                elif self.way == "trickle":
                    self._trickle(said, target)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _trickle(self, said: bytes, target: socket.socket) -> None:
        for number in range(len(said)):
            if self.way == "pass":
                target.sendall(said[number:])
                return
            target.sendall(said[number : number + 1])
            time.sleep(_BYTE_SECONDS)
