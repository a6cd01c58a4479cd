"""Whether an S/MIME signature is true, and whose it is (B29)."""

import base64
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from clew_mail_intake.understanding.attachments import read_attachment
from clew_mail_intake.understanding.signed_data import read_signed_data
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Envelope, Surroundings, Understanding
from clew_mail_intake.worker import may_be_read_at_once
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.mail_intake.mails import mail

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
WORDS = (
    b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"Zwanzig St\xc3\xbchle, bitte.\r\n--i\r\nContent-Type: application/pdf; name=plan.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"%PDF-1.7 the plan") + b"\r\n--i--\r\n"
)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Issued:
    """A key with its certificate, and what may be issued with it."""

    def __init__(self, name: str, by: "Issued | None" = None, key: Key | None = None, **more: object) -> None:
        self.key: Key = key or ec.generate_private_key(ec.SECP256R1())
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        is_authority = "@" not in name
        self.by = by
        begins = more.get("begins", NOW - timedelta(days=30))
        assert isinstance(begins, datetime)
        builder = (
            x509.CertificateBuilder(by.certificate.subject if by else own, own, self.key.public_key(), 1000 + len(name))
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=60))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        )
        if not is_authority:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(name)]), critical=False)
            use = more.get("use", ExtendedKeyUsageOID.EMAIL_PROTECTION)
            assert isinstance(use, x509.ObjectIdentifier)
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        self.certificate: x509.Certificate = builder.sign((by or self).key, hashes.SHA256())


ROOT = Issued("Root")
BETWEEN = Issued("Between", ROOT)
ANN = Issued("ann@lead.example", BETWEEN)


def p7(who: Issued, content: bytes, *options: pkcs7.PKCS7Options) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(who.certificate, who.key, hashes.SHA256()).add_certificate(BETWEEN.certificate)
    if who.by and who.by is not BETWEEN:
        builder = builder.add_certificate(who.by.certificate)
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def clear(signature: bytes, words: bytes = WORDS) -> bytes:
    """Put the signature beside the words (RFC 1847)."""
    body = b"--b\r\n" + words + b"\r\n--b\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
    body += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(signature) + b"\r\n--b--\r\n"
    return mail('Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b', body=body)


def opaque(signature: bytes) -> bytes:
    head = ("Content-Type: application/pkcs7-mime; smime-type=signed-data", "Content-Transfer-Encoding: base64")
    return mail(*head, body=base64.encodebytes(signature))


@pytest.fixture
def roots(tmp_path: Path) -> str:
    path = tmp_path / "roots.pem"
    path.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    return str(path)


def read(raw: bytes, roots: str, at: datetime = NOW) -> Understanding:
    return understand(raw, envelope=Envelope(received_at=at), known=Surroundings(smime_authorities=roots))


DETACHED = pkcs7.PKCS7Options.DetachedSignature


@pytest.mark.parametrize("bits", [None, 2048])
@pytest.mark.parametrize("with_attributes", [True, False])
def test_a_true_signature_of_the_sender_is_verified(roots: str, bits: int | None, with_attributes: bool) -> None:
    """B29: beside the words, over an authority in between, by elliptic curve and by RSA."""
    key = rsa.generate_private_key(65537, bits) if bits else None
    who = Issued("ann@lead.example", BETWEEN, key)
    options = (DETACHED,) if with_attributes else (DETACHED, pkcs7.PKCS7Options.NoAttributes)

    found = read(clear(p7(who, WORDS, *options)), roots)

    assert found.secured is not None
    assert (found.secured.result, found.secured.signer) == ("verified", "ann@lead.example")
    assert found.secured.issuer == "Between"
    assert found.text == "Zwanzig Stühle, bitte."
    assert [file.name for file in found.attachments if not file.decoration] == ["plan.pdf"]
    assert any("whether it was revoked is not asked" in reason for reason in found.reasons)


def test_line_ends_that_a_relay_changed_do_not_break_a_signature(roots: str) -> None:
    """B29: they are CRLF where it is signed."""
    found = read(clear(p7(ANN, WORDS, DETACHED)).replace(b"\r\n", b"\n"), roots)

    assert found.secured is not None
    assert found.secured.result == "verified"


@pytest.mark.parametrize("where", [b"Zwanzig", b"plan.pdf"])
def test_words_that_were_altered_are_told(roots: str, where: bytes) -> None:
    """B29."""
    found = read(clear(p7(ANN, WORDS, DETACHED)).replace(where, where.upper()), roots)

    assert found.secured is not None
    assert found.secured.result == "altered"


def test_words_beside_those_that_were_signed_make_it_unverified(roots: str) -> None:
    """B29: RFC 1847 2.1 knows two parts; a third would be read as if it were signed."""
    forged = b"--b\r\nContent-Type: text/plain\r\n\r\nPay to another account.\r\n--b--\r\n"
    found = read(clear(p7(ANN, WORDS, DETACHED)).replace(b"--b--\r\n", forged), roots)

    assert found.secured is not None
    assert (found.secured.result, found.secured.signer) == ("not_checked", "")
    assert found.secured.detail == "more stands beside it than what was signed"


