"""What of a deal can be asked for: pointers into it (RFC 6901), what they are called, and whether they are filled in.

Next: clew_lifecycle.required_attributes.find_missing.
"""

from collections.abc import Mapping
from typing import Any

LABELS = {
    "/title": "Title",
    "/description": "Description",
    "/amount": "Amount",
    "/currency": "Currency",
    "/expected_close": "Expected close",
    "/owner": "Owner",
    "/lines": "Lines",
    "/lines/attendees": "Attendees",
    "/contact": "Contact",
    "/contact/name": "Name",
    "/contact/first_name": "First name",
    "/contact/last_name": "Last name",
    "/contact/given_name": "First name",
    "/contact/family_name": "Last name",
    "/contact/email": "Email",
    "/contact/phone": "Phone",
    "/company": "Company",
    "/company/name": "Company name",
    "/company/email": "Company's email",
    "/company/phone": "Company's phone",
    "/company/domain": "Company's domain",
    "/company/company_type": "Company type",
}
# Where the custom attributes of each entity are.
CUSTOM = {"deal": "/custom/", "contact": "/contact/custom/", "company": "/company/custom/"}


def look_up(record: Mapping[str, Any], path: str) -> Any:
    """Give what a path such as `contact/email` leads to, None for nothing; of a list, what each of its items has."""
    value: Any = record
    for name in path.strip("/").split("/"):
        if isinstance(value, list):
            value = [item.get(name) for item in value]
        elif isinstance(value, Mapping):
            value = value.get(name)
        else:
            return None
    return value


def is_filled(value: Any) -> bool:
    """Tell whether there is anything: blanks and empty lists are nothing, 0 and false are something."""
    if value is None:
        return False
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, list | tuple):
        return bool(value) and all(is_filled(item) for item in value)
    return not isinstance(value, Mapping) or bool(value)
