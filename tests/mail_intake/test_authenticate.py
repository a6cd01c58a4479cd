"""Who a mail is really from, found out by ourselves where we are the first to take it (B14, B15)."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import dkim
import pytest
from clew_mail_intake.check_sender import SenderChecks, StillAsking
from clew_mail_intake.dns_patience import SHORT_SECONDS, WHOLE_SECONDS, DnsPatience
from clew_mail_intake.stored_mail import StoredMail
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Authenticity, Envelope, Evidence, Surroundings
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.settings import Settings
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.mail_intake.intake import running_intake
from tests.mail_intake.mails import mail
from tests.mail_intake.name_server import name_server

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
_PUBLIC = _KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
KEY = f"v=DKIM1; k=rsa; p={b64encode(_PUBLIC).decode()}"
WORDS = "Hello, I need twenty chairs.\r\n"
SENDERS_ADDRESS = "203.0.113.7"

Zone = Mapping[tuple[str, str], Sequence[str]]
LEAD: Zone = {
    ("s1._domainkey.lead.example", "TXT"): [f'"{KEY[:200]}" "{KEY[200:]}"'],
    ("_dmarc.lead.example", "TXT"): ['"v=DMARC1; p=reject"'],
    ("lead.example", "TXT"): [f'"v=spf1 ip4:{SENDERS_ADDRESS} -all"'],
}


def signed(raw: bytes, domain: str = "lead.example", **options: Any) -> bytes:
    signature: bytes = dkim.sign(raw, b"s1", domain.encode(), PRIVATE, **options)
    return signature + raw


async def graded(
    raw: bytes,
    zone: Zone = LEAD,
    *,
    client: str | None = SENDERS_ADDRESS,
    mail_from: str = "ann@lead.example",
    silent: Sequence[str] = (),
    trusted: tuple[str, ...] = (),
) -> Authenticity:
    """Ask a real name server about the mail, then understand it with what was said."""
    with name_server(zone, silent) as server:
        checks = SenderChecks(Settings(dns_servers=(server,), trusted_authserv=trusted))
        evidence = await asked(checks, stored(client, mail_from), raw)
    known = Surroundings(trusted_authserv_ids=frozenset(trusted))
    return understand(raw, envelope=Envelope(mail_from=mail_from, evidence=evidence), known=known).authenticity


async def asked(checks: SenderChecks, mail: StoredMail, raw: bytes) -> Evidence | None:
    """Ask until there is an answer, as the consumer does with what it had to leave."""
    while True:
        with suppress(StillAsking):
            return await checks.gather(mail, raw)


def stored(client: str | None, mail_from: str) -> StoredMail:
    return StoredMail(
        key=new_id(),
        fingerprint=b"",
        size=0,
        door="smtp",
        mail_from=mail_from,
        received_at=utc_now(),
        incomplete=None,
        verdict=None,
        recipients=(),
        client_address=client,
        client_name="out.lead.example",
    )


async def test_a_signature_of_the_authors_domain_proves_the_author() -> None:
    """B15."""
    found = await graded(signed(mail()), client="198.51.100.1")

    assert found == Authenticity(spf="fail", dkim="pass", dmarc="pass")


async def test_the_address_that_the_domain_names_proves_the_author() -> None:
    """B15: SPF, by the network that the domain sends from."""
    assert await graded(mail()) == Authenticity(spf="pass", dkim="none", dmarc="pass")


async def test_a_forged_author_fails() -> None:
    """B14, B15: neither the address nor a signature is the domain's."""
    found = await graded(mail(), client="198.51.100.1")

    assert found == Authenticity(spf="fail", dkim="none", dmarc="fail")


async def test_a_changed_mail_fails() -> None:
    """B15."""
    raw = signed(mail()).replace(b"twenty chairs", b"twenty sofas!")

    assert await graded(raw, client="198.51.100.1") == Authenticity(spf="fail", dkim="fail", dmarc="fail")


async def test_what_was_added_below_a_signed_length_is_not_signed() -> None:
    """B15: a signature with `l=` covers the beginning alone."""
    raw = signed(mail(), length=True) + b"Pay to another account.\r\n"

    assert (await graded(raw, client="198.51.100.1")).dmarc == "fail"


async def test_somebody_elses_signature_says_nothing_about_the_author() -> None:
    """B15: alignment; a list signs with its own name."""
    zone = {**LEAD, ("s1._domainkey.lists.example", "TXT"): LEAD["s1._domainkey.lead.example", "TXT"]}

    found = await graded(signed(mail(), "lists.example"), zone, client="198.51.100.1")

    assert found == Authenticity(spf="fail", dkim="pass", dmarc="fail")


