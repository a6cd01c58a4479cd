"""What the bare parts do: servers without our work, run as `python -m clew_shared.bench.floors KIND PORT`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import web


async def parse_form(port: int) -> None:
    """aiohttp parses a form and answers 303; nothing is looked at, nothing is stored."""

    async def post(request: web.Request) -> web.Response:
        await request.post()
        return web.Response(status=303, headers={"Location": "/thanks"})

    app = web.Application()
    app.router.add_post("/f/contact", post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def take_mail(port: int) -> None:
    """aiosmtpd takes a mail and forgets it."""
    from aiosmtpd.smtp import SMTP, Envelope, Session

    class Forget:
        async def handle_DATA(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
            return "250 OK"

    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(Forget()), "127.0.0.1", port)
    await asyncio.Event().wait()


FLOORS: dict[str, Callable[[int], Awaitable[None]]] = {"form": parse_form, "smtp": take_mail}


async def _main() -> None:
    await FLOORS[sys.argv[1]](int(sys.argv[2]))


if __name__ == "__main__":
    uvloop.run(_main())
