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


def read_authenticity(fields: Fields, trusted: frozenset[str]) -> Authenticity:
    """Return the topmost trusted hop's results; a header below it may be the sender's own."""
    if not trusted:
        return Authenticity()
    for value in fields.get_all("authentication-results"):
        bare = _QUOTED.sub("", value)
        for _ in range(3):
            bare = _COMMENT.sub(" ", bare)
        server, _, results = bare.partition(";")
        if (server.split() or [""])[0].lower().rstrip(".") not in trusted:
            continue
        found: dict[str, Grade] = {}
        for name, result in _RESULT.findall(results):
            grade = _GRADES.get(result.lower(), "none")
            # A mail may carry several signatures: one that holds is enough.
            if found.get(name.lower()) != "pass":
                found[name.lower()] = grade
        return Authenticity(
            spf=found.get("spf", "none"), dkim=found.get("dkim", "none"), dmarc=found.get("dmarc", "none")
        )
    return Authenticity()
