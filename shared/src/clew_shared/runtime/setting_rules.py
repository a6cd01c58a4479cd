"""What the values of settings must be like, beyond their types. Next: clew_shared.runtime.settings.load_settings."""

import re
from collections.abc import Callable
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

_HIGHEST_PORT = 65535
# RFC 2177 3: a server may end an IDLE after 30 minutes.
_LONGEST_IDLE = 1740
_DOMAIN = re.compile(r"(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*", re.ASCII)
_LOCAL_PART = re.compile(r"[^\s@+,<>\"]{1,64}")

Rule = Callable[[Any], bool]


def what_is_wrong(name: str, value: Any) -> str | None:
    """Say what the setting `name` takes when `value` is none of it; each one of a list is looked at.

    The value of an address is not shown: there may be a password in it.
    """
    if name not in _RULES or value is None:
        return None
    fits, takes = _RULES[name]
    for one in value if isinstance(value, tuple) else (value,):
        if not fits(one):
            return f"takes {takes}" + ("" if name.endswith("_url") else f", not {str(one)!r}")
    return None


def _between(least: int, most: int | None = None) -> tuple[Rule, str]:
    takes = f"a number from {least} to {most}" if most else f"a number from {least} up"
    return lambda value: value >= least and (most is None or value <= most), takes


def _one_of(*names: str) -> tuple[Rule, str]:
    return lambda value: value.lower() in names, "one of " + ", ".join(names)


def _url(*schemes: str) -> Rule:
    return lambda value: value.partition("://")[0] in schemes and len(value.partition("://")[2]) > 0


def _is_domain(value: str) -> bool:
    try:
        return _DOMAIN.fullmatch(value.encode("idna").decode()) is not None
    except UnicodeError:
        return False


def _is_address(value: str) -> bool:
    local, _, domain = parseaddr(value)[1].rpartition("@")
    return bool(local) and _is_domain(domain)


def _is_network(value: str) -> bool:
    try:
        ip_network(value)
    except ValueError:
        return False
    return True


def _is_name_server(value: str) -> bool:
    host, _, port = value.rpartition(":") if value.count(":") == 1 else (value, "", "53")
    try:
        ip_address(host)
        return 0 < int(port) <= _HIGHEST_PORT
    except ValueError:
        return False


def _is_file(value: Path) -> bool:
    return value.is_file()


_PORT = _between(0, _HIGHEST_PORT)
_DAYS = _between(1)
_DOMAIN_RULE = (_is_domain, "a domain, such as example.com")
_NETWORK = (_is_network, "a network, such as 192.0.2.0/24")
_FILE = (_is_file, "a file that is there")

_RULES: dict[str, tuple[Rule, str]] = {
    "http_port": _PORT,
    "public_url": (_url("http", "https"), "an address such as https://clew.example.com"),
    "smtp_port": _PORT,
    "smtp_mails_per_minute": _between(1),
    "smtp_connections_per_address": _between(1),
    "smtp_idle_seconds": _between(1),
    "smtp_bare_line_ends": _one_of("reject", "normalise"),
    "smtp_tls_cert": _FILE,
    "smtp_tls_key": _FILE,
    "smime_authorities": _FILE,
    "pgp_keys": _FILE,
    "lmtp_port": _PORT,
    "imap_idle_seconds": _between(1, _LONGEST_IDLE),
    "imap_answer_seconds": _between(1),
    "database_url": (
        _url("postgresql", "postgres", "postgresql+asyncpg"),
        "an address such as postgresql://user:password@host/name",
    ),
    "nats_url": (_url("nats", "tls", "ws", "wss"), "an address such as nats://host:4222, or several with commas"),
    "mail_from": (_is_address, "an address, such as clew <clew@example.com>"),
    "intake_domain": _DOMAIN_RULE,
    "intake_aliases": (
        lambda name: _LOCAL_PART.fullmatch(name) is not None,
        "a name at the intake domain alone, such as sales",
    ),
    "mail_relays": _NETWORK,
    "dns_servers": (_is_name_server, "the address of a name server, such as 192.0.2.53 or 192.0.2.53:5353"),
    "max_mail_bytes": _between(1024),
    "mail_keep_days": _DAYS,
    "machine_mail_keep_days": _DAYS,
    "acknowledgements_per_hour": _between(0),
    "team": (_is_address, "an address, such as ann@example.com"),
    "team_domains": _DOMAIN_RULE,
    "form_senders": (
        lambda value: _is_address(value) if "@" in value else _is_domain(value),
        "an address or a domain, such as noreply@forms.example.com",
    ),
    "webhook_allow": _NETWORK,
    "trusted_proxies": _NETWORK,
    "replicas": (lambda value: value in (1, 3, 5), "one of 1, 3, 5"),
    "region": (lambda value: re.fullmatch(r"[A-Za-z]{2}", value) is not None, "an ISO country such as GB"),
    "log_level": _one_of("debug", "info", "warning", "error", "critical"),
    "log_format": _one_of("auto", "text", "json"),
}