@pytest.mark.parametrize(("adkim", "grade"), [("r", "pass"), ("s", "fail")])
async def test_a_domain_says_whether_its_parts_may_sign_for_it(adkim: str, grade: str) -> None:
    """B15: relaxed alignment goes by the registered domain, also below a suffix of two labels."""
    zone = {
        ("_dmarc.lead.co.uk", "TXT"): [f'"v=DMARC1; p=quarantine; adkim={adkim}"'],
        ("s1._domainkey.mail.lead.co.uk", "TXT"): LEAD["s1._domainkey.lead.example", "TXT"],
    }
    raw = signed(mail("From: ann@shop.lead.co.uk"), "mail.lead.co.uk")

    assert (await graded(raw, zone, mail_from="bounce@other.example")).dmarc == grade


async def test_the_policy_of_the_organisation_holds_below_it_whatever_its_ending() -> None:
    """B15: below an ending that the list does not know, such as that of a network of one's own, none was found."""
    found = await graded(mail("From: ann@shop.lead.example"), client="198.51.100.1", mail_from="ann@shop.lead.example")

    assert found.dmarc == "fail"


async def test_a_neighbour_under_the_same_public_suffix_is_a_stranger() -> None:
    zone = {
        ("_dmarc.lead.co.uk", "TXT"): ['"v=DMARC1; p=reject"'],
        ("s1._domainkey.evil.co.uk", "TXT"): LEAD["s1._domainkey.lead.example", "TXT"],
    }
    raw = signed(mail("From: ann@lead.co.uk"), "evil.co.uk")

    assert (await graded(raw, zone, mail_from="x@evil.co.uk")).dmarc == "fail"


@pytest.mark.parametrize("policy", ['"v=DMARC1; p=none"', '"v=spf1 -all"', '"v=DMARC1"'])
async def test_a_domain_that_asks_for_nothing_is_not_forged_but_unproved(policy: str) -> None:
    zone = {**LEAD, ("_dmarc.lead.example", "TXT"): [policy]}

    assert (await graded(mail(), zone, client="198.51.100.1")).dmarc == "none"


@pytest.mark.parametrize("name", ["s1._domainkey.lead.example", "_dmarc.lead.example"])
async def test_a_silent_name_server_proves_nothing(name: str) -> None:
    """B15: a timeout is a temporary error, never a pass and never a fail."""
    raw = signed(mail("From: ann@lead.example"))

    found = await graded(raw, client="198.51.100.1", silent=[name])

    assert found.dmarc == "temperror"


async def test_while_no_name_server_answers_mails_wait_for_none() -> None:
    with name_server(LEAD, ["_dmarc.lead.example", "."]) as server:
        checks = SenderChecks(Settings(dns_servers=(server,)))
        first = await asked(checks, stored(SENDERS_ADDRESS, "ann@lead.example"), signed(mail()))
        second = await asked(checks, stored(SENDERS_ADDRESS, "ann@lead.example"), signed(mail()))

    assert first is not None
    assert second is not None
    # The name server would have answered for these; nobody asked again so soon.
    assert "s1._domainkey.lead.example" in second.silent


async def test_the_silence_of_a_strangers_own_servers_keeps_nobody_else_unchecked() -> None:
    """B15: one mail of a domain whose servers do not answer had every forged mail of the next minute believed."""
    forged = mail("From: ann@lead.example")
    with name_server(LEAD, ["_dmarc.slow.example"]) as server:
        checks = SenderChecks(Settings(dns_servers=(server,)))
        slow = await asked(checks, stored("198.51.100.1", "eve@slow.example"), mail("From: eve@slow.example"))
        next_one = await asked(checks, stored("198.51.100.1", "ann@lead.example"), forged)

    assert slow is not None
    assert slow.silent == ("_dmarc.slow.example",)
    read = understand(forged, envelope=Envelope(mail_from="ann@lead.example", evidence=next_one), known=Surroundings())
    assert read.authenticity.dmarc == "fail"


@pytest.mark.parametrize("mail_from", ["eve@slow.example", "eve@other.example"])
async def test_what_a_forger_adds_and_nobody_can_check_excuses_nothing(mail_from: str) -> None:
    """B14, B15: a signature or an envelope of a silent domain of their own made a forged mail only a doubtful one."""
    forged = signed(mail("From: ann@lead.example"), "slow.example")

    found = await graded(
        forged, client="198.51.100.1", mail_from=mail_from, silent=["s1._domainkey.slow.example", "slow.example"]
    )

    assert found.dmarc == "fail"


