"""The tags of the signatures that a mail carries (RFC 6376 3.2). Next: clew_mail_intake.understanding.authenticate."""

from collections.abc import Iterator, Sequence

# Each costs a question and a verification; ordinary mail carries one or two.
_MOST = 5
_LONGEST_NAME = 253


def read_signatures(headers: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the first signatures that name a domain and a selector, each with its place among the headers."""
    for number, header in enumerate(headers[:_MOST]):
        tags = read_tags(header)
        if tags.get("d") and tags.get("s"):
            yield number, tags


def key_names(headers: Sequence[str]) -> list[str]:
    """List the DNS names that the keys of these signatures stand under (RFC 6376 3.6.2.1)."""
    names = [f"{tags['s']}._domainkey.{tags['d']}".lower().rstrip(".") for _, tags in read_signatures(headers)]
    return [name for name in names if name.isascii() and len(name) <= _LONGEST_NAME]


def read_tags(text: str) -> dict[str, str]:
    """Read a list of `tag=value` between semicolons, white space left out; of a tag that repeats the first counts."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, given, value = part.partition("=")
        if given:
            tags.setdefault(name.strip().lower(), "".join(value.split()))
    return tags
