"""Validate and normalise what was posted. Next: clew_forms.submit.submit_forms."""

import re
import unicodedata
from dataclasses import dataclass

import msgspec
from clew_shared.contracts.enquiry import Answer, Claims
from clew_shared.identity.email import normalise_email
from clew_shared.identity.phone import read_phone

from clew_forms.body import Body
from clew_forms.definition import Field, FormDefinition
from clew_forms.messages import say

# Everything that Unicode calls a control, but tab and line ends.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_ENDS = re.compile(r"\r\n?")
_SPACES = re.compile(r"[\t\r\n]+")
_TICKED = frozenset({"on", "true", "1", "yes"})


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one answer, for a program (`code`) and for a person (`message`)."""

    field_id: str
    label: str
    code: str
    message: str


class Normal(msgspec.Struct, frozen=True):
    """The form of an answer that others can match by; `valid` is a soft verdict that refuses nothing."""

    value: str | None
    valid: bool


class Screened(msgspec.Struct):
    """The answers by field id: `raw` as typed, `texts` cleaned, `normal` for addresses and numbers.

    `dropped` counts fields that the form does not have, and files.
    """

    raw: dict[str, str] = {}
    texts: dict[str, str] = {}
    normal: dict[str, Normal] = {}
    errors: list[FieldError] = []
    claims: Claims = Claims()
    answers: tuple[Answer, ...] = ()
    subject_line: str = ""
    message: str = ""
    dropped: int = 0


def screen_submission(definition: FormDefinition, body: Body, region: str | None = None) -> Screened:
    """Take over the fields that the form has; `errors` is empty when the submission can be accepted.

    `region` is where a phone number without a country code is taken to be, when the form does not say.
    """
    screened = Screened()
    for asked in definition.fields:
        _screen_field(asked, body, definition.region or region, screened)
    ours = len(screened.raw) + sum(name.startswith("_") or name == definition.honeypot for name in body.texts)
    screened.dropped = len(body.texts) - ours + body.files
    _draw_claims(definition, screened)
    return screened


def _screen_field(asked: Field, body: Body, region: str | None, screened: Screened) -> None:
    raw = body.texts.get(asked.id)
    if raw is not None:
        screened.raw[asked.id] = raw
    if asked.id in body.odd:
        return _refuse(asked, "not_text", screened)
    if asked.type == "checkbox":
        ticked = (raw or "").strip().lower() in _TICKED
        screened.texts[asked.id] = "yes" if ticked else ""
        return None if ticked or not asked.required else _refuse(asked, "required_check", screened)
    text = _clean(raw or "", asked)
    screened.texts[asked.id] = text
    if not text:
        code = "required_choice" if asked.type == "select" else "required"
        return _refuse(asked, code, screened) if asked.required else None
    if len(text) > asked.longest:
        return _refuse(asked, "too_long", screened, longest=asked.longest, length=len(text))
    if asked.type != "textarea" and _CONTROL.search(text):
        return _refuse(asked, "control_character", screened)
    return _check_type(asked, text, region, screened)


def _check_type(asked: Field, text: str, region: str | None, screened: Screened) -> None:
    match asked.type:
        case "email":
            email = normalise_email(text)
            if email is None:
                _refuse(asked, "email", screened)
            else:
                screened.normal[asked.id] = Normal(email.key, valid=email.public)
        case "tel":
            # Plans change and people write extensions: a number that we cannot read is still one that a person can.
            phone = read_phone(text, region)
            screened.normal[asked.id] = Normal(phone.e164 if phone else None, valid=bool(phone and phone.assigned))
        case "select":
            if text not in {option.value for option in asked.options}:
                _refuse(asked, "option", screened)


def _refuse(asked: Field, code: str, screened: Screened, **values: object) -> None:
    screened.errors.append(FieldError(asked.id, asked.label, code, say(code, **values)))


def _clean(raw: str, asked: Field) -> str:
    text = raw if raw.isascii() else unicodedata.normalize("NFC", raw)
    if asked.type == "textarea":
        # Word processors leave vertical tabs behind; nobody should have to find one in a long text.
        return _CONTROL.sub("", _LINE_ENDS.sub("\n", text)).strip()
    return _SPACES.sub(" ", text).strip()


def _draw_claims(definition: FormDefinition, screened: Screened) -> None:
    answers = []
    told: dict[str, str] = {}
    matched: dict[str, str | None] = {}
    for asked in definition.fields:
        text = screened.texts.get(asked.id)
        if not text:
            continue
        answers.append(Answer(asked.label, text))
        if asked.maps_to:
            told[asked.maps_to] = text
            if asked.id in screened.normal:
                matched[asked.maps_to] = screened.normal[asked.id].value
    screened.answers = tuple(answers)
    screened.subject_line = told.get("subject", "")
    screened.message = told.get("message", "")
    screened.claims = Claims(
        email=matched.get("email"),
        email_raw=told.get("email"),
        phone=matched.get("phone"),
        phone_raw=told.get("phone"),
        name=told.get("name"),
        company=told.get("company"),
    )
