"""Two spellings of one address or number share a key; two different ones never do."""

import string
from pathlib import Path
from xml.etree import ElementTree

import pytest
from clew_shared.identity.email import normalise_email
from clew_shared.identity.phone import normalise_phone, read_phone
from clew_shared.identity.subject_line import bare_subject
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("raw", "address", "key"),
    [
        ("  Jane.Doe@Example.COM ", "Jane.Doe@example.com", "jane.doe@example.com"),
        ("jane+forms@example.com", "jane+forms@example.com", "jane+forms@example.com"),
        ("j.a.n.e@gmail.com", "j.a.n.e@gmail.com", "j.a.n.e@gmail.com"),
        ("Jörg@Bücher.de", "Jörg@xn--bcher-kva.de", "jörg@xn--bcher-kva.de"),
        ("jose\u0301@example.com", "jos\u00e9@example.com", "jos\u00e9@example.com"),
        ("anna@xn--bcher-kva.de", "anna@xn--bcher-kva.de", "anna@xn--bcher-kva.de"),
        ("A@ＥＸＡＭＰＬＥ.com", "A@example.com", "a@example.com"),
        ("STRAßE@example.com", "STRAßE@example.com", "strasse@example.com"),
        ("deals@in.localhost", "deals@in.localhost", "deals@in.localhost"),
        ("root@localhost", "root@localhost", "root@localhost"),
    ],
)
def test_an_address_is_kept_as_written_and_matched_by_its_folded_form(raw: str, address: str, key: str) -> None:
    """forms 14, lifecycle d.4."""
    email = normalise_email(raw)

    assert email is not None
    assert (email.address, email.key) == (address, key)


@pytest.mark.parametrize(
    "raw",
    [
        *("", "no", "@x.de", "x@", "a..b@c.de", "x@-a.de", "x@a.de.", "a b@c.de", "a\n@b.de", "a@ex ample.com"),
        *(
            "x@xn--zzzz.de",
            "Jane <jane@example.com>",
            "a@b.de,c@d.de",
            "x@" + "a." * 130 + "de",
            "x@" + "a" * 64 + ".de",
        ),
    ],
)
def test_what_cannot_be_an_address_has_no_key(raw: str) -> None:
    assert normalise_email(raw) is None


@pytest.mark.parametrize("raw", ["a@b.test", "a@localhost", "a@printer.local", "a@10.0.0.1", "a@intranet"])
def test_a_private_name_is_read_but_known_as_private(raw: str) -> None:
    email = normalise_email(raw)

    assert email is not None
    assert not email.public


_LOCAL = st.text(string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-.", min_size=1, max_size=66)
_LABEL = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=65)


@given(local=_LOCAL, labels=st.lists(_LABEL, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_the_short_way_reads_every_plain_address_as_the_library_does(local: str, labels: list[str]) -> None:
    raw = f"{local}@{'.'.join(labels)}.com"
    try:
        read = validate_email(raw, check_deliverability=False)
    except ValueError:
        expected = None
    else:
        expected = f"{read.local_part}@{(read.ascii_domain or '').lower()}"

    email = normalise_email(raw)

    assert (email.address if email else None) == expected


def test_no_address_of_the_isemail_list_is_an_exception(corpora: Path) -> None:
    valid = 0
    for case in ElementTree.parse(corpora / "text" / "isemail-tests.xml").getroot().iter("test"):
        address = case.findtext("address") or ""
        if normalise_email(address) and case.findtext("category") == "ISEMAIL_VALID_CATEGORY":
            valid += 1

    assert valid >= 10


@pytest.mark.parametrize(
    ("raw", "region", "key"),
    [
        ("020 7946 0000", "GB", "+442079460000"),
        ("+44 (0)20 7946 0000", None, "+442079460000"),
        ("0044 20 7946 0000", "GB", "+442079460000"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("030 123456", None, None),
        ("call me", "GB", None),
        ("12", "GB", None),
        ("0" * 5000, "GB", None),
    ],
)
def test_a_number_is_read_in_its_region_and_never_guessed_without_one(
    raw: str, region: str | None, key: str | None
) -> None:
    assert normalise_phone(raw, region) == key


def test_a_number_in_an_unknown_range_keeps_its_key() -> None:
    """forms 26: the verdict is soft, because numbering plans change."""
    phone = read_phone("+1 555 0100", None)

    assert phone is not None
    assert (phone.e164, phone.assigned) == ("+15550100", False)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "Re: {}",
            "RE: RE: {}",
            "Fwd: Re: {}",
            "WG: AW: {}",
            "Antw: {}",
            "SV: VS: {}",
            "TR : {}",
            "RIF: R: {}",
            "I: {}",
        ),
        *(
            "RES: ENC: {}",
            "RV: {}",
            "Odp: PD: {}",
            "Ответ: {}",
            "Отв: Пер: {}",
            "ВІДП: {}",
            "回复：{}",
            "答复: 转发: {}",
        ),
        *(
            "轉寄: {}",
            "返信: {}",
            "답장: 전달: {}",
            "YNT: İLT: {}",
            "Vá: {}",
            "Σχετ: {}",
            "Re[2]: {}",
            "Re(3): Re^4: {}",
        ),
        *("[EXTERNAL] Re: {}", "Re: [EXT] {}", "[Fwd: {}]", "Re: \u200e{}", "Re : Fw:{}"),
    ],
)
def test_the_marks_of_replies_and_forwards_are_no_part_of_a_subject(written: str) -> None:
    """B1, B17."""
    assert bare_subject(written.format("Stühle: S:M")) == "Stühle: S:M"


@pytest.mark.parametrize("written", ["Regarding: chairs", "Chairs: Re: order", "Ref: 4711", "To: all", "https://x", ""])
def test_a_subject_that_only_has_a_colon_stays(written: str) -> None:
    """B1."""
    assert bare_subject(written) == written
