"""A signed-in connection with its folder selected. Next: clew_mail_intake.imap.take_new.take_new."""

import contextlib
import re
import socket
import ssl
from dataclasses import dataclass
from imaplib import IMAP4
from typing import Any

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]

from clew_mail_intake.imap.certificates import certified
from clew_mail_intake.imap.patient_socket import Deadline, connect
from clew_mail_intake.imap.sign_in import SignIn
from clew_mail_intake.mailboxes import MailboxPlace

# What a server, the network or the reading of an answer can raise; anything else is a fault of ours.
IMAP_ERRORS = (IMAP4.error, OSError, ValueError)

_CONNECT_SECONDS = 15.0
# What imaplib and the operating system put around the words.
_BYTES = re.compile(r"""\[?\bb(['"])(.*)\1\]?""", re.DOTALL)
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}


class OnlyReadable(IMAP4.error):
    """The folder can be opened to read in it alone, and the settings want more."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a server is left in IDLE, and how long it may take to answer, in seconds."""

    idle: float = 240.0
    answer: float = 30.0


class _Connection(IMAP4):
    """imaplib's, on a patient socket; encrypted from its first byte with a `context`."""

    def __init__(self, host: str, port: int, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        self._deadline = deadline
        self._context = context
        super().__init__(host, port)

    def login(self, user: str, password: str) -> tuple[Any, list[Any]]:
        """Sign in with both quoted and in UTF-8; imaplib quotes the password alone, and knows ASCII alone."""
        self._encoding = "utf-8"
        return super().login(self._quote(user), password)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        connection = connect(self.host, self.port, timeout or _CONNECT_SECONDS, self._deadline)
        if self._context is None:
            return connection
        encrypted = self._context.wrap_socket(connection, server_hostname=self.host)
        encrypted.deadline = self._deadline  # type: ignore[attr-defined]  # the context makes ours
        return encrypted


class PeekingClient(IMAPClient):  # type: ignore[misc]  # it has no types
    """An IMAPClient that looks at what it was told already before it waits on the socket.

    A server that answers IDLE and names a new mail in one packet would otherwise have told it to nobody: the line
    lies in the buffer, and the socket stays silent. So would one that names it at the end of a search that had not
    found it. And it waits for a whole answer only so long, however its bytes trickle.
    """

    def __init__(self, place: MailboxPlace, patience: Patience) -> None:
        self._deadline = Deadline(patience.answer)
        self._context = None if place.tls == "none" else certified(place)
        timeout = SocketTimeout(connect=_CONNECT_SECONDS, read=patience.answer)
        super().__init__(place.host, place.port, True, place.tls == "tls", ssl_context=self._context, timeout=timeout)
        # Aware times, not the server's translated into ours.
        self.normalise_times = False

    def encrypt(self) -> None:
        """Go on in TLS."""
        self.starttls(self._context)
        self.socket().deadline = self._deadline

    def _create_IMAP4(self) -> IMAP4:  # noqa: N802 - imapclient calls it so
        return _Connection(self.host, self.port, self._deadline, self._context if self.ssl else None)

    def take_news(self) -> bool:
        """Tell whether mails were announced by the answers to commands since this was last asked."""
        return bool(self._imap.response("EXISTS")[1] != [None])

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> Any:
        with contextlib.suppress(OSError):
            # The socket does not block here, so that this only ever finds what has come already.
            if self._imap.file.peek(1):
                return [sock]
        return super()._poll_socket(sock, timeout)


@dataclass(slots=True)
class Session:
    """`uidvalidity` says whether the UIDs are those that we know, `uidnext` where they end for now.

    `mails` is how many there were when the folder was selected. `ends_at` is when the sign-in is no longer good, on the
    monotonic clock.
    """

    client: PeekingClient
    uidvalidity: int
    uidnext: int
    mails: int
    patience: Patience
    ends_at: float

    def has(self, capability: str) -> bool:
        return bool(self.client.has_capability(capability))

    def interrupt(self) -> None:
        """Wake whoever waits on the connection, from another thread; the connection is dead then."""
        with contextlib.suppress(OSError):
            self.client.socket().shutdown(socket.SHUT_RDWR)


def open_session(place: MailboxPlace, sign_in: SignIn, patience: Patience) -> Session:
    """Connect, sign in and select the folder. Raises one of `IMAP_ERRORS`, among them `OnlyReadable`."""
    client = PeekingClient(place, patience)
    try:
        _keep_alive(client.socket())
        if place.tls == "starttls":
            client.encrypt()
        ends_at = sign_in(client)
        # Only to look needs fewer rights than to mark.
        selected = client.select_folder(place.folder, readonly=place.after == "keep")
        uidvalidity, uidnext = int(selected[b"UIDVALIDITY"]), int(selected.get(b"UIDNEXT", 0))
        return Session(client, uidvalidity, uidnext, int(selected.get(b"EXISTS", 0)), patience, ends_at)
    except KeyError:
        close_session(client)
        raise IMAP4.error("the server gives this folder no UIDVALIDITY") from None
    except IMAP4.readonly:
        close_session(client)
        raise OnlyReadable("the mails of this folder can be read, and not be marked or moved") from None
    except BaseException:
        close_session(client)
        raise


def is_lost(error: BaseException) -> bool:
    """Tell whether the server has lost the session behind a connection that still stands, as Microsoft 365 does."""
    return "authenticated but not connected" in str(error).lower()


def words_of(error: BaseException) -> str:
    """Give what a server or the network said, without the marks of the program between."""
    said = _NUMBER.sub("", str(error).strip()) or type(error).__name__
    return _BYTES.sub(r"\2", said)


def words_of_refusal(error: BaseException) -> str:
    """Give what the server said; raises the error where it is no refusal, as the connection is gone."""
    if is_lost(error):
        raise IMAP4.abort(str(error)) from None
    if isinstance(error, (IMAP4.abort, OSError)):
        raise error
    return words_of(error)


def close_session(client: IMAPClient) -> None:
    """Hang up, without waiting for a server that may not answer."""
    with contextlib.suppress(*IMAP_ERRORS):
        client.shutdown()


def _keep_alive(connection: socket.socket) -> None:
    """Have the kernel notice a peer that is gone without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
