"""Read a phone number once, in the region its source belongs to."""

from dataclasses import dataclass
from typing import NewType

import phonenumbers

E164 = NewType("E164", str)
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class NormalPhone:
    """A number that could be dialled."""

    e164: E164
    assigned: bool
    """Whether the numbering plan knows the range; the plans change, so this advises and never refuses."""


def normalise_phone(raw: str, region: str | None) -> E164 | None:
    """Return the key that two spellings of a number share, or None when it cannot be dialled as written."""
    phone = read_phone(raw, region)
    return phone.e164 if phone else None


def read_phone(raw: str, region: str | None) -> NormalPhone | None:
    """Read a number as people write it; without a region (ISO 3166, "GB") only the international form is read."""
    if len(raw) > _LONGEST:
        return None
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    e164 = E164(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return NormalPhone(e164=e164, assigned=phonenumbers.is_valid_number(number))
