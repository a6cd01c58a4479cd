"""Whether an OpenPGP signature is true, and whose it is (B29)."""

import shutil
import subprocess
from pathlib import Path

import pytest
from clew_mail_intake.reading import surroundings
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Surroundings, Understanding
from clew_shared.contracts.enquiry import Secured
from clew_shared.runtime.settings import BadSetting, Settings
from pysequoia import SignatureMode, Tsk, sign

from tests.mail_intake.mails import mail

WORDS = b"Content-Type: text/plain; charset=utf-8\r\n\r\nZwanzig St\xc3\xbchle, bitte.\r\n"
ANN = Tsk.generate("Ann Lead <Ann@lead.example>")
JANE = Tsk.generate("Jane Doe <jane@shop.example>")


def signed(who: Tsk, words: bytes = WORDS, signature: bytes | None = None, sent: bytes | None = None) -> bytes:
    """Put the signature of `words` beside what is `sent` (RFC 3156)."""
    signature = signature or sign(who.signer(), words, mode=SignatureMode.DETACHED)
    body = (
        b"--b\r\n" + (sent or words) + b"\r\n--b\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\n"
    )
    head = 'Content-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary=b'
    return mail(head, body=body + signature + b"\r\n--b--\r\n")


def read(raw: bytes, keys: Path | str) -> Understanding:
    return understand(raw, known=Surroundings(pgp_keys=str(keys)))


def worth(raw: bytes, keys: Path | str) -> tuple[str, str, str]:
    secured = read(raw, keys).secured
    assert secured is not None
    assert (secured.form, secured.kind) == ("PGP", "signed")
    return secured.result, secured.signer, secured.detail


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.asc"
    path.write_bytes(b"".join(bytes(one.extract_certificate()) for one in (JANE, ANN)))
    return path


def test_a_true_signature_of_the_senders_key_is_verified(keys: Path) -> None:
    found = read(signed(ANN), keys)

    assert found.secured == Secured(form="PGP", kind="signed", result="verified", signer="ann@lead.example")
    assert found.text == "Zwanzig Stühle, bitte."
    assert "body: signed: PGP, verified by ann@lead.example" in found.reasons


def test_a_relay_that_changed_only_the_line_ends_breaks_nothing(keys: Path) -> None:
    assert worth(signed(ANN).replace(b"\r\n", b"\n"), keys)[0] == "verified"


def test_what_is_not_the_senders_true_signature_says_why(keys: Path) -> None:
    stranger = Tsk.generate("Ann Lead <ann@lead.example>")

    assert worth(signed(ANN, sent=WORDS.replace(b"Zwanzig", b"Zwei")), keys)[:2] == ("altered", "ann@lead.example")
    assert worth(signed(JANE), keys) == ("address_differs", "jane@shop.example", "")
    assert worth(signed(ANN, signature=b"-----BEGIN PGP"), keys)[0] == "unreadable"
    result, signer, detail = worth(signed(stranger), keys)
    assert (result, signer) == ("untrusted", "")
    assert detail.endswith("is not among ours")


def test_a_key_that_was_revoked_proves_nothing(tmp_path: Path) -> None:
    revoked = Tsk.generate("Ann Lead <ann@lead.example>")
    certificate = revoked.extract_certificate()
    (tmp_path / "revoked").write_bytes(bytes(certificate) + bytes(certificate.revoke(revoked.certifier())))

    assert worth(signed(revoked), tmp_path / "revoked") == ("untrusted", "ann@lead.example", "its key was revoked")


def test_without_keys_a_signature_is_named_and_not_checked() -> None:
    assert worth(signed(ANN), "") == ("not_checked", "", "")


@pytest.mark.skipif(shutil.which("gpg") is None, reason="no gpg: install gnupg")
def test_a_signature_made_by_gnupg_is_verified(tmp_path: Path) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "Ann <ann@lead.example>", "rsa2048"], check=True)
    made = subprocess.run([*gpg, "--armor", "--detach-sign"], input=WORDS, check=True, capture_output=True)
    exported = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True)
    (tmp_path / "keys.asc").write_bytes(exported.stdout)

    assert worth(signed(ANN, signature=made.stdout), tmp_path / "keys.asc")[:2] == ("verified", "ann@lead.example")


def test_a_file_that_holds_no_keys_is_told_at_the_start(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "keys.asc").write_text("none")

    with pytest.raises(BadSetting, match="gpg --export"):
        surroundings(settings.changed(pgp_keys=tmp_path / "keys.asc"))
