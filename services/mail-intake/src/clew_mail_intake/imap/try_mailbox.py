"""Try whether a mailbox can be read as the settings say, and say in words what is wrong and who can mend it.

Next: clew_mail_intake.imap.session.open_session.
"""

import asyncio
import socket
import ssl
from dataclasses import replace

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.seal import Seal
from imapclient import IMAPClient  # type: ignore[import-untyped]

from clew_mail_intake.imap.get_token import NoToken
from clew_mail_intake.imap.session import (
    IMAP_ERRORS,
    OnlyReadable,
    Patience,
    Session,
    close_session,
    open_session,
    words_of,
)
from clew_mail_intake.imap.sign_in import SignIn, TokenRefused, way_in
from clew_mail_intake.mailboxes import Health, Mailbox, MailboxPlace

_PATIENCE = Patience(answer=8.0)
_MOST_FOLDERS = 12
_YOU = "You can mend this here."
_PROVIDER = "Whoever runs the mail server can mend this."
_ADMIN = "An administrator of your Microsoft 365 or Google account can mend this."


# By what went wrong, the narrower kind of error first: what it means and who can mend it.
_UNCONNECTED: tuple[tuple[type[BaseException], str, str], ...] = (
    (socket.gaierror, "There is no server called {host}.", f"Is the name right? {_YOU}"),
    (
        ssl.SSLCertVerificationError,
        "The certificate of {host} is not to be trusted: {said}.",
        f"{_PROVIDER} Has it an authority of its own? Its certificate belongs below “Authority of your own”.",
    ),
    (
        ssl.SSLError,
        "{host}, port {port} does not speak TLS.",
        f"Another port or another encryption may be right. {_YOU}",
    ),
    (ConnectionRefusedError, "Nothing listens at {host}, port {port}.", f"Is the port right? {_YOU} Else: {_PROVIDER}"),
    (
        TimeoutError,
        "{host}, port {port} does not answer.",
        "Whoever runs your network or the mail server can mend this.",
    ),
    (OSError, "{host}, port {port} cannot be reached: {said}.", _PROVIDER),
)
_NO_MAIL_SERVER = (
    "{host}, port {port} does not talk as a mail server does: {said}",
    f"Another port or another encryption may be right. {_YOU}",
)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial came to: `message` says it, `who` says who can mend it where it failed, by `field` where one may."""

    works: bool
    message: str
    who: str = ""
    field: str = ""


class _Watched:
    """Signs in, and remembers how far it came."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self.connected = self.signed_in = False

    def __call__(self, client: IMAPClient) -> float:
        self.connected = True
        until = self._sign_in(client)
        self.signed_in = True
        return until


async def try_mailbox(place: MailboxPlace, sign_in: SignIn) -> Trial:
    """Connect, sign in and open the folder; nothing is read and nothing changed."""
    return await asyncio.to_thread(_try, place, sign_in)


async def try_place(place: MailboxPlace, credentials: Seal) -> Trial:
    """Try settings that nobody has kept yet; a refresh token that is changed meanwhile is not ours to keep."""
    stranger = Mailbox(new_id(), place, Health(state="connecting"))
    return await try_mailbox(place, way_in(stranger, credentials, lambda _: None))


def _try(place: MailboxPlace, sign_in: SignIn) -> Trial:
    watched = _Watched(sign_in)
    try:
        session = open_session(place, watched, _PATIENCE)
    except IMAP_ERRORS as error:
        return _say(place, sign_in, watched, error)
    try:
        return _welcome(place, session)
    except IMAP_ERRORS as error:
        message = f"The folder can be opened, and then the server says: {words_of(error)}"
        return Trial(works=False, message=message, who=_PROVIDER)
    finally:
        close_session(session.client)


def _welcome(place: MailboxPlace, session: Session) -> Trial:
    mails = f"{session.mails} mail{'' if session.mails == 1 else 's'}"
    message = f"It works: “{place.folder}” can be read, with {mails} in it."
    if place.after == "move" and place.move_to and not session.client.folder_exists(place.move_to):
        message += f" The folder “{place.move_to}” is not there yet; it is made when it is needed."
    return Trial(works=True, message=message)


def _say(place: MailboxPlace, sign_in: SignIn, reached: _Watched, error: BaseException) -> Trial:
    if isinstance(error, OnlyReadable):
        message = f"The mails in “{place.folder}” can be read, and not be marked or moved."
        return Trial(works=False, message=message, who=f"Leave them as they are. {_YOU}")
    if reached.signed_in:
        return _no_folder(place, sign_in, error)
    message, who = _why_not_signed_in(place, error) if reached.connected else _why_not_connected(place, error)
    field = "tls_ca" if isinstance(error, ssl.SSLCertVerificationError) else ""
    return Trial(works=False, message=message, who=who, field=field)


def _why_not_connected(place: MailboxPlace, error: BaseException) -> tuple[str, str]:
    known = next((words for kind, *words in _UNCONNECTED if isinstance(error, kind)), _NO_MAIL_SERVER)
    said = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    message, who = (words.format(host=place.host, port=place.port, said=said) for words in known)
    return message, who


def _why_not_signed_in(place: MailboxPlace, error: BaseException) -> tuple[str, str]:
    said = words_of(error)
    if isinstance(error, NoToken):
        return f"No token could be had: {said}", f"Are the fields below right? {_YOU} Else: {_ADMIN}"
    if isinstance(error, TokenRefused):
        return f"The mail server does not want the token: {said}", (
            f"The application needs the right to read this mailbox by IMAP. {_ADMIN}"
        )
    if isinstance(error, TimeoutError):
        return f"{place.host} does not answer to the sign-in.", _PROVIDER
    hint = "" if place.oauth else " Microsoft 365 and Google take no passwords any more: choose their way to sign in."
    return f"The server does not let {place.username} in: {said}", f"Are user name and password right? {_YOU}{hint}"


def _no_folder(place: MailboxPlace, sign_in: SignIn, error: BaseException) -> Trial:
    names = _folders(place, sign_in)
    if not names or place.folder.upper() == "INBOX" or place.folder in names:
        message = f"The folder “{place.folder}” cannot be opened. The server says: {words_of(error)}"
        return Trial(works=False, message=message, who=_PROVIDER)
    listed = ", ".join(names[:_MOST_FOLDERS]) + (", …" if len(names) > _MOST_FOLDERS else "")
    return Trial(works=False, message=f"There is no folder “{place.folder}”. There are: {listed}.", who=_YOU)


def _folders(place: MailboxPlace, sign_in: SignIn) -> list[str]:
    """List what there is to choose from; every mailbox has an inbox (RFC 3501 5.1)."""
    try:
        session = open_session(replace(place, folder="INBOX"), sign_in, _PATIENCE)
    except IMAP_ERRORS:
        return []
    try:
        return sorted(str(name) for _, _, name in session.client.list_folders())
    except IMAP_ERRORS:
        return []
    finally:
        close_session(session.client)
