"""What stands in an S/MIME signature (RFC 8551, CMS SignedData of RFC 5652): content, certificates, signers.

Next: clew_mail_intake.understanding.verify_signature.verify_signature.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from clew_mail_intake.understanding.ber import INTEGER, OCTETS, SEQUENCE, SET, Element, object_id, octets, read_element

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
# [0] and [1], explicit and implicit.
_ZERO, _ONE, _ZERO_PLAIN = 0xA0, 0xA1, 0x80
_MOST_CERTIFICATES, _MOST_SIGNERS, _MOST_ATTRIBUTES = 100, 4, 50


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature: by whom (`issuer` and `serial`, or `key_id`), how, and of what.

    `attributes` are the bytes that were signed, `digest` what they say of the content; without attributes the content
    itself was signed.
    """

    issuer: bytes
    serial: int
    key_id: bytes
    digest_algorithm: str
    algorithm: str
    signature: bytes
    attributes: bytes | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class SignedData:
    """`content` is None where the signature stands beside what it signs."""

    content: bytes | None
    certificates: tuple[bytes, ...]
    signers: tuple[Signer, ...]


def read_signed_data(data: bytes) -> SignedData | None:
    """Read a signature, or return None where the bytes are none."""
    try:
        return _read(data)
    except (ValueError, StopIteration, RuntimeError, IndexError):
        return None


def read_signed_content(data: bytes) -> bytes | None:
    """Return what was signed, or None where the bytes are no SignedData or hold no content."""
    found = read_signed_data(data)
    return found.content if found else None


def _read(data: bytes) -> SignedData:
    kind, wrapped = islice(_expect(read_element(data), SEQUENCE).children(), 2)
    if object_id(kind) != _SIGNED_DATA:
        raise ValueError(kind.tag)
    [body] = islice(_expect(wrapped, _ZERO).children(), 1)
    fields = _expect(body, SEQUENCE).children()
    # The version and the names of the digests say nothing that does not stand again with each signer.
    next(fields), next(fields)
    encapsulated = list(islice(_expect(next(fields), SEQUENCE).children(), 2))
    content = octets(next(encapsulated[1].children())) if len(encapsulated) > 1 else None
    certificates: tuple[bytes, ...] = ()
    signers: tuple[Signer, ...] = ()
    for field in fields:
        if field.tag == _ZERO:
            found = islice(field.children(), _MOST_CERTIFICATES)
            certificates = tuple(each.whole for each in found if each.tag == SEQUENCE)
        elif field.tag == SET:
            signers = tuple(_read_signer(each) for each in islice(field.children(), _MOST_SIGNERS))
    return SignedData(content, certificates, signers)


def _read_signer(element: Element) -> Signer:
    fields = _expect(element, SEQUENCE).children()
    _expect(next(fields), INTEGER)
    issuer, serial, key_id = _read_identifier(next(fields))
    digest_algorithm = _algorithm(next(fields))
    following = next(fields)
    attributes, digest = None, b""
    if following.tag == _ZERO:
        # They are signed as the SET that they are, not under the tag that they travel under (RFC 5652 5.4).
        attributes, digest = bytes([SET]) + following.whole[1:], _message_digest(following)
        following = next(fields)
    signature = _expect(next(fields), OCTETS).content
    return Signer(issuer, serial, key_id, digest_algorithm, _algorithm(following), signature, attributes, digest)


def _read_identifier(element: Element) -> tuple[bytes, int, bytes]:
    if element.tag in {_ZERO_PLAIN, _ZERO}:
        return b"", 0, octets(element)
    issuer, serial = islice(_expect(element, SEQUENCE).children(), 2)
    return issuer.whole, int.from_bytes(_expect(serial, INTEGER).content, signed=True), b""


def _message_digest(attributes: Element) -> bytes:
    for attribute in islice(attributes.children(), _MOST_ATTRIBUTES):
        name, values = islice(attribute.children(), 2)
        if object_id(name) == _MESSAGE_DIGEST:
            [value] = values.children()
            return _expect(value, OCTETS).content
    raise ValueError("signed attributes without a digest")


def _algorithm(element: Element) -> str:
    return object_id(next(_children(element)))


def _children(element: Element) -> Iterator[Element]:
    return _expect(element, SEQUENCE).children()


def _expect(element: Element, tag: int) -> Element:
    if element.tag != tag:
        raise ValueError(element.tag)
    return element
