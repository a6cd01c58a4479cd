"""What the author's domain asks to be done with mail that is not its own (DMARC, RFC 7489), and whether it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from clew_mail_intake.understanding.addresses import read_people
from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.signatures import read_tags
from clew_mail_intake.understanding.understood import Grade

if TYPE_CHECKING:
    from tldextract import TLDExtract


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What was proved, and for which domains; not `is_direct` when a hop before us hides the sender's address.

    `unanswered` are the domains whose signatures could not be checked, because the DNS did not answer.
    """

    signed_by: tuple[str, ...]
    unanswered: tuple[str, ...]
    spf: Grade
    spf_domain: str
    is_direct: bool


def author_domain(fields: Fields) -> str | None:
    """Give the domain of the first author, who is taken for the sender; without one there is no policy to go by."""
    named = (person.email.rpartition("@")[2] for person in read_people(fields, "from") if "@" in person.email)
    return next(named, "").lower().rstrip(".") or None


def policy_names(domain: str) -> list[str]:
    """List where the policy for `domain` may stand, the nearest first (RFC 7489 6.6.3)."""
    return [f"_dmarc.{name}" for name in dict.fromkeys((domain, organisation(domain)))]


def judge(domain: str, found: Alignment, ask: Callable[[str], Sequence[str]]) -> Grade:
    """Give `none` where no policy asks for anything; `ask` may raise when the DNS did not answer."""
    policy = _policy(domain, ask)
    if policy is None:
        return "none"
    if any(_aligned(domain, signer, policy.get("adkim", "r")) for signer in found.signed_by):
        return "pass"
    if found.spf == "pass" and _aligned(domain, found.spf_domain, policy.get("aspf", "r")):
        return "pass"
    # What could have proved the author; the silence of others, which a forger may bring about, changes nothing.
    unsure = (*found.unanswered, *((found.spf_domain,) if found.spf == "temperror" else ()))
    if any(_aligned(domain, name, "r") for name in unsure):
        return "temperror"
    # A hop that is not known may have changed the mail, and hides where it came from: that proves nothing either way.
    return "fail" if found.is_direct and policy["asked"] != "none" else "none"


def organisation(domain: str) -> str:
    """Give the domain that was registered, by the public suffix list: `shop.example.co.uk` is `example.co.uk`."""
    found = _suffixes()(domain)
    if found.suffix:
        return found.top_domain_under_public_suffix or domain
    # The list's own rule for an ending that it does not know: the last label is the public one.
    return ".".join(domain.split(".")[-2:])


@cache
def _suffixes() -> "TLDExtract":
    from tldextract import TLDExtract

    # The list that comes with the library: to fetch one is not for a mail to bring about.
    return TLDExtract(cache_dir=None, suffix_list_urls=())


def _policy(domain: str, ask: Callable[[str], Sequence[str]]) -> dict[str, str] | None:
    for number, name in enumerate(policy_names(domain)):
        records = [tags for text in ask(name) if (tags := read_tags(text)).get("v", "").upper() == "DMARC1"]
        if len(records) == 1 and records[0].get("p"):
            [policy] = records
            asked = policy.get("sp", policy["p"]) if number else policy["p"]
            return {**policy, "asked": asked.lower()}
    return None


def _aligned(domain: str, proved: str, mode: str) -> bool:
    proved = proved.lower().rstrip(".")
    if mode.lower() == "s":
        return proved == domain
    return bool(proved) and organisation(proved) == organisation(domain)
