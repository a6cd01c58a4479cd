"""Is an S/MIME signature true, and whose is it? (B29; RFC 8551 and RFC 8550)

The library has no verification of CMS, so that its signatures and its building of chains are used one by one. Nobody is
asked over the network whether a certificate was revoked; that is said with the result.
Next: clew_mail_intake.understanding.trusted_roots.trusted_roots.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from clew_shared.contracts.enquiry import Secured, SecuredResult
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from clew_mail_intake.understanding.ber import octets, read_element
from clew_mail_intake.understanding.signed_data import SignedData, Signer

Digest = Callable[[hashes.HashAlgorithm], bytes]

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303 - to tell an old signature from a false one
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
    "2.16.840.1.101.3.4.2.4": hashes.SHA224(),
}
_PSS: Final = "1.2.840.113549.1.1.10"
_SMTP_UTF8_MAILBOX: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")
_MAIL_USES: Final = (ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
# Clocks of those who sign and of those who receive differ.
_SLACK = timedelta(minutes=10)
_LONGEST_CHAIN = 4
# Certificates of one name that vouch for each other could be put in a row in every order.
_MOST_BETWEEN = 6
# What the library raises for certificates that are strange or made to be.
_STRANGE: Final = (
    *(ValueError, TypeError, RecursionError, UnsupportedAlgorithm),
    *(x509.DuplicateExtension, x509.ExtensionNotFound, x509.InvalidVersion, x509.UnsupportedGeneralNameType),
)
# Of several signatures the best counts, as a list may have added its own.
_BEST: Final[tuple[SecuredResult, ...]] = (
    "verified",
    "address_differs",
    "expired",
    "untrusted",
    "altered",
    "unreadable",
)


def verify_signature(
    signed: SignedData, digest: Digest, senders: frozenset[str], at: datetime, roots: Store | None
) -> Secured:
    """Say what a signature of content with this digest is worth, at the time when it came."""
    certificates = list(_certificates(signed))
    found = [_verify_one(signer, certificates, digest, senders, at, roots) for signer in signed.signers]
    return min(found, key=lambda one: _BEST.index(one.result), default=_told("unreadable", None, "no signer"))


def _verify_one(
    signer: Signer,
    certificates: list[x509.Certificate],
    digest: Digest,
    senders: frozenset[str],
    at: datetime,
    roots: Store | None,
) -> Secured:
    own = next((one for one in certificates if _is_of(one, signer)), None)
    if own is None:
        return _told("unreadable", None, "the signer's certificate did not come along")
    try:
        fault = _fault(signer, own, digest)
        return _told(fault[0], own, fault[1]) if fault else _trust(own, certificates, senders, at, roots)
    except _STRANGE:
        return _told("unreadable", None, "the signer's certificate cannot be read")


def _fault(signer: Signer, own: x509.Certificate, digest: Digest) -> tuple[SecuredResult, str] | None:
    """Return why the signature itself is none of this certificate over these words, or None."""
    algorithm = _HASHES.get(signer.digest_algorithm)
    if algorithm is None:
        return "unreadable", f"digest {signer.digest_algorithm} is not known here"
    try:
        content = digest(algorithm)
        if signer.attributes is not None and content != signer.digest:
            return "altered", "the words are not those that were signed"
        _check(signer, own, algorithm, content)
    except InvalidSignature:
        return "altered", "the signature does not fit"
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "unreadable", f"signature {signer.algorithm} is not known here"
    return ("untrusted", "signed with SHA-1, which can be forged") if isinstance(algorithm, hashes.SHA1) else None


def _trust(
    own: x509.Certificate, others: list[x509.Certificate], senders: frozenset[str], at: datetime, roots: Store | None
) -> Secured:
    """Say whether the certificate is believed, was valid at the time, and is the sender's."""
    if not own.not_valid_before_utc - _SLACK <= at <= own.not_valid_after_utc:
        return _told("expired", own, f"the certificate is valid until {own.not_valid_after_utc:%Y-%m-%d}")
    if roots is None:
        return _told("untrusted", own, "no authorities are known here")
    within = max(at, own.not_valid_before_utc)
    policy = PolicyBuilder().store(roots).time(within).max_chain_depth(_LONGEST_CHAIN)
    verifier = policy.extension_policies(ca_policy=_AUTHORITY, ee_policy=_PERSON).build_client_verifier()
    try:
        verifier.verify(own, [other for other in dict.fromkeys(others) if other != own][:_MOST_BETWEEN])
    except (VerificationError, ValueError, UnsupportedAlgorithm) as error:
        return _told("untrusted", own, str(error).split("\n", 1)[0][:120])
    addresses = _addresses(own)
    if not senders & set(addresses):
        return _told("address_differs", own, "the certificate is of another address than the sender's")
    return _told("verified", own, "", signer=next(address for address in addresses if address in senders))


