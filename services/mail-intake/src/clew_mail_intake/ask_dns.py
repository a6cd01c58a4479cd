"""Ask the DNS about those who send us mail. Next: clew_mail_intake.check_sender.SenderChecks."""

from collections.abc import Sequence
from threading import Lock
from time import monotonic
from typing import Any

# One name; a resolver that is there answers in milliseconds.
_PATIENCE_SECONDS = 2.0
_PROBE_SECONDS = 1.0
# While nothing answers, mail must not wait for it one by one.
_SILENCE_SECONDS = 60.0
_REMEMBERED = 10_000


class DnsSilent(Exception):
    """No server answered in time, or the answer was a failure: nothing can be concluded."""


class Dns:
    """Looks names up at the servers given (`address` or `address:port`), or at the system's; from any thread."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        from dns.resolver import LRUCache

        self._resolver = _resolver(servers, _PATIENCE_SECONDS)
        self._resolver.cache = LRUCache(_REMEMBERED)
        # Without a memory: whether somebody answers is a question of now.
        self._probe = _resolver(servers, _PROBE_SECONDS)
        self._silent_until = 0.0
        self._silent_names: dict[str, float] = {}
        self._lock = Lock()

    def texts(self, name: str, until: float) -> tuple[str, ...]:
        """Give the TXT records of `name`, none when there are none. Raises `DnsSilent`."""
        joined = (b"".join(record.strings) for record in self.records(name, "TXT", until))
        # No record has use for a NUL, and PostgreSQL none at all.
        return tuple(text.decode("ascii", "replace").replace("\0", "") for text in joined)

    def records(self, name: str, kind: str, until: float) -> list[Any]:
        """Give the records of `kind` as dnspython has them, by `until` (monotonic). Raises `DnsSilent`."""
        from dns.exception import DNSException, Timeout
        from dns.resolver import NXDOMAIN, NoNameservers

        left = until - monotonic()
        if left <= 0 or self._is_known_silent(name):
            raise DnsSilent(name)
        try:
            found = self._resolver.resolve(
                name, kind, raise_on_no_answer=False, search=False, lifetime=min(left, _PATIENCE_SECONDS)
            )
            return list(found.rrset or ())
        except NXDOMAIN:
            return []
        except Timeout:
            if left >= _PATIENCE_SECONDS:
                # What had less time may answer the next who asks.
                self._note_silence(name)
            raise DnsSilent(name) from None
        except NoNameservers:
            raise DnsSilent(name) from None
        except DNSException:
            # A name that is none: too long, an empty label.
            return []

    def _is_known_silent(self, name: str) -> bool:
        with self._lock:
            return monotonic() < max(self._silent_until, self._silent_names.get(name, 0.0))

    def _note_silence(self, name: str) -> None:
        """Let nobody wait again for what is silent: all of the DNS, or else that name alone.

        A stranger's own servers can be silent on purpose; that must keep nobody else from being checked.
        """
        somebody_answers = self._somebody_answers()
        with self._lock:
            until = monotonic() + _SILENCE_SECONDS
            if not somebody_answers:
                self._silent_until = until
                return
            if len(self._silent_names) >= _REMEMBERED:
                self._silent_names.clear()
            self._silent_names[name] = until

    def _somebody_answers(self) -> bool:
        """Ask for the root, which every resolver knows; a refusal is an answer."""
        from dns.exception import DNSException, Timeout

        try:
            self._probe.resolve(".", "NS", raise_on_no_answer=False, search=False)
        except Timeout:
            return False
        except DNSException:
            return True
        return True


def _resolver(servers: Sequence[str], patience: float) -> Any:
    from dns.nameserver import Do53Nameserver
    from dns.resolver import Resolver

    made = Resolver(configure=not servers)
    if servers:
        named = [server.rpartition(":") if server.count(":") == 1 else (server, "", "53") for server in servers]
        made.nameservers = [Do53Nameserver(host, int(port)) for host, _, port in named]
    made.lifetime = patience
    return made
