"""Open the SMTP and LMTP doors, and close them without cutting anybody off.

Next: clew_mail_intake.smtp.take_mail.IntakeSMTP.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from clew_shared.runtime.listening import taking_port
from clew_shared.runtime.room import Room
from clew_shared.runtime.service import Door
from clew_shared.runtime.settings import Settings

from clew_mail_intake.accept import Acceptance
from clew_mail_intake.count_mails import show_from_the_start
from clew_mail_intake.recipients import our_recipients
from clew_mail_intake.refused_mails import Refusals
from clew_mail_intake.relays import Relays
from clew_mail_intake.smtp.lmtp import IntakeLMTP
from clew_mail_intake.smtp.policy import CLOSING, SmtpPolicy
from clew_mail_intake.smtp.take_mail import IntakeSMTP
from clew_mail_intake.smtp.tls import door_certificate

_BACKLOG = 512
_PATIENCE_SECONDS = 10.0


def smtp_doors(
    settings: Settings, acceptance: Acceptance, refused: Refusals, addresses: dict[str, str]
) -> tuple[Door, ...]:
    """Give the doors that the settings ask for; where they listen is noted in `addresses`."""
    mends = settings.smtp_bare_line_ends.lower() == "normalise"
    policy = partial(_policy, settings, acceptance, refused)
    doors: list[Door] = [partial(_listen, settings, partial(policy, mends), addresses, IntakeSMTP, settings.smtp_port)]
    if settings.lmtp_port is not None:
        # A mail system of ours has taken the mail and knows where it ends: to refuse it now would only bounce it.
        doors.append(partial(_listen, settings, partial(policy, True), addresses, IntakeLMTP, settings.lmtp_port))
    return tuple(doors)


def _policy(settings: Settings, acceptance: Acceptance, refused: Refusals, mends_line_ends: bool) -> SmtpPolicy:
    return SmtpPolicy(
        acceptance=acceptance,
        refused=refused,
        recipients=our_recipients(settings),
        spool=settings.data_dir / "spool",
        max_mail_bytes=settings.max_mail_bytes,
        hostname=settings.intake_domain,
        relays=Relays(settings.mail_relays),
        mails_a_minute=settings.smtp_mails_per_minute,
        connections_of_one=settings.smtp_connections_per_address,
        idle_seconds=settings.smtp_idle_seconds,
        room=Room(settings.data_dir),
        certificate=door_certificate(settings),
        mends_line_ends=mends_line_ends,
    )


@asynccontextmanager
async def _listen(
    settings: Settings, start: Callable[[], SmtpPolicy], addresses: dict[str, str], talk: type[IntakeSMTP], port: int
) -> AsyncIterator[Mapping[str, str]]:
    policy = start()
    policy.spool.mkdir(parents=True, exist_ok=True)
    show_from_the_start(talk.door)
    loop = asyncio.get_running_loop()
    model = talk(policy, loop)
    with taking_port(port, f"{talk.door}_port", "smtp_host"):
        server = await loop.create_server(lambda: talk(policy, loop, model), settings.smtp_host, port, backlog=_BACKLOG)
    host, taken = server.sockets[0].getsockname()[:2]
    try:
        addresses[talk.door] = f"{host}:{taken}"
        yield {talk.door: addresses[talk.door]}
    finally:
        server.close()
        await _see_out(policy)


async def _see_out(policy: SmtpPolicy) -> None:
    """Let mails that are on the wire get their answer; tell the others to come back."""
    policy.is_closing = True
    for session in list(policy.sessions):
        if not session.is_busy:
            session.say_last(CLOSING)
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while any(session.is_busy for session in policy.sessions) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)
    for session in list(policy.sessions):
        session.say_last(CLOSING)
    await policy.acceptance.close()
    await policy.refused.close()
