"""Ask the DNS about those who send us mail. Next: clew_mail_intake.check_sender.SenderChecks."""

from collections.abc import Sequence
from threading import Lock
from time import monotonic
from typing import Any

# One name; a resolver that is there answers in milliseconds.
_PATIENCE_SECONDS = 2.0
# While nothing answers, mail must not wait for it one by one.
_SILENCE_SECONDS = 60.0
_REMEMBERED = 10_000


class DnsSilent(Exception):
    """No server answered in time, or the answer was a failure: nothing can be concluded."""


class Dns:
    """Looks names up at the servers given (`address` or `address:port`), or at the system's; from any thread."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        from dns.nameserver import Do53Nameserver
        from dns.resolver import LRUCache, Resolver

        self._resolver = Resolver(configure=not servers)
        if servers:
            named = [server.rpartition(":") if server.count(":") == 1 else (server, "", "53") for server in servers]
            self._resolver.nameservers = [Do53Nameserver(host, int(port)) for host, _, port in named]
        self._resolver.cache = LRUCache(_REMEMBERED)
        self._resolver.lifetime = _PATIENCE_SECONDS
        self._silent_until = 0.0
        self._lock = Lock()

    def texts(self, name: str) -> tuple[str, ...]:
        """Give the TXT records of `name`, none when there are none. Raises `DnsSilent`."""
        joined = (b"".join(record.strings) for record in self.records(name, "TXT"))
        # No record has use for a NUL, and PostgreSQL none at all.
        return tuple(text.decode("ascii", "replace").replace("\0", "") for text in joined)

    def records(self, name: str, kind: str) -> list[Any]:
        """Give the records of `kind` as dnspython has them. Raises `DnsSilent`."""
        from dns.exception import DNSException, Timeout
        from dns.resolver import NXDOMAIN, NoNameservers

        with self._lock:
            if monotonic() < self._silent_until:
                raise DnsSilent(name)
        try:
            return list(self._resolver.resolve(name, kind, raise_on_no_answer=False, search=False).rrset or ())
        except NXDOMAIN:
            return []
        except Timeout:
            with self._lock:
                self._silent_until = monotonic() + _SILENCE_SECONDS
            raise DnsSilent(name) from None
        except NoNameservers:
            raise DnsSilent(name) from None
        except DNSException:
            # A name that is none: too long, an empty label.
            return []
