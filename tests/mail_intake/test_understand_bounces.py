"""Which of our mails came back, from whom and how badly, also when nobody keeps to a standard (B19, B21)."""

import pytest
from clew_mail_intake.decide import decide
from clew_mail_intake.recipients import our_recipients
from clew_shared.runtime.settings import Settings

from tests.mail_intake.mails import STORED, read

UTF8 = "Content-Type: text/plain; charset=utf-8"
RETURNED = "From: deals@in.example\nTo: Gone <gone@else.example>\nSubject: Offer\nMessage-ID: <ours-1@in.example>\n"
DSN = (
    "--b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.else.example\r\n\r\n"
    "Final-Recipient: rfc822; ok@else.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    "Final-Recipient: rfc822; Gone@else.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no such\r\n user\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    "Message-ID: <ours-1@in.example>\r\nSubject: Offer\r\n\r\nHello\r\n--b--\r\n"
)


def report(fields: str, *, kind: str = "delivery-status", returned: str = RETURNED) -> str:
    """Put the body of a report together; `b` is its boundary."""
    return (
        f"--b\n\nSee below.\n--b\nContent-Type: message/{kind}\n\n{fields}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{returned}\n--b--\n"
    )


@pytest.mark.parametrize(
    ("named", "recipient"),
    [
        ("Original-Recipient: rfc822; gone@else.example\nFinal-Recipient: rfc822; u17@store.else.example", "gone@"),
        ("Final-Recipient: rfc822; u17@store\nOriginal-Recipient: rfc822;gone+2Bshop@else.example", "gone+shop@"),
        ("Final-Recipient: x400; /G=Gone/dda:SMTP=gone@else.example;", "gone@"),
        ("Original-Recipient: rfc822; gone\nFinal-Recipient: rfc822; gone@else.example", "gone@"),
    ],
)
def test_a_report_is_about_the_address_that_we_wrote_to(named: str, recipient: str) -> None:
    """B19: RFC 3464 2.3.1; an alias or a store behind it is nobody whom we know."""
    found = read(
        "From: MAILER-DAEMON@else.example",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        body=report(f"Reporting-MTA: dns; mx\n\n{named}\nAction: failed\nStatus: 5.1.1\n"),
    )

    assert found.dsn is not None
    assert found.dsn.recipient == f"{recipient}else.example"


@pytest.mark.parametrize(
    "words",
    [
        "Your message\n\n  To: list@other.example\n  Cc: more@other.example; most@other.example\n\ndid not reach:\n\n"
        "gone@else.example on Monday\n",
        "From uucp@localhost\n\nThe following addresses had errors:\ngone@else.example\n",
        "Ask help@other.example about it. Undeliverable: gone@else.example\n\n--- Returned message ---\n" + RETURNED,
        "Ask help@other.example. Undeliverable: gone@else.example\n\n--- Returned message ---\n"
        + RETURNED.replace("To: ", "To: more@else.example, "),
        "Names here are first.last@other.example.\n\n--- Returned message ---\n" + RETURNED.replace("<gone", "<GONE"),
        "收件人：gone@else.example，邮件无法送达",
    ],
)
def test_words_name_whom_a_mail_failed_at(words: str) -> None:
    """B19: neither the reporter, nor who is copied or to be asked, but whom the mail went to."""
    found = read("From: MAILER-DAEMON@mx.example", "Subject: Undeliverable", UTF8, body=words)

    assert (found.verdict, found.dsn and found.dsn.recipient) == ("bounce", "gone@else.example")


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("Subject: [news] Release 2.0.12\n\ndid not reach gone@else.example", "hard"),
        ("could not be delivered to gone@else.example.\nPlease do not resend your original message.\n"
         "Delivery attempts will continue.", "delayed"),
        ("Das Postfach des Empfängers ist voll: gone@else.example wurde nicht zugestellt.", "soft"),
    ],
)  # fmt: skip
def test_how_bad_it_is_stands_above_the_returned_mail(words: str, severity: str) -> None:
    """B19: a version is no status, and who speaks of the original has not yet begun to return it."""
    found = read("From: MAILER-DAEMON@mx.example", "Subject: Undeliverable", UTF8, body=words)

    assert found.dsn is not None
    assert found.dsn.severity == severity


