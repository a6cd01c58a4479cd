"""Which of our mails came back, from whom and how badly, also when nobody keeps to a standard (B19, B21)."""

import pytest
from clew_mail_intake.decide import decide
from clew_mail_intake.recipients import our_recipients
from clew_shared.runtime.settings import Settings

from tests.mail_intake.mails import STORED, read

UTF8 = "Content-Type: text/plain; charset=utf-8"
RETURNED = "From: deals@in.example\nTo: Gone <gone@else.example>\nSubject: Offer\nMessage-ID: <ours-1@in.example>\n"


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
