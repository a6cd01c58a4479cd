"""B35: servers that go silent without a word, and connections that are encrypted."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot, dovecot_program
from clew_shared.testing.waiting import eventually
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.mail_intake.intake import Intake, a_mail, running_intake
from tests.mail_intake.tcp_proxy import TcpProxy

_MAILBOXES = "/api/v1/mail/mailboxes"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for loopback that signs itself, and its key."""
    files = tmp_path_factory.mktemp("tls") / "imap.crt", tmp_path_factory.mktemp("tls") / "imap.key"
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "imap.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files[0].write_bytes(made.public_bytes(pem))
    files[1].write_bytes(private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return files


@pytest.fixture
def encrypted(certificate: tuple[Path, Path]) -> Iterator[Dovecot]:
    if dovecot_program() is None:
        pytest.skip("no IMAP server: install dovecot-imapd")
    server = Dovecot(certificate=certificate)
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def test_a_server_that_stands_still_is_noticed_and_what_came_is_picked_up(settings: Settings) -> None:
    """SIGSTOP: its kernel answers for it, so that only an answer of its own proves that it lives."""
    dovecot = Dovecot()
    try:
        await asyncio.to_thread(dovecot.start)
        async with running_intake(settings.changed(imap_idle_seconds=1, imap_answer_seconds=2)) as intake:
            await _watch(intake, port=dovecot.port, tls="none")
            await eventually(lambda: _state_is(intake, "connected"))
            dovecot.pause()
            failing = await eventually(lambda: _state_is(intake, "failing"))

            dovecot.resume()
            await asyncio.to_thread(dovecot.deliver, "jo", a_mail())
            await intake.running.eventually(lambda: intake.all_judged(1), 30)
            await eventually(lambda: _state_is(intake, "connected"))
        assert "timed out" in failing["last_error"]
    finally:
        await asyncio.to_thread(dovecot.remove)


async def test_a_line_that_is_dead_without_a_word_is_noticed(settings: Settings, dovecot: Dovecot) -> None:
    """B35: half-open: what we say still goes out, and no answer ever comes back."""
    hurried = settings.changed(imap_idle_seconds=1, imap_answer_seconds=1)
    with TcpProxy(dovecot.port).running() as line:
        async with running_intake(hurried) as intake:
            await _watch(intake, port=line.port, tls="none", username="halfopen")
            await eventually(lambda: _state_is(intake, "connected"))
            line.way = "lose"
            await asyncio.to_thread(dovecot.deliver, "halfopen", a_mail())
            failing = await eventually(lambda: _state_is(intake, "failing"))

            line.way = "pass"
            await intake.running.eventually(lambda: intake.all_judged(1), 30)
    assert "timed out" in failing["last_error"]


async def test_a_server_that_trickles_is_not_waited_for_without_end(settings: Settings, dovecot: Dovecot) -> None:
    """B35: each byte of the greeting comes in time, and it does not end."""
    with TcpProxy(dovecot.port).running() as line:
        line.way = "trickle"
        async with running_intake(settings.changed(imap_idle_seconds=1, imap_answer_seconds=1)) as intake:
            await _watch(intake, port=line.port, tls="none", username="trickle")
            failing = await eventually(lambda: _state_is(intake, "failing"))

            line.way = "pass"
            await asyncio.to_thread(dovecot.deliver, "trickle", a_mail())
            await intake.running.eventually(lambda: intake.all_judged(1), 30)
    assert "timed out" in failing["last_error"]


async def test_waiting_for_mail_costs_no_processor(settings: Settings, dovecot: Dovecot) -> None:
    """B35: less than 1 % of one, by what the thread used and not by the clock on the wall."""
    async with running_intake(settings) as intake:
        await _watch(intake, port=dovecot.port, tls="none", username="idler")
        await eventually(lambda: _state_is(intake, "connected"))
        [thread] = _imap_threads()
        began, used = time.monotonic(), _thread_seconds(thread)
        await asyncio.sleep(3)

        assert _thread_seconds(thread) - used < (time.monotonic() - began) * 0.01


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_a_mailbox_is_read_over_tls(
    intake: Intake, encrypted: Dovecot, certificate: tuple[Path, Path], tls: str
) -> None:
    """By TLS from the first byte or by STARTTLS, under IDLE too, with the authority that the settings name."""
    port = encrypted.tls_port if tls == "tls" else encrypted.port
    await _watch(intake, port=port, tls=tls, tls_ca=certificate[0].read_text())
    await eventually(lambda: _state_is(intake, "connected"))

    for number in range(2):
        await asyncio.to_thread(encrypted.deliver, "jo", a_mail(message_id=f"<{number}@x.example>"))
        await intake.all_judged(number + 1)


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_nobody_signs_in_where_the_certificate_is_not_believed(
    intake: Intake, encrypted: Dovecot, tls: str
) -> None:
    """No password goes to whoever answers; a person may say that it does not matter."""
    port = encrypted.tls_port if tls == "tls" else encrypted.port
    await asyncio.to_thread(encrypted.deliver, "jo", a_mail())
    await _watch(intake, port=port, tls=tls)
    failing = await eventually(lambda: _state_is(intake, "failing"))
    here = {"host": "127.0.0.1", "port": port, "tls": tls, "username": "jo", "password": PASSWORD}
    trial = await intake.running.post(f"{_MAILBOXES}/test", here)

    await _watch(intake, port=port, tls=tls, tls_verify=False)
    await intake.all_judged(1)

    assert "certificate verify failed" in failing["last_error"]
    # The page opens what is folded away around the field.
    assert (trial["works"], trial["field"]) == (False, "tls_ca")


async def test_an_authority_that_is_none_is_refused(intake: Intake) -> None:
    asked = {"host": "imap.example", "username": "jo", "password": "x", "tls_ca": "hello"}

    answered = await intake.running.post(_MAILBOXES, asked, status=422)

    assert [error["pointer"] for error in answered["errors"]] == ["/tls_ca"]


async def _watch(intake: Intake, **settings: Any) -> None:
    asked = {"host": "127.0.0.1", "username": "jo", "password": PASSWORD, "after": "keep"}
    await intake.running.post(_MAILBOXES, asked | settings, status=201)


async def _state_is(intake: Intake, state: str) -> Any:
    boxes = (await intake.running.get(_MAILBOXES))["items"]
    return next((box for box in boxes if box["state"] == state), None)


def _imap_threads() -> list[int]:
    return [thread.native_id or 0 for thread in threading.enumerate() if thread.name.startswith("imap ")]


def _thread_seconds(thread: int) -> float:
    """Give the processor time that a thread of this process has used (proc(5))."""
    fields = Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
