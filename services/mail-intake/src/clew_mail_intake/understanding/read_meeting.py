"""Did a calendar answer an invitation for somebody, who only pressed a button? (B20, B29)

A word of their own beside the answer makes it a person's mail, and so does another time that they propose.
"""

from clew_mail_intake.understanding.bodies import Bodies
from clew_mail_intake.understanding.phrases import compile_any
from clew_mail_intake.understanding.reply_text import Reply

_ANSWERED = compile_any("meeting_answer")
# RFC 5546: these are about an invitation, and nothing is asked by them.
_METHODS = frozenset({"reply", "refresh", "declinecounter"})


def why_meeting_answer(bodies: Bodies, reply: Reply) -> str | None:
    """Return how a calendar's own answer was recognised, or None."""
    invitation = bodies.invitation
    if invitation is None or invitation.method not in _METHODS:
        return None
    words = reply.text.lstrip()
    # Without a line of its own its text is our summary.
    if not invitation.events or not words or _ANSWERED.match(words):
        return f"auto_reply: a calendar's {invitation.method} (RFC 5546)"
    return None
