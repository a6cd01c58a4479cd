"""A Postfix of our own on loopback: it takes mail by SMTP and relays it to our LMTP door; bounces go to a sink."""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from clew_shared.runtime.engines.ports import free_port
from clew_shared.testing.waiting import eventually

_PATIENCE = 60
# Debian keeps them where the path of an ordinary user does not lead.
_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_DELIVERY = re.compile(r"to=<([^>]*)>.* status=(\w+) \((.*)\)")

_MAIN = """compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
relay_domains = in.localhost
relay_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = smtp:[127.0.0.1]:{sink}
message_size_limit = 100000000
smtputf8_enable = yes
cleanup_replace_stray_cr_lf = no
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
destination_concurrency_limit = 5
"""
_MASTER = """127.0.0.1:{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def postfix_is_missing() -> str | None:
    """Say why no Postfix can run here, if so."""
    if shutil.which("postfix", path=_PLACES) is None:
        return "no Postfix: install postfix from Debian"
    return None if os.geteuid() == 0 else "a Postfix of our own needs root"


@dataclass(slots=True)
class Postfix:
    """`address` is where it takes mail, `came_back` what it sent to the outside: its bounces.

    Outside nobody has the addresses that are `gone`.
    """

    home: Path
    address: str
    came_back: list[bytes] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def deliveries(self) -> list[tuple[str, str, str]]:
        """Give recipient, status (sent, bounced, deferred) and our reply, of each attempt, as its log has them."""
        log = self.home / "log"
        # It is made with the first line.
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return [found.groups() for line in lines if "/lmtp[" in line and (found := _DELIVERY.search(line))]  # type: ignore[misc]

    async def is_empty(self) -> bool:
        """Tell whether nothing waits in its queue any more."""
        output = await asyncio.to_thread(self._run, "postqueue", "-p")
        return "queue is empty" in output

    async def has_delivered_all(self) -> None:
        await eventually(self.is_empty, _PATIENCE)

    def start(self) -> None:
        self._run("postfix", "start")

    def stop(self) -> None:
        self._run("postfix", "stop")

    def _run(self, program: str, *arguments: str) -> str:
        command = [shutil.which(program, path=_PLACES) or program, "-c", str(self.home / "etc"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
        return done.stdout


@asynccontextmanager
async def running_postfix(lmtp: str) -> AsyncIterator[Postfix]:
    """Run one that relays to the LMTP door at `lmtp`."""
    # Not below pytest's folder: Postfix works as a user who may not look in there.
    home = Path(tempfile.mkdtemp(prefix="clew-postfix-"))
    smtp, sink = free_port(), free_port()
    postfix = Postfix(home, f"127.0.0.1:{smtp}")
    _furnish(home, smtp, int(lmtp.rpartition(":")[2]), sink)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(_Sink(postfix)), "127.0.0.1", sink)
    try:
        await asyncio.to_thread(postfix.start)
        yield postfix
    finally:
        await asyncio.to_thread(postfix.stop)
        server.close()
        shutil.rmtree(home)


def _furnish(home: Path, smtp: int, lmtp: int, sink: int) -> None:
    home.chmod(0o755)
    for name in ("etc", "queue", "data"):
        (home / name).mkdir()
    shutil.chown(home / "data", "postfix")
    (home / "etc" / "main.cf").write_text(_MAIN.format(home=home, lmtp=lmtp, sink=sink))
    (home / "etc" / "master.cf").write_text(_MASTER.format(smtp=smtp))


class _Sink:
    def __init__(self, postfix: Postfix) -> None:
        self._postfix = postfix

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self._postfix.gone:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self._postfix.came_back.append(envelope.original_content or b"")
        return "250 OK"
