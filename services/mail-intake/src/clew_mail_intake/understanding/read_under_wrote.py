"""A mail that is passed on under "On ... wrote:", as Outlook for Mac does; only the subject tells it from an answer.

Next: clew_mail_intake.understanding.marker_lines.find_marker.
"""

from itertools import takewhile
from textwrap import dedent

from clew_mail_intake.understanding.quote_marks import read_marks
from clew_mail_intake.understanding.read_named import read_named
from clew_mail_intake.understanding.reply_text import Reply
from clew_mail_intake.understanding.understood import Forwarded


def read_under_wrote(reply: Reply, text: str) -> Forwarded | None:
    """Read the mail below the line that ends the `text`; what stands below it is an answer."""
    lines = reply.quoted.split("\n")
    kinds = read_marks(lines).kinds
    marker = list(takewhile(lambda at: kinds[at] == "b", range(len(lines))))
    if not marker:
        return None
    sender = read_named(" ".join([lines[at].strip() for at in marker]))
    below = lines[marker[-1] + 1 :]
    if all(line.startswith(">") for line in below if line.strip()):
        below = [line.removeprefix(">").removeprefix(" ") for line in below]
    body = dedent("\n".join(below)).strip("\n")
    if not body and text.lstrip().startswith(lines[0]):
        # Nobody wrote anything above: the words of the reply are the mail's.
        body = dedent(reply.text)
    elif not text.rstrip().endswith(lines[-1]):
        return None
    return Forwarded(sender=sender, text=body, passage=reply.quoted) if sender.email and body.strip() else None
