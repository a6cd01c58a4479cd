"""The phrases by which machines say that a mail did not arrive, or that nobody is there to read it."""

import re
from typing import Final

from clew_mail_intake.understanding.phrases import any_of, compile_any, read_phrases

MACHINE_SENDER: Final = re.compile(f"^{any_of('machine_sender')}$", re.IGNORECASE)
MACHINE_NAME: Final = compile_any("machine_name")
NO_REPLY: Final = re.compile(
    r"(?:^|[-_.+])(?:no|not|do-?not|dont|ne|kein|nao|nincs)[-_.]?(?:re?ply|respond|antwort\w*|responder|pas-?repondre)"
    r"|^noreply|^bounce",
    re.IGNORECASE,
)
BOUNCE_SUBJECT: Final = compile_any("bounce_subject")
BOUNCE_TEXT: Final = read_phrases("bounce_text")
DELAYED_TEXT: Final = read_phrases("delayed_text")
AUTO_SUBJECT: Final = re.compile(
    rf"^(?:(?:re|aw|sv|fw|fwd)\s*:)?\s*[\[(\"*]{{0,2}}{any_of('auto_subject')}", re.IGNORECASE
)
AUTO_TEXT: Final = compile_any("auto_text")
