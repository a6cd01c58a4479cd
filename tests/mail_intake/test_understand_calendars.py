"""Invitations, what becomes of them and the answers to them, in words (B20, B29)."""

import pytest
from clew_mail_intake.understanding.calendar import read_invitation

from tests.mail_intake.mails import read

ORGANISER = 'ORGANIZER;CN="Lead: Ann":mailto:ann@lead.example'


def ics(*lines: str, method: str = "REQUEST") -> str:
    head = ["BEGIN:VCALENDAR", "PRODID:-//x", f"METHOD:{method}", "BEGIN:VTIMEZONE", "TZID:X", "BEGIN:STANDARD"]
    head += ["DTSTART:16010101T030000", "END:STANDARD", "END:VTIMEZONE", "BEGIN:VEVENT", "SUMMARY:Tasting"]
    alarm = ["BEGIN:VALARM", "DESCRIPTION:REMINDER", "END:VALARM"]
    return "\r\n".join([*head, *lines, *alarm, "END:VEVENT", "END:VCALENDAR", ""])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["DTSTART:20260504T100000Z", "DTEND:20260504T113000Z"],
            ["From: 2026-05-04 10:00 UTC", "Until: 2026-05-04 11:30 UTC"],
        ),
        (["DTSTART;TZID=Europe/Berlin:20260504T100000"], ["From: 2026-05-04 10:00 Europe/Berlin"]),
        (["DTSTART;TZID=W. Europe Standard Time:20260504T100000"], ["From: 2026-05-04 10:00 Europe/Berlin"]),
        (
            ['DTSTART;TZID="(UTC+01:00) Amsterdam, Berlin":20260504T100000', "DURATION:PT1H30M"],
            [
                "From: 2026-05-04 10:00 (UTC+01:00) Amsterdam, Berlin",
                "Until: 2026-05-04 11:30 (UTC+01:00) Amsterdam, Berlin",
            ],
        ),
        (["DTSTART;TZID=/mozilla.org/20050126_1/Europe/Rome:20260504T100000"], ["From: 2026-05-04 10:00 Europe/Rome"]),
        (["DTSTART;VALUE=DATE:20260504", "DTEND;VALUE=DATE:20260505"], ["From: 2026-05-04 (all day)"]),
        (
            ["DTSTART;VALUE=DATE:20260504", "DTEND;VALUE=DATE:20260507"],
            ["From: 2026-05-04 (all day)", "Until: 2026-05-06"],
        ),
        (["DTSTART:20260504T100000"], ["From: 2026-05-04 10:00"]),
        (["DTSTART:someday"], ["From: someday"]),
        (["DTSTART:20261399T996100Z"], ["From: 20261399T996100Z"]),
        (
            ["DTSTART:20260504T100000Z", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,1TH;UNTIL=20260630T000000Z"],
            ["From: 2026-05-04 10:00 UTC", "Repeats: every 2 weeks on Mon, Thu, until 2026-06-30"],
        ),
        (["RRULE:FREQ=DAILY;COUNT=10"], ["Repeats: daily, 10 times"]),
        (
            ["LOCATION:Hall 3\\, Berlin", ORGANISER, "DESCRIPTION:Line one\\nLine", "  two"],
            ["Where: Hall 3, Berlin", "Organiser: Lead: Ann <ann@lead.example>", "Description: Line one", "Line two"],
        ),
        (
            ["URL:https://meet.example/x", "ORGANIZER:MAILTO:ann@lead.example"],
            ["Organiser: ann@lead.example", "Link: https://meet.example/x"],
        ),
    ],
)
def test_an_invitation_is_told_in_a_few_lines(lines: list[str], said: list[str]) -> None:
    """B29: zone, whole days, repetition and Windows' names, nothing expanded."""
    assert read_invitation(ics(*lines)).text.splitlines() == ["Invitation: Tasting", *said]


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("REQUEST", "Invitation"),
        ("CANCEL", "Cancelled"),
        ("COUNTER", "Another time proposed"),
        ("PUBLISH", "Event"),
        ("REFRESH", "Latest state asked for"),
        ("X-NONE", "Calendar entry"),
    ],
)
def test_each_method_has_its_words(method: str, head: str) -> None:
    """B29."""
    assert read_invitation(ics(method=method)).text == f"{head}: Tasting"


