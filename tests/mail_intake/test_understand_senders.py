"""Who a mail is from (B13, B14, B16, B18)."""

import msgspec
import pytest
from clew_mail_intake.understanding.addresses import read_addresses
from clew_mail_intake.understanding.understand import understand

from tests.mail_intake.mails import OURS, mail, read


def test_a_web_forms_mail_is_the_visitors() -> None:
    """B16: From is our own site, Reply-To the lead."""
    found = read("From: Website <wordpress@ours.example>", "Reply-To: Lea Lead <lea@customer.example>")

    assert (found.contact.email, found.contact.name) == ("lea@customer.example", "Lea Lead")
    assert found.sender.email == "wordpress@ours.example"


def test_a_web_form_elsewhere_that_reads_no_answers_is_the_visitors_as_well() -> None:
    """B16."""
    found = read("From: noreply@forms.example", "Reply-To: lea@customer.example")

    assert (found.verdict, found.contact.email) == ("enquiry", "lea@customer.example")


@pytest.mark.parametrize(
    "sender",
    ["form-submission@builder.example", "mailer@shop.example", "cgi-mailer@host.example", "u12345@host.example"],
)
def test_a_site_that_sends_for_its_visitors_is_known_by_its_name(sender: str) -> None:
    """B16."""
    assert read(f"From: Site <{sender}>", "Reply-To: lea@customer.example").contact.email == "lea@customer.example"


def test_a_form_of_ours_may_call_its_mail_bulk() -> None:
    """B16, B21."""
    found = read("From: Site <wordpress@ours.example>", "Reply-To: lea@customer.example", "Precedence: bulk")

    assert (found.verdict, found.contact.email) == ("enquiry", "lea@customer.example")


@pytest.mark.parametrize("name", ["X-Original-From", "X-Original-Sender"])
def test_who_is_no_list_puts_nobody_else_in_their_place(name: str) -> None:
    """B16: else anybody could write in anybody's name."""
    assert read(f"{name}: victim@customer.example").contact.email == "ann@lead.example"


@pytest.mark.parametrize("reply_to", ["deals@in.example", "someone@in.example", "noreply@else.example"])
def test_a_reply_to_ourselves_is_ignored(reply_to: str) -> None:
    """B16: it would make a loop."""
    found = read("From: Website <wordpress@ours.example>", f"Reply-To: {reply_to}")

    assert found.contact.email == "wordpress@ours.example"


def test_a_strangers_reply_to_does_not_name_somebody_else() -> None:
    """B16: only a form and a list are believed about others."""
    assert read("Reply-To: victim@customer.example").contact.email == "ann@lead.example"


@pytest.mark.parametrize(
    "header",
    [
        ("From: 'Lea Lead' via Sales <sales@groups.example>", "X-Original-From: Lea Lead <lea@customer.example>"),
        ("From: Lea Lead via Sales <sales@lists.example>", "Reply-To: Lea Lead <lea@customer.example>"),
        ("From: 'Lea Lead' via Sales <sales@ours.example>", "X-Original-Sender: lea@customer.example"),
        (
            "From: Lea Lead via Sales <sales@lists.example>",
            "Reply-To: Sales <sales@lists.example>",
            "Cc: Bob <b@x.example>, Lea Lead <lea@customer.example>",
        ),
        (
            'From: "Lea Lead via groups" <lea=customer.example@groups.example>',
            "Reply-To: sales@groups.example",
        ),
    ],
)
def test_the_author_behind_a_list_is_found(header: tuple[str, ...]) -> None:
    """B16: Google Groups' via, Mailman's munging with answers to the author or to the list, an address in another."""
    found = read(*header, "Precedence: list", "List-Id: <sales.lists.example>")

    assert (found.contact.email, found.contact.name) == ("lea@customer.example", "Lea Lead")
    assert found.verdict == "enquiry"


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        (("From: lea@customer.example", "List-Id: <sales.ours.example>"), "enquiry"),
        (("From: lea@customer.example", "List-Id: <sales.lists.example>"), "list"),
        (("From: news@shop.example", "List-Id: <sales.ours.example>", "Feedback-ID: 1:x"), "list"),
        (
            (
                "From: 'Forge' via Dev <dev@ours.example>",
                "X-Original-From: noreply@forge.example",
                "List-Id: <dev.ours.example>",
            ),
            "list",
        ),
    ],
)
def test_a_group_of_our_own_house_is_a_way_to_write_to_us(header: tuple[str, ...], verdict: str) -> None:
    """B16, B21: what people write to it is for us; newsletters and machines that write to it are what they are."""
    assert read(*header, "Precedence: list").verdict == verdict


