"""Files are shown to a virus scanner before anybody can fetch them (B30)."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from clew_mail_intake.file_scanner import FileScanner, Scanned, ScannerAway
from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.scan_files import FileScans
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Envelope, Understanding
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.settings import BadSetting, Settings

from tests.mail_intake.intake import Intake, running_intake

SIGN = b"the-sign-of-a-virus"


@asynccontextmanager
async def clamd(
    port: int | None = None, path: Path | None = None, limit: int = 1 << 20, calls: list[bytes] | None = None
) -> AsyncIterator[str]:
    """Speak INSTREAM as clamd does: name a virus, or hang up on what is longer than its limit."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        if calls is not None:
            calls.append(command)
        if command == b"zPING\0":
            writer.write(b"PONG\0")
            writer.close()
            return
        assert command == b"zINSTREAM\0"
        seen, said = b"", b""
        while not said and (length := struct.unpack(">I", await reader.readexactly(4))[0]):
            seen += await reader.readexactly(length)
            said = b"INSTREAM size limit exceeded. ERROR\0" if len(seen) > limit else b""
        writer.write(said or (b"stream: Test.Sign FOUND\0" if SIGN in seen else b"stream: OK\0"))
        await writer.drain()
        writer.close()

    server = await (
        asyncio.start_unix_server(answer, path) if path else asyncio.start_server(answer, "127.0.0.1", port or 0)
    )
    async with server:
        yield f"unix:{path}" if path else f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def somebody(path: Path, says: bytes | None) -> AsyncIterator[FileScanner]:
    """Take calls and say always the same, and hang up; or say nothing at all."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if says is not None:
            writer.write(says)
            writer.close()

    async with await asyncio.start_unix_server(answer, path):
        yield FileScanner(f"unix:{path}")


@pytest.mark.parametrize("says", [b"", b"HTTP/1.0 502 Bad gateway", b"Can't allocate memory ERROR\0"])
async def test_one_that_fails_for_now_has_judged_nothing(tmp_path: Path, says: bytes) -> None:
    """B30: a proxy before a scanner that is starting, or one that is short of memory, refuses no file for ever."""
    async with somebody(tmp_path / "clamd.sock", says) as scanner:
        with pytest.raises(ScannerAway):
            await scanner.scan(b"x")


async def test_a_scanner_that_is_silent_holds_a_mail_for_a_moment_only(tmp_path: Path) -> None:
    """B30: all of its files together."""

    async def inner(raw: bytes | LargeMail, envelope: Envelope, *, page: bool = False) -> Understanding:
        assert isinstance(raw, bytes)
        return understand(raw, envelope=envelope, page=page)

    async with somebody(tmp_path / "clamd.sock", None) as scanner, asyncio.timeout(30):
        scans = FileScans(scanner, inner, seconds=0.1)
        read = await scans.understand(with_files(b"one", b"two"), Envelope(received_at=utc_now()))

    assert [file.scan for file in read.attachments] == ["waiting", "waiting"]


async def test_who_looks_at_a_mail_or_lets_it_through_has_nothing_scanned_again(settings: Settings) -> None:
    """B30: what the scanner said when it came is told with it."""
    calls: list[bytes] = []
    async with clamd(calls=calls) as scanner, running_intake(settings.changed(file_scanner=scanner)) as intake:
        await intake.send(b"X-Loop: deals@in.localhost\r\n" + with_files(b"harmless", SIGN))
        [mail] = await intake.all_judged(1)
        assert (mail["verdict"], len(calls)) == ("quarantine", 2)
        for page in (f"/mail/messages/{mail['id']}", f"/mail/messages/{mail['id']}/page"):
            async with intake.running.http.get(intake.running.url + page) as response:
                assert response.status == 200
        await intake.running.post(f"/api/v1/mail/messages/{mail['id']}/release", {})
        [told] = await intake.told(EnquiryReceived)
        [mail] = await intake.all_judged(1)

        assert [file.rejected for file in told.attachments] == [None, "virus: Test.Sign"]
        assert "attachment: 1.bin is refused, virus: Test.Sign" in mail["reasons"]
        assert [(await fetched(intake, mail["id"], number))[0] for number in (0, 1)] == [200, 409]
        assert len(calls) == 2


async def test_an_infected_file_is_listed_and_never_given(settings: Settings) -> None:
    """B30: the mail and its other files come as ever."""
    async with clamd() as scanner, running_intake(settings.changed(file_scanner=scanner)) as intake:
        await intake.send(with_files(b"harmless", b"with " + SIGN))
        [mail] = await intake.all_judged(1)

        assert await fetched(intake, mail["id"], 0) == (200, b"harmless")
        assert (await fetched(intake, mail["id"], 1))[0] == 409
        [told] = await intake.told(EnquiryReceived)
        assert [file.rejected for file in told.attachments] == [None, "virus: Test.Sign"]
        assert "attachment: 1.bin is refused, virus: Test.Sign" in mail["reasons"]


async def test_a_scanner_that_is_away_holds_up_files_and_no_mail(settings: Settings) -> None:
    """B30: they are scanned when somebody wants them and it is back."""
    async with clamd() as scanner:
        pass
    async with running_intake(settings.changed(file_scanner=scanner)) as intake:
        await intake.send(with_files(b"harmless", SIGN))
        [mail] = await intake.all_judged(1)
        away = [(await fetched(intake, mail["id"], number))[0] for number in (0, 1)]
        async with clamd(int(scanner.rpartition(":")[2])):
            back = [(await fetched(intake, mail["id"], number))[0] for number in (0, 1)]

        assert mail["verdict"] == "enquiry"
        assert (away, back) == ([503, 503], [200, 409])
        assert [(await fetched(intake, mail["id"], number))[0] for number in (0, 1)] == [200, 409]


async def test_a_file_that_the_scanner_does_not_look_at_is_not_known_to_be_clean(tmp_path: Path) -> None:
    """B30: too large for it; over a socket of this machine."""
    async with clamd(path=tmp_path / "clamd.sock", limit=1000) as address:
        scanner = FileScanner(address)

        assert await scanner.scan(b"x" * 1000) == Scanned("clean")
        # What it says is lost at times, when it hangs up before all was sent.
        refused = await scanner.scan(b"x" * 3_000_000)
        assert refused.result == "refused"
        assert refused.reason.startswith("not scanned: ")


async def test_a_scanner_that_is_away_is_not_asked_for_every_mail(tmp_path: Path) -> None:
    """B30: a person who waits for a file has it asked again."""
    scanner = FileScanner(f"unix:{tmp_path}/clamd.sock")
    with pytest.raises(ScannerAway):
        await scanner.scan(b"x")
    async with clamd(path=tmp_path / "clamd.sock"):
        with pytest.raises(ScannerAway):
            await scanner.scan(b"x")

        assert await scanner.scan(b"x", anew=True) == Scanned("clean")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(BadSetting, match="CLEW_FILE_SCANNER"):
        FileScanner("localhost:3310")


def with_files(*contents: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Jane <jane@shop.example>", "deals@in.localhost", "Files"
    mail.set_content("Here they are.")
    for number, content in enumerate(contents):
        mail.add_attachment(content, "application", "octet-stream", filename=f"{number}.bin")
    return mail.as_bytes().replace(b"\n", b"\r\n")


async def fetched(intake: Intake, mail_id: str, number: int) -> tuple[int, bytes]:
    url = f"{intake.running.url}/api/v1/mail/messages/{mail_id}/attachments/{number}"
    async with intake.running.http.get(url) as response:
        return response.status, await response.read()
