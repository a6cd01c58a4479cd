"""The phrases by which machines say that a mail did not arrive, or that nobody is there to read it."""

import re
from typing import Final

from clew_mail_intake.understanding.phrases import any_of, compile_any, read_phrases

MACHINE_SENDER: Final = re.compile(f"^{any_of('machine_sender')}$", re.IGNORECASE)
# Nobody else is called so: `postmaster` may be a person, `bounces` a newsletter's return path.
DAEMON: Final = re.compile(
    r"^(?:mailer[-_.]?daemons?|mail[-_.]?daemon|mailerdaemon.*|double-bounce|microsoftexchange[0-9a-f]{8,})$"
)
ROLE_SENDER: Final = re.compile(f"^{any_of('role_sender')}$", re.IGNORECASE)
TOLD_TEXT: Final = compile_any("told_text")
MONITOR_SENDER: Final = re.compile(f"^{any_of('monitor_sender')}$", re.IGNORECASE)
AUTOMATIC: Final = re.compile(r"\bauto(?!\w*(?:bahn|haus|kauf))|авто|αυτό|自动|自動|자동|אוטומט|تلقائي", re.IGNORECASE)
MACHINE_NAME: Final = compile_any("machine_name")
NO_REPLY: Final = re.compile(
    r"(?:^|[-_.+])(?:no|not|do-?not|dont|ne|kein|nao|nincs)[-_.]?(?:re?ply|respond|antwort\w*|responder|pas-?repondre)"
    r"|^noreply|^bounce",
    re.IGNORECASE,
)
BOUNCE_SUBJECT: Final = compile_any("bounce_subject")
BOUNCE_HEADING: Final = re.compile(f"{any_of('bounce_subject')}|failed recipients|non-delivery", re.IGNORECASE)
# Tried one by one, on small letters: a pattern that begins with a letter is looked for six times as fast.
UNREAD_TEXT: Final = tuple(map(re.compile, read_phrases("unread_text")))
UNSUBSCRIBE: Final = read_phrases("unsubscribe")
BOUNCE_TEXT: Final = read_phrases("bounce_text")
DELAYED_TEXT: Final = read_phrases("delayed_text")
GIVEN_UP_TEXT: Final = read_phrases("given_up_text")
GONE_TEXT: Final = read_phrases("gone_text")
FULL_TEXT: Final = read_phrases("full_text")
_BEFORE = r"^(?:(?:re|aw|sv|fw|fwd)\s*:)?\s*[\[(\"*]{0,2}"
# Nothing but a sign may follow: "Automatic reply: Chairs" is a machine's, "Automatic reply function?" a person's.
_SIGN_AFTER = (
    r"(?:[\])】]|[\"*]{0,2}\s*(?:$|[:：\-–—|(\[!,;.])|\s+(?:re|aw|sv|antw|fwd?)\s*:"
    r"|\s+(?:auf ihre|to your|zu ihrer|à votre|a su|alla (?:sua|vostra)|op uw|from (?!your|the|our|my))\b)"
)
# Nor a sign of an answer stand before it: people answer to automatic answers and pass them on.
AUTO_SUBJECT: Final = re.compile(r"^[\[(\"*【]{0,2}" + any_of("auto_subject") + _SIGN_AFTER, re.IGNORECASE)
HALF_AUTO_SUBJECT: Final = re.compile(f"{_BEFORE}(?:{any_of('auto_subject')}|{any_of('half_subject')})", re.IGNORECASE)
AWAY_SUBJECT: Final = re.compile(_BEFORE + any_of("away_subject"), re.IGNORECASE)
# As Notes writes it, under a note that somebody wrote themselves.
_NOTE = r"(?:(?:note|hinweis|remarque|nota|opmerking|anmärkning|bemærk|merk|uwaga)\s*:\s*)?"
AUTO_TEXT: Final = re.compile(rf"^[\s*_\-=#※＊■【(]{{0,6}}{_NOTE}{any_of('auto_text')}", re.IGNORECASE | re.MULTILINE)
# Also after other words, for those who ask for more signs than this one.
AUTO_SENTENCE: Final = re.compile(
    rf"(?:^|[.!。！]\s{{0,2}})\W{{0,6}}{any_of('auto_text')}", re.IGNORECASE | re.MULTILINE
)
AWAY_TEXT: Final = compile_any("away_text")
AWAY_HINT: Final = read_phrases("away_hint")
AWAY_MORE: Final = compile_any("away_more")
AWAY_INSTEAD: Final = compile_any("away_instead")
REQUEST: Final = compile_any("request")
ACK_TEXT: Final = re.compile(rf"^\W{{0,6}}{any_of('ack_text')}", re.IGNORECASE | re.MULTILINE)
