"""A disk that is nearly full closes the doors, and says so, before the database runs out of room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiosmtplib
import pytest
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import run_services


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB, less than what has to stay free, and room as soon as it is gone."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_without_room_every_door_asks_to_come_again_and_health_says_why(
    settings: Settings, small_disk: Path
) -> None:
    """B40, reliability 8: forms answered 303 and /readyz was fine until the disk was full to the last byte."""
    async with run_services(settings.changed(data_dir=small_disk), ["forms", "mail-intake"]) as clew:
        async with clew.http.get(f"{clew.url}/readyz") as health:
            told = await health.json()
        fields = {"name": "Ann", "email": "ann@shop.example", "message": "Twenty chairs"}
        async with clew.http.post(f"{clew.url}/f/contact", json=fields) as form:
            retry = form.headers.get("Retry-After")
        host, _, port = clew.smtp.rpartition(":")
        async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False) as door:
            with pytest.raises(aiosmtplib.SMTPResponseException) as mail:
                await door.sendmail("ann@shop.example", "deals@in.localhost", b"Subject: Chairs\r\n\r\nTwenty.\r\n")

    assert health.status == 503
    assert told["checks"]["mail-intake"]["disk"].endswith("128 MB are needed")
    assert form.status == 503
    assert retry
    assert mail.value.code == 452
