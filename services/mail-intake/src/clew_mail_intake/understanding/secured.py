"""Mails that are signed or encrypted: what of them can be read here, and a note that says so (B29).

No chain of certificates and no key ring is kept, so a signature is told and never believed.
Next: clew_mail_intake.understanding.signed_data.read_signed_content.
"""

import re

from clew_mail_intake.understanding.parse import ParsedMail, Part, parse_mail
from clew_mail_intake.understanding.signed_data import read_signed_content
from clew_mail_intake.understanding.transfer import decode_transfer

ENCRYPTED = "(encrypted message)"
_MOST = 10 * 1024 * 1024
_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_CLEAR = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]{1,40}: [^\n]*\n)*\n?", re.MULTILINE)
_BLOCK = "-----BEGIN PGP MESSAGE-----"


def read_inside(parsed: ParsedMail) -> ParsedMail | None:
    """Return the mail inside an opaque signature, or None where there is none to read."""
    part = parsed.top
    if part.content_type not in _SMIME or "enveloped" in part.parameters.get("smime-type", ""):
        return None
    content = read_signed_content(decode_transfer(parsed.raw, part.start, part.end, part.encoding, _MOST))
    return parse_mail(content) if content else None


def why_secured(parsed: ParsedMail) -> str | None:
    """Say how the whole mail is signed or encrypted, or None."""
    top = parsed.top
    told = f"{top.parameters.get('protocol', '')} {_kinds(top)}".lower()
    form = "PGP" if "pgp" in told else "S/MIME"
    if top.content_type == "multipart/encrypted" or (
        top.content_type in _SMIME and "signed" not in top.parameters.get("smime-type", "signed")
    ):
        return f"encrypted: {form}, stored and not readable here"
    if top.content_type == "multipart/signed" or top.content_type in _SMIME:
        return f"signed: {form}, not verified"
    return None


def without_armour(text: str) -> tuple[str, str | None]:
    """Return the words of a text signed or encrypted by PGP inline, and what to note of it."""
    if "-----BEGIN PGP " not in text:
        return text, None
    if text.lstrip().startswith(_BLOCK):
        return ENCRYPTED, "encrypted: PGP, stored and not readable here"
    opened = _CLEAR.search(text)
    signature = text.find("\n-----BEGIN PGP SIGNATURE-----", opened.end() - 1) if opened else -1
    if not opened or signature < 0:
        return text, None
    signed = re.sub(r"^- ", "", text[opened.end() : signature], flags=re.MULTILINE)
    end = text.find("-----END PGP SIGNATURE-----", signature)
    after = text[end + 27 :] if end >= 0 else ""
    return f"{text[: opened.start()]}{signed}{after}".strip("\n"), "signed: PGP, not verified"


def _kinds(top: Part) -> str:
    return " ".join(part.content_type for part in top.parts)
