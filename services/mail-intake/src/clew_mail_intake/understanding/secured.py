"""Mails that are signed or encrypted: what of them can be read here, and what a signature is worth (B29).

PGP is believed by the keys that `CLEW_PGP_KEYS` names, where it stands beside the words; inline it is only told.
Next: clew_mail_intake.understanding.verify_signature.verify_signature.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from clew_shared.contracts.enquiry import Secured
from cryptography.hazmat.primitives import hashes

from clew_mail_intake.understanding.parse import ParsedMail, Part, parse_mail
from clew_mail_intake.understanding.signed_data import SignedData, read_signed_data
from clew_mail_intake.understanding.transfer import decode_transfer
from clew_mail_intake.understanding.trusted_roots import trusted_roots
from clew_mail_intake.understanding.understood import Surroundings
from clew_mail_intake.understanding.verify_signature import verify_signature

ENCRYPTED = "(encrypted message)"
_MOST = 30 * 1024 * 1024
_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_SMIME_SIGNATURE = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
_CLEAR = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]{1,40}: [^\n]*\n)*\n?", re.MULTILINE)
_BLOCK, _BLOCK_ENDS = "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----"
_PIECE = 1024 * 1024
_PGP_ENCRYPTED = "application/pgp-encrypted"
_SECURED = {"multipart/signed", "multipart/encrypted"}
_SECURED_WITHIN = {*_SECURED, _PGP_ENCRYPTED}
_NEAR_TOP = 3
_LONE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Opened:
    """The mail to read, which may stand inside a signature (`is_inside`), and how it is secured."""

    parsed: ParsedMail
    secured: Secured | None = None
    is_inside: bool = False


def open_secured(parsed: ParsedMail, senders: frozenset[str], at: datetime, known: Surroundings) -> Opened:
    """Take a mail out of its signature and say what that is worth to us."""
    top = parsed.top
    if _is_opaque(top):
        return _open_opaque(parsed, senders, at, known.smime_authorities)
    if top.content_type == "multipart/encrypted":
        return Opened(parsed, Secured(form=_form(top), kind="encrypted"))
    if top.content_type == "multipart/signed":
        return Opened(parsed, _verify_clear(parsed, senders, at, known))
    within = _secured_within(parsed)
    return Opened(parsed, _tell_of_part(within) if within else None)


def looks_secured(parsed: ParsedMail) -> bool:
    """Say whether there is anything to open; with nearly every mail there is not."""
    return _is_opaque(parsed.top) or parsed.top.content_type in _SECURED or _secured_within(parsed) is not None


def readable(parsed: ParsedMail) -> ParsedMail:
    """Return the mail inside an opaque signature, whatever that is worth, or the mail as it is."""
    signed = _read_opaque(parsed) if _is_opaque(parsed.top) else None
    return parse_mail(signed.content) if signed and signed.content else parsed


def say_secured(secured: Secured) -> str:
    """Put into words how a mail is secured."""
    if secured.kind == "encrypted":
        return f"encrypted: {secured.form}, stored and not readable here" + _in_brackets(secured.detail)
    if secured.result == "not_checked":
        return f"signed: {secured.form}, not verified" + (f", {secured.detail}" if secured.detail else "")
    by = f" by {secured.signer}" if secured.signer else ""
    issuer = f", certified by {secured.issuer}" if secured.issuer else ""
    detail = _in_brackets(secured.detail)
    is_certified = secured.result == "verified" and secured.form == "S/MIME"
    revoked = "; whether it was revoked is not asked" if is_certified else ""
    return f"signed: {secured.form}, {secured.result.replace('_', ' ')}{by}{issuer}{detail}{revoked}"


def without_armour(text: str) -> tuple[str, Secured | None]:
    """Return the words of a text signed or encrypted by PGP inline, and how it is secured."""
    if "-----BEGIN PGP " not in text:
        return text, None
    if text.lstrip().startswith(_BLOCK):
        # A list's footer stands behind it, in the open.
        after = text.partition(_BLOCK_ENDS)[2].strip()
        return (f"{ENCRYPTED}\n\n{after}" if after else ENCRYPTED), Secured(form="PGP", kind="encrypted")
    opened = _CLEAR.search(text)
    signature = text.find("\n-----BEGIN PGP SIGNATURE-----", opened.end() - 1) if opened else -1
    if not opened or signature < 0:
        return text, None
    signed = re.sub(r"^- ", "", text[opened.end() : signature], flags=re.MULTILINE)
    end = text.find("-----END PGP SIGNATURE-----", signature)
    after = text[end + 27 :] if end >= 0 else ""
    return f"{text[: opened.start()]}{signed}{after}".strip("\n"), Secured(form="PGP", kind="signed")


def _in_brackets(detail: str) -> str:
    return f" ({detail})" if detail else ""


def _secured_within(parsed: ParsedMail) -> Part | None:
    """Return a secured part near the top: lists put what they sign, or what others signed, beside words of their own.

    So do servers with what is encrypted; Exchange and Apple Mail then leave its parts without what held them together.
    """
    near = (part for part in parsed.parts[:20] if part.depth <= _NEAR_TOP)
    return next((part for part in near if part.content_type in _SECURED_WITHIN), None)


def _tell_of_part(within: Part) -> Secured:
    if within.content_type == "multipart/signed":
        return Secured(form=_form(within), kind="signed", detail="only a part of the mail is signed")
    form: Literal["S/MIME", "PGP"] = "PGP" if within.content_type == _PGP_ENCRYPTED else _form(within)
    return Secured(form=form, kind="encrypted", detail="only a part of the mail is encrypted")


def _is_opaque(top: Part) -> bool:
    return top.content_type in _SMIME or (
        top.content_type == "application/octet-stream" and top.filename.lower().endswith(".p7m")
    )


def _open_opaque(parsed: ParsedMail, senders: frozenset[str], at: datetime, authorities: str) -> Opened:
    signed = _read_opaque(parsed)
    if signed is None and "certs" in parsed.top.parameters.get("smime-type", ""):
        # Certificates to be kept, and nothing else.
        return Opened(parsed)
    if signed is None:
        is_signed = "signed" in parsed.top.parameters.get("smime-type", "")
        kind = Secured(form="S/MIME", kind="signed", result="unreadable", detail="it is cut off or broken")
        return Opened(parsed, kind if is_signed else Secured(form="S/MIME", kind="encrypted"))
    content = signed.content or b""

    def digest(algorithm: hashes.HashAlgorithm) -> bytes:
        hashed = hashes.Hash(algorithm)
        hashed.update(content)
        return hashed.finalize()

    secured = verify_signature(signed, digest, senders, at, trusted_roots(authorities))
    return Opened(parse_mail(content), secured, is_inside=True) if content else Opened(parsed, secured)


def _read_opaque(parsed: ParsedMail) -> SignedData | None:
    top = parsed.top
    return read_signed_data(decode_transfer(parsed.raw, top.start, top.end, top.encoding, _MOST))


def _verify_clear(parsed: ParsedMail, senders: frozenset[str], at: datetime, known: Surroundings) -> Secured:
    """Verify a signature that stands beside the words (RFC 1847)."""
    top, form = parsed.top, _form(parsed.top)
    if len(top.parts) < 2:
        return Secured(form=form, kind="signed")
    if len(top.parts) > 2:
        # Whoever carried it may have put words of their own there, which are read with the others.
        return Secured(form=form, kind="signed", detail="more stands beside it than what was signed")
    words, beside = top.parts
    if form == "PGP":
        return _verify_pgp(parsed, senders, known.pgp_keys)
    if beside.content_type not in _SMIME_SIGNATURE and not beside.filename.lower().endswith(".p7s"):
        return Secured(form=form, kind="signed", result="unreadable", detail="there is no signature beside the words")
    signed = read_signed_data(decode_transfer(parsed.raw, beside.start, beside.end, beside.encoding, _MOST))
    if signed is None:
        return Secured(form=form, kind="signed", result="unreadable", detail="it is cut off or broken")

    def digest(algorithm: hashes.HashAlgorithm) -> bytes:
        hashed = hashes.Hash(algorithm)
        for piece in _as_signed(parsed.raw, words):
            hashed.update(piece)
        return hashed.finalize()

    return verify_signature(signed, digest, senders, at, trusted_roots(known.smime_authorities))


def _verify_pgp(parsed: ParsedMail, senders: frozenset[str], keys: str) -> Secured:
    words, beside = parsed.top.parts
    if not keys or words.end - words.begin > _MOST:
        return Secured(form="PGP", kind="signed", detail="it is too large" if keys else "")
    from clew_mail_intake.understanding.verify_pgp import verify_pgp

    signature = decode_transfer(parsed.raw, beside.start, beside.end, beside.encoding, _MOST)
    return verify_pgp(b"".join(_as_signed(parsed.raw, words)), signature, senders, keys)


def _as_signed(raw: bytes, words: Part) -> Iterator[bytes]:
    """Yield a part, with its header, as it was signed."""
    for begin in range(words.begin, words.end, _PIECE):
        yield _with_crlf(raw, begin, min(begin + _PIECE, words.end))


def _with_crlf(raw: bytes, start: int, end: int) -> bytes:
    """Return a piece as it was signed: every line ends in CRLF, whatever a relay made of that (RFC 8551 3.1.1)."""
    piece = raw[start:end]
    if piece.startswith(b"\n") and start and raw[start - 1] == 0x0D:
        # Its CR stands at the end of the piece before.
        return b"\n" + _LONE_LF.sub(b"\r\n", piece[1:])
    return piece if piece.count(b"\n") == piece.count(b"\r\n") else _LONE_LF.sub(b"\r\n", piece)


def _form(top: Part) -> Literal["S/MIME", "PGP"]:
    told = f"{top.parameters.get('protocol', '')} {' '.join(part.content_type for part in top.parts)}".lower()
    return "PGP" if "pgp" in told else "S/MIME"
