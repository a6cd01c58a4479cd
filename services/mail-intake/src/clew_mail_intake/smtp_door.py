"""Open the SMTP and LMTP doors, and close them without cutting anybody off. Next: clew_mail_intake.smtp.IntakeSMTP."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from clew_shared.runtime.listening import taking_port
from clew_shared.runtime.service import Door
from clew_shared.runtime.settings import Settings

from clew_mail_intake.accept import Acceptance
from clew_mail_intake.lmtp import IntakeLMTP
from clew_mail_intake.recipients import our_recipients
from clew_mail_intake.relays import Relays
from clew_mail_intake.smtp import IntakeSMTP
from clew_mail_intake.smtp_policy import SmtpPolicy
from clew_mail_intake.smtp_tls import door_certificate

_BACKLOG = 512
_PATIENCE_SECONDS = 5.0


def smtp_doors(settings: Settings, acceptance: Acceptance, addresses: dict[str, str]) -> tuple[Door, ...]:
    """Give the doors that the settings ask for; where they listen is noted in `addresses`."""
    doors: list[Door] = [partial(_listen, settings, acceptance, addresses, IntakeSMTP, settings.smtp_port)]
    if settings.lmtp_port is not None:
        doors.append(partial(_listen, settings, acceptance, addresses, IntakeLMTP, settings.lmtp_port))
    return tuple(doors)


@asynccontextmanager
async def _listen(
    settings: Settings, acceptance: Acceptance, addresses: dict[str, str], talk: type[IntakeSMTP], port: int
) -> AsyncIterator[Mapping[str, str]]:
    spool = settings.data_dir / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    policy = SmtpPolicy(
        acceptance,
        our_recipients(settings),
        spool,
        settings.max_mail_bytes,
        settings.intake_domain,
        Relays(settings.mail_relays),
        settings.smtp_mails_per_minute,
        door_certificate(settings),
    )
    loop = asyncio.get_running_loop()
    model = talk(policy, loop)
    with taking_port(port, f"{talk.door}_port"):
        server = await loop.create_server(lambda: talk(policy, loop, model), settings.smtp_host, port, backlog=_BACKLOG)
    host, taken = server.sockets[0].getsockname()[:2]
    try:
        addresses[talk.door] = f"{host}:{taken}"
        yield {talk.door: addresses[talk.door]}
    finally:
        server.close()
        await _see_out(policy)


async def _see_out(policy: SmtpPolicy) -> None:
    """Let mails that are being stored get their answer, then hang up."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while any(session.storing for session in policy.sessions) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)
    for session in list(policy.sessions):
        if session.transport is not None:
            session.transport.close()
    await policy.acceptance.close()
