"""Settings: the environment (`CLEW_*`) over a TOML file over the defaults. Next: clew_shared.runtime.up.run_up."""

import difflib
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from clew_shared.contracts.reply_address import ReplyKeys
from clew_shared.identity.email import ascii_domain
from clew_shared.runtime.setting_rules import what_is_wrong

PREFIX = "CLEW_"
_SECRET_BYTES = 32


class OperatorError(Exception):
    """clew cannot run as it is set up; the message says what the operator can do."""


class BadSetting(OperatorError, ValueError):
    """A setting has no such name or no such value; the operator can mend it."""


_OUR_HOUSE = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator can set; each name is `CLEW_<NAME>` in the environment and `<name>` in TOML.

    Ports: 0 picks a free one. `smtp_url` is `smtp://[user:password@]host[:port]`, `smtps://` or `smtp+starttls://`.
    `trusted_proxies` are networks whose `X-Forwarded-For` is believed. `region` is the ISO country of phone numbers
    that name none. `webhook_allow` are private networks that webhooks may go to. `mail_relays` are the networks of our
    own mail systems: who hands us mail from elsewhere is checked by its address (SPF), and may bring
    `smtp_mails_per_minute`, over `smtp_connections_per_address`. Whoever is silent for `smtp_idle_seconds` is hung up
    on. `smtp_bare_line_ends` says whether a mail with a bare CR, a bare LF or a NUL is to `reject` or to `normalise`.
    `dns_servers` are asked instead of the machine's. An IMAP server is left in IDLE for `imap_idle_seconds`, and left
    alone when it does not answer for `imap_answer_seconds`. After `mail_keep_days` the bytes of a mail are
    forgotten, after `machine_mail_keep_days` those of machines and spam; without them everything is kept.
    S/MIME signatures are believed by the authorities in `smime_authorities` (PEM) instead of the system's, those of
    OpenPGP by the keys in `pgp_keys`; files are shown to the virus scanner (clamd) at `file_scanner`, as
    `tcp://host:port` or `unix:/path`.
    `intake_aliases` are more names at the intake domain beside `deals`. No more than `acknowledgements_per_hour` go out
    in all. What comes from `form_senders`, addresses or domains of services, is of forms of ours and believed about who
    filled them in. With `lists_open_deals` what people write through a mailing list is an enquiry like any other.
    `failpoint` is for fault tests (see `clew_shared.runtime.failpoint`).
    """

    data_dir: Path = Path("data")
    config: Path | None = None
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    public_url: str | None = None
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 2525
    smtp_mails_per_minute: int = 300
    smtp_connections_per_address: int = 50
    smtp_idle_seconds: int = 300
    smtp_bare_line_ends: str = "reject"
    smtp_tls_cert: Path | None = None
    smtp_tls_key: Path | None = None
    lmtp_port: int | None = None
    imap_idle_seconds: int = 240
    imap_answer_seconds: int = 30
    database_url: str | None = None
    nats_url: str | None = None
    smtp_url: str | None = None
    mail_from: str | None = None
    intake_domain: str = "in.localhost"
    intake_aliases: tuple[str, ...] = ()
    trusted_authserv: tuple[str, ...] = ()
    mail_relays: tuple[str, ...] = _OUR_HOUSE
    dns_servers: tuple[str, ...] = ()
    smime_authorities: Path | None = None
    pgp_keys: Path | None = None
    file_scanner: str | None = None
    max_mail_bytes: int = 50 * 1024 * 1024
    mail_keep_days: int | None = None
    machine_mail_keep_days: int | None = None
    acknowledgements_per_hour: int = 5000
    lists_open_deals: bool = False
    api_token: str | None = None
    team: tuple[str, ...] = ()
    team_domains: tuple[str, ...] = ()
    form_senders: tuple[str, ...] = ()
    region: str | None = None
    webhook_allow: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    secret: str | None = None
    replicas: int = 1
    log_level: str = "info"
    log_format: str = "auto"
    failpoint: str | None = None

    def __post_init__(self) -> None:
        # Written into addresses and signed: there must be one spelling of it.
        object.__setattr__(self, "intake_domain", ascii_domain(self.intake_domain))

    @property
    def intake_address(self) -> str:
        return f"deals@{self.intake_domain}"

    @property
    def intake_addresses(self) -> tuple[str, ...]:
        return (self.intake_address, *(f"{name.casefold()}@{self.intake_domain}" for name in self.intake_aliases))

    @property
    def sender_address(self) -> str:
        return self.mail_from or f"clew <clew@{self.intake_domain}>"

    @property
    def public_origin(self) -> str:
        return (self.public_url or f"http://{self.http_host}:{self.http_port}").rstrip("/")

    def secret_key(self) -> bytes:
        """Give the installation's secret, made once and kept in the data directory when none is set."""
        if self.secret:
            return self.secret.encode()
        path = self.data_dir / "secret"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            _write_once(path, secrets.token_hex(_SECRET_BYTES))
        return path.read_bytes().strip()

    def reply_keys(self) -> ReplyKeys:
        return ReplyKeys("a", {"a": self.secret_key()})

    def changed(self, **changes: Any) -> "Settings":
        return replace(self, **changes)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises `BadSetting` for an unknown name or a value that does not fit."""
    environ = os.environ if environ is None else environ
    given = {name[len(PREFIX) :].lower(): value for name, value in environ.items() if name.startswith(PREFIX)}
    path = Path(given["config"]) if given.get("config") else None
    from_file = _read_toml(path) if path else {}
    return Settings(**{name: _convert(name, value) for name, value in {**from_file, **given}.items()})


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise BadSetting(f"CLEW_CONFIG names {path}, which is not there") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path}: {error}") from None


def _convert(name: str, value: Any) -> Any:
    known = get_type_hints(Settings)
    names = [field.name for field in fields(Settings)]
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {PREFIX}{close[0].upper()}?" if close else ""
        raise BadSetting(f"unknown setting {PREFIX}{name.upper()}{hint}")
    wanted = known[name]
    optional = type(None) in get_args(wanted)
    kind = next(arg for arg in get_args(wanted) if arg is not type(None)) if optional else wanted
    if optional and value == "":
        return None
    try:
        if kind is bool:
            return value if isinstance(value, bool) else _as_bool(str(value))
        if kind in (int, str, Path):
            converted = kind(value)
        else:
            parts = value.split(",") if isinstance(value, str) else value
            converted = tuple(str(part).strip() for part in parts if str(part).strip())
    except (TypeError, ValueError):
        wanted_word = "number" if kind is int else kind.__name__
        raise BadSetting(f"{PREFIX}{name.upper()}={value!r} is no {wanted_word}") from None
    if wrong := what_is_wrong(name, converted):
        raise BadSetting(f"{PREFIX}{name.upper()} {wrong}")
    return converted


def _as_bool(value: str) -> bool:
    """Read yes or no as people write it. Raises `ValueError`."""
    said = value.strip().casefold()
    if said in ("yes", "true", "on", "1"):
        return True
    if said in ("no", "false", "off", "0"):
        return False
    raise ValueError(value)


def _write_once(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
