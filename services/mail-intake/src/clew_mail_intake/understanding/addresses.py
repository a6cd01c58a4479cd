"""Read the addresses of a header field, however they are written."""

import re
from contextlib import suppress

from clew_mail_intake.understanding.encoded_words import decode_words
from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.limits import ADDRESSES
from clew_mail_intake.understanding.understood import Person

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"?|<[^<>]*+>?|[()>,;:]|(?:[^"<>(),;:\\]+|\\.?)++', re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
_QUOTES = re.compile(r'\\(["\\()])|"')
_NO_NAME = re.compile(r"[@\d]")
_SPACES = re.compile(r"\s+")
# What nobody sees, and what turns the reading direction of a name around.
_UNSEEN = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_ROUTE = re.compile(r"^@[^:<>]{1,255}:(?=[^:]+@)")
# Blanks and comments are allowed around the dots and the at sign, and nobody means them (RFC 5322 4.4).
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*+\)")
_COMMENTS_DEEP = 3
_LOOSE = re.compile(r"(?:(?<![ \t])[ \t]+)?+([.@])[ \t]*+")
_BETWEEN = re.compile(r"[\s<>()\",;:\[\]\\]+")
_QUOTED_LOCAL = re.compile(r'"[^"@\r\n]{1,64}"@[^\s@<>()",;:\\]{1,255}')


def read_people(fields: Fields, name: str) -> tuple[Person, ...]:
    """Return everybody named in every field of this name, at most the cap."""
    people: list[Person] = []
    for value in fields.get_all(name):
        people += read_addresses(value)
        if len(people) >= ADDRESSES:
            break
    return tuple(people[:ADDRESSES])


def read_addresses(value: str) -> list[Person]:
    """Split one field value into people; groups are opened, comments become names, nothing raises."""
    people = _split(value)
    if not any(person.email for person in people) and "=?" in value:
        # Some encode the whole of `"Name" <a@b>` as one word.
        inside = _split(decode_words(value))
        if any(person.email for person in inside):
            return inside
    return people


def read_address(text: str) -> str:
    """Return the first address in loose text, lower-case, or nothing."""
    return _tidy_address(_find_address(text))


def _split(value: str) -> list[Person]:
    people: list[Person] = []
    words: list[str] = []
    comments: list[str] = []
    address, depth, named, is_name = "", 0, 0, False
    for piece in _pieces(value):
        if depth or piece == "(":
            depth += {"(": 1, ")": -1}.get(piece, 0)
            comments += [piece] if depth and piece not in {"(", ")"} else []
        elif piece == "," and is_name:
            # `Lead, Ann <ann@lead.example>`: nobody is named before the comma, the name goes on behind it.
            words.append(piece)
        elif piece in {",", ";"}:
            _keep(people, words, comments, address)
            words, comments, address, named, is_name = [], [], "", 0, False
            if len(people) >= ADDRESSES:
                return people
        elif piece == ":":
            if not address:
                # A group's name: its members follow. In `Ann [mailto:a@b]` it is noise.
                before = "".join(words).rstrip().lower()
                words = ["".join(words).rstrip()[:-7]] if before.endswith("[mailto") else []
        elif piece[0] == "<":
            inner = piece.strip("<> \t")
            if address and "@" not in inner:
                continue
            if "@" in address and "".join(words[named:]).strip():
                # The comma between two people was lost.
                _keep(people, words[:named], comments, address)
                words, comments = words[named:], []
            elif address and not words:
                words.append(address)
            address, named, is_name = inner or address, len(words), False
        elif piece not in {">", ")"}:
            words.append(piece)
            is_name = not address and (is_name or bool(piece.strip())) and not _NO_NAME.search(piece)
    _keep(people, words, comments, address)
    return people


def _pieces(value: str) -> list[str]:
    """Cut a field's value; of a quote that nobody closed only what stands before an address is quoted."""
    pieces: list[str] = _PIECE.findall(value)
    if pieces and pieces[-1][0] == '"' and not _QUOTED.fullmatch(pieces[-1]):
        name, bracket, rest = pieces.pop().partition("<")
        pieces += [name, *_PIECE.findall(bracket + rest.replace('"', ""))]
    return pieces


def _keep(people: list[Person], words: list[str], comments: list[str], address: str) -> None:
    text = "".join(words).strip()
    if not address:
        quoted = _QUOTED_LOCAL.search(text)
        address = quoted[0] if quoted else _find_address(text)
        text = text.replace(address, " ").strip(" []") if address else text
    name = _tidy_name(text) or _tidy_name(" ".join(comments))
    email = _tidy_address(address)
    if not email and address:
        # `Moderator <moderator>`: not an address to answer, but what stands for one.
        email = address.lower() if name and address.isalnum() else ""
        name = name or _tidy_name(address)
    if email or name:
        people.append(Person(email, "" if name.lower() == email else name))


def _find_address(text: str) -> str:
    if "@" not in text:
        return ""
    return next((word for word in _BETWEEN.split(text) if "@" in word[1:-1]), "")


def _tidy_name(text: str) -> str:
    text = text.strip()
    if '"' in text:
        text = _QUOTES.sub(lambda found: found[1] or "", text)
    text = decode_words(text)
    return _SPACES.sub(" ", _UNSEEN.sub("", text)).strip(" '\t,").strip()[:300]


def _tidy_address(text: str) -> str:
    is_encoded = "=?" in text
    text = _ROUTE.sub("", _tightened(decode_words(text).strip(" <>\t")).removeprefix("mailto:"))
    if "@" not in text or (is_encoded and ("<" in text or '"' in text)):
        return ""
    local, _, domain = text.rpartition("@")
    domain = domain.strip(" .>)" if domain.startswith("[") else " .>])").lower()
    if domain.startswith("xn--") or ".xn--" in domain:
        with suppress(UnicodeError):
            domain = domain.encode("ascii").decode("idna")
    local = local.strip().strip("'").lower()
    return f"{local}@{domain}" if local and domain and len(local) + len(domain) < 500 else ""


def _tightened(text: str) -> str:
    if '"' in text or not ("(" in text or " " in text):
        return text
    for _ in range(_COMMENTS_DEEP):
        text = _COMMENT.sub("", text)
    return _LOOSE.sub(r"\1", text).partition(" (")[0]
