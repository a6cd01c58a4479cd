"""Is an OpenPGP signature true, and whose is it? (B29; RFC 9580, and RFC 3156 for where it stands in a mail)

Believed are the keys in a file of ours; nobody is asked over the network for others. The library is the extra `pgp`.
"""

from dataclasses import dataclass
from email.utils import parseaddr
from functools import cache

from clew_shared.contracts.enquiry import Secured, SecuredResult
from pysequoia import Cert, Sig, verify
from pysequoia.packet import PacketPile

# What the library raises for whatever it does not like.
_REFUSED = (RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Signatory:
    """A key of ours: whose it is, and the numbers of all that it may sign with."""

    certificate: Cert
    addresses: frozenset[str]
    keys: frozenset[str]


def verify_pgp(content: bytes, armoured: bytes, senders: frozenset[str], keys: str) -> Secured:
    """Say what a signature of these bytes is worth, by the keys in the file `keys`."""
    try:
        signature = Sig.from_bytes(armoured)
    except _REFUSED:
        return _told("unreadable", None, "it is cut off or broken")
    number = (signature.issuer_fingerprint or signature.issuer_key_id or "").upper()
    if not number:
        return _told("untrusted", None, "it names no key")
    signatory = next((one for one in read_keys(keys) if any(key.endswith(number) for key in one.keys)), None)
    if signatory is None:
        return _told("untrusted", None, f"its key {number} is not among ours")
    try:
        verify(content, lambda _: [signatory.certificate], signature=signature)
    except _REFUSED:
        return _why_not(signature, signatory)
    return _told("verified" if senders & signatory.addresses else "address_differs", signatory)


@cache
def read_keys(path: str) -> tuple[Signatory, ...]:
    """Read the keys once in a process. Raises `OSError`, and `ValueError` for a file that holds none."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        return tuple(_signatory(certificate) for certificate in Cert.split_bytes(content))
    except _REFUSED as error:
        raise ValueError(f"{path} holds no OpenPGP keys: {str(error).partition(chr(10))[0]}") from None


def _signatory(certificate: Cert) -> Signatory:
    named = (parseaddr(str(user))[1].casefold() for user in certificate.user_ids)
    numbers = (packet.fingerprint for packet in PacketPile.from_bytes(bytes(certificate)))
    return Signatory(
        certificate,
        frozenset(address for address in named if "@" in address),
        frozenset(number.upper() for number in numbers if number),
    )


def _why_not(signature: Sig, signatory: Signatory) -> Secured:
    certificate, made = signatory.certificate, signature.created
    if certificate.is_revoked:
        return _told("untrusted", signatory, "its key was revoked")
    if made and certificate.expiration and made > certificate.expiration:
        return _told("expired", signatory)
    return _told("altered", signatory)


def _told(result: SecuredResult, signatory: Signatory | None, detail: str = "") -> Secured:
    signer = min(signatory.addresses, default="") if signatory else ""
    return Secured(form="PGP", kind="signed", result=result, signer=signer, detail=detail)
