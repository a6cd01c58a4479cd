"""Weigh what speaks against a submission: each sign has a name, a weight and a sentence.

Next: clew_forms.submit.submit_forms.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clew_forms.body import Body
from clew_forms.definition import FormDefinition
from clew_forms.page_token import PageToken

_QUICK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Sign:
    key: str
    weight: int
    sentence: str


NO_TOKEN = Sign("no_token", 10, "It was not sent from a page of ours.")
BAD_TOKEN = Sign("bad_token", 15, "The page it was sent from is too old, or not ours.")
TRAP_FILLED = Sign("trap_filled", 60, "The field that people do not see was filled in.")
TRAP_MISSING = Sign("trap_missing", 20, "The field that people do not see was left out.")
TOO_QUICK = Sign("too_quick", 15, "It was sent within two seconds of opening the page.")
REPEATED = Sign("repeated_field", 10, "A field was given more than once.")


def signs_against(definition: FormDefinition, body: Body, token: PageToken, now: datetime) -> tuple[Sign, ...]:
    """Give the signs in a fixed order; their weights add up to the suspicion."""
    signs = []
    if token.state == "absent":
        signs.append(NO_TOKEN)
    elif token.state != "valid":
        signs.append(BAD_TOKEN)
    trap = body.texts.get(definition.honeypot)
    if trap:
        signs.append(TRAP_FILLED)
    elif trap is None and token.state != "absent" and not body.is_json:
        # Our page always sends it, empty; who leaves it out has picked the fields by hand.
        signs.append(TRAP_MISSING)
    if token.state == "valid" and token.issued_at is not None and now - token.issued_at < _QUICK:
        signs.append(TOO_QUICK)
    if body.repeated:
        signs.append(REPEATED)
    return tuple(signs)
