"""Run the demo: clew on data of its own, the company's site beside it. Next: clew_shared.runtime.up.run_up."""

import argparse
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from clew_shared.demo.seed import let_site_embed, seed_demo
from clew_shared.demo.site import demo_site
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.logs import set_up_logs
from clew_shared.runtime.settings import load_settings
from clew_shared.runtime.up import run_up
from clew_shared.runtime.web import start_site

_TEAM = ("sam@fernwood.example", "kim@fernwood.example")


async def run_demo(_: argparse.Namespace) -> int:
    """Run until Ctrl-C; a second run goes on with the same board."""
    given = load_settings()
    directory = given.data_dir if given.data_dir != Path("data") else Path("data") / "demo"
    token = secrets.token_hex(32)
    settings = given.changed(data_dir=directory, team=given.team or _TEAM, api_token=token, log_level="warning")
    set_up_logs(settings.log_level, settings.log_format)
    is_new = not directory.exists()

    @asynccontextmanager
    async def beside(origin: str, addresses: Mapping[str, str]) -> AsyncIterator[None]:
        if is_new:
            await seed_demo(origin, addresses["smtp"], token)
        runner, port = await start_site(demo_site(origin), "127.0.0.1", free_port())
        site = f"http://127.0.0.1:{port}"
        await let_site_embed(origin, site, token)
        sys.stdout.write(f"  Company   {site}   (Fernwood Furniture, with the form on its page)\n\n")
        sys.stdout.flush()
        try:
            yield
        finally:
            await runner.cleanup()

    return await run_up(settings, split=False, beside=beside)
