"""An IMAP server that misbehaves on demand and speaks the real protocol (RFC 3501) as far as our client asks."""

import contextlib
import re
import socket
import socketserver
import threading
from base64 import b64decode
from collections.abc import Iterator
from typing import cast

_FETCH = re.compile(r"UID FETCH ([\d,:]+) \((.*)\)")


class OddServer(socketserver.ThreadingTCPServer):
    """`mails` by UID; those in `refused` get a NO and only their header is given, those in `deadly` end the connection
    when their body is asked for, those in `withheld` are left out of the answer without a word.

    Those in `expunged` are found by a search and gone when they are fetched. `arrives_with_idle` comes in the same
    packet as the answer to IDLE, `arrives_after_search` when a search has looked and not answered yet,
    `arrives_with_noop` when there is a NOOP. With `says_goodbye` each IDLE ends with a BYE, with `lost_once` the
    session is lost at the first mail, as Microsoft 365 loses them. Commands that match `refuses` get a NO, those that
    match `hangs_up` end the connection. `marked` got a flag.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, mails: dict[int, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails = mails
        self.expunged: set[int] = set()
        self.refused: set[int] = set()
        self.withheld: set[int] = set()
        self.deadly: set[int] = set()
        self.arrives_with_idle: dict[int, bytes] = {}
        self.arrives_after_search: dict[int, bytes] = {}
        self.arrives_with_noop: dict[int, bytes] = {}
        self.lost_once = False
        self.refuses = "^$"
        self.hangs_up = "^$"
        self.says_goodbye = False
        self.tokens: set[str] = set()
        self.connections = 0
        self.asked: list[str] = []
        self.marked: set[int] = set()
        self.idling: list[socket.socket] = []

    def end_sessions(self) -> None:
        """Say goodbye to all who are in IDLE."""
        idling, self.idling = self.idling, []
        for connection in idling:
            # Whoever ended it first is gone already.
            with contextlib.suppress(OSError):
                connection.sendall(b"* BYE Session expired, please login again.\r\n")
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @contextlib.contextmanager
    def running(self) -> Iterator["OddServer"]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class _Talk(socketserver.StreamRequestHandler):
    @property
    def odd(self) -> OddServer:
        return cast("OddServer", self.server)

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.odd.connections += 1
            self.say("* OK ready")
            while line := self.rfile.readline().decode().rstrip("\r\n"):
                tag, _, command = line.partition(" ")
                self.odd.asked.append(command)
                if re.search(self.odd.hangs_up, command):
                    return
                if re.search(self.odd.refuses, command):
                    self.say(f"{tag} NO [NOPERM] not for you")
                    continue
                if command.startswith("UID STORE"):
                    self.odd.marked.update(_uids(command.split()[2], self.odd.mails))
                if not self.answer(tag, command):
                    return

    def say(self, line: str | bytes) -> None:
        self.wfile.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def answer(self, tag: str, command: str) -> bool:
        word = command.split(" ", maxsplit=1)[0].upper()
        fetch = _FETCH.match(command)
        if fetch:
            if self.odd.lost_once and "BODY.PEEK[" in command:
                self.odd.lost_once = False
                self.say(f"{tag} BAD User is authenticated but not connected.")
                return True
            return self.fetch(tag, _uids(fetch[1], self.odd.mails), fetch[2])
        if command.startswith("UID SEARCH"):
            found = _uids(command.rpartition("UID ")[2], self.odd.mails)
            self.say("* SEARCH " + " ".join(map(str, found)))
            if self.odd.arrives_after_search:
                self.odd.mails |= self.odd.arrives_after_search
                self.odd.arrives_after_search.clear()
                self.say(f"* {len(self.odd.mails)} EXISTS")
        elif word == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1 IDLE UIDPLUS AUTH=XOAUTH2")
        elif word == "AUTHENTICATE" and not self.knows_token(tag):
            return True
        elif word in ("SELECT", "EXAMINE", "NOOP"):
            if word == "NOOP":
                self.odd.mails |= self.odd.arrives_with_noop
            self.say(f"* {len(self.odd.mails)} EXISTS")
            if word != "NOOP":
                self.say("* OK [UIDVALIDITY 7] it")
        elif word == "IDLE":
            return self.idle(tag)
        elif word == "LOGOUT":
            self.say("* BYE")
        self.say(f"{tag} OK done")
        return word != "LOGOUT"

    def knows_token(self, tag: str) -> bool:
        self.say("+ ")
        said = b64decode(self.rfile.readline()).decode()
        if said.split("auth=Bearer ")[1].rstrip("\1") in self.odd.tokens:
            return True
        self.say(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)")
        return False

    def fetch(self, tag: str, uids: list[int], items: str) -> bool:
        wants_body = "BODY.PEEK[" in items
        if wants_body and self.odd.deadly & set(uids):
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        wants_header = "HEADER" in items
        if wants_body and not wants_header and self.odd.refused & set(uids):
            self.say(f"{tag} NO cannot read it")
            return True
        for number, uid in enumerate(uids, 1):
            if uid in self.odd.expunged and (wants_body or uid % 2):
                # The size of the even ones was told, and then they went.
                self.odd.expunged.discard(uid)
                del self.odd.mails[uid]
                continue
            if uid in self.odd.withheld and wants_body:
                continue
            mail = self.odd.mails[uid]
            if wants_body:
                name = "BODY[HEADER]" if wants_header else "BODY[]"
                mail = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if wants_header else mail
                self.say(f"* {number} FETCH (UID {uid} {name} {{{len(mail)}}}".encode() + b"\r\n" + mail + b")")
            else:
                self.say(f"* {number} FETCH (UID {uid} RFC822.SIZE {len(mail)})")
        self.say(f"{tag} OK done")
        return True

    def idle(self, tag: str) -> bool:
        arrived = dict(self.odd.arrives_with_idle)
        self.odd.arrives_with_idle.clear()
        self.odd.mails |= arrived
        # One packet: the answer and what it makes obsolete.
        self.wfile.write(b"+ idling\r\n" + (f"* {len(self.odd.mails)} EXISTS\r\n".encode() if arrived else b""))
        if self.odd.says_goodbye:
            self.say("* BYE we close for today")
            return False
        self.odd.idling.append(self.connection)
        done = self.rfile.readline()
        with contextlib.suppress(ValueError):
            self.odd.idling.remove(self.connection)
        self.say(f"{tag} OK done")
        return bool(done)


def _uids(text: str, there: dict[int, bytes]) -> list[int]:
    wanted: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        # A range has no order, and "*" is the last one that is there (RFC 3501 6.4.8).
        ends = [max(there, default=0) if end == "*" else int(end) for end in (first, last or first)]
        wanted += range(min(ends), max(ends) + 1)
    return [uid for uid in wanted if uid in there]