def _check(signer: Signer, own: x509.Certificate, algorithm: hashes.HashAlgorithm, content: bytes) -> None:
    key = own.public_key()
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        if signer.attributes is None:
            raise ValueError("EdDSA signs the content itself, which is not kept whole")
        key.verify(signer.signature, signer.attributes)
        return
    if signer.attributes is not None:
        hashed = hashes.Hash(algorithm)
        hashed.update(signer.attributes)
        content = hashed.finalize()
    known = Prehashed(algorithm)
    if isinstance(key, rsa.RSAPublicKey):
        is_pss = signer.algorithm == _PSS
        how = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO) if is_pss else padding.PKCS1v15()
        key.verify(signer.signature, content, how, known)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signer.signature, content, ec.ECDSA(known))
    else:
        raise UnsupportedAlgorithm("a key of another kind")


def _certificates(signed: SignedData) -> Iterator[x509.Certificate]:
    for der in signed.certificates:
        try:
            yield x509.load_der_x509_certificate(der)
        except _STRANGE:
            continue


def _is_of(certificate: x509.Certificate, signer: Signer) -> bool:
    try:
        if signer.key_id:
            return _key_id(certificate) == signer.key_id
        return certificate.serial_number == signer.serial and certificate.issuer.public_bytes() == signer.issuer
    except _STRANGE:
        return False


def _key_id(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _addresses(certificate: x509.Certificate) -> list[str]:
    """List the addresses that a certificate is for; those in the name count where no others are given (RFC 8550 3)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = [name.lower() for name in names.get_values_for_type(x509.RFC822Name)]
        found += [
            octets(read_element(other.value)).decode("utf-8", "replace").lower()
            for other in names.get_values_for_type(x509.OtherName)
            if other.type_id == _SMTP_UTF8_MAILBOX
        ]
    except _STRANGE:
        found = []
    if found:
        return found
    return [str(part.value).lower() for part in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]


def _told(result: SecuredResult, own: x509.Certificate | None, detail: str, signer: str = "") -> Secured:
    signer = signer or next(iter(_addresses(own)), "") if own else ""
    return Secured(
        form="S/MIME", kind="signed", result=result, signer=signer, issuer=_name(own) if own else "", detail=detail
    )


def _name(certificate: x509.Certificate) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for part in certificate.issuer.get_attributes_for_oid(oid):
            return str(part.value)[:120]
    return certificate.issuer.rfc4514_string()[:120]


def _is_no_authority(_policy: Policy, _certificate: x509.Certificate, found: x509.BasicConstraints | None) -> None:
    if found is not None and found.ca:
        raise ValueError("an authority's certificate signs no mail")


def _may_certify(_policy: Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("its key is not for signing certificates")


def _may_sign(_policy: Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found is not None and not (found.digital_signature or found.content_commitment):
        raise ValueError("its key is not for signing")


def _is_for_mail(_policy: Policy, _certificate: x509.Certificate, found: x509.ExtendedKeyUsage | None) -> None:
    if found is not None and not any(use in found for use in _MAIL_USES):
        raise ValueError("the certificate is not for mail")


_AUTHORITY: Final = (
    ExtensionPolicy.permit_all()
    # That it says so is the library's own question.
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_certify)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_mail)
)
_PERSON: Final = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_mail)
)