class Below(tuple[str, ...]):
    """Every name below a domain."""

    def __contains__(self, name: object) -> bool:
        return any(str(name).endswith(f".{domain}") for domain in self)


def slow_mail(number: int, sender: str = "x@mail.slow.example") -> bytes:
    """A mail whose five signatures are of names that nobody answers for; each mail has its own."""
    names = (f"d=d{number}-{each}.slow.example; s=s; h=from; bh=YQ==; b=YQ==" for each in range(5))
    header = (f"DKIM-Signature: v=1; a=rsa-sha256; {name}" for name in names)
    return mail(*header, f"From: {sender}", f"Message-ID: <{number}@slow.example>", body=WORDS)


async def test_what_others_leave_unanswered_keeps_nobody_from_asking_the_author() -> None:
    """B15: the time for a mail ran out at a forger's own names, before the author's domain was asked."""
    claim = "v=1; a=rsa-sha256; d=lead.example; s=none; h=from; bh=YQ==; b=YQ=="
    forged = slow_mail(1, "ann@lead.example").replace(b"From:", f"DKIM-Signature: {claim}\r\nFrom:".encode(), 1)

    found = await graded(forged, client="198.51.100.1", mail_from="x@lead.example", silent=Below(["slow.example"]))

    assert (found.spf, found.dmarc) == ("fail", "fail")


async def test_whose_servers_are_silent_waits_alone(settings: Settings) -> None:
    """B15: twenty such mails held up everybody's for half a minute, and a hundred for as long as they kept coming."""
    with name_server(LEAD, Below(["slow.example"])) as server:
        changed = settings.changed(dns_servers=(server,), mail_relays=("10.0.0.0/8",))
        async with running_intake(changed) as intake:
            for number in range(12):
                await intake.send(slow_mail(number, "bob@plain.example"), mail_from=f"x@f{number}.slow.example")
            ordinary = mail("From: bob@plain.example", "Message-ID: <o@plain.example>", body=WORDS)
            await intake.send(ordinary, mail_from="bob@plain.example")

            async def judged() -> bool:
                asked = "SELECT key FROM mail_intake.message WHERE message_id = '<o@plain.example>' AND verdict <> ''"
                return bool(await intake.rows(asked))

            await intake.running.eventually(judged)
            [(waiting,)] = await intake.rows("SELECT count(*) FROM mail_intake.message WHERE verdict IS NULL")
            all_of_them = await intake.all_judged(13)

    assert waiting > 0
    assert {each["verdict"] for each in all_of_them} == {"enquiry"}


def test_who_made_us_wait_is_waited_for_less_for_a_while() -> None:
    """B15: names are free; who brings them is not. Mails that are answered as usual use nothing up."""
    patience = DnsPatience()
    for _ in range(100):
        patience.note("198.51.100.1", SHORT_SECONDS, 0.0)
    first = patience.seconds_for("198.51.100.1", 0.0)
    for _ in range(5):
        patience.note("198.51.100.1", WHOLE_SECONDS, 0.0)
    others = patience.seconds_for("198.51.100.2", 0.0)

    assert (first, patience.seconds_for("198.51.100.1", 1.0), others) == (WHOLE_SECONDS, SHORT_SECONDS, WHOLE_SECONDS)
    assert patience.seconds_for("198.51.100.1", 60.0) == WHOLE_SECONDS
    for number in range(30):
        patience.note(f"203.0.113.{number}", WHOLE_SECONDS, 60.0)
    assert patience.seconds_for("192.0.2.9", 60.0) == SHORT_SECONDS


async def test_of_several_authors_the_one_that_is_taken_for_the_sender_is_checked() -> None:
    """B15, B18: a second address in From was enough not to be checked at all."""
    forged = mail("From: ann@lead.example, eve@other.example")

    assert (await graded(forged, client="198.51.100.1", mail_from="eve@other.example")).dmarc == "fail"


async def test_a_hop_of_our_own_hides_the_sender_and_so_nothing_is_forged() -> None:
    """B15: behind a relay only a signature can prove anything."""
    assert await graded(mail(), client="10.0.0.5") == Authenticity()
    assert (await graded(signed(mail()), client="10.0.0.5")).dmarc == "pass"
    changed = signed(mail()).replace(b"twenty", b"thirty")
    assert await graded(changed, client="10.0.0.5") == Authenticity(dkim="fail")