FORM_MAILS = [
    "From: Lea Lead <lea@customer.example>\nSubject: Chairs\n\nMessage Body:\nTwenty. Ask bob@else.example.\n",
    "Name: Lea Lead\nE-Mail-Adresse: lea@customer.example\nNachricht: Zwanzig, sonst bob@else.example\n",
    "Name\nLea Lead\n\nEmail\nlea@customer.example\n\nMessage\nTwenty, or bob@else.example\n",
]


@pytest.mark.parametrize("body", FORM_MAILS)
@pytest.mark.parametrize("local", ["wordpress", "noreply"])
def test_a_form_of_ours_without_a_reply_to_names_the_visitor_in_its_labels(body: str, local: str) -> None:
    """B16: else all visitors were one contact, the site."""
    found = read(f"From: Site <{local}@ours.example>", "Content-Type: text/plain; charset=utf-8", body=body)

    assert (found.verdict, found.contact.email, found.contact.name) == ("enquiry", "lea@customer.example", "Lea Lead")


@pytest.mark.parametrize(
    ("sender", "body"),
    [
        ("wordpress@else.example", "Email: victim@customer.example"),
        ("col@ours.example", "Name: Lea\nEmail: lea@customer.example"),
        ("wordpress@ours.example", "Email: a@customer.example\nEmail: b@customer.example"),
        ("wordpress@ours.example", "Email: boss@ours.example\nWrite to lea@customer.example"),
    ],
)
def test_labels_in_any_other_mail_name_nobody(sender: str, body: str) -> None:
    """B16, B17: a stranger's site, a colleague's own mail, several visitors, none."""
    assert read(f"From: {sender}", body=body).contact.email == sender


RESULTS = "Authentication-Results: mx.ours.example; "
VICTIM = "Reply-To: Vic <vic@bank.example>"
PASSED_ON = "FYI\n\n---------- Forwarded message ---------\nFrom: Vic <vic@bank.example>\nSubject: Chairs\n\nPay."


@pytest.mark.parametrize(
    ("header", "body", "hearsay"),
    [
        (("From: web@evil.example", VICTIM), "Pay.", True),
        (("From: noreply@forms.example", VICTIM, RESULTS + "dmarc=pass header.from=forms.example"), "Pay.", True),
        (("From: wordpress@ours.example", VICTIM, RESULTS + "spf=none; dmarc=none"), "Pay.", False),
        (("From: hello@typing.example", VICTIM), "Pay.", False),
        (("From: col@ours.example",), PASSED_ON, False),
        (("From: col@ours.example", RESULTS + "dmarc=pass header.from=ours.example"), PASSED_ON, False),
        (("From: col@ours.example", RESULTS + "spf=fail; dkim=none; dmarc=none"), PASSED_ON, True),
        (("From: Vic via S <s@l.example>", "List-Id: <s.l.example>", VICTIM, RESULTS + "dmarc=pass"), "Pay.", True),
        (("From: Vic via S <s@ours.example>", "List-Id: <s.o.example>", VICTIM, RESULTS + "dmarc=pass"), "Pay.", False),
        (("From: Vic via S <s@l.example>", "List-Id: <s.l.example>", VICTIM), "Pay.", False),
        (("From: Vic", VICTIM, RESULTS + "spf=pass; dmarc=none"), "Pay.", True),
        (("From: Vic", VICTIM), "Pay.", False),
    ],
    ids=[
        "site",
        "service",
        "own site",
        "named",
        "forward",
        "proven",
        "unproven",
        "list",
        "own group",
        "unchecked",
        "no From",
        "no From, unchecked",
    ],
)
def test_only_our_house_is_believed_about_others(header: tuple[str, ...], body: str, hearsay: bool) -> None:
    """B14, B16, B17: whoever fails as the victim came as a form of evil.example, or as a colleague's forward."""
    known = msgspec.structs.replace(OURS, form_senders=frozenset({"typing.example"}))
    found = understand(mail(*header, body=body), known=known)

    assert (found.verdict, found.contact.email, found.hearsay) == ("enquiry", "vic@bank.example", hearsay)


