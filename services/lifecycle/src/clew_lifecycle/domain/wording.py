"""What a deal is called, and when two names are one. Next: clew_lifecycle.open_deal.open_deal."""

import re
import unicodedata

LONGEST_TITLE = 140
_SPACES = re.compile(r"\s+")


def name_key(name: str) -> str:
    """Give the form in which two spellings of a company's name are the same: case and spaces do not count."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", name)).strip().casefold()


def title_of_mail(subject_line: str) -> str:
    """Name a deal after the mail that opened it."""
    return _shorten(subject_line) or "(no subject)"


def title_of_form(text: str, name: str | None, company: str | None, email: str | None) -> str:
    """Name a deal after the form that opened it: who, and the first line of what they wrote."""
    who = " · ".join(part for part in (_shorten(name or ""), _shorten(company or "")) if part) or email or ""
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    return _shorten(f"{who}: {first_line}" if who and first_line else who or first_line) or "(no name)"


def _shorten(text: str) -> str:
    line = _SPACES.sub(" ", text).strip()
    if len(line) <= LONGEST_TITLE:
        return line
    return line[: LONGEST_TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"
