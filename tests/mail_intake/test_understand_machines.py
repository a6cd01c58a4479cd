"""Which mails machines write (B19-B23), and that people's mails are not among them."""

import msgspec
import pytest
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Envelope

from tests.mail_intake.mails import OURS, mail, read


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Re: Undelivered Mail Returned to Sender", "Our mail server said user unknown, did you move?"),
        ("Problem with delivery of the chairs", "The chairs were not delivered to the following address. Please help."),
        ("Question", "I could not deliver my parcel; 550 chairs were rejected by the customs. Can you help?"),
        ("Mailbox full of ideas", "We would like an offer."),
        ("Out of office chairs", "Do you have any?"),
        ("Vacation rental", "Is it free in May?"),
        ("Automatic doors", "We need two."),
        ("Returns", "Please return the goods to sender."),
    ],
)
def test_people_who_write_about_such_things_are_people(subject: str, body: str) -> None:
    """B19, B20: words alone make no machine."""
    assert read(f"Subject: {subject}", body=body).verdict == "enquiry"


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied (vacation)",
        "X-Autoreply: yes",
        "X-Autorespond: vacation",
        "Precedence: auto_reply",
        "X-Auto-Reply-From: ann@lead.example",
        "Subject: Auto reply: Chairs",
        "Subject: Automatic reply: Chairs",
        "Subject: Autoreply: Chairs",
        "Subject: Out of Office: Chairs",
        "Subject: Out of office",
        "Subject: OOO: Chairs",
        "Subject: Automatische Antwort: Stühle",
        "Subject: Abwesenheitsnotiz",
        "Subject: Réponse automatique : Chaises",
        "Subject: Absence du bureau",
        "Subject: Respuesta automática: Sillas",
        "Subject: Fuera de la oficina",
        "Subject: Risposta automatica: Sedie",
        "Subject: Resposta automática: Cadeiras",
        "Subject: Automatisch antwoord: Stoelen",
        "Subject: Afwezig",
        "Subject: Autosvar: Stolar",
        "Subject: Automatiskt svar: Stolar",
        "Subject: Automatisk svar: Stoler",
        "Subject: Automaattinen vastaus: Tuolit",
        "Subject: Autoodpowiedź: Krzesła",
        "Subject: Odpowiedź automatyczna: Krzesła",
        "Subject: Automatická odpověď: Židle",
        "Subject: Автоматический ответ: Стулья",
        "Subject: Автоматична відповідь: Стільці",
        "Subject: 自动回复: 椅子",
        "Subject: 自動応答: 椅子",
        "Subject: 자동 회신: 의자",
        "Subject: Otomatik yanıt: Sandalye",
    ],
)
def test_an_automatic_answer_is_known_by_header_or_subject(header: str) -> None:
    """B20: RFC 3834, its forerunners, and the subject alone."""
    found = read(header, body="I'm only sleeping.")

    assert found.verdict == "auto_reply", found.reasons
    assert found.auto


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (
            "Re: Automatic reply: Chairs",
            "Hi Sue, Sam's automatic reply says that you cover for him. Twenty chairs, please.",
        ),
        ("AW: Automatische Antwort: Stühle", "Danke für die automatische Antwort. Wann kommt das Angebot?"),
        ("Out of office furniture", "We are out of office chairs, could you quote twenty?"),
        ("Out of office next week", "I'll be out of the office next week, back on Monday. Can we meet before?"),
        ("Abwesenheit", "Wegen meiner Abwesenheit bitte ich um Lieferung erst ab dem 5. Mai."),
        ("ooo", "Ooo, nice chairs!"),
        ("Frage", "Diese E-Mail wurde automatisch in den Spam verschoben, daher noch einmal."),
    ],
)
def test_people_write_of_absence_and_answer_to_machines(subject: str, body: str) -> None:
    """B20: a subject that a machine's mail might have, and words that a person's does."""
    assert read(f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", body=body).verdict == "enquiry"


def test_a_sites_form_that_says_that_it_writes_by_itself_is_a_visitors() -> None:
    """B16, B20"""
    form = read(
        "From: Website <wordpress@shop.example>",
        "Reply-To: Jo <jo@client.example>",
        body="This is an automatically generated message from your website.\n\nTwenty chairs, please.\n",
    )

    assert (form.verdict, form.contact.email) == ("enquiry", "jo@client.example")


def test_a_report_that_somebody_attaches_or_pastes_is_theirs() -> None:
    """B19: people send us what came back to them, and want an answer."""
    asked = "My mail to sue@ours.example came back, see below. Where do I send my order?\r\n"
    report = "Final-Recipient: rfc822; sue@ours.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    mixed = "Content-Type: multipart/mixed; boundary=b"
    attached = f"--b\r\n\r\n{asked}\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n{report}\r\n--b--\r\n"
    pasted = f"{asked}\r\n{report}Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\nMessage-ID: <x@client.example>\r\n"

    assert read("Subject: Your server", mixed, body=attached).verdict == "enquiry"
    assert read("Subject: Mail to you bounces", body=pasted).verdict == "enquiry"
    assert read("From: MAILER-DAEMON@mx.example", mixed, body=attached).verdict == "bounce"


def test_exchanges_suppressed_answer_with_an_empty_path_is_automatic() -> None:
    """B20: X-Auto-Response-Suppress and a null path."""
    assert read("X-Auto-Response-Suppress: All", "Subject: Re: Chairs", mail_from="").verdict == "auto_reply"


@pytest.mark.parametrize(
    ("fields", "mail_from", "answerable"),
    [
        (["X-Auto-Response-Suppress: OOF"], "ann@lead.example", False),
        (["X-Auto-Response-Suppress: DR, OOF, AutoReply"], "ann@lead.example", False),
        (["X-Auto-Response-Suppress: All"], "ann@lead.example", False),
        (["X-Auto-Response-Suppress: DR, RN, NRN"], "ann@lead.example", True),
        (["X-Auto-Response-Suppress: None"], "ann@lead.example", True),
        ([], "", False),
        (["Return-Path: <>"], None, False),
        (["Return-Path: <ann@lead.example>"], None, True),
        (["Auto-Submitted: no"], "ann@lead.example", True),
        (["Auto-Submitted: auto-generated", "From: web@shop.example", "Reply-To: ann@lead.example"], None, False),
    ],
)
def test_a_person_who_wants_no_automatic_answer_is_a_person(
    fields: list[str], mail_from: str | None, answerable: bool
) -> None:
    """B20, B22: people's Outlook asks for silence as well; an empty path is answered by nobody (RFC 3834 2)."""
    found = read(*fields, mail_from=mail_from)

    assert (found.verdict, found.answerable) == ("enquiry", answerable), found.reasons
    assert any(reason.startswith("no_answer: ") for reason in found.reasons) is not answerable


def test_a_feedback_report_is_a_complaint() -> None:
    """B21: ARF, RFC 5965."""
    body = (
        "--b\r\n\r\nThis is an email abuse report.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Offer\r\n\r\nHello\r\n--b--\r\n"
    )

    found = read("Content-Type: multipart/report; report-type=feedback-report; boundary=b", body=body)

    assert found.verdict == "complaint"


def test_a_read_receipt_is_an_automatic_answer() -> None:
    """B21: RFC 8098."""
    body = "--b\r\n\r\nRead.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\nX: y\r\n--b--\r\n"

    found = read("Content-Type: multipart/report; report-type=disposition-notification; boundary=b", body=body)

    assert found.verdict == "auto_reply"


@pytest.mark.parametrize(
    ("sender", "subject", "body", "verdict"),
    [
        ("Sandra Klein <backup@klein.example>", "Stühle", "Guten Tag,\n\nwir brauchen zwölf.", "enquiry"),
        ("Jean Lopez <monitoring@it.example>", "Chairs", "Could you quote twenty?", "enquiry"),
        ("Backup <backup@klein.example>", "Backup report", "Hello,\n\nall jobs went well.", "auto_reply"),
        ("Veeam Backup <backup@klein.example>", "Job done", "Objects: 12, errors: 0", "auto_reply"),
        ("Synology Rack <backup@klein.example>", "Job done", "Objects: 12 https://nas/?job=1", "auto_reply"),
        (
            "Sandra Klein <postmaster@klein.example>",
            "Re: Angebot",
            "Hallo Sam,\n\nunser Server meldet: 550 5.1.1 user unknown, could not be delivered. Bitte nochmals.",
            "enquiry",
        ),
        (
            "postmaster@klein.example",
            "AW: Stühle",
            "Hi Sam,\n\nyour mail was refused: 550 5.7.1 delivery failed. Can you send it again?\n\n> Chairs",
            "enquiry",
        ),
        (
            "Mail Delivery System <postmaster@klein.example>",
            "Re: Stühle",
            "Hello,\n\nyour message could not be delivered: 550 5.1.1 user unknown. Questions?",
            "bounce",
        ),
        ("postmaster@klein.example", "Re: Chairs", "550 5.1.1 user unknown, could not be delivered", "bounce"),
    ],
)
def test_a_person_at_a_machines_address_is_a_person(sender: str, subject: str, body: str, verdict: str) -> None:
    """B19, B21: by their name or their answer, and by greeting or asking."""
    header = [f"From: {sender}", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8"]
    found = read(*header, "In-Reply-To: <2@in.example>", body=body)

    assert found.verdict == verdict, found.reasons


@pytest.mark.parametrize(
    "header", ["X-Loop: deals@in.example", "Message-ID: <abc@in.example>", "From: deals@in.example"]
)
def test_our_own_mail_come_back_is_a_loop(header: str) -> None:
    """B22: the loop is marked and opens nothing."""
    found = read(header)

    assert found.loop
    assert found.verdict == "quarantine"
    assert [reason.partition(":")[0] for reason in found.reasons] == ["loop"]


def test_a_mail_system_that_shares_our_domain_makes_nobody_a_loop() -> None:
    """B22: there only the form that our own Message-IDs have tells them from people's."""
    shared = msgspec.structs.replace(OURS, colleague_domains=frozenset({"in.example"}))

    def is_loop(*header: str, mail_from: str = "ann@lead.example", local: str = "abc") -> bool:
        raw = mail(f"Message-ID: <{local}@in.example>", *header)
        return understand(raw, known=shared, envelope=Envelope(mail_from=mail_from)).loop

    assert not is_loop("From: sam@in.example")
    # A form of ours may write in its visitor's name.
    assert not is_loop(mail_from="www-data@in.example")
    assert not is_loop("Sender: site@in.example")
    assert is_loop()
    assert is_loop("From: sam@in.example", local="01a201f6-bd08-7975-b474-1e2ef8c1290c")