@pytest.mark.parametrize(
    ("place", "strange", "result"),
    [
        # Another extension twice; a name of a kind that the library has not; a version that there is not.
        (b"\x55\x1d\x0e", b"\x55\x1d\x25", "untrusted"),
        (b"\x81\x10ann@", b"\xa3\x10ann@", "untrusted"),
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", "unreadable"),
    ],
)
def test_a_strange_certificate_does_not_keep_a_mail_from_being_read(
    roots: str, place: bytes, strange: bytes, result: str
) -> None:
    """B29: B7."""
    found = read(opaque(p7(ANN, WORDS).replace(place, strange)), roots)

    assert found.secured is not None
    assert found.secured.result == result
    assert found.text == "Zwanzig Stühle, bitte."


@pytest.mark.parametrize(
    ("who", "at", "result"),
    [
        (Issued("ann@lead.example"), NOW, "untrusted"),
        (Issued("bob@lead.example", BETWEEN), NOW, "address_differs"),
        (ANN, NOW + timedelta(days=90), "expired"),
        (ANN, NOW - timedelta(days=90), "expired"),
        (Issued("ann@lead.example", Issued("bob@lead.example", BETWEEN)), NOW, "untrusted"),
        (Issued("ann@lead.example", BETWEEN, use=ExtendedKeyUsageOID.SERVER_AUTH), NOW, "untrusted"),
    ],
)
def test_a_signature_that_is_not_the_senders_says_why(roots: str, who: Issued, at: datetime, result: str) -> None:
    """B29: a stranger's authority, another's address, a certificate past its time, a person who vouches for others."""
    found = read(opaque(p7(who, WORDS)), roots, at)

    assert found.secured is not None
    assert found.secured.result == result
    assert found.text == "Zwanzig Stühle, bitte."


def test_files_inside_an_opaque_signature_can_be_fetched(roots: str) -> None:
    """B29: out of the very bytes that came."""
    raw = opaque(p7(ANN, WORDS))

    [file] = read(raw, roots).attachments

    assert (file.name, file.type) == ("plan.pdf", "application/pdf")
    assert read_attachment(raw, file) == b"%PDF-1.7 the plan"


@pytest.mark.parametrize("cut", range(1, 1200, 97))
def test_a_signature_cut_off_or_bent_is_no_end_of_the_world(roots: str, cut: int) -> None:
    """B29: and is believed only where not a word is another."""
    whole = p7(ANN, WORDS)
    cut = min(cut, len(whole) - 1)
    bent = bytearray(whole)
    bent[cut] ^= 0x41

    for data in (whole[:cut], bytes(bent)):
        found = read(opaque(data), roots)
        assert found.secured is not None
        assert found.secured.result != "verified" or found.text == "Zwanzig Stühle, bitte."


def test_elements_deep_in_each_other_are_refused() -> None:
    """B29: what an attacker nests."""
    assert read_signed_data(b"\x30\x80" * 100_000) is None


def test_many_certificates_that_vouch_for_each_other_are_not_tried_in_every_order(roots: str) -> None:
    """B29: and a signed mail is never read in the service's own process."""
    circle = [Issued("Circle") for _ in range(20)]
    crossed = [Issued("Circle", other, one.key) for one, other in pairwise([*circle, circle[0]])]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(WORDS)
    who = Issued("ann@lead.example", circle[0])
    builder = builder.add_signer(who.certificate, who.key, hashes.SHA256())
    for one in (*circle, *crossed):
        builder = builder.add_certificate(one.certificate)
    raw = opaque(builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary]))

    found = read(raw, roots)

    # Tried in every order this would not end.
    assert found.secured is not None
    assert found.secured.result == "untrusted"
    assert not may_be_read_at_once(raw)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
@pytest.mark.parametrize(
    "how", [(), ("-nodetach",), ("-nodetach", "-stream"), ("-keyid",), ("-keyopt", "rsa_padding_mode:pss")]
)
def test_what_openssl_signs_is_verified(roots: str, tmp_path: Path, how: tuple[str, ...]) -> None:
    """B29: another program's signatures, also in pieces of unknown length, by key id and by RSA-PSS."""
    who = Issued("ann@lead.example", BETWEEN, rsa.generate_private_key(65537, 2048))
    pem = who.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "who.pem").write_bytes(who.certificate.public_bytes(Encoding.PEM) + pem)
    (tmp_path / "between.pem").write_bytes(BETWEEN.certificate.public_bytes(Encoding.PEM))
    files = ("-signer", str(tmp_path / "who.pem"), "-certfile", str(tmp_path / "between.pem"))
    command = ("openssl", "cms", "-sign", "-binary", "-md", "sha384", *files, *how)
    made = subprocess.run(command, input=WORDS, capture_output=True, check=True, timeout=60).stdout

    found = read(b"From: Ann <ann@lead.example>\r\nTo: deals@in.example\r\nSubject: x\r\n" + made, roots)

    assert found.secured is not None
    assert found.secured.result == "verified", found.secured
    assert found.text == "Zwanzig Stühle, bitte."
