"""Read a flat JSON object (RFC 8259) strictly. Next: clew_forms.read_body.read_body."""

import json
from typing import NoReturn

from clew_forms.body import Body, BodyRefused, Gathered, not_utf8

MAX_DEPTH = 6


def parse_json(data: bytes) -> Body:
    """Raises `BodyRefused`: 400 for what is no JSON, 422 for JSON that two readers could read in two ways."""
    try:
        source = data.decode()
    except UnicodeDecodeError:
        raise not_utf8() from None
    _check_depth(source)
    try:
        value = json.loads(source, object_pairs_hook=_object_of, parse_constant=_refuse_constant, parse_int=str)
    except json.JSONDecodeError as error:
        raise BodyRefused(400, "malformed_json", f"This is no JSON: {error.msg}, at {error.pos}.") from None
    if not isinstance(value, dict):
        raise BodyRefused(422, "not_an_object", "Send one object with a member for each field.")
    return _flat_body(value)


def _check_depth(source: str) -> None:
    """Look before the parser recurses; brackets inside strings are counted only when there are too many."""
    if source.count("{") + source.count("[") <= MAX_DEPTH:
        return
    depth, in_string, escaped = 0, False, False
    for character in source:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise BodyRefused(422, "too_deep", f"Objects and lists nest at most {MAX_DEPTH} deep.")
        elif character in "}]":
            depth -= 1


def _object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BodyRefused(422, "duplicate_key", "A key is given twice.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise BodyRefused(400, "malformed_json", f"{name} is no JSON.")


def _flat_body(members: dict[str, object]) -> Body:
    gathered = Gathered()
    odd = set()
    for name, value in members.items():
        match value:
            case None:
                continue
            case bool():
                text = "true" if value else ""
            case str():
                text = value
            case float():
                text = repr(value)
            case _:
                odd.add(name)
                text = ""
        if not _is_unicode(name) or not _is_unicode(text):
            raise BodyRefused(422, "surrogate", "Half of a surrogate pair is not a character.")
        gathered.add(name, text)
    return Body(gathered.texts, is_json=True, odd=frozenset(odd))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
