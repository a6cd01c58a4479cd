"""What a trusted hop found about the sender: Authentication-Results (RFC 8601), only from whom we trust (B13)."""

import re

import msgspec

from clew_mail_intake.understanding.dmarc import author_domain, organisation
from clew_mail_intake.understanding.header_fields import Fields, unfold
from clew_mail_intake.understanding.understood import Authenticity, Grade

_PIECE = re.compile(r'\\.|["()\\]|[^"()\\]+', re.DOTALL)
_RESULT = re.compile(r"(?:^|[\s;])(spf|dkim|dmarc)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_AUTHOR = re.compile(r"(?:^|[\s;])dmarc\s*=[^;]*?\sheader\.from\s*=\s*([^\s;]+)", re.IGNORECASE)
_BROKEN_POLICY = re.compile(r"(?:^|[\s;])dmarc\s*=\s*permerror", re.IGNORECASE)
# Exchange Online writes its results without saying who it is.
_NAMELESS = "exchange-online"
_GRADES: dict[str, Grade] = {
    "pass": "pass",
    "fail": "fail",
    "softfail": "fail",
    "hardfail": "fail",
    "policy": "fail",
    "permerror": "fail",
    "temperror": "temperror",
}


def read_authenticity(fields: Fields, trusted: frozenset[str]) -> Authenticity | None:
    """Return what the topmost trusted hop found, or None: a header below that hop may be the sender's own.

    A hop may write one header a method. What stands under its first one may be the sender's too, so it is believed
    about what failed and not about what passed.
    """
    found: Authenticity | None = None
    for name, value in fields:
        if name == "received" and found is not None:
            break
        if name == "authentication-results" and (results := _of_trusted(unfold(value), trusted)) is not None:
            read = read_results(results, author_domain(fields))
            found = read if found is None else _with_failures(found, read)
    return found


def _of_trusted(value: str, trusted: frozenset[str]) -> str | None:
    server, _, results = _bare(value).partition(";")
    if "=" in server:
        return value if _NAMELESS in trusted else None
    return results if (server.split() or [""])[0].lower().rstrip(".") in trusted else None


def _with_failures(first: Authenticity, below: Authenticity) -> Authenticity:
    grades = {
        name: "fail"
        for name in ("spf", "dkim", "dmarc")
        if getattr(first, name) == "none" and getattr(below, name) == "fail"
    }
    return msgspec.structs.replace(first, **grades)


def read_results(text: str, author: str | None) -> Authenticity:
    """Read `method=result` between semicolons; a pass for somebody else's domain says nothing of the `author`'s."""
    found: dict[str, Grade] = {}
    text = _bare(text)
    for name, result in _RESULT.findall(text):
        grade = _GRADES.get(result.lower(), "none")
        # A mail may carry several signatures: one that holds is enough.
        if found.get(name.lower()) != "pass":
            found[name.lower()] = grade
    meant = _AUTHOR.search(text)
    if found.get("dmarc") == "fail" and _BROKEN_POLICY.search(text):
        # The domain's own record is broken, which asks for nothing (RFC 7489 6.6.3).
        found["dmarc"] = "none"
    if meant and found.get("dmarc") == "pass" and organisation(meant[1].lower()) != organisation(author or ""):
        found["dmarc"] = "none"
    return Authenticity(spf=found.get("spf", "none"), dkim=found.get("dkim", "none"), dmarc=found.get("dmarc", "none"))


def _bare(text: str) -> str:
    """Leave out what is quoted and what is commented on (RFC 5322 3.2.2): anybody may have written that."""
    bare: list[str] = []
    depth, quoted = 0, False
    for piece in _PIECE.findall(text):
        if quoted:
            quoted = piece != '"'
        elif piece == "(":
            depth += 1
        elif depth:
            depth -= piece == ")"
            bare.append(" " if not depth else "")
        elif piece == '"':
            quoted = True
        else:
            bare.append(piece)
    return "".join(bare)
