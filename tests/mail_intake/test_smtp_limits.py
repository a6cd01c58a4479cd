"""What the SMTP door bears: slow and many visitors, long lists, strange commands, a full disk, its own end."""

import asyncio
import os
import resource
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest
from clew_mail_intake.smtp.path import BadPath, read_path
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from hypothesis import given
from hypothesis import strategies as st

from tests.mail_intake.intake import INTAKE, Intake, Wire, a_mail, running_intake, wire


@pytest.fixture
async def strict(settings: Settings) -> AsyncIterator[Intake]:
    """A door with little patience, to which we are strangers."""
    changed = settings.changed(smtp_idle_seconds=1, smtp_connections_per_address=3, mail_relays=("10.0.0.0/8",))
    async with running_intake(changed) as intake:
        yield intake


@pytest.mark.parametrize("in_data", [False, True], ids=["a command", "a mail"])
async def test_who_drips_is_sent_away_and_keeps_nobody_waiting(strict: Intake, in_data: bool) -> None:
    """B43: a byte now and then is no sign of life: patience ends for the whole of a command, and of a mail."""
    async with wire(strict.smtp) as slow:
        if in_data:
            await _up_to_data(slow)
        dripping = asyncio.create_task(_drip(slow))
        assert (await strict.send(a_mail())).startswith("250 ")

        assert (await slow.reply()).startswith("421 4.4.2 ")
        assert await slow.reader.read() == b""
        dripping.cancel()

    assert await strict.accepted() == 1


async def test_one_address_may_come_so_often_at_once(strict: Intake) -> None:
    """B43: one too many is told to come back, and may once another has gone."""
    async with AsyncExitStack() as stack:
        talks = [await stack.enter_async_context(wire(strict.smtp)) for _ in range(3)]
        assert await _greeting(strict.smtp) == "421 4.7.0"
        await talks[0].say(b"QUIT")
        assert await talks[0].reader.read() == b""
        assert await _greeting(strict.smtp) == "220 in.lo"


async def test_a_mail_may_have_a_thousand_recipients(intake: Intake) -> None:
    """B43: all of them are kept; the next one is put off, which is not for good."""
    recipients = [b"RCPT TO:<deals+%d@in.localhost>\r\n" % number for number in range(1001)]
    async with wire(intake.smtp) as talk:
        await talk.say(b"EHLO client.example")
        await talk.throw(b"MAIL FROM:<jane@shop.example>\r\n" + b"".join(recipients) + b"DATA\r\n")
        replies = [(await talk.reply())[:9] for _ in range(1003)]
        assert (await talk.say(a_mail() + b".")).startswith("250 ")

    assert replies == ["250 2.1.0", *["250 2.1.5"] * 1000, "452 4.5.3", "354 End d"]
    assert len((await intake.all_judged(1))[0]["to"]) == 1000


async def test_a_stranger_who_only_talks_is_sent_away(strict: Intake) -> None:
    """B43: and so is nobody who brings mail."""
    async with wire(strict.smtp) as talk:
        await talk.throw(b"NOOP\r\n" * 400)
        said = (await talk.reader.read()).decode().splitlines()

    assert said[-1].startswith("421 4.7.0 ")
    assert len(said) < 400


_ANSWERS = {
    b"HELP": "214 2.0.0",
    b"VRFY jane": "252 2.5.0",
    b"VRFY": "501 5.5.4",
    b"EXPN all": "502 5.5.1",
    b"NOOP and more": "250 2.0.0",
    b"RSET": "250 2.0.0",
    b"": "500 5.5.2",
    b"\xff\xfe": "500 5.5.1",
    b"NOOP " + b"x" * 300_000: "500 5.5.2",
    b"DATA": "503 5.5.1",
    b"RCPT TO:<deals@in.localhost>": "503 5.5.1",
    b"MAIL": "501 5.5.4",
    b"MAIL FROM:<a@b.example> NOTIFY=NEVER": "555 5.5.4",
    b"MAIL FROM:<a@b.example> X-WHAT=1": "555 5.5.4",
    b"MAIL FROM:<a@b.example> BODY=BINARYMIME": "501 5.5.4",
    b"MAIL FROM:<a@b.example> SIZE=many": "501 5.5.4",
    "MAIL FROM:<jänë@b.example>".encode(): "553 5.6.7",
    b"MAIL FROM:<\xff@b.example>": "553 5.1.3",
    b"MAIL FROM:<a b@c.example>": "553 5.1.3",
    b"MAIL FROM:<": "553 5.1.3",
    b"mail from:<> body=8bitmime size=10": "250 2.1.0",
    b"MAIL FROM:<b@b.example>": "503 5.5.1",
    b"RCPT TO:<deals@in.localhost> NOTIFY=NEVER": "555 5.5.4",
    "RCPT TO:<däals@in.localhost>".encode(): "553 5.6.7",
    b'RCPT TO:<"de\\als"@in.localhost>': "250 2.1.5",
    b"RCPT TO:<@a.example,@b.example:deals@in.localhost>": "250 2.1.5",
}


async def test_each_command_gets_the_answer_that_it_should(intake: Intake) -> None:
    """B41: RFC 5321 and those it is extended by, also for what nobody should send; a 451 would be tried for days."""
    async with wire(intake.smtp) as talk:
        # What they are called is theirs to say, if it is only text.
        await talk.say(b"EHLO \xff\0")
        replies = {command: (await talk.say(command))[:9] for command in _ANSWERS}
        await talk.say(b"DATA")
        assert (await talk.say(a_mail() + b".")).startswith("250 ")

    assert replies == _ANSWERS


