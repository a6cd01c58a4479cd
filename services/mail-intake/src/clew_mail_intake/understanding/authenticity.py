"""What a trusted hop found about the sender: Authentication-Results (RFC 8601), only from whom we trust (B13)."""

import re

from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.understood import Authenticity, Grade

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
_RESULT = re.compile(r"(?:^|[\s;])(spf|dkim|dmarc)\s*=\s*([a-z]+)", re.IGNORECASE)
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
    """Return the topmost trusted hop's results, or None: a header below it may be the sender's own."""
    if not trusted:
        return None
    for value in fields.get_all("authentication-results"):
        server, _, results = _bare(value).partition(";")
        if (server.split() or [""])[0].lower().rstrip(".") in trusted:
            return read_results(results)
    return None


def read_results(text: str) -> Authenticity:
    """Read `method=result` between semicolons."""
    found: dict[str, Grade] = {}
    for name, result in _RESULT.findall(_bare(text)):
        grade = _GRADES.get(result.lower(), "none")
        # A mail may carry several signatures: one that holds is enough.
        if found.get(name.lower()) != "pass":
            found[name.lower()] = grade
    return Authenticity(spf=found.get("spf", "none"), dkim=found.get("dkim", "none"), dmarc=found.get("dmarc", "none"))


def _bare(text: str) -> str:
    """Leave out what is quoted and what is commented on: anybody may have written that."""
    bare = _QUOTED.sub("", text)
    for _ in range(3):
        bare = _COMMENT.sub(" ", bare)
    return bare