@pytest.mark.parametrize(
    ("value", "email", "name"),
    [
        ("Ann <ann@lead.example>", "ann@lead.example", "Ann"),
        ("ANN@LEAD.Example", "ann@lead.example", ""),
        ('"Lead, Ann" <ann@lead.example>', "ann@lead.example", "Lead, Ann"),
        ("ann@lead.example (Ann Lead)", "ann@lead.example", "Ann Lead"),
        ("=?utf-8?b?SsO8cmdlbg==?= <j@lead.example>", "j@lead.example", "Jürgen"),
        ("=?utf-8?q?=22Ann=22_=3Cann=40lead=2Eexample=3E?=", "ann@lead.example", "Ann"),
        ("=?utf-8?q?=22Ann=22_=3Cann@lead=2Eexample=3E?=", "ann@lead.example", "Ann"),
        ("=?utf-8?q?Bob_=3Cbob@else.example=3E?= <ann@lead.example>", "ann@lead.example", "Bob <bob@else.example>"),
        ("ann@lead.example (Ann (the first) Lead)", "ann@lead.example", "Ann the first Lead"),
        ("=?utf-8?q?J=C3?= =?utf-8?q?=BCrgen?= <j@lead.example>", "j@lead.example", "Jürgen"),
        ("undisclosed: ann@lead.example;", "ann@lead.example", ""),
        ('"ann@lead.example" <ann@lead.example>', "ann@lead.example", ""),
        ("Ann <<ann@lead.example>>", "ann@lead.example", "Ann"),
        ("Ann <mailto:ann@lead.example>", "ann@lead.example", "Ann"),
        ("Ann ann@lead.example", "ann@lead.example", "Ann"),
        ("<ann@xn--bcher-kva.example>", "ann@bücher.example", ""),
        ("jürgen@bücher.example", "jürgen@bücher.example", ""),
        ('"Ann \\"The Boss\\" Lead" <ann@lead.example>', "ann@lead.example", 'Ann "The Boss" Lead'),
        ("Ann [mailto:ann@lead.example]", "ann@lead.example", "Ann"),
        ("Ann <@route.example:ann@lead.example>", "ann@lead.example", "Ann"),
        ("Ann <ann@lead.example (work)>", "ann@lead.example", "Ann"),
        ("Ann\u200b\u202e <ann@lead.example>", "ann@lead.example", "Ann"),
        ('"ann lead"@lead.example', '"ann lead"@lead.example', ""),
        ("Ann (comment (nested)) <ann@lead.example>", "ann@lead.example", "Ann"),
        ('"Lead, Ann <ann@lead.example>, bob@lead.example', "ann@lead.example", "Lead, Ann"),
        ('Ann" <ann@lead.example>', "ann@lead.example", "Ann"),
        ('"Ann ann@lead.example', "ann@lead.example", "Ann"),
        ("Ann Lead <ann@lead.example> Bob <bob@else.example>", "ann@lead.example", "Ann Lead"),
        ("Ann (of \\) Lead) <ann(her own)@lead.example(a shop)>", "ann@lead.example", "Ann"),
        ("Ann <ann @ lead(x) . example>", "ann@lead.example", "Ann"),
        ("<@one.example,@two.example:ann@lead.example>", "ann@lead.example", ""),
        ("Ann <ann@[192.0.2.1]>", "ann@[192.0.2.1]", "Ann"),
        ("Ann [ann@lead.example]", "ann@lead.example", "Ann"),
        ("Lead, Ann <ann@lead.example>, Bob <bob@else.example>", "ann@lead.example", "Lead, Ann"),
        ("Ann <ann(her (own))@lead.example>", "ann@lead.example", "Ann"),
    ],
)
def test_an_address_is_read_however_it_is_written(value: str, email: str, name: str) -> None:
    """B1, B18."""
    [person, *_] = read_addresses(value)

    assert (person.email, person.name) == (email, name)


