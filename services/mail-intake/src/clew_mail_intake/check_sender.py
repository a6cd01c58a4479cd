"""Gather what the network says of a mail's sender, before the mail is understood.

Next: clew_mail_intake.understanding.authenticate.authenticate.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import spf
from clew_shared.runtime.settings import Settings

from clew_mail_intake.ask_dns import Dns, DnsSilent
from clew_mail_intake.dns_patience import DnsPatience
from clew_mail_intake.reading import surroundings
from clew_mail_intake.relays import Relays
from clew_mail_intake.stored_mail import StoredMail
from clew_mail_intake.understanding.authenticate import names_to_ask
from clew_mail_intake.understanding.authenticity import read_authenticity
from clew_mail_intake.understanding.header_fields import Fields, split_header
from clew_mail_intake.understanding.limits import ALL_HEADERS_BYTES
from clew_mail_intake.understanding.understood import Evidence, Grade

_AT_A_TIME = 16
# Of one client: whoever waits for silent servers leaves as many threads to everybody else.
_OF_ONE_AT_A_TIME = 8
# Most answers are there by then, and nobody else's mail waits longer for the others.
_MOMENT_SECONDS = 0.3
_REMEMBERED = 1_000
# RFC 7208 4.6.4: questions that lead nowhere.
_MOST_VOID = 2
_GRADES: dict[str, Grade] = {"pass": "pass", "fail": "fail", "softfail": "fail", "temperror": "temperror"}


class StillAsking(Exception):
    """The DNS takes its time over this mail; others can go first."""


class SenderChecks:
    """Asks the DNS what the signatures of a mail, its policy and its envelope need; several mails at a time."""

    def __init__(self, settings: Settings) -> None:
        self._dns = Dns(settings.dns_servers)
        self._known = surroundings(settings)
        self._relays = Relays(settings.mail_relays)
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="dns")
        self._patience = DnsPatience()
        self._rooms: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._asking: dict[UUID, asyncio.Task[Evidence]] = {}

    async def gather(self, mail: StoredMail, raw: bytes) -> Evidence | None:
        """Give None where there is nothing to ask: a hop that we trust has said it, or nothing could prove anything.

        Raises `StillAsking` when that takes longer than a moment; a later call for the same mail has what was found.
        """
        head = raw[:ALL_HEADERS_BYTES]
        fields, _ = split_header(head, 0, len(head))
        direct = mail.client_address is not None and not self._relays.include(mail.client_address)
        if not direct and read_authenticity(fields, self._known) is not None:
            return None
        if (
            not direct
            and "dkim-signature" not in fields
            and not (self._known.trusted_authserv_ids and "arc-seal" in fields)
        ):
            return None
        asking = self._asking.get(mail.bytes_key) or self._begin(mail, fields, direct)
        await asyncio.wait({asking}, timeout=_MOMENT_SECONDS)
        if not asking.done():
            raise StillAsking
        if asking.exception() is not None:
            del self._asking[mail.bytes_key]
        # Kept for a while: the mail may have to wait for a copy of it, whose answers come later.
        return asking.result()

    def _begin(self, mail: StoredMail, fields: Fields, direct: bool) -> asyncio.Task[Evidence]:
        if len(self._asking) >= _REMEMBERED:
            self._asking = {key: asking for key, asking in self._asking.items() if not asking.done()}
        asking = asyncio.create_task(self._ask_in_turn(mail, fields, direct), name="ask the DNS")
        self._asking[mail.bytes_key] = asking
        return asking

    async def _ask_in_turn(self, mail: StoredMail, fields: Fields, direct: bool) -> Evidence:
        client = mail.client_address or mail.door
        room = self._rooms.setdefault(client, asyncio.Semaphore(_OF_ONE_AT_A_TIME))
        async with room:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._ask, mail, fields, direct, client)

    def _ask(self, mail: StoredMail, fields: Fields, direct: bool, client: str) -> Evidence:
        begun = monotonic()
        until = begun + self._patience.seconds_for(client, begun)
        found = self._ask_until(mail, fields, direct, until)
        self._patience.note(client, monotonic() - begun, monotonic())
        return found

    def _ask_until(self, mail: StoredMail, fields: Fields, direct: bool, until: float) -> Evidence:
        own, others = names_to_ask(fields, sealed=bool(self._known.trusted_authserv_ids))
        txt, silent = self._texts(own, until)
        grade, domain = self._check_spf(mail, until) if direct else ("none", "")
        more, silent_too = self._texts(others, until)
        silent = (*silent, *silent_too)
        return Evidence(spf=grade, spf_domain=domain, is_direct=direct, txt={**txt, **more}, silent=silent)

    def _texts(self, names: Sequence[str], until: float) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
        """Give the records by name, and the names that nobody answered for."""
        txt: dict[str, tuple[str, ...]] = {}
        silent = []
        for name in names:
            try:
                if found := self._dns.texts(name, until):
                    txt[name] = found
            except DnsSilent:
                silent.append(name)
        return txt, tuple(silent)

    def _check_spf(self, mail: StoredMail, until: float) -> tuple[Grade, str]:
        """Ask whether the domain of the envelope sender sends from there (SPF, RFC 7208); the null one goes by HELO."""
        name = mail.client_name or "unknown"
        sender = mail.mail_from or f"postmaster@{name}"
        result, _, _ = _Query(self._dns, until, i=mail.client_address, s=sender, h=name).check()
        return _GRADES.get(result, "none"), sender.rpartition("@")[2].lower()


class _Query(spf.query):  # type: ignore[misc]
    """pyspf's evaluation over our DNS."""

    def __init__(self, dns: Dns, until: float, **of: Any) -> None:
        super().__init__(**of)
        self._dns = dns
        self._until = until

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        """Answer in the shapes that pyspf knows; aliases were followed already."""
        try:
            found = [
                _as_spf_has_it(record, qtype) for record in self._dns.records(str(name).rstrip("."), qtype, self._until)
            ]
        except DnsSilent:
            raise spf.TempError("DNS") from None
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > _MOST_VOID:
                raise spf.PermError(f"Void lookup limit of {_MOST_VOID} exceeded")
        return found


def _as_spf_has_it(record: Any, kind: str) -> Any:
    if kind == "MX":
        return record.preference, record.exchange.to_text(omit_final_dot=True)
    if kind == "PTR":
        return record.target.to_text(omit_final_dot=True)
    return record.strings if kind in ("TXT", "SPF") else record.address
