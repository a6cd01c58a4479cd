"""A stand-in for an OAuth provider on loopback: gives tokens (RFC 6749 4.4, 6) and says whose they are (RFC 7662).

It refuses whatever a real one would, and keeps what it was asked.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

CLIENT_ID, CLIENT_SECRET = "the-client", "the-client-s-secret"


class TokenServer(ThreadingHTTPServer):
    """Tokens are for `user` and last for `lifetime` seconds; with `rotates`, a refresh token is good once.

    `is_out` has it refuse; `asked` are the requests for tokens that it granted.
    """

    daemon_threads = True

    def __init__(self, user: str, scope: str | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.user = user
        self.scope = scope
        self.lifetime: float = 3600
        self.rotates = False
        self.is_out = False
        self.refresh_token = "refresh-0"
        self.tokens: set[str] = set()
        self.asked: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator["TokenServer"]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()

    def grant(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.is_out:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS700082: The refresh token has expired."}
        if asked.get("client_id") != CLIENT_ID or asked.get("client_secret") != CLIENT_SECRET:
            return 401, {"error": "invalid_client"}
        if self.scope is not None and asked.get("scope") != self.scope:
            return 400, {"error": "invalid_request", "error_description": "AADSTS900144: scope"}
        if asked.get("grant_type") == "refresh_token":
            if asked.get("refresh_token") != self.refresh_token:
                return 400, {"error": "invalid_grant"}
        elif asked.get("grant_type") != "client_credentials" or "refresh_token" in asked:
            return 400, {"error": "unsupported_grant_type"}
        self.asked.append(asked)
        token = f"token-{len(self.asked)}"
        self.tokens.add(token)
        answer = {"token_type": "Bearer", "access_token": token, "expires_in": self.lifetime}
        if self.rotates:
            self.refresh_token = f"refresh-{len(self.asked)}"
            answer["refresh_token"] = self.refresh_token
        return 200, answer

    def introspect(self, token: str) -> tuple[int, dict[str, Any]]:
        if token not in self.tokens:
            return 200, {"active": False}
        return 200, {"active": True, "username": self.user}


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = {name: values[0] for name, values in parse_qs(body).items()}
        provider = cast("TokenServer", self.server)
        is_form = self.headers.get("Content-Type") == "application/x-www-form-urlencoded"
        if self.path != "/token" or not is_form:
            return self._say(404, {"error": "not_found"})
        return self._say(*provider.grant(asked))

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        self._say(*cast("TokenServer", self.server).introspect(asked.get("token", [""])[0]))

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name is theirs
        """Say nothing."""