def test_of_several_senders_the_first_is_the_contact() -> None:
    """B18."""
    found = read("From: a@one.example, b@two.example")

    assert found.contact.email == "a@one.example"
    assert any("several" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    "value", ["", "nobody", "Ann Lead", "<>", "@", '"', "=?utf-8?b?////?=", "undisclosed-recipients:;"]
)
def test_a_mail_without_a_sender_is_set_aside(value: str) -> None:
    """B18: quarantined, not lost and not crashed."""
    assert read(f"From: {value}").verdict == "quarantine"
    assert understand(b"Subject: x\r\n\r\nhello", known=OURS).verdict == "quarantine"


def test_the_trusted_hops_results_count_and_nobody_elses() -> None:
    """B13: a forged lower header, text in a comment and x-dkim do not count."""
    found = read(
        "Authentication-Results: mx.ours.example (dmarc=pass); x-dkim=pass header.d=evil.example;"
        ' spf=fail smtp.mailfrom="a; dkim=pass"; dmarc=none',
        "Authentication-Results: mx.ours.example; dkim=pass; spf=pass; dmarc=pass",
    )

    assert (found.authenticity.spf, found.authenticity.dkim, found.authenticity.dmarc) == ("fail", "none", "none")


@pytest.mark.parametrize(
    ("values", "dmarc"),
    [
        (["mx.evil.example; dmarc=pass"], "none"),
        (["mx.ours.example.evil.example; dmarc=pass"], "none"),
        (['"mx.ours.example" evil; dmarc=pass'], "none"),
        (["evil (; mx.ours.example); dmarc=pass"], "none"),
        (["mx.ours.example; spf=none ( dmarc=pass (((deep)))) smtp.mailfrom=x"], "none"),
        (['mx.ours.example; spf=pass (a " b) smtp.mailfrom=x; dmarc=fail (c " d)'], "fail"),
        (["mx.ours.example; spf=pass (open\\) ; dmarc=pass"], "none"),
        (['mx.ours.example; spf=pass smtp.mailfrom="; dmarc=pass"'], "none"),
        (["mx.ours.example; x-dmarc=pass; dmarc-policy=pass"], "none"),
        (["mx.ours.example 1; dmarc/1 = pass (p=reject) header.from=Lead.example"], "pass"),
        (["mx.ours.example; dmarc=pass header.from=shop.lead.example"], "pass"),
        (["mx.ours.example; dmarc=pass (p=none) header.from=evil.example"], "none"),
        (["mx.ours.example; dmarc=permerror header.from=lead.example"], "none"),
        (["spf=pass smtp.mailfrom=lead.example; dmarc=pass header.from=lead.example"], "none"),
        (["MX.Ours.Example.;\r\n\tdmarc=PASS"], "pass"),
        (["mx.ours.example; none"], "none"),
        (["mx.ours.example; dkim=pass", "mx.ours.example; dmarc=pass"], "none"),
        (["mx.ours.example; dkim=pass", "mx.ours.example; dmarc=fail"], "fail"),
        (["mx.ours.example; dmarc=fail", "mx.ours.example; dmarc=pass"], "fail"),
        (["mx.evil.example; dmarc=pass", "mx.ours.example; dmarc=fail"], "fail"),
        (["mx.ours.example; dkim=pass header.d=mail.lead.example"], "pass"),
        (["mx.ours.example; dkim=pass header.d=list.example; dkim=pass header.i=@lead.example"], "pass"),
        (["mx.ours.example; spf=pass (by a) smtp.mailfrom=bounce@lead.example"], "pass"),
        (
            ["mx.ours.example; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=lead.example@evil.example"],
            "none",
        ),
        (
            ["mx.ours.example; dkim=pass; spf=fail smtp.mailfrom=lead.example; x-dkim=pass header.d=lead.example"],
            "none",
        ),
        (["mx.ours.example; dmarc=none; dkim=pass header.d=lead.example"], "none"),
        (["mx.ours.example; dkim=pass header.d=lead.example", "mx.ours.example; dmarc=fail"], "fail"),
        (["mx.ours.example; dkim=none", "mx.ours.example; dkim=pass header.d=lead.example"], "none"),
    ],
)
def test_only_what_a_trusted_hop_says_itself_is_believed(values: list[str], dmarc: str) -> None:
    """B13: names that look alike, comments in comments, quotes in comments; below the topmost header failures alone."""
    found = read(*(f"Authentication-Results: {value}" for value in values))

    assert found.authenticity.dmarc == dmarc


