"""What becomes of the answers: kept as typed, matched by their normal form, refused only when nobody could use them."""

import json
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from clew_forms.body import Body
from clew_forms.definition import BadDefinition, read_definition, write_definition
from clew_forms.screen import Screened, screen_submission

CONTACT = read_definition(files("clew_forms").joinpath("seeds/contact.json").read_bytes())
GOOD = {"name": "Ann", "email": "ann@example.com", "message": "Hello"}


def _screen(region: str | None = None, **texts: str) -> Screened:
    return screen_submission(CONTACT, Body({**GOOD, **texts}), region)


def test_the_contact_form_asks_what_the_contract_says() -> None:
    assert [f.id for f in CONTACT.fields] == ["name", "email", "phone", "company", "message", "marketing_consent"]


def test_a_definition_survives_being_read_and_written_byte_for_byte() -> None:
    source = files("clew_forms").joinpath("seeds/contact.json").read_bytes()

    assert write_definition(read_definition(source)) == source


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"slug": "Über uns"}, "slug"),
        ({"colour": "red"}, "colour"),
        ({"honeypot": "email"}, "honeypot"),
        ({"redirect": "javascript:alert(1)"}, "redirect"),
        ({"frame_ancestors": ["*"]}, "frame_ancestors"),
        ({"fields": [{"id": "a", "type": "select", "label": "A"}]}, "options"),
        ({"fields": [{"id": "a", "type": "hidden", "label": "A", "required": True}]}, "hidden"),
        ({"fields": [{"id": "a", "type": "text", "label": "A"}, {"id": "a", "type": "text", "label": "B"}]}, "2 times"),
        ({"fields": [{"id": "a", "type": "text", "label": "A", "maps_to": "email"}]}, "type email"),
        ({"fields": [{"id": "_sid", "type": "text", "label": "A"}]}, "id"),
    ],
)
def test_a_definition_that_nobody_could_fill_in_is_refused_with_the_reason(
    change: dict[str, object], says: str
) -> None:
    source = json.dumps({**msgspec.to_builtins(CONTACT), **change})

    with pytest.raises(BadDefinition, match=says):
        read_definition(source)


def test_what_is_missing_is_named_field_by_field() -> None:
    """forms 4."""
    screened = screen_submission(CONTACT, Body({"email": "  "}))

    assert [(e.field_id, e.code) for e in screened.errors] == [("email", "required"), ("message", "required")]


def test_an_impossible_address_is_an_error_and_an_odd_one_is_kept() -> None:
    """forms 26."""
    impossible = _screen(email="ann at example")
    odd = _screen(email="ann@printer.local")

    assert [(e.field_id, e.code) for e in impossible.errors] == [("email", "email")]
    assert impossible.raw["email"] == "ann at example"
    assert not odd.errors
    assert (odd.normal["email"].value, odd.normal["email"].valid) == ("ann@printer.local", False)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Ann.Smith+x@EXAMPLE.com", "ann.smith+x@example.com"),
        ("a.nn@gmail.com", "a.nn@gmail.com"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
    ],
)
def test_the_claims_carry_what_was_typed_and_what_it_is_matched_by(typed: str, key: str) -> None:
    """forms 12, 14."""
    claims = _screen(email=typed).claims

    assert claims.email == key
    assert claims.email_raw in {typed, "jos\u00e9@example.com"}
    assert claims.verified == "no"


def test_a_phone_that_cannot_be_dialled_is_kept_and_never_matched() -> None:
    """forms 26: strict phones lose leads."""
    screened = _screen(phone="ask for Bob, ext. 5")

    assert not screened.errors
    assert (screened.claims.phone, screened.claims.phone_raw) == (None, "ask for Bob, ext. 5")
    assert not screened.normal["phone"].valid


def test_a_national_number_is_read_in_the_installation_s_region_only() -> None:
    assert _screen(phone="020 7946 0000").claims.phone is None
    assert _screen("GB", phone="020 7946 0000").claims.phone == "+442079460000"


def test_a_long_text_is_refused_with_its_length_and_never_cut() -> None:
    screened = _screen(message="x" * 20_001)

    [error] = screened.errors
    assert (error.code, "20001" in error.message) == ("too_long", True)


def test_a_line_break_in_a_name_becomes_a_space() -> None:
    """forms 51: what could become a header has one line."""
    assert _screen(name="Ann\r\nBcc: all@example.com").claims.name == "Ann Bcc: all@example.com"


def test_other_control_characters_are_refused_in_a_line_and_removed_from_a_text() -> None:
    """forms 27."""
    assert [e.code for e in _screen(name="A\x07nn").errors] == ["control_character"]
    assert _screen(message="one\x0btwo\r\nthree\n").message == "onetwo\nthree"


def test_unknown_fields_are_dropped_and_counted() -> None:
    """forms 30."""
    screened = _screen(is_admin="1", utm="x", _sid="s", website="")

    assert screened.dropped == 2
    assert "is_admin" not in screened.texts


@pytest.mark.parametrize(("sent", "kept"), [("on", "yes"), ("true", "yes"), ("", ""), ("false", ""), ("off", "")])
def test_consent_is_given_by_a_ticked_box_alone(sent: str, kept: str) -> None:
    assert _screen(marketing_consent=sent).texts["marketing_consent"] == kept


def test_a_list_where_text_belongs_is_an_error_of_that_field() -> None:
    screened = screen_submission(CONTACT, Body({**GOOD, "name": ""}, is_json=True, odd=frozenset({"name"})))

    assert [(e.field_id, e.code) for e in screened.errors] == [("name", "not_text")]


def test_the_answers_carry_their_labels() -> None:
    assert [(a.label, a.value) for a in _screen().answers][:2] == [
        ("Your name", "Ann"),
        ("Email address", "ann@example.com"),
    ]


def test_no_naughty_string_is_an_exception_and_only_controls_are_refused_as_a_name(corpora: Path) -> None:
    """forms 27."""
    for naughty in json.loads((corpora / "text" / "blns.json").read_text()):
        if "\0" in naughty:
            continue
        codes = {error.code for error in _screen(name=naughty, message=naughty or "x").errors}
        assert codes <= {"control_character", "too_long", "required"}, naughty


def test_a_select_takes_only_its_options() -> None:
    size = {
        "id": "size",
        "type": "select",
        "label": "Size",
        "required": True,
        "options": [{"value": "s", "label": "S"}],
    }
    form = read_definition(json.dumps({"slug": "a", "title": "A", "fields": [size]}))

    assert [e.code for e in screen_submission(form, Body({"size": "xl"})).errors] == ["option"]
    assert [e.code for e in screen_submission(form, Body({})).errors] == ["required_choice"]
    assert not screen_submission(form, Body({"size": "s"})).errors
