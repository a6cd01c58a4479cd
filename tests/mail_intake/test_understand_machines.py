"""Which mails machines write (B19-B23), and that people's mails are not among them."""

import msgspec
import pytest
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Envelope

from tests.mail_intake.mails import OURS, mail, read

DSN = (
    "--b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.else.example\r\n\r\n"
    "Final-Recipient: rfc822; ok@else.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    "Final-Recipient: rfc822; Gone@else.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no such\r\n user\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    "Message-ID: <ours-1@in.example>\r\nSubject: Offer\r\n\r\nHello\r\n--b--\r\n"
)


def test_a_delivery_report_says_which_message_failed_at_whom() -> None:
    """B19: RFC 3464; the failed recipient counts, not the one who got it."""
    found = read(
        "From: MAILER-DAEMON@else.example",
        "Subject: Undelivered Mail Returned to Sender",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        body=DSN,
    )

    assert found.verdict == "bounce"
    assert found.auto
    assert found.dsn is not None
    assert (found.dsn.recipient, found.dsn.status, found.dsn.message_id) == (
        "gone@else.example",
        "5.1.1",
        "<ours-1@in.example>",
    )
    assert found.dsn.severity == "hard"


@pytest.mark.parametrize(
    ("sender", "subject", "body", "recipient", "status"),
    [
        (
            "MAILER-DAEMON@mx.example",
            "failure notice",
            "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message.\n\n"
            "<gone@else.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            "--- Below this line is a copy of the message.\n\nMessage-ID: <ours-1@in.example>\n",
            "gone@else.example",
            "5.1.1",
        ),
        (
            "MAILER-DAEMON <>",
            "Mail delivery failed",
            "This is the DragonFly Mail Agent v0.13 at df.example.\n\nThere was an error delivering your mail to "
            "<gone@else.example>.\n\nmx.else.example did not like our RCPT TO:\n550 5.2.2 Mailbox full\n",
            "gone@else.example",
            "5.2.2",
        ),
        (
            "Mail Delivery System <Mailer-Daemon@mx.example>",
            "Warning: message 1abc delayed 24 hours",
            "This message was created automatically by mail delivery software.\n"
            "A message has not yet been delivered to:\n"
            "  late@else.example\nDelivery attempts will continue to be made for some time.\n",
            "late@else.example",
            "4.0.0",
        ),
        (
            "postmaster@firma.example",
            "Unzustellbar: Angebot",
            "Ihre Nachricht konnte nicht zugestellt werden.\n\n  weg@else.example\n\n550 5.1.1 Empfänger unbekannt\n",
            "weg@else.example",
            "5.1.1",
        ),
        (
            "postmaster@societe.example",
            "Non remis : Offre",
            "Votre message n'a pas pu être remis à gone@else.example.\n550 5.1.1 destinataire inconnu\n",
            "gone@else.example",
            "5.1.1",
        ),
    ],
)
def test_a_bounce_that_follows_no_standard_is_a_bounce(
    sender: str, subject: str, body: str, recipient: str, status: str
) -> None:
    """B19: qmail, DragonFly, Exim, localised Exchange."""
    found = read(f"From: {sender}", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", body=body)

    assert found.verdict == "bounce", found.reasons
    assert found.dsn is not None
    assert (found.dsn.recipient, found.dsn.status) == (recipient, status)


def test_a_failed_recipient_in_the_header_is_a_bounce() -> None:
    """B19: Exim's X-Failed-Recipients."""
    found = read("X-Failed-Recipients: gone@else.example", body="550 no\n")

    assert found.verdict == "bounce"
    assert found.dsn is not None
    assert found.dsn.recipient == "gone@else.example"


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


@pytest.mark.parametrize(
    ("says", "severity", "status"),
    [
        ("550 Requested action not taken: mailbox unavailable", "hard", "5.1.1"),
        ("User gone (gone@else.example) not listed in Domino Directory", "hard", "5.1.1"),
        ("Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.", "hard", "5.1.1"),
        ("user is over quota", "soft", "5.2.2"),
        ("452 mailbox full, giving up", "soft", "4.0.0"),
        ("554 5.7.1 rejected by policy: user unknown to our filter", "hard", "5.7.1"),
        ("It was not delivered, and nobody says why.", "hard", "5.0.0"),
        ("There was a temporary problem. Gmail will retry for 47 more hours.", "delayed", "4.0.0"),
        ("451 4.4.1 no answer; will keep trying", "delayed", "4.4.1"),
        ("Die Zustellung verzögert sich.", "delayed", "4.0.0"),
    ],
)
def test_a_bounce_says_in_words_how_bad_it_is(says: str, severity: str, status: str) -> None:
    """B19: no such mailbox, no room, late, or only that it failed."""
    body = f"Your message could not be delivered to:\n\n  gone@else.example\n\n{says}\n"
    charset = "Content-Type: text/plain; charset=utf-8"
    found = read("From: MAILER-DAEMON@else.example", "Subject: failure notice", charset, body=body, mail_from="")

    assert found.dsn is not None
    assert (found.dsn.severity, found.dsn.status) == (severity, status)


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
    "header",
    [
        "List-Id: <news.example>",
        "Precedence: bulk",
        "Precedence: list",
        "From: noreply@shop.example",
        "Mailing-List: x",
    ],
)
def test_mail_to_many_opens_nothing(header: str) -> None:
    """B21: newsletters and addresses that read no answers."""
    assert read(header).verdict == "list"


