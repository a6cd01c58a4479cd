"""Mails that are signed, encrypted, or written as other programs once wrote (B25, B28, B29)."""

import base64
import struct
from datetime import UTC, datetime, timedelta

import pytest
from clew_mail_intake.understanding.attachments import read_attachment
from clew_mail_intake.understanding.rtf import rtf_text
from clew_mail_intake.understanding.signed_data import read_signed_content
from clew_mail_intake.understanding.understand import understand
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from tests.mail_intake.mails import mail, read

INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nZwanzig St\xc3\xbchle, bitte.\r\n"


def signed(content: bytes) -> bytes:
    """Sign as Outlook does: the content inside the signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ann Lead")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def opaque(data: bytes, kind: str = "signed-data") -> bytes:
    return mail(
        f"Content-Type: application/pkcs7-mime; smime-type={kind}; name=smime.p7m",
        "Content-Transfer-Encoding: base64",
        body=base64.encodebytes(data),
    )


def test_a_mail_inside_its_signature_is_read_and_marked() -> None:
    """B29: S/MIME opaque; nobody vouches for who signed it."""
    found = understand(opaque(signed(INNER)))

    assert found.text == "Zwanzig Stühle, bitte."
    assert found.secured is not None
    assert (found.secured.kind, found.secured.result) == ("signed", "untrusted")
    assert any(reason.startswith("body: signed: S/MIME, untrusted, certified by Ann Lead") for reason in found.reasons)
    assert found.attachments == ()


def test_a_content_in_pieces_of_unknown_length_is_read() -> None:
    """B29: BER, as streaming programs write it."""
    data = bytes.fromhex("3080 0609 2a864886f70d010702 a080 3080 020101 3100 3080 0609 2a864886f70d010701 a080 2480")
    data += b"\x04\x03abc\x04\x02de" + b"\0" * 12

    assert read_signed_content(data) == b"abcde"


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_a_signature_cut_off_is_a_mail_without_words(cut: int) -> None:
    """B29: whatever stands there."""
    assert understand(opaque(signed(INNER)[:cut])).verdict == "enquiry"


@pytest.mark.parametrize("kind", ["enveloped-data", "authEnveloped-data"])
def test_an_enveloped_mail_is_stored_and_marked(kind: str) -> None:
    """B29."""
    found = understand(opaque(b"\x30\x03\x02\x01\x00", kind))

    assert found.text == "(encrypted message)"
    assert "body: encrypted: S/MIME, stored and not readable here" in found.reasons


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ("application/pgp-signature", "signed: PGP, not verified"),
        ("application/pkcs7-signature", "signed: S/MIME, unreadable (it is cut off or broken)"),
    ],
)
def test_a_clear_signature_leaves_the_text_and_is_marked(protocol: str, said: str) -> None:
    """B29."""
    body = f"--b\r\n\r\nHello\r\n--b\r\nContent-Type: {protocol}\r\n\r\nx\r\n--b--"

    found = read(f'Content-Type: multipart/signed; protocol="{protocol}"; boundary=b', body=body)

    assert found.text == "Hello"
    assert f"body: {said}" in found.reasons


def test_a_text_signed_inline_is_the_text() -> None:
    """B29: PGP without MIME."""
    body = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello,\n- -- \nAnn\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"
    )

    found = read(body=body)

    assert (found.text, found.signature) == ("Hello,", "-- \nAnn".replace("-- \n", "--\n"))
    assert "body: signed: PGP, not verified" in found.reasons


def test_a_text_encrypted_inline_is_marked() -> None:
    """B29."""
    block = "-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n"
    found, with_footer = read(body=block), read(body=f"{block}\nRoom 12, Main Street\n")

    assert found.text == "(encrypted message)"
    assert with_footer.text == "(encrypted message)\n\nRoom 12, Main Street"


@pytest.mark.parametrize(
    ("parameters", "body", "text"),
    [
        ("format=flowed", "We need \ntwenty chairs.\n\nThanks\n", "We need twenty chairs.\n\nThanks"),
        ("format=flowed; delsp=yes", "新しい椅子 \nが必要です。\n", "新しい椅子が必要です。"),
        ("format=flowed", "Yes.\n\n> Do you \n> need it?\n", "Yes."),
        ("format=flowed", " From here \non\n-- \nAnn\n", "From here on"),
    ],
)
def test_lines_that_flow_are_joined(parameters: str, body: str, text: str) -> None:
    """B28: RFC 3676."""
    assert read(f"Content-Type: text/plain; charset=utf-8; {parameters}", body=body).text == text


def test_a_yenc_file_is_taken_out_of_the_text() -> None:
    """B25: the escapes and every byte."""
    data = bytes(range(256)) * 3
    coded = b"".join(
        b"=" + bytes(((byte + 42 + 64) % 256,)) if (byte + 42) % 256 in {0, 10, 13, 61} else bytes(((byte + 42) % 256,))
        for byte in data
    )
    raw = mail(body=b"See file\r\n=ybegin line=768 size=768 name=chair.bin\r\n" + coded + b"\r\n=yend size=768\r\n")

    found = understand(raw)

    [file] = found.attachments
    assert (found.text, file.name, read_attachment(raw, file)) == ("See file", "chair.bin", data)


def stored(rtf: bytes) -> bytes:
    """Write RTF as the format does without compression."""
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf


def winmail(rtf: bytes) -> bytes:
    """Write a winmail.dat whose message has nothing but this body."""
    properties = struct.pack("<IHHII", 1, 0x102, 0x1009, 1, len(rtf)) + rtf + b"\0" * (-len(rtf) % 4)
    head = struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BII", 1, 0x00069003, len(properties))
    return head + properties + struct.pack("<H", sum(properties) & 0xFFFF)


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        # The two examples of the format's description.
        (
            "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0",
            "hello world",
        ),
        ("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0", "WXYZWXYZWXYZWXYZWXYZ"),
    ],
)
def test_compressed_rtf_is_unpacked(packed: str, text: str) -> None:
    """B29: the body of a winmail.dat."""
    assert rtf_text(bytes.fromhex(packed)) == text


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (
            rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 Zwanzig St\'fchle,\par bitte.}",
            "Zwanzig Stühle,\nbitte.",
        ),
        (rb"{\rtf1\ansi\ansicpg1251 \'d1\'f2\'f3\'eb}", "Стул"),
        (rb"{\rtf1\ansi\uc1 5 \u8364?{\*\generator x;} {\b each}}", "5 € each"),
        (
            rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Twenty{\*\htmltag84 <b>} chairs\htmlrtf\par}"
            rb"\htmlrtf0{\*\htmltag72 </p>}}",
            "Twenty chairs",
        ),
    ],
)
def test_a_winmail_dat_with_nothing_but_rtf_has_words(rtf: bytes, text: str) -> None:
    """B29: as a person would see them."""
    raw = mail(
        "Content-Type: application/ms-tnef; name=winmail.dat",
        "Content-Transfer-Encoding: base64",
        body=base64.encodebytes(winmail(stored(rtf))),
    )

    assert understand(raw).text == text


@pytest.mark.parametrize("cut", range(0, 49, 2))
def test_rtf_cut_off_is_read_as_far_as_it_goes(cut: int) -> None:
    """B29."""
    whole = "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"

    assert "hello world".startswith(rtf_text(bytes.fromhex(whole)[:cut]))


@pytest.mark.parametrize(
    "body",
    [
        "--b\r\nContent-Type: multipart/encrypted; protocol=application/pgp-encrypted; boundary=c\r\n\r\n"
        "--c\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--c--\r\n--b--\r\n",
        "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        "--b\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\nx\r\n--b--\r\n",
    ],
)
def test_what_is_encrypted_beside_other_parts_is_marked(body: str) -> None:
    """B29: lists put a footer beside it, Exchange takes apart what held it together."""
    found = read("Content-Type: multipart/mixed; boundary=b", body=body)

    assert found.text == "(encrypted message)"
    assert found.secured is not None
    assert (found.secured.form, found.secured.kind) == ("PGP", "encrypted")


def test_certificates_alone_are_no_encrypted_mail() -> None:
    """B29."""
    found = read('Content-Type: application/pkcs7-mime; smime-type=certs-only; name="smime.p7c"', body="MAA=")

    assert found.secured is None
