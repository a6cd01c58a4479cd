"""What the words of a mail are, however badly it is put together (B25, B26, B29, B31)."""

import base64
from datetime import UTC, datetime

import pytest
from clew_mail_intake.understanding.attachments import read_attachment
from clew_mail_intake.understanding.clean_html import clean_html
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Envelope

from tests.mail_intake.mails import mail, read


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("Content-Type: multipart/mixed", "--x123\r\nContent-Type: text/plain\r\n\r\nwords\r\n--x123--\r\n", "words"),
        ("Content-Type: multipart/mixed; boundary=nowhere", "just words\r\n", "just words"),
        ("Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nunclosed words", "unclosed words"),
        ("Content-Type: multipart/mixed", "--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n--b--", "words"),
        ("Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nwords\r\n--bb\r\nmore\r\n--b--", "words\n--bb\nmore"),
        ("Content-Type: multipart/mixed; boundary=b", "--b\nContent-Type: text/plain\n\nwords\n--b--\n", "words"),
        ('Content-Type: multipart/mixed; boundary="b" ;', "--b  \r\n\r\nwords\r\n--b--", "words"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: spam", "words", "words"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: 7-bit;", "words", "words"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: Base64 ", "d29yZHM\r\n", "words"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", "w=6Frds =ZZ=\r\n!", "words =ZZ!"),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable (it is)", "w=6Frds", "words"),
        (
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64",
            "Two words, none coded.",
            "Two words, none coded.",
        ),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", "two = \r\nwords", "two words"),
        ("Content-Type: multipart/mixed boundary=b", "--b\r\n\r\nwords\r\n--b--", "words"),
        (
            'Content-Type: multipart/mixed; boundary="=_one"',
            "----=_another\r\nContent-Type: text/plain\r\n\r\nwords\r\n----=_another--\r\n",
            "words",
        ),
        (": no name\r\nX-A: b", "words", "words"),
        (": no name", "words", "words"),
        ("X-Not one: but two words", "words", "words"),
        ("Content-Type: text", "words", "words"),
        ("Content-Type: ; charset=", "words", "words"),
        ("X-Nothing: x", "", ""),
    ],
)
def test_a_badly_built_mail_keeps_its_words(header: str, body: str, text: str) -> None:
    """B25."""
    assert read(header, body=body).text == text


@pytest.mark.parametrize(
    "before", [b"\r\n", b"\n\n", b"\xef\xbb\xbf", b" ", b"\r\nFrom ann Mon Jan  1 00:00:00 2024\n"]
)
def test_what_an_editor_left_before_the_header_is_no_body(before: bytes) -> None:
    """B25."""
    found = understand(before + mail())

    assert (found.contact.email, found.subject_line) == ("ann@lead.example", "Chairs")
    assert found.text == "Hello, I need twenty chairs."


def test_a_footer_behind_an_encoded_text_is_no_part_of_its_letters() -> None:
    """B25: a list appends it to whatever stands there; without padding it went on as letters."""
    text = "Good morning, may we have twenty chairs, please?"
    footer = b"\r\n\r\n____________________\r\nOffers mailing list\r\n"

    found = read("Content-Transfer-Encoding: base64", body=base64.b64encode(text.encode()) + footer)

    assert found.text == text


def test_the_root_that_a_mail_names_is_read_wherever_it_stands() -> None:
    """B25: RFC 2387."""
    body = "--b\r\nContent-Type: text/html\r\nContent-ID: <frame>\r\n\r\n<p>frame\r\n"
    body += "--b\r\nContent-Type: text/html\r\nContent-ID: <page>\r\n\r\n<p>page\r\n--b--"

    found = read('Content-Type: multipart/related; boundary=b; start="<page>"', body=body)

    assert found.text == "page"


def test_nested_parts_with_one_and_the_same_boundary_are_read() -> None:
    """B25."""
    body = (
        "--b\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
        "--b--\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n--b--\r\n"
    )

    found = read("Content-Type: multipart/mixed; boundary=b", body=body)

    assert found.text == "words"
    assert [file.name for file in found.attachments] == ["a.pdf"]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
def test_any_line_end_will_do(line_end: bytes) -> None:
    """B25: files of an old Mac too."""
    body = "--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
    body += "--b\r\nContent-Type: image/png; name=a.png\r\n\r\nxyz\r\n--b--\r\n"
    raw = mail("Content-Type: multipart/mixed; boundary=b", body=body).replace(b"\r\n", line_end)

    found = understand(raw)

    assert (found.contact.email, found.text) == ("ann@lead.example", "words")
    assert read_attachment(raw, found.attachments[0]) == b"xyz"


