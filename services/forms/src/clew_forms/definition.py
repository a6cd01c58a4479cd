"""What a form asks, as data: read from JSON, checked, written back byte for byte.

Next: clew_forms.screen.screen_submission.
"""

from collections import Counter
from typing import Annotated, Literal

import msgspec
from clew_shared.contracts.enquiry import Policy

FieldType = Literal["text", "textarea", "email", "tel", "select", "checkbox", "hidden"]
Meaning = Literal["name", "email", "phone", "company", "subject", "message", "marketing_consent"]
StalePage = Literal["ask", "accept"]

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
# A leading underscore is ours (`_sid`); upper case would make two ids that people take for one.
FieldId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Origin = Annotated[str, msgspec.Meta(pattern=r"^https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
Host = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
Link = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s\\@]+$|^/([^\s/\\][^\s\\]*)?$", max_length=2000)]

_LENGTHS: dict[FieldType, int] = {"textarea": 20_000, "email": 320, "tel": 60, "hidden": 1_000}
_LENGTH = 300


class BadDefinition(ValueError):
    """The JSON does not describe a form that could be filled in; `problems` says why, for the author."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One choice of a select."""

    value: str
    label: str


class Field(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One question. `id` never changes once answers exist; `max` counts characters."""

    id: FieldId
    type: FieldType
    label: str
    help: str = ""
    required: bool = False
    max: Annotated[int, msgspec.Meta(ge=1, le=32_000)] | None = None
    autocomplete: str | None = None
    maps_to: Meaning | None = None
    options: tuple[Option, ...] = ()

    @property
    def longest(self) -> int:
        return self.max or _LENGTHS.get(self.type, _LENGTH)


class FormDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One version of a form.

    `region` (ISO 3166) is where a phone number without a country code is taken to be. `redirect` is where a visitor
    goes after sending; a page may ask for another place on one of `redirect_hosts`. `frame_ancestors` are the origins
    that may show the form in a frame. `stale_page` says what happens to a post from a page of ours that is too old:
    the visitor is asked to send again, or it is accepted at once. A closed form still takes what was being filled in
    when it closed, for `grace_minutes`.
    """

    slug: Slug
    title: str
    fields: Annotated[tuple[Field, ...], msgspec.Meta(min_length=1, max_length=150)]
    lang: str = "en"
    intro: str = ""
    submit_label: str = "Send"
    thanks: str = "Thank you. We have your message and will answer soon."
    region: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] | None = None
    policy: Policy = "open_deal"
    pipeline: str | None = None
    redirect: Link | None = None
    redirect_hosts: tuple[Host, ...] = ()
    frame_ancestors: tuple[Origin, ...] = ()
    honeypot: FieldId = "website"
    stale_page: StalePage = "ask"
    closed: bool = False
    closed_text: str = "This form is closed."
    grace_minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 30

    def field_for(self, meaning: Meaning) -> Field | None:
        return next((field for field in self.fields if field.maps_to == meaning), None)


def read_definition(source: bytes | str) -> FormDefinition:
    """Read and check a definition. Raises `BadDefinition`, which names every problem at once."""
    try:
        definition = msgspec.json.decode(source, type=FormDefinition)
    except msgspec.MsgspecError as error:
        raise BadDefinition([str(error)]) from error
    check_definition(definition)
    return definition


def check_definition(definition: FormDefinition) -> None:
    """Check that the form could be filled in. Raises `BadDefinition`, which names every problem at once."""
    problems = _problems(definition)
    if problems:
        raise BadDefinition(problems)


def write_definition(definition: FormDefinition) -> bytes:
    """Write the JSON that people keep in a repository: two spaces, defaults left out, a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(definition), indent=2) + b"\n"


def _problems(definition: FormDefinition) -> list[str]:
    ids = Counter(field.id for field in definition.fields)
    meanings = Counter(field.maps_to for field in definition.fields if field.maps_to)
    problems = [f"the field id {name!r} is used {count} times" for name, count in ids.items() if count > 1]
    problems += [f"{count} fields map to {name!r}" for name, count in meanings.items() if count > 1]
    if definition.honeypot in ids:
        problems.append(f"{definition.honeypot!r} is a field and the honeypot's name too")
    for field in definition.fields:
        if (field.type == "select") != bool(field.options):
            problems.append(f"{field.id!r}: a select has options, and nothing else has")
        if field.type == "hidden" and field.required:
            problems.append(f"{field.id!r}: nobody could fill in a hidden field")
        if field.maps_to == "email" and field.type != "email":
            problems.append(f"{field.id!r}: what maps to email has the type email")
        if field.maps_to == "marketing_consent" and (field.type != "checkbox" or field.required):
            problems.append(f"{field.id!r}: consent is a checkbox that may be left alone")
    return problems