@pytest.mark.parametrize(
    "text", ["", "BEGIN:VCALENDAR", "\0\0", "BEGIN:VEVENT\nEND:VEVENT\n" * 3, "END:VEVENT\n:\n;=:", "x" * 9_000]
)
def test_a_broken_calendar_is_never_a_blank_body(text: str) -> None:
    """B29."""
    found = read("Content-Type: text/calendar; method=REQUEST", body=text)

    assert found.verdict == "enquiry"
    assert found.text.startswith("Invitation: ")


def test_several_events_are_told_one_after_the_other() -> None:
    """B29: the first five, and how many more."""
    event = "BEGIN:VEVENT\r\nSUMMARY:Day\r\nDTSTART;VALUE=DATE:20260504\r\nEND:VEVENT\r\n"

    text = read_invitation(f"BEGIN:VCALENDAR\r\n{event * 7}END:VCALENDAR").text

    assert text.count("Calendar entry: Day\nFrom: 2026-05-04 (all day)") == 5
    assert text.endswith("\n\nand 2 more")


def test_a_quoted_printable_vcalendar_is_read() -> None:
    """B29: version 1.0."""
    event = "SUMMARY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:K=C3=BChl=\r\n=20und warm"

    assert (
        read_invitation(f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT").text
        == "Calendar entry: Kühl und warm"
    )


def beside(text: str, calendar: str) -> tuple[str, str]:
    parts = (("text/plain", text), ("text/calendar", calendar))
    body = "".join(f"--b\r\nContent-Type: {kind}\r\n\r\n{content}\r\n" for kind, content in parts)
    return "Content-Type: multipart/alternative; boundary=b", f"{body}--b--"


def test_words_beside_an_invitation_stay_what_they_are() -> None:
    """B29: what the calendar says is told apart from them."""
    header, body = beside("Please join us.", ics("DTSTART:20260504T100000Z"))

    found = read(header, body=body)

    assert found.text == "Please join us."
    assert found.facts == (("Invitation", "Tasting"), ("From", "2026-05-04 10:00 UTC"))


@pytest.mark.parametrize(
    ("text", "method", "verdict"),
    [
        ("", "REPLY", "auto_reply"),
        ("Ann Lead has accepted this invitation.\r\n\r\nTasting", "REPLY", "auto_reply"),
        ("Ann Lead hat diese Einladung angenommen.", "REPLY", "auto_reply"),
        ("Gladly. May I bring Bob?", "REPLY", "enquiry"),
        ("", "COUNTER", "enquiry"),
        ("", "REQUEST", "enquiry"),
        ("", "CANCEL", "enquiry"),
        ("", "REFRESH", "auto_reply"),
    ],
)
def test_a_button_pressed_is_a_machines_mail_and_a_word_of_ones_own_is_not(
    text: str, method: str, verdict: str
) -> None:
    """B20: nobody is to be acknowledged for having accepted."""
    answer = "ATTENDEE;PARTSTAT=ACCEPTED;CN=Ann Lead:mailto:ann@lead.example"
    header, body = beside(text, ics(answer, method=method))

    found = read(header, body=body)

    assert found.verdict == verdict
    if method == "REPLY" and not text:
        assert found.text == "Answer to an invitation: Tasting\nAnswer: Ann Lead <ann@lead.example> accepted"


def test_a_line_folded_inside_a_character_is_read() -> None:
    """B24, B29: RFC 5545 counts bytes."""
    body = ics("DTSTART:20260504T100000Z").encode().replace(b"Tasting", b"Gr\xc3\r\n \xbc\xc3\r\n \x9fe")

    assert read("Content-Type: text/calendar", body=body).text.splitlines()[0] == "Invitation: Grüße"
