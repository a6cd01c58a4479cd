"""The word lists that lie beside this module, one phrase a line, so that a language is added without touching code."""

import re
from importlib.resources import files


def read_phrases(name: str) -> tuple[str, ...]:
    """Return the lines of `words/{name}.txt`, without its comments."""
    text = (files("clew_mail_intake.understanding") / "words" / f"{name}.txt").read_text("utf-8")
    return tuple(line for line in text.split("\n") if line and not line.startswith("# "))


def any_of(name: str) -> str:
    """Return one pattern that matches any of the list's patterns."""
    return "(?:" + "|".join(read_phrases(name)) + ")"


def compile_any(name: str) -> re.Pattern[str]:
    """Compile a list of patterns, case aside."""
    return re.compile(any_of(name), re.IGNORECASE)