def test_a_bare_cr_in_a_header_is_no_new_header() -> None:
    """B42: else what the checks saw and what we read would differ."""
    found = understand(mail("Subject: x\rFrom: evil@else.example"))

    assert found.contact.email == "ann@lead.example"
    assert found.subject_line == "x From: evil@else.example"


def test_very_long_lines_and_header_only_mails_are_read() -> None:
    """B25."""
    assert len(read(body="x" * 2_000_000).text) == 2_000_000
    assert understand(b"From: ann@lead.example\r\nSubject: only a header").subject_line == "only a header"


@pytest.mark.parametrize(
    ("html", "gone"),
    [
        ("<script>alert(1)</script>", "alert"),
        ('<p onclick="x()">a</p>', "onclick"),
        ('<a href="javascript:x()">a</a>', "javascript"),
        ('<a href="data:text/html,x">a</a>', "data:"),
        ("<svg><script>x()</script></svg>", "svg"),
        ('<meta http-equiv="refresh" content="0">', "meta"),
        ('<base href="https://evil.example">', "base"),
        ('<form action="https://evil.example"><input></form>', "form"),
        ('<img src="https://evil.example/pixel">', "evil"),
        ('<p style="background:url(https://evil.example)">a</p>', "evil"),
        ("<iframe src=x></iframe>", "iframe"),
    ],
)
def test_html_is_cleaned_of_what_acts(html: str, gone: str) -> None:
    """B26."""
    assert gone not in clean_html(f"<p>before</p>{html}")
    assert gone not in clean_html("<p>before</p>" * 1_001 + html)


def test_a_page_of_thousands_of_rows_is_shown_like_one_of_a_few() -> None:
    """B26: what stands in attributes, comments and unclosed tags is read the same."""
    row = '<tr><td align="right">5 < 6 <b title="</td>">&amp;</b> <!-- </td> --><a href="https://x.example/?a=1&b=2">x</a>'

    few, many = (clean_html(f"<table><tbody>{row * rows}</table>") for rows in (2, 1_000))
    [head, *rows] = few.split("<tr>")

    assert many.replace("</tbody></table>", "").split("<tr>") == [head, *[rows[0]] * 1_000]


def test_a_page_of_links_is_still_text() -> None:
    """B26: five thousand links are read, not replaced."""
    found = read("Content-Type: text/html", body='<a href="https://x.example">link</a> ' * 6_000)

    assert found.text.split().count("link") == 6_000
    assert found.html


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/enriched", "<bold>Twenty</bold> chairs,\nplease.\n\n<color><param>red</param>Red</color>, << 9\n", None),
        ("text/richtext", "<bold>Twenty</bold> chairs,\nplease.<nl><comment>no</comment>Red, <lt> 9", None),
        ("text/enriched", "<nofill>Twenty\nchairs</nofill>", "Twenty\nchairs"),
    ],
)
def test_enriched_text_is_read_without_its_marks(kind: str, body: str, text: str | None) -> None:
    """B25."""
    assert read(f"Content-Type: {kind}", body=body).text.rstrip() == (text or "Twenty chairs, please.\nRed, < 9")


def test_an_invitation_says_what_when_and_who() -> None:
    """B29: not a blank body."""
    body = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Tasting\r\nDTSTART:20260504T100000Z\r\n"
        "ORGANIZER;CN=Lea Lead:mailto:lea@customer.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )

    found = read(
        "Content-Type: multipart/mixed; boundary=b", body=f"--b\r\nContent-Type: text/calendar\r\n\r\n{body}\r\n--b--"
    )

    assert found.text.splitlines() == [
        "Invitation: Tasting",
        "From: 2026-05-04 10:00 UTC",
        "Organiser: Lea Lead <lea@customer.example>",
    ]


def test_an_encrypted_mail_says_so() -> None:
    """B29."""
    body = "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    body += "--b\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--b--"

    assert read("Content-Type: multipart/encrypted; boundary=b", body=body).text == "(encrypted message)"


@pytest.mark.parametrize(
    "date", ["Mon, 4 Jan 2199 10:00:00 +0000", "not a date", "", "Mon, 99 Foo 2026 99:99:99 +9999", "0"]
)
def test_an_impossible_date_is_the_time_of_arrival(date: str) -> None:
    """B31: and the original is kept."""
    arrived = datetime(2026, 5, 4, 10, tzinfo=UTC)

    found = understand(mail(f"Date: {date}"), envelope=Envelope(received_at=arrived))

    assert found.date == arrived
    assert found.date_header == date


def test_a_true_date_is_kept_in_utc() -> None:
    """B31."""
    found = read("Date: Mon, 4 May 2026 12:00:00 +0200")

    assert found.date == datetime(2026, 5, 4, 10, tzinfo=UTC)
