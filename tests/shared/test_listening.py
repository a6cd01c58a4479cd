"""What keeps clew from starting is said so, with the setting to change."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
from clew_shared.runtime.settings import Settings


@pytest.mark.parametrize("setting", ["CLEW_HTTP_PORT", "CLEW_SMTP_PORT"])
async def test_a_taken_port_is_named_with_its_setting(settings: Settings, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = await _start(settings, **{setting: str(taken.getsockname()[1])})

    assert f"set {setting} to another" in said


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CLEW_DATABASE_URL", "postgresql://clew:hush@127.0.0.1:1/clew"),
        ("CLEW_SMTP_HOST", "198.51.100.7"),
        ("CLEW_SMTP_TLS_CERT", __file__),
    ],
)
async def test_a_wrong_setting_is_named_without_a_stack(settings: Settings, setting: str, value: str) -> None:
    """Each of these ended in a stack that named no setting, or named another one."""
    said = await _start(settings, **{setting: value})

    assert setting in said
    assert "hush" not in said


async def test_a_data_directory_that_cannot_be_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    said = await _start(settings, CLEW_DATA_DIR=str(tmp_path / "file" / "data"), CLEW_DATABASE_URL="")

    assert "set CLEW_DATA_DIR" in said


async def _start(settings: Settings, **wrong: str) -> str:
    """Start clew with what cannot work; give what it says when it gives up."""
    usual = {
        "CLEW_DATA_DIR": str(settings.data_dir),
        "CLEW_DATABASE_URL": settings.database_url or "",
        "CLEW_NATS_URL": settings.nats_url or "",
        "CLEW_HTTP_PORT": "0",
        "CLEW_SMTP_PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "clew_shared.runtime.cli",
        "up",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ) | usual | wrong,
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2, said.decode()
    assert "Traceback" not in said.decode()
    return said.decode()
