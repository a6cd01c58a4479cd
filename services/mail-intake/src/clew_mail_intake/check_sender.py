"""Gather what the network says of a mail's sender, before the mail is understood.

Next: clew_mail_intake.understanding.authenticate.authenticate.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import spf
from clew_shared.runtime.settings import Settings

from clew_mail_intake.ask_dns import Dns, DnsSilent
from clew_mail_intake.reading import surroundings
from clew_mail_intake.relays import Relays
from clew_mail_intake.stored_mail import StoredMail
from clew_mail_intake.understanding.authenticate import names_to_ask
from clew_mail_intake.understanding.authenticity import read_authenticity
from clew_mail_intake.understanding.header_fields import Fields, split_header
from clew_mail_intake.understanding.limits import ALL_HEADERS_BYTES
from clew_mail_intake.understanding.understood import Evidence, Grade

_AT_A_TIME = 16
# RFC 7208 4.6.4: questions that lead nowhere.
_MOST_VOID = 2
_GRADES: dict[str, Grade] = {"pass": "pass", "fail": "fail", "softfail": "fail", "temperror": "temperror"}


class SenderChecks:
    """Asks the DNS what the signatures of a mail, its policy and its envelope need; several mails at a time."""

    def __init__(self, settings: Settings) -> None:
        self._dns = Dns(settings.dns_servers)
        self._known = surroundings(settings)
        self._relays = Relays(settings.mail_relays)
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="dns")

    async def gather(self, mail: StoredMail, raw: bytes) -> Evidence | None:
        """Give None where there is nothing to ask: a hop that we trust has said it, or nothing could prove anything."""
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
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, mail, fields, direct)

    def _ask(self, mail: StoredMail, fields: Fields, direct: bool) -> Evidence:
        txt: dict[str, tuple[str, ...]] = {}
        silent = []
        for name in names_to_ask(fields, sealed=bool(self._known.trusted_authserv_ids)):
            try:
                if found := self._dns.texts(name):
                    txt[name] = found
            except DnsSilent:
                silent.append(name)
        grade, domain = self._check_spf(mail) if direct else ("none", "")
        return Evidence(spf=grade, spf_domain=domain, is_direct=direct, txt=txt, silent=tuple(silent))

    def _check_spf(self, mail: StoredMail) -> tuple[Grade, str]:
        """Ask whether the domain of the envelope sender sends from there (SPF, RFC 7208); the null one goes by HELO."""
        name = mail.client_name or "unknown"
        sender = mail.mail_from or f"postmaster@{name}"
        result, _, _ = _Query(self._dns, i=mail.client_address, s=sender, h=name).check()
        return _GRADES.get(result, "none"), sender.rpartition("@")[2].lower()


class _Query(spf.query):  # type: ignore[misc]
    """pyspf's evaluation over our DNS."""

    def __init__(self, dns: Dns, **of: Any) -> None:
        super().__init__(**of)
        self._dns = dns

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        """Answer in the shapes that pyspf knows; aliases were followed already."""
        try:
            found = [_as_spf_has_it(record, qtype) for record in self._dns.records(str(name).rstrip("."), qtype)]
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