@pytest.mark.parametrize(
    ("sender", "subject", "words"),
    [
        ("MAILER-DAEMON@mx.example", "Ni fydd hyn yn cyrraedd", "gone@else.example: dim blwch"),
        ('"System Administrator"@mx.example', "Delivery Failure", "Could not deliver message to gone@else.example"),
        ("<Postmaster\\@mx.example@relay.example>", "Mail Delivery Warning", "gone@else.example has been postponed"),
        ('"Jet System" <>', "Mail error", "could not be delivered to gone@else.example"),
        ("ACME_SMTP_Mail_Service@mx.example", "Returned mail", "gone@else.example: mailbox unavailable (550 no)"),
        ("admin@mx.example", "Non-Delivery: Offer", "--- Non-Delivery Report ---\nCould not be delivered to "
         "gone@else.example"),
        ("imss@mx.example", "Mail could not be delivered", "Sent >>> RCPT TO:<gone@else.example>\nGot <<< 550 no user"),
        ("noreply@mx.example", "Returned mail", "Your mail could not be delivered to gone@else.example, "
         "as their mailbox is full"),
        ("postmaster@mx.example", "Niet te bezorgen: Offer", "Het bezorgen is mislukt: gone@else.example"),
        ("postmaster@mx.example", "לא ניתן למסירה: Offer", "המסירה נכשלה: gone@else.example"),
        ("postmaster@mx.example", "Не вдається доставити: Offer", "Не вдалося доставити: gone@else.example"),
    ],
)  # fmt: skip
def test_mail_systems_have_many_names_and_languages(sender: str, subject: str, words: str) -> None:
    """B19: no null path, no report; who sends it, and what stands over it."""
    found = read(f"From: {sender}", f"Subject: {subject}", UTF8, body=f"{words}\n")

    assert (found.verdict, found.dsn and found.dsn.recipient) == ("bounce", "gone@else.example"), found.reasons


@pytest.mark.parametrize(
    ("sender", "words", "verdict"),
    [
        ("admin@mx.example", "Your message to gone@else.example was rejected: 550 5.1.1 user unknown", "bounce"),
        ("admin@mx.example", "My message to gone@else.example was rejected: 550 5.1.1 user unknown", "enquiry"),
        ("admin@mx.example", "Hello, your message to gone@else.example was rejected. 550 what?", "enquiry"),
        ("Ann Admin <ann@mx.example>", "Your message to gone@else.example was rejected: 550 5.1.1 no", "enquiry"),
    ],
)
def test_an_offices_address_is_a_programs_where_it_speaks_like_one(sender: str, words: str, verdict: str) -> None:
    """B19: to whom wrote the mail, and greeting nobody."""
    assert read(f"From: {sender}", "Subject: Delivery failure", body=f"{words}\n").verdict == verdict


def test_exchange_says_in_its_header_that_it_is_a_report() -> None:
    """B19"""
    found = read("X-MS-Exchange-Message-Is-Ndr: 1", "From: mail@else.example", body="gone@else.example\n")

    assert found.verdict == "bounce"


def test_a_mail_systems_receipt_is_no_bounce() -> None:
    """B21: a daemon may hand in a receipt for somebody (RFC 8098)."""
    found = read(
        "From: MAILER-DAEMON@else.example",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
        body=report(
            "Final-Recipient: rfc822; ann@else.example\nDisposition: x; displayed\n", kind="disposition-notification"
        ),
    )

    assert found.verdict == "auto_reply"


@pytest.mark.parametrize(
    ("sender", "subject", "words"),
    [
        ("Ann Lead <ann@lead.example>", "Mail could not be delivered", ">>> RCPT TO:<sue@ours.example>\n<<< 550 no\n\n"
         "is what I get."),
        ("Ann Lead <ann@lead.example>", "Non-Delivery of chairs", "--- Chairs ---\nThey could not be delivered. When?"),
        ("System Haus <system@haus.example>", "Server", "Hello, could you quote two servers?"),
        ("Ann Lead <ann@lead.example>", "Fwd: Undeliverable", "Why?\n\n---------- Forwarded message ---------\n"
         "From: MAILER-DAEMON@mx.example\nSubject: Undeliverable\n\nsue@ours.example: 550 5.1.1 user unknown\n"),
    ],
)  # fmt: skip
def test_people_with_such_names_and_headings_are_people(sender: str, subject: str, words: str) -> None:
    """B19"""
    assert read(f"From: {sender}", f"Subject: {subject}", body=words).verdict == "enquiry"


@pytest.mark.parametrize(
    ("fields", "recipient", "message_id"),
    [
        ("Feedback-Type: abuse\nOriginal-Rcpt-To: <gone@else.example>", "gone@else.example", "<ours-1@in.example>"),
        ("Feedback-Type: abuse\nUser-Agent: x", "gone@else.example", "<ours-1@in.example>"),
        ("Feedback-Type: not-spam\nOriginal-Rcpt-To: <gone@else.example>", None, None),
        ("Feedback-Type: auth-failure\nOriginal-Rcpt-To: <gone@else.example>", None, None),
    ],
)
def test_who_complains_is_whom_the_mail_went_to(fields: str, recipient: str | None, message_id: str | None) -> None:
    """B21: nobody minds a mail that was no spam, or that somebody forged (RFC 6430, 6591)."""
    found = read(
        "From: fbl@else.example",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b",
        body=report(fields, kind="feedback-report"),
    )

    assert found.verdict == "complaint"
    assert found.dsn is not None
    assert (found.dsn.recipient, found.dsn.message_id) == (recipient, message_id)
    assert (decide(STORED, found, our_recipients(Settings())).event is None) is (recipient is None)


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


def test_a_forged_report_names_no_recipient_of_its_own() -> None:
    """B19: what bounced is claimed, not believed; the message's id comes along to be checked."""
    found = read(
        "From: postmaster@evil.example", "Subject: Undeliverable", body="user unknown: victim@customer.example"
    )

    assert found.verdict == "bounce"
    assert found.dsn is not None
    assert found.dsn.message_id is None
