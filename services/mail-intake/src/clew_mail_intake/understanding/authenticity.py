"""What a trusted hop found about the sender: Authentication-Results (RFC 8601), only from whom we trust (B13)."""

import re
from ipaddress import ip_address

import msgspec

from clew_mail_intake.understanding.dmarc import author_domain, organisation
from clew_mail_intake.understanding.header_fields import Fields, unfold
from clew_mail_intake.understanding.understood import Authenticity, Grade, Surroundings

_PIECE = re.compile(r'\\.|["()\\]|[^"()\\]+', re.DOTALL)
_RESULT = re.compile(r"(?:^|[\s;])(spf|dkim|dmarc)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_AUTHOR = re.compile(r"(?:^|[\s;])dmarc\s*=[^;]*?\sheader\.from\s*=\s*([^\s;]+)", re.IGNORECASE)
_BROKEN_POLICY = re.compile(r"(?:^|[\s;])dmarc\s*=\s*permerror", re.IGNORECASE)
_ALIGNED = re.compile(
    r"^\s*(?:dkim(?:\s*/\s*\d+)?\s*=\s*pass\b[^;]*?\sheader\.[di]"
    r"|spf(?:\s*/\s*\d+)?\s*=\s*pass\b[^;]*?\ssmtp\.mailfrom)\s*=\s*([^\s;]+)",
    re.IGNORECASE,
)
_TAKEN_BY = re.compile(r"\s*(?:from\s+\S.*?\s)?by\s+\[?([^\s;\]]+)", re.IGNORECASE)
# Exchange Online writes its results without saying who it is.
_NAMELESS, _NAMELESS_HOUSE = "exchange-online", "outlook.com"
# Names that no DNS but that of one's own network gives (RFC 2606, RFC 6761, RFC 6762, RFC 8375).
_PRIVATE_ENDINGS = (".local", ".localhost", ".localdomain", ".lan", ".internal", ".intern", ".corp", ".home.arpa")
_GRADES: dict[str, Grade] = {
    "pass": "pass",
    "fail": "fail",
    "softfail": "fail",
    "hardfail": "fail",
    "policy": "fail",
    "permerror": "fail",
    "temperror": "temperror",
}


def read_authenticity(fields: Fields, known: Surroundings) -> Authenticity | None:
    """Return what the topmost trusted hop found, or None: a header below that hop may be the sender's own.

    A hop may write one header a method. What stands under its first one, or came to us through strangers' hands, may be
    the sender's too, so it is believed about what failed and not about what passed.
    """
    found: Authenticity | None = None
    through_strangers = proved = False
    for name, value in fields:
        if name == "received":
            if found is not None:
                break
            through_strangers = through_strangers or not _is_taken_by_house(unfold(value), known)
        if name != "authentication-results":
            continue
        if (results := _of_trusted(unfold(value), known.trusted_authserv_ids)) is not None:
            author = author_domain(fields)
            read = read_results(results, author)
            if found is None and not through_strangers:
                found, proved = read, _proves(results, author)
            elif found is not None or read.dmarc == "fail":
                found = _with_failures(found or Authenticity(), read)
    if found is not None and proved and found.dmarc == "none":
        return msgspec.structs.replace(found, dmarc="pass")
    return found


def _is_taken_by_house(received: str, known: Surroundings) -> bool:
    """Say whether a hop is of our house, of a trusted hop's, or of a network that only its own people reach."""
    by = _TAKEN_BY.match(_bare(received))
    host = by[1].lower().rstrip(".") if by else ""
    if "." not in host or host.endswith(_PRIVATE_ENDINGS) or _is_literal(host):
        return True
    trusted = known.trusted_authserv_ids
    house = {*trusted, *known.colleague_domains, *known.own_message_domains, known.intake_domain}
    return organisation(host) in {organisation(_NAMELESS_HOUSE if name == _NAMELESS else name) for name in house}


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.removeprefix("ipv6:"))
    except ValueError:
        return False
    return True


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


def _proves(text: str, author: str | None) -> bool:
    """Say whether a hop that judges by no policy saw what DMARC asks for: a pass for the `author`'s own domain."""
    text = _bare(text)
    if author is None or re.search(r"(?:^|[\s;])dmarc(?:\s*/\s*\d+)?\s*=", text, re.IGNORECASE):
        return False
    passed = (found[1] for clause in text.split(";") if (found := _ALIGNED.match(clause)))
    return any(organisation(name.rpartition("@")[2].lower().rstrip(".")) == organisation(author) for name in passed)


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
