"""A port that is taken is said so, with the setting to change."""

import asyncio
import os
import socket
import sys

import pytest
from clew_shared.runtime.settings import Settings


@pytest.mark.parametrize("setting", ["CLEW_HTTP_PORT", "CLEW_SMTP_PORT"])
async def test_a_taken_port_is_named_with_its_setting(settings: Settings, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"CLEW_HTTP_PORT": "0", "CLEW_SMTP_PORT": "0", setting: str(taken.getsockname()[1])}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "clew_shared.runtime.cli",
            "up",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=dict(os.environ)
            | {
                "CLEW_DATA_DIR": str(settings.data_dir),
                "CLEW_DATABASE_URL": settings.database_url or "",
                "CLEW_NATS_URL": settings.nats_url or "",
            }
            | ports,
        )
        _, said = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 2
    assert f"set {setting} to another" in said.decode()
    assert "Traceback" not in said.decode()
