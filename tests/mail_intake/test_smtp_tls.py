"""Mail under TLS (B41, B43): whoever asks for it gets it, and nothing said before it counts."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from clew_mail_intake.smtp.tls import door_certificate
from clew_shared.runtime.settings import Settings
from structlog.testing import capture_logs

from tests.mail_intake.intake import INTAKE, Intake, a_mail, running_intake


@pytest.fixture
async def secured(settings: Settings) -> AsyncIterator[Intake]:
    """The doors with the certificate that they make themselves."""
    async with running_intake(settings.changed(lmtp_port=0)) as intake:
        yield intake


def anybody() -> ssl.SSLContext:
    """What a mail system does with those it does not know: encrypt, and trust no name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def deliver(address: str) -> tuple[bool, bool, str, list[bytes]]:
    host, _, port = address.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.ehlo("client.example")
        offered = client.has_extn("starttls")
        client.starttls(context=anybody())
        # RFC 3207 4.2: the sender is forgotten.
        forgotten = client.docmd("MAIL", "FROM:<jane@shop.example>")[0] == 503
        client.ehlo("client.example")
        again = client.has_extn("starttls")
        replies = [client.docmd("STARTTLS")[1]]
        client.sendmail("jane@shop.example", [INTAKE], a_mail())
        assert isinstance(client.sock, ssl.SSLSocket)
        return offered and not again, forgotten, client.sock.version() or "", replies


async def test_a_mail_comes_in_under_tls(secured: Intake) -> None:
    """B41: offered in plain text, not again below TLS."""
    offered_once, forgotten, version, [refused] = await asyncio.to_thread(deliver, secured.smtp)

    assert offered_once
    assert forgotten
    assert version in ("TLSv1.2", "TLSv1.3")
    assert refused.startswith(b"4.7.0")
    [mail] = await secured.all_judged(1)
    assert mail["verdict"] == "enquiry"


def certificate_at(address: str) -> bytes | None:
    host, _, port = address.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.starttls(context=anybody())
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock.getpeercert(binary_form=True)


def inject(address: str) -> list[bytes]:
    """Send commands along with STARTTLS, as somebody on the way would; give what is answered below TLS."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        plain.recv(1000)
        plain.sendall(b"EHLO client.example\r\n")
        plain.recv(1000)
        plain.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<deals@in.localhost>\r\n")
        assert plain.recv(1000).startswith(b"220")
        with anybody().wrap_socket(plain) as under:
            under.sendall(b"NOOP\r\n")
            first = under.recv(1000)
            under.sendall(b"EHLO client.example\r\n")
            while not under.recv(1000).endswith(b"250 ENHANCEDSTATUSCODES\r\n"):
                pass
            under.sendall(b"DATA\r\n")
            return [first, under.recv(1000)]


async def test_commands_put_in_before_tls_are_never_heard(secured: Intake) -> None:
    """B43."""
    noop, data = await asyncio.to_thread(inject, secured.smtp)

    assert noop.startswith(b"250")
    assert data.startswith(b"503")


async def test_an_operators_certificate_is_shown_in_place_of_our_own(settings: Settings, tmp_path: Path) -> None:
    own = door_certificate(settings.changed(data_dir=tmp_path / "operator", intake_domain="mx.firma.example"))
    own.context()
    made = tmp_path / "operator" / "tls"
    files = {"smtp_tls_cert": made / "smtp.crt", "smtp_tls_key": made / "smtp.key"}
    async with running_intake(settings.changed(**files)) as intake:
        shown = await asyncio.to_thread(certificate_at, intake.smtp)

    assert shown == ssl.PEM_cert_to_DER_cert(files["smtp_tls_cert"].read_text())
    assert not (settings.data_dir / "tls").exists()


async def test_a_handshake_that_is_none_ends_one_visit_and_no_other(secured: Intake) -> None:
    """B43: what went wrong: the operator was warned of an engine that was away."""
    host, _, port = secured.smtp.rpartition(":")
    with capture_logs() as logged:
        reader, writer = await asyncio.open_connection(host, int(port))
        for line in (b"EHLO client.example\r\n", b"STARTTLS\r\n"):
            writer.write(line)
            await reader.read(1000)
        writer.write(b"no TLS at all\r\n" * 10)
        async with asyncio.timeout(20):
            while await reader.read(1000):
                pass
        writer.close()

    assert [line["event"] for line in logged if line["log_level"] != "info"] == []
    assert (await secured.send(a_mail())).startswith("250")


async def test_a_renewed_certificate_is_taken_without_a_restart(settings: Settings) -> None:
    certificate = door_certificate(settings)
    first = certificate.context()

    assert certificate.context() is first
    (settings.data_dir / "tls" / "smtp.crt").unlink()
    door_certificate(settings)
    assert certificate.context() is not first
