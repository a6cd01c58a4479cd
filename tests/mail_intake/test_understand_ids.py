"""Message-IDs and references as they are really written (B2, B3, B10)."""

import pytest
from clew_mail_intake.understanding.message_ids import read_message_ids
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Envelope

from tests.mail_intake.mails import mail, read


@pytest.mark.parametrize(
    "value",
    [
        "<a@x> <b@x>",
        "<a@x>,<b@x>",
        "<a@x>\r\n\t<b@x>",
        "<a@x><b@x>",
        "a@x b@x",
        "a@x, b@x",
        "< a@x > <b@x>",
        "<a@\r\n x> <b@x>",
        '"Bob" <a@x> (Monday) <b@x>',
        "=?utf-8?q?=3Ca=40x=3E_=3Cb=40x=3E?=",
        "=?utf-8?q?=3Ca=40?=\r\n =?utf-8?q?x=3E?= <b@x>",
    ],
)
def test_ids_are_found_however_they_are_parted(value: str) -> None:
    """B2: commas, newlines, missing brackets, encoded words as Python's email writes what is too long for a line."""
    assert read_message_ids(value.replace("\r\n", "")) == ["<a@x>", "<b@x>"]
    assert read(f"References: {value}").references == ("<a@x>", "<b@x>")


def test_ours_as_the_fortieth_of_a_hundred_references_is_there() -> None:
    """B2."""
    ids = [f"<{number}@else.example>" for number in range(100)]
    ids[39] = "<ours@in.example>"

    found = read("References: " + "\r\n ".join(ids))

    assert found.references == tuple(ids)


def test_of_too_many_references_the_root_and_the_newest_stay() -> None:
    """B2: at most 200."""
    found = read("References: " + "\r\n ".join(f"<{number}@x>" for number in range(1_000)))

    assert len(found.references) == 200
    assert (found.references[0], found.references[-1]) == ("<0@x>", "<999@x>")


def test_an_answer_names_what_it_answers() -> None:
    """B2."""
    assert read("In-Reply-To: Your message of Monday <a@x>").in_reply_to == "<a@x>"
    assert read("In-Reply-To: your mail of Monday").in_reply_to is None
    several = read("References: <0@x>", "In-Reply-To: <a@x>, <b@x>\r\n c@x")
    assert (several.in_reply_to, several.references) == ("<a@x>", ("<0@x>", "<b@x>", "<c@x>"))


@pytest.mark.parametrize("header", ["Message-ID:", "Message-ID: <>", "Message-ID: garbage", "X-None: 1"])
def test_a_mail_without_an_id_gets_one_from_its_content(header: str) -> None:
    """B10: the same again for the same mail, whatever hops it took, another for another mail."""
    raw = mail(header).replace(b"Message-ID: <1@lead.example>\r\n", b"")
    again = b"Received: from a by b; today\r\n" + raw

    found = understand(raw)

    assert found.message_id_is_synthetic
    assert found.message_id == understand(again).message_id
    assert found.message_id != understand(raw + b"other").message_id
    assert found.message_id.startswith("<")


def test_every_place_that_may_hold_the_reply_token_is_searched() -> None:
    """B3: To, Cc, Delivered-To, X-Original-To, Envelope-To and RCPT."""
    places = ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"]
    raw = mail(*(f"{place}: reply+{number}@in.example" for number, place in enumerate(places)))

    found = understand(raw, envelope=Envelope(recipients=("REPLY+5@in.example",)))

    assert set(found.recipients) == {f"reply+{number}@in.example" for number in range(6)}