def test_exchange_online_is_believed_where_it_is_named_though_it_names_nobody() -> None:
    """B13: what Microsoft 365 writes has no authserv-id."""
    told = "spf=pass (sender IP is 203.0.113.7) smtp.mailfrom=lead.example; dmarc=fail action=none header.from=x"
    known = msgspec.structs.replace(OURS, trusted_authserv_ids=frozenset({"exchange-online"}))

    assert understand(mail(f"Authentication-Results: {told}"), known=known).authenticity.dmarc == "fail"
    assert understand(mail(f"Authentication-Results: {told}"), known=OURS).authenticity.dmarc == "none"


def test_what_stands_below_a_hop_is_the_senders() -> None:
    """B13."""
    found = read(
        "Authentication-Results: mx.ours.example; dkim=none",
        "Received: from evil by mx.ours.example; Sun, 22 Nov 2026 09:00:00 +0000",
        "Authentication-Results: mx.ours.example; dmarc=fail",
    )

    assert found.authenticity.dmarc == "none"


@pytest.mark.parametrize(
    ("hop", "dmarc"),
    [
        ("from mx.other.example by mx2.ours.example with ESMTPS id 1; Sun, 22 Nov 2026 09:00:00 +0000", "pass"),
        ("from x (a by b) by store.ours.example (Postfix)", "pass"),
        ("by 2002:a05:7300:ac86:b0:134:f0e1:6bb0 with SMTP id 1", "pass"),
        ("from a by mailhost with LMTP", "pass"),
        ("from a by box.internal", "pass"),
        ("(qmail 7 invoked by uid 89)", "pass"),
        ("from evil by mx.other.example; Sun, 22 Nov 2026 09:00:00 +0000", "none"),
        ("from by (by mx.ours.example) by mx.other.example", "none"),
        ("from mx.ours.example [192.0.2.1] by other.example", "none"),
    ],
)
def test_a_pass_that_came_through_strangers_hands_is_not_believed(hop: str, dmarc: str) -> None:
    """B13: below a hop of theirs its sender may have written it, in the name of ours."""
    ours = "Received: from mx.other.example by in.ours.example; Sun, 22 Nov 2026 09:00:00 +0000"

    passed, failed = (
        read(ours, f"Received: {hop}", f"Authentication-Results: mx.ours.example; dmarc={grade}")
        for grade in ("pass", "fail")
    )

    assert passed.authenticity.dmarc == dmarc
    assert failed.verdict == "quarantine"


def test_a_forged_sender_is_set_aside() -> None:
    """B14: dmarc=fail from the trusted hop."""
    assert read("Authentication-Results: mx.ours.example; dmarc=fail").verdict == "quarantine"


def test_a_passing_error_of_the_check_is_no_proof_of_forgery() -> None:
    """B14: temperror is unverified."""
    found = read("Authentication-Results: mx.ours.example; dmarc=temperror")

    assert (found.verdict, found.authenticity.dmarc) == ("enquiry", "temperror")
