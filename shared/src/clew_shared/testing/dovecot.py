"""A real IMAP server for tests: Debian's Dovecot as a child, in a directory and on a port of its own."""

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from clew_shared.runtime.engines.ports import free_port

PASSWORD = "a-password-for-tests"
_PATIENCE = 15.0


def dovecot_program() -> str | None:
    """Give the path of the server, None where it is not installed (`apt-get install dovecot-imapd`)."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Dovecot:
    """Every user name is somebody with `PASSWORD` and an empty INBOX. `capability` replaces what is advertised.

    `introspection` is where tokens are looked up (RFC 7662), and has them taken for passwords (XOAUTH2). With
    `certificate`, a certificate and its key, STARTTLS is offered, and TLS at `tls_port`. The user `reader` may look at
    what is in his INBOX and change nothing there (RFC 4314).

    `kill` ends it without a word, `start` starts it again on the same data and port, `pause` and `resume` stop and
    continue all of it.
    """

    def __init__(
        self,
        capability: str | None = None,
        introspection: str | None = None,
        certificate: tuple[Path, Path] | None = None,
        reader: str | None = None,
    ) -> None:
        # Not below a test's own directory: the mail user must be able to get there.
        self.directory = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.directory.chmod(0o755)
        self.port = free_port()
        self.tls_port = free_port() if certificate else 0
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = uid, gid = (os.getuid(), os.getgid()) if os.getuid() else _nobody()
        self._home = self.directory / "home"
        self._home.mkdir()
        os.chown(self._home, uid, gid)
        tokens, encryption = self._takes_tokens(introspection), self._encrypts(certificate)
        written = self._configuration(uid, gid, capability) + tokens + encryption + self._restricts(reader)
        (self.directory / "dovecot.conf").write_text(written)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        program = dovecot_program()
        if program is None:
            raise FileNotFoundError("dovecot is not installed")
        command = [program, "-F", "-c", str(self.directory / "dovecot.conf")]
        self._process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                with self.sign_in("nobody-yet"):
                    return
            except (OSError, imaplib.IMAP4.error):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        """End the server and all that it started at once, as a crash would."""
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextlib.contextmanager
    def sign_in(self, user: str, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """Look into a mailbox as another mail client would."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=_PATIENCE) as client:
            client.login(user, PASSWORD)
            client.select(folder)
            yield client

    def deliver(self, user: str, *mails: bytes, folder: str = "INBOX") -> None:
        with self.sign_in(user, folder) as client:
            for mail in mails:
                answer, what = client.append(folder, "", "", mail)
                if answer != "OK":
                    raise AssertionError(what)

    def lay(self, user: str, mails: Iterable[bytes]) -> int:
        """Have many mails lie in an INBOX that nobody has opened yet, without sending each; give how many."""
        folder = self._home / user / "mail" / "cur"
        folder.mkdir(parents=True)
        count = 0
        for count, mail in enumerate(mails, 1):
            (folder / f"1790000000.M{count:06}.clew,S={len(mail)},W={len(mail)}:2,").write_bytes(mail)
        uid, gid = self._owner
        for path in (self._home / user, self._home / user / "mail", folder, *folder.iterdir()):
            os.chown(path, uid, gid)
        return count

    def flags(self, user: str, folder: str = "INBOX") -> list[str]:
        """Give the flags of each mail, in the order of the folder."""
        with self.sign_in(user, folder) as client:
            _, found = client.fetch("1:*", "(FLAGS)")
            return [line.decode() for line in found if isinstance(line, bytes)]

    def count(self, user: str, folder: str = "INBOX") -> int:
        with self.sign_in(user) as client:
            answer, found = client.select(folder)
            return int(found[0] or 0) if answer == "OK" else 0

    def renumber(self, user: str) -> None:
        """Give the folder a new UIDVALIDITY, as a restored backup or a moved server has."""
        # The new one is the time in seconds.
        time.sleep(1.1)
        for name in (
            "dovecot-uidlist",
            "dovecot-uidvalidity",
            "dovecot.index",
            "dovecot.index.log",
            "dovecot.index.cache",
        ):
            for path in (self._home / user / "mail").glob(f"{name}*"):
                path.unlink()

    def _takes_tokens(self, introspection: str | None) -> str:
        if introspection is None:
            return ""
        lookup = self.directory / "oauth2.conf"
        lookup.write_text(
            f"introspection_url = {introspection}\nintrospection_mode = get\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
        return f"""
auth_mechanisms = plain xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {lookup}
}}
"""

    @staticmethod
    def _encrypts(certificate: tuple[Path, Path] | None) -> str:
        if certificate is None:
            return ""
        return f"ssl = yes\nssl_cert = <{certificate[0]}\nssl_key = <{certificate[1]}\n"

    def _restricts(self, reader: str | None) -> str:
        if reader is None:
            return ""
        rights = self.directory / "acl"
        rights.write_text(f"INBOX user={reader} lr\n* owner lrwstipekxa\n")
        return f"mail_plugins = acl\nplugin {{\n  acl = vfile:{rights}\n}}\n"

    def _pids(self) -> list[int]:
        """Find the whole family: each of its processes is a child of the one that we started, or of a child."""
        if self._process is None:
            return []
        found, new = [self._process.pid], [self._process.pid]
        while new:
            parents, new = new, []
            for parent in parents:
                with contextlib.suppress(FileNotFoundError):
                    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
                    new += [int(child) for child in children]
            found += new
        return found

    def _configuration(self, uid: int, gid: int, capability: str | None) -> str:
        as_root = os.getuid() == 0
        user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        accounts = (
            ""
            if as_root
            else f"default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}"
        )
        advertised = f"imap_capability = {capability}" if capability else ""
        return f"""
base_dir = {self.directory}/run
state_dir = {self.directory}/state
log_path = {self.directory}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_username_chars =
mail_location = maildir:~/mail
mail_max_userip_connections = 100
first_valid_uid = 1
{accounts}
{advertised}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={self._home}/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port}
    ssl = yes
  }}
}}
"""


def _nobody() -> tuple[int, int]:
    account = pwd.getpwnam("nobody")
    return account.pw_uid, account.pw_gid
