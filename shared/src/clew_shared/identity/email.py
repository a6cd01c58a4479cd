"""Read an email address once: the form people write to, and the key that two spellings share."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

# The plain address nearly everybody has. email-validator agrees on all of these (a test says so) and takes 29 us each.
_PLAIN = re.compile(
    r"(?=.{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?=.{1,253}\Z)(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!..--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 254
# RFC 2606 and RFC 6762: names that no public mail server answers for.
_NOT_PUBLIC = ("test", "example", "invalid", "localhost", "local", "internal", "onion", "arpa")
_NOT_PUBLIC_ENDS = tuple(f"{before}{name}" for before in "@." for name in _NOT_PUBLIC)
_STAND_IN = ".com"


@dataclass(frozen=True, slots=True)
class NormalEmail:
    """An address in its two forms; plus-tags and dots are part of both."""

    address: str
    """To write to: NFC, the local part as its owner spells it, the domain as A-labels in lower case."""
    key: str
    """To match by, and for nothing else: the same, case-folded."""
    public: bool
    """Whether the domain could receive mail from the Internet at all."""

    @property
    def domain(self) -> str:
        return self.key.rpartition("@")[2]


def normalise_email(raw: str) -> NormalEmail | None:
    """Read a bare address (no display name); None for what cannot be one under RFC 5321 and 6531."""
    text = unicodedata.normalize("NFC", raw.strip())
    if len(text) <= _LONGEST and _PLAIN.fullmatch(text):
        local, _, domain = text.rpartition("@")
        return _normal(local, domain.lower())
    # The library refuses every name under a reserved one. On a private network those are real: it gets a stand-in.
    private = text.lower().endswith(_NOT_PUBLIC_ENDS)
    try:
        read = validate_email(
            f"{text}{_STAND_IN}" if private else text,
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
        )
    except (EmailNotValidError, UnicodeError):
        return None
    domain = read.ascii_domain.lower()
    return _normal(read.local_part, domain.removesuffix(_STAND_IN) if private else domain)


def ascii_address(address: str) -> str:
    """Give an address to compare: case-folded, its domain as the DNS has it. It need not be one."""
    local, at, domain = address.rpartition("@")
    return f"{local.casefold()}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """Give a domain to compare, as the DNS has it: A-labels in lower case (RFC 5890 2.3.2.1)."""
    return domain.lower() if domain.isascii() else _a_labels(domain)


@lru_cache(maxsize=1024)
def _a_labels(domain: str) -> str:
    read = normalise_email(f"x@{domain.lower()}")
    return read.domain if read else domain.casefold()


def _normal(local: str, domain: str) -> NormalEmail:
    last = domain.rpartition(".")[2]
    public = "." in domain and last not in _NOT_PUBLIC and not last.isdecimal()
    return NormalEmail(address=f"{local}@{domain}", key=f"{local.casefold()}@{domain}", public=public)
