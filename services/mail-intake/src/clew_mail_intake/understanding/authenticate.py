"""Find out ourselves who sent a mail: DKIM (RFC 6376), ARC (RFC 8617), and what DMARC (RFC 7489) makes of them.

What the DNS said was asked before and lies in the evidence, so that a second reading says the same (B15).
Next: clew_mail_intake.understanding.dmarc.judge.
"""

from collections.abc import Callable, Sequence

from clew_mail_intake.understanding.authenticity import read_authenticity, read_results
from clew_mail_intake.understanding.dmarc import Alignment, author_domain, judge, organisation, policy_names
from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.signatures import key_names, read_signatures
from clew_mail_intake.understanding.understood import Authenticity, Evidence, Grade, Proof, Surroundings

_ARC = "arc-seal"


class Unanswered(Exception):
    """The DNS did not say."""


def judge_sender(
    raw: bytes, fields: Fields, evidence: Evidence | None, known: Surroundings
) -> tuple[Authenticity, Proof]:
    """Give what is known of the sender, and what that proves where somebody could have found them false."""
    is_direct = evidence is not None and evidence.is_direct
    # Who brings a mail to us directly has written its whole header, whatever names stand there.
    told = None if is_direct else read_authenticity(fields, known)
    found = told or Authenticity()
    if told is None and evidence is not None:
        found = authenticate(raw, fields, evidence, known.trusted_authserv_ids)
    if told is None and not is_direct:
        return found, "unchecked"
    return found, "proven" if found.dmarc == "pass" else "unproven"


def names_to_ask(fields: Fields, *, sealed: bool) -> tuple[list[str], list[str]]:
    """List the names whose TXT records decide over the mail: those of the author's domain, then those of others.

    What others leave unanswered must not keep the author's from being asked. `sealed` asks for those of its ARC seals
    as well.
    """
    domain = author_domain(fields)
    names = key_names(fields.get_all("dkim-signature"))
    if sealed:
        names += key_names([*fields.get_all(_ARC), *fields.get_all("arc-message-signature")])
    if domain is None:
        return [], list(dict.fromkeys(names))
    home = organisation(domain)
    own = [name for name in names if organisation(name.partition("._domainkey.")[2]) == home]
    return list(dict.fromkeys([*policy_names(domain), *own])), list(dict.fromkeys(n for n in names if n not in own))


def authenticate(raw: bytes, fields: Fields, evidence: Evidence, trusted: frozenset[str]) -> Authenticity:
    """Grade the sender by what the mail proves; a seal counts when one of `trusted` made it."""
    ask = _answers(evidence)
    dkim, signed_by, unanswered = _check_dkim(raw, fields, ask)
    domain = author_domain(fields)
    found = Alignment(
        signed_by=signed_by,
        unanswered=unanswered,
        spf=evidence.spf,
        spf_domain=evidence.spf_domain,
        is_direct=evidence.is_direct,
    )
    dmarc: Grade = "none" if domain is None else _judge(domain, found, ask)
    if dmarc != "pass" and trusted and (sealed := _read_seal(raw, fields, trusted, ask)) is not None:
        return sealed
    return Authenticity(spf=evidence.spf, dkim=dkim, dmarc=dmarc)


def _answers(evidence: Evidence) -> Callable[[str], Sequence[str]]:
    def ask(name: str) -> Sequence[str]:
        if name in evidence.silent:
            raise Unanswered(name)
        return evidence.txt.get(name, ())

    return ask


def _judge(domain: str, found: Alignment, ask: Callable[[str], Sequence[str]]) -> Grade:
    try:
        return judge(domain, found, ask)
    except Unanswered:
        return "temperror"


def _check_dkim(
    raw: bytes, fields: Fields, ask: Callable[[str], Sequence[str]]
) -> tuple[Grade, tuple[str, ...], tuple[str, ...]]:
    """Check each signature; give the best grade, the domains whose signatures hold, and those that cannot be known."""
    from dkim import DKIM, DKIMException

    grade: Grade = "none"
    holding, unanswered = [], []
    for number, signature in read_signatures(fields.get_all("dkim-signature")):
        try:
            # What stands below a signed length may be anybody's, so such a signature proves nothing.
            holds = "l" not in signature and DKIM(raw).verify(idx=number, dnsfunc=_key_finder(ask))
        except Unanswered:
            grade = "temperror" if grade in ("none", "fail") else grade
            unanswered.append(signature.get("d", "").lower())
            continue
        except (DKIMException, ValueError, TypeError, KeyError, IndexError):
            # dkimpy lets a few of Python's own errors out of malformed keys and signatures.
            holds = False
        if holds:
            grade = "pass"
            holding.append(signature["d"].lower())
        elif grade == "none":
            grade = "fail"
    return grade, tuple(holding), tuple(unanswered)


def _read_seal(
    raw: bytes, fields: Fields, trusted: frozenset[str], ask: Callable[[str], Sequence[str]]
) -> Authenticity | None:
    """Give what the last hop that sealed the mail had found, where the chain holds and we trust that hop."""
    from dkim import ARC, DKIMException

    if _ARC not in fields:
        return None
    try:
        state, sets, _ = ARC(raw).verify(dnsfunc=_key_finder(ask))
    except (Unanswered, DKIMException, ValueError, TypeError, KeyError, IndexError):
        return None
    if state != b"pass" or sets[0]["as-domain"].decode(errors="replace").lower() not in trusted:
        return None
    results = sets[0]["aar-value"].decode(errors="replace").partition(";")[2]
    return read_results(results, author_domain(fields))


def _key_finder(ask: Callable[[str], Sequence[str]]) -> Callable[..., bytes | None]:
    def find(name: bytes, timeout: float = 0) -> bytes | None:
        found = ask(name.decode("ascii", "replace").rstrip(".").lower())
        return found[0].encode("ascii", "replace") if found else None

    return find