def test_a_person_for_whom_a_site_sends_is_a_person() -> None:
    """B21: `noreply@` alone says that answers are lost, not that nobody wrote."""
    assert read("From: Sandy Miller <noreply@forge.example>").verdict == "enquiry"
    assert read("From: Forge Alerts <noreply@forge.example>").verdict == "list"


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
    ("sender", "subject", "body", "verdict"),
    [
        ("info@shop.example", "Your order 7", "It was shipped today.\n\nPlease do not reply to this email.", "list"),
        (
            "Shop <info@shop.example>",
            "x",
            "Any questions? See our site.\n\nAutomated: do not reply to this mail.",
            "list",
        ),
        ("info@laden.example", "Versand", "Ihr Paket kommt.\n\nBitte antworten Sie nicht auf diese E-Mail.", "list"),
        ("info@magasin.example", "Colis", "Merci de ne pas répondre à ce message.", "list"),
        ("info@tienda.example", "Pedido", "Por favor, no responda a este correo.", "list"),
        ("info@sklep.example", "Paczka", "Prosimy nie odpowiadać na tę wiadomość.", "list"),
        ("info@dian.example", "订单", "您的订单已发货。请勿直接回复此邮件。", "list"),
        ("info@mise.example", "ご注文", "このメールに返信されてもお答えできません。", "list"),
        ("Ihr Laden <info@laden.example>", "Versand", "Bitte nicht auf diese E-Mail antworten.", "list"),
        ("Jo Miller <jo@client.example>", "Chairs", "Twenty, please. Do not reply to this mail, call me.", "enquiry"),
        ("info@klein.example", "Stühle", "Können Sie liefern? Bitte nicht auf diese E-Mail antworten.", "enquiry"),
        ("info@client.example", "Re: Chairs", "Yes, twenty.\n\n> Please do not reply to this email.", "enquiry"),
        ("info@ours.example", "Contact form", "Jo: twenty chairs. Do not reply to this email.", "enquiry"),
    ],
)
def test_an_offices_notice_that_wants_no_answer_opens_nothing(
    sender: str, subject: str, body: str, verdict: str
) -> None:
    """B21: in what language it says so; people, answers and our own sites may have such words in their mails."""
    found = read(f"From: {sender}", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", body=body)

    assert found.verdict == verdict, found.reasons


@pytest.mark.parametrize(
    "header",
    [
        "X-Spam-Flag: YES",
        "X-Spam-Status: Yes, score=9.1",
        "X-SES-Spam-Verdict: FAIL",
        "X-MS-Exchange-Organization-SCL: 6",
        "X-Forefront-Antispam-Report: CIP:1.2.3.4;SFV:SPM;SCL:5;",
        "X-Rspamd-Action: add header",
        "X-Spamd-Result: default: True [9.1 / 6.0]",
        "X-Barracuda-Spam-Status: Yes, SCORE=9.10 using global scores",
        "X-Example-MailScanner-SpamCheck: spam, SpamAssassin (score=9.1)",
        "X-Forefront-Antispam-Report: CIP:1.2.3.4;SFV:NSPM;SCL:1;CAT:PHSH;",
    ],
)
def test_a_filters_verdict_before_us_is_heard(header: str) -> None:
    """B23."""
    assert read(header).verdict == "spam"


@pytest.mark.parametrize(
    "header",
    [
        "X-Spam-Flag: NO",
        "X-Spam-Status: No, score=1",
        "X-MS-Exchange-Organization-SCL: 1",
        "X-Example-MailScanner-SpamCheck: not spam, SpamAssassin (score=1)",
        # The last hop's word stands above an earlier one's.
        "X-Spam-Flag: NO\r\nX-Spam-Flag: YES",
    ],
)
def test_a_filters_all_clear_is_heard_as_well(header: str) -> None:
    """B23."""
    assert read(header).verdict == "enquiry"


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


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        ("List-Id: <users.example>", "enquiry"),
        ("List-Id: <users.example>\r\nPrecedence: list\r\nList-Unsubscribe: <https://x.example>", "enquiry"),
        ("List-Id: <news.example>\r\nFeedback-ID: 1:2:3:x", "list"),
        ("List-Id: <news.example>\r\nPrecedence: bulk", "list"),
        ("List-Id: <n.example>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", "list"),
        ("Precedence: bulk", "list"),
    ],
)
def test_people_write_through_lists_where_the_settings_say_so(header: str, verdict: str) -> None:
    """B21: by default nothing that came through a list opens anything; with the setting newsletters still do not."""
    written = mail(header)

    assert understand(written, known=OURS).verdict == "list"
    assert understand(written, known=msgspec.structs.replace(OURS, people_write_through_lists=True)).verdict == verdict


def test_a_forged_report_names_no_recipient_of_its_own() -> None:
    """B19: what bounced is claimed, not believed; the message's id comes along to be checked."""
    found = read(
        "From: postmaster@evil.example", "Subject: Undeliverable", body="user unknown: victim@customer.example"
    )

    assert found.verdict == "bounce"
    assert found.dsn is not None
    assert found.dsn.message_id is None
