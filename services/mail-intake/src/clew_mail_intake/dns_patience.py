"""How long the DNS may take over one mail, by who brought it. Next: clew_mail_intake.ask_dns.Dns.records."""

from threading import Lock

# Servers that are there answer in a fraction of either.
WHOLE_SECONDS = 3.0
SHORT_SECONDS = 0.5
# So much waiting in a minute uses up the patience with one client, and so much with all together.
_OF_ONE = 10.0
_OF_ALL = 60.0
_MINUTE = 60.0
_REMEMBERED = 10_000
_ALL = ""


class DnsPatience:
    """Waits less for the names of those whose mails made us wait: names are free, and who brings them is not."""

    def __init__(self) -> None:
        self._waited: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def seconds_for(self, client: str, now: float) -> float:
        """Give how long the answers to one mail's questions may take in all."""
        with self._lock:
            is_used_up = self._left(client, now) >= _OF_ONE or self._left(_ALL, now) >= _OF_ALL
        return SHORT_SECONDS if is_used_up else WHOLE_SECONDS

    def note(self, client: str, seconds: float, now: float) -> None:
        """Remember how long the answers took; what any mail may take is not counted."""
        beyond = seconds - SHORT_SECONDS
        if beyond <= 0:
            return
        with self._lock:
            if len(self._waited) >= _REMEMBERED:
                self._waited = {_ALL: self._waited.get(_ALL, (0.0, now))}
            for whose in (client, _ALL):
                self._waited[whose] = (self._left(whose, now) + beyond, now)

    def _left(self, whose: str, now: float) -> float:
        waited, at = self._waited.get(whose, (0.0, now))
        most = _OF_ALL if whose == _ALL else _OF_ONE
        return max(0.0, waited - (now - at) * most / _MINUTE)