_PIECES = st.sampled_from(
    ("<", ">", '"', "@", ".", "\\", " ", ":", ",", "\0", "\t", "[", "ä", "\udcff", "deals", "in.localhost", "SIZE=1")
)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_any_path_is_an_address_or_none(said: str) -> None:
    """B41, B43: the parser of aiosmtpd broke at `<`, which told the sender to try again."""
    try:
        address = read_path("MAIL", f"FROM:{said}").address
    except BadPath:
        address = ""

    assert "\0" not in address
    assert address.encode().decode() == address


async def test_who_has_said_all_may_still_listen(intake: Intake) -> None:
    """B41: everything in one go and the end of it: each command is answered, and a mail without its dot is none."""
    said = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<deals@in.localhost>\r\nDATA\r\n" + a_mail()
    ends = {}
    for name, end in {"whole": b".\r\nQUIT\r\n", "broken off": b""}.items():
        async with wire(intake.smtp) as talk:
            await talk.throw(said + end)
            talk.writer.write_eof()
            ends[name] = (await talk.reader.read()).decode().splitlines()[-1][:3]

    assert ends == {"whole": "221", "broken off": "354"}
    assert await intake.accepted() == 1


async def test_a_full_disk_is_no_end_of_anything(settings: Settings) -> None:
    """F5, B40: 452 for a mail that would not fit or does not; nothing of it is taken for a command; then it is well."""
    mail = a_mail(body="x" * 3_000_000)
    async with running_intake(settings.changed(max_mail_bytes=10**15)) as intake, wire(intake.smtp) as talk:
        await talk.say(b"EHLO client.example")
        announced = await talk.say(b"MAIL FROM:<jane@shop.example> SIZE=99999999999999")
        await _up_to_data(talk)
        with _full_disk(1_500_000):
            full = await talk.say(mail.replace(b"\r\n\r\n", b"\r\n\r\nQUIT\r\n", 1) + b".")
        assert (await talk.say(b"NOOP")).startswith("250 ")
        assert await intake.accepted() == 0
        well = await intake.send(mail)

        assert [reply[:9] for reply in (announced, full)] == ["452 4.3.1", "452 4.3.1"]
        assert await intake.raw(well.rpartition(" ")[2]) == mail


async def test_a_disk_that_is_nearly_full_closes_the_doors_until_there_is_room(
    settings: Settings, dovecot: Dovecot, tmp_path: Path
) -> None:
    """F5, B40: SMTP says 452, IMAP leaves the mails where they are; both go on by themselves when there is room."""
    with _small_disk(tmp_path / "disk") as make_room:
        async with running_intake(settings.changed(data_dir=tmp_path / "disk", lmtp_port=0)) as intake:
            user = "small"
            await asyncio.to_thread(dovecot.deliver, user, a_mail(message_id="<imap@x>"))
            place = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": user, "password": PASSWORD}
            await intake.running.post("/api/v1/mail/mailboxes", {**place, "folder": "INBOX"}, 201)
            await intake.running.eventually(lambda: _says_no_room(intake))
            for door in ("smtp", "lmtp"):
                async with wire(intake.running.addresses[door]) as talk:
                    await talk.say(b"LHLO x" if door == "lmtp" else b"EHLO x")
                    assert (await talk.say(b"MAIL FROM:<jane@shop.example>")).startswith("452 4.3.1 ")
            assert await intake.accepted() == 0

            make_room()
            await asyncio.sleep(1.1)

            assert (await intake.send(a_mail())).startswith("250 ")
            assert len(await intake.all_judged(2)) == 2


async def test_a_door_that_closes_waits_for_the_mail_on_the_wire(settings: Settings) -> None:
    """F2, B40: the mail gets its 250 and is there after the restart; who has none is told to come back."""
    async with AsyncExitStack() as stack:
        leaving = AsyncExitStack()
        intake = await leaving.enter_async_context(running_intake(settings))
        busy, idle = [await stack.enter_async_context(wire(intake.smtp)) for _ in range(2)]
        await _up_to_data(busy)
        await busy.throw(b"Subject: on the wire\r\nFrom: jane@shop.example\r\n\r\n")
        closing = asyncio.create_task(leaving.aclose())
        told = await idle.reply()
        stored = await busy.say(b"Twenty chairs.\r\n.")
        await closing

    assert told.startswith("421 4.3.2 ")
    assert stored.startswith("250 ")
    async with running_intake(settings) as intake:
        assert await intake.rows("SELECT subject_line FROM mail_intake.message") == [("on the wire",)]


async def _says_no_room(intake: Intake) -> bool:
    [mailbox] = (await intake.running.get("/api/v1/mail/mailboxes"))["items"]
    return "no room" in (mailbox["last_error"] or "")


@contextmanager
def _small_disk(place: Path) -> Iterator[Callable[[], None]]:
    """Have a disk of 100 MB at `place`; what this gives makes it a larger one."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("a disk of our own needs root")

    def make_room() -> None:
        subprocess.run(["mount", "-o", "remount,size=400m", place], check=True)

    try:
        yield make_room
    finally:
        subprocess.check_call(["umount", "-l", place])


@contextmanager
def _full_disk(most: int) -> Iterator[None]:
    """Let no file of this process grow beyond `most` bytes, which is what a full disk does to a spool."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def _up_to_data(talk: Wire) -> None:
    await talk.say(b"EHLO client.example")
    await talk.say(b"MAIL FROM:<jane@shop.example>")
    await talk.say(b"RCPT TO:<%s>" % INTAKE.encode())
    assert (await talk.say(b"DATA")).startswith("354 ")


async def _drip(talk: Wire) -> None:
    while True:
        await talk.throw(b"x")
        await asyncio.sleep(0.05)


async def _greeting(address: str) -> str:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    line = (await reader.readline()).decode()
    writer.close()
    return line[:9]