async def test_a_trusted_hop_is_believed_and_nobody_asked_again() -> None:
    """B13: its word stands at the top."""
    raw = mail("Authentication-Results: mx.ours.example; dmarc=pass; spf=pass")

    found = await graded(raw, {}, client="10.0.0.7", trusted=("mx.ours.example",))

    assert found.dmarc == "pass"


async def test_a_stranger_at_our_door_is_no_trusted_hop_whatever_their_header_says() -> None:
    """B13: who brought the mail directly could write our own hop's name, and was believed."""
    raw = mail("From: ann@lead.example", "Authentication-Results: mx.ours.example; dmarc=pass; spf=pass")

    found = await graded(raw, client="198.51.100.1", trusted=("mx.ours.example",))

    assert found.dmarc == "fail"


async def test_a_chain_of_seals_is_believed_when_a_hop_we_trust_closed_it() -> None:
    """B15: ARC (RFC 8617): a forwarder that we trust saw the mail before it was changed."""
    told = b"Authentication-Results: lists.example; dmarc=pass; dkim=pass\r\n"
    raw = told + mail("Subject: [list] Chairs")
    seal = b"".join(dkim.arc_sign(raw, b"s1", b"lists.example", PRIVATE, b"lists.example"))
    sealed = seal + raw.removeprefix(told)
    zone = {**LEAD, ("s1._domainkey.lists.example", "TXT"): LEAD["s1._domainkey.lead.example", "TXT"]}

    assert (await graded(sealed, zone, client="198.51.100.1", trusted=("lists.example",))).dmarc == "pass"
    assert (await graded(sealed, zone, client="198.51.100.1", trusted=("other.example",))).dmarc == "fail"
    broken = sealed.replace(b"twenty", b"thirty")
    assert (await graded(broken, zone, client="198.51.100.1", trusted=("lists.example",))).dmarc == "fail"


@pytest.mark.parametrize(
    "header",
    [
        "DKIM-Signature: v=1; a=rsa-sha256; d=lead.example; s=s1; h=from; bh=!!; b=!!",
        "DKIM-Signature: v=1; d=; s=",
        "DKIM-Signature: ;;;===;",
        "DKIM-Signature: v=1; a=rsa-sha256; c=odd; d=" + "a" * 300 + "; s=s1; h=from; bh=YQ==; b=YQ==",
        "DKIM-Signature: v=1; a=rsa-sha256; d=lead.example; s=s1; l=x; h=from; bh=YQ==; b=YQ==",
    ],
)
async def test_a_signature_that_is_none_proves_nothing(header: str) -> None:
    assert (await graded(mail(header), client="198.51.100.1")).dmarc == "fail"


async def test_a_forged_mail_at_our_door_waits_for_a_person(settings: Settings) -> None:
    """B14: no comment, no answer; and who it pretends to be from keeps theirs."""
    with name_server(LEAD) as server:
        changed = settings.changed(dns_servers=(server,), mail_relays=("10.0.0.0/8",))
        async with running_intake(changed) as intake:
            await intake.send(mail("Message-ID: <forged@x.example>", body=WORDS), mail_from="ann@lead.example")
            await intake.send(
                signed(mail("Message-ID: <true@lead.example>", body=WORDS)), mail_from="bounce@lead.example"
            )
            forged, true = await intake.all_judged(2)
            told = await intake.told(EnquiryReceived)

    assert (forged["verdict"], true["verdict"]) == ("quarantine", "enquiry")
    assert [(event.message_id, event.authenticity) for event in told] == [("<true@lead.example>", "pass")]


async def test_what_the_dns_said_is_kept_with_the_mail(settings: Settings) -> None:
    """A second reading must not depend on what the DNS says by then."""
    with name_server(LEAD) as server:
        changed = settings.changed(dns_servers=(server,), mail_relays=("10.0.0.0/8",))
        async with running_intake(changed) as intake:
            await intake.send(signed(mail(body=WORDS)), mail_from="ann@lead.example")
            await intake.all_judged(1)
            [(evidence, client)] = await intake.rows("SELECT evidence, client_address FROM mail_intake.message")

    assert client == "127.0.0.1"
    assert evidence["txt"]["_dmarc.lead.example"] == ["v=DMARC1; p=reject"]
    assert Evidence(**{name: evidence[name] for name in ("spf", "is_direct")}) == Evidence(spf="fail", is_direct=True)
