"""Sign in by one-time links; no password is ever asked for or kept. Next: clew_notify.announce."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import SignInRequested
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.store.team import add_link, add_session, count_open_links, find_teammate, first_admin
from clew_lifecycle.store.team import use_link as use_up

MAILED_LIFE = timedelta(minutes=15)
# The operator may leave the terminal for a while before opening the board.
SHOWN_LIFE = timedelta(hours=24)
_SECRET_BYTES = 32
# Who asks more often than this has mail on the way already; the address is not ours to flood.
_OPEN_LINKS = 5


class NobodyToSignIn(LookupError):
    """There is no active admin."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`secret` is the session's id, for the cookie and nobody else."""

    secret: str
    next_path: str


async def issue_sign_in_link(rail: Rail) -> str:
    """Make a one-time link for whoever reads this process's terminal; give its path."""
    token = secrets.token_urlsafe(_SECRET_BYTES)
    async with rail.unit_of_work() as uow:
        teammate_id = await first_admin(uow.connection)
        if teammate_id is None:
            raise NobodyToSignIn("no active admin")
        await add_link(digest(token), teammate_id, "terminal", "/", utc_now() + SHOWN_LIFE, uow.connection)
    return f"/sign-in/{token}"


async def request_sign_in(email: str, next_path: str, origin: str, uow: UnitOfWork) -> None:
    """Have a link mailed to a teammate; an address that is nobody's has no effect that could be seen."""
    read = normalise_email(email)
    found = await find_teammate(read.key, uow.connection) if read is not None else None
    if found is None:
        return
    teammate_id, address = found
    if await count_open_links(teammate_id, uow.connection) >= _OPEN_LINKS:
        return
    token = secrets.token_urlsafe(_SECRET_BYTES)
    expires_at = utc_now() + MAILED_LIFE
    await add_link(digest(token), teammate_id, "mail", safe_path(next_path), expires_at, uow.connection)
    uow.emit(SignInRequested(email=address, link=f"{origin}/sign-in/{token}", expires_at=expires_at))


async def use_link(token: str, uow: UnitOfWork) -> SignedIn | None:
    """Turn a link that still works into a session."""
    used = await use_up(digest(token), uow.connection)
    if used is None:
        return None
    teammate_id, next_path = used
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    await add_session(digest(secret), teammate_id, uow.connection)
    return SignedIn(secret, safe_path(next_path))


def digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def safe_path(path: str) -> str:
    """Give a path of this site; what would lead elsewhere (`//x`, `/\\x`, a URL) becomes the board."""
    stays = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if stays else "/"
