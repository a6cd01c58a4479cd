"""A mail written by hand is the mail that the standard library would write."""

import string
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser

import pytest
from clew_notify.body import compose_body
from clew_notify.compose import Head, compose_mail
from clew_notify.domain.rule import DEAL_OPENED
from clew_notify.header_fields import HeaderInjection, one_line
from clew_notify.render import render
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.notify.events import a_deal, a_word

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MESSAGE_ID = "<0192f0c1-0000-7000-8000-000000000001@in.localhost>"

lines = st.text(st.characters(codec="utf-8"), max_size=200).map(one_line)
texts = st.text(st.characters(codec="utf-8"), max_size=800)
words = st.text(string.ascii_letters + string.digits + ".!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=40)
ids = st.lists(words.map(lambda word: f"<{word}xyz@client.example>"), max_size=5, unique=True)


def parse(content: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(content)


def by_hand(head: Head, text: str, html: str) -> bytes:
    return compose_mail(head, compose_body(text, html, "0123456789abcdef0123456789abcdef"))


def by_the_library(head: Head, text: str, html: str) -> bytes:
    mail = EmailMessage(policy.SMTP)
    mail["From"] = Address(head.sender_name, addr_spec=head.sender_address)
    mail["To"] = ", ".join(head.to)
    mail["Subject"] = head.subject_line
    mail["Date"] = head.date
    mail["Message-ID"] = head.message_id
    if head.reply_to and not head.references:
        mail["References"] = head.message_id
    if head.references:
        mail["In-Reply-To"] = head.references[-1]
        mail["References"] = " ".join(head.references)
    mail["Reply-To"] = head.reply_to
    mail["Auto-Submitted"] = head.automatic
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Clew"] = mail["Auto-Submitted"]
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


@settings(max_examples=150, deadline=None)
@given(name=lines, subject=lines, text=texts, html=texts, references=ids)
@example(name='Sam "Spade", Esq.', subject="=?utf-8?q?no?=", text=".\r\n..\r\nFrom me", html="<p>", references=[])
@example(name="", subject="two  spaces", text="a" * 3000, html="é" * 3000, references=["<a@b>"])
@example(name="😀" * 40, subject="Ж" * 200, text="--=_0123456789abcdef", html="tab\t \nend ", references=[])
@example(name="a" * 100, subject="b" * 199, text="\x00\x0b\x0c\x7f", html="\u2028\u0085", references=[])
@example(name="x", subject="word " * 39, text="", html="", references=[])
def test_what_is_written_by_hand_reads_as_what_the_library_writes(
    name: str, subject: str, text: str, html: str, references: list[str]
) -> None:
    head = Head(
        sender_name=name,
        sender_address="clew@in.localhost",
        to=("ada@client.example", "babbage@client.example"),
        subject_line=subject,
        date=NOW,
        message_id=MESSAGE_ID,
        reply_to="r.x.y.z@in.localhost",
        references=references,
        automatic="auto-generated",
    )

    our_octets, their_octets = by_hand(head, text, html), by_the_library(head, text, html)
    ours, theirs = parse(our_octets), parse(their_octets)
    assert list(ours) == list(theirs)
    assert ours.get_content_type() == theirs.get_content_type()
    assert not ours.defects
    assert said(our_octets) == {"From": name, "Subject": subject, "plain": plain(text), "html": plain(html)}
    # Of what the library itself alters (a subject that looks encoded, odd line ends) it is no judge.
    kept = {what for what, value in said(their_octets).items() if value == said(our_octets)[what]}
    fixed = {
        header: value.split() for header, value in theirs.items() if header not in ("Subject", "From", "Content-Type")
    }
    assert {header: ours[header].split() for header in fixed} == fixed
    assert "html" in kept or not html.isprintable()
    assert "Subject" in kept or "=?" in subject or subject != " ".join(subject.split())


def said(octets: bytes) -> dict[str, str]:
    mail = parse(octets)
    parts = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    contents = {kind: plain(part.get_content()) for kind, part in parts.items() if part is not None}
    return {"From": display_name(octets), "Subject": str(mail["Subject"]), **contents}


def display_name(octets: bytes) -> str:
    """Read the name as RFC 2047 6.2 says: the library puts the space between two encoded words into the name."""
    phrase = str(BytesHeaderParser(policy=policy.compat32).parsebytes(octets)["From"]).rpartition("<")[0].strip()
    if "=?" in phrase:
        return str(make_header(decode_header(phrase)))
    found: str = parse(octets)["From"].addresses[0].display_name
    return found


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@given(name=lines, subject=lines, text=texts)
def test_no_line_is_longer_than_smtp_takes_and_none_ends_bare(name: str, subject: str, text: str) -> None:
    """RFC 5322 2.1.1 and 2.3: at most 998 octets, CR and LF only together."""
    head = Head(
        sender_name=name,
        sender_address="clew@in.localhost",
        to=("ada@client.example",),
        subject_line=subject,
        date=NOW,
        message_id=MESSAGE_ID,
    )

    mail = by_hand(head, text, text)
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    assert mail.count(b"\r") == mail.count(b"\n") == mail.count(b"\r\n")
    assert mail.isascii()


@pytest.mark.parametrize("evil", ["x\r\nBcc: all@x.example", "x\nBcc: y", "x\rBcc: y", "x\x00", "x\u2028y"])
def test_a_line_break_in_a_field_is_refused(evil: str) -> None:
    """notify 27."""
    good = {
        "sender_name": "clew",
        "sender_address": "clew@in.localhost",
        "to": ("ada@client.example",),
        "subject_line": "Chairs",
        "date": NOW,
        "message_id": MESSAGE_ID,
    }

    for field, value in (("sender_name", evil), ("subject_line", evil), ("to", (f"{evil}@x.example",))):
        with pytest.raises(HeaderInjection):
            compose_mail(Head(**{**good, field: value}), b"")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "evil", ["a b@x.example", "a@x.example, b@x.example", "<a@x.example>", "a", "a@", "@x", '"a\r"@x']
)
def test_what_is_no_address_reaches_no_field(evil: str) -> None:
    """notify 27."""
    head = Head(
        sender_name="",
        sender_address="clew@in.localhost",
        to=(evil,),
        subject_line="",
        date=NOW,
        message_id=MESSAGE_ID,
    )

    with pytest.raises(HeaderInjection):
        compose_mail(head, b"")


def test_a_name_that_is_html_is_shown_and_not_obeyed() -> None:
    """notify 27."""
    deal = a_deal(title="<img src=x onerror=alert(1)>\r\nBcc: all@x.example", contact_name="<script>alert(1)</script>")
    word = a_word(text="<b>bold</b>\n& more")
    context = {"deal": deal, "word": word, "author": deal.contact_name, "contact": "c", "link": "http://x/deals/1"}

    mail = render("deal_opened", context)
    assert "<script>" not in mail.html
    assert "<img" not in mail.html
    assert "&lt;b&gt;bold&lt;/b&gt;<br>\n&amp; more" in mail.html
    assert "<b>bold</b>\n& more" in mail.text
    assert one_line(DEAL_OPENED.subject_line.format(deal=deal)) == (
        "New deal: <img src=x onerror=alert(1)> Bcc: all@x.example"
    )
