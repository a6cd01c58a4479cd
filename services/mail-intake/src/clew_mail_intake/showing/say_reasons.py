"""Say in words for people who sell what the stages noted of a mail.

Next: clew_mail_intake.routes.mail_page_view.mail_context.
"""

from clew_mail_intake.understanding.understood import Authenticity

_WHOLE = {
    "enquiry: a teammate let it through": "A teammate let it through; before that:",
    "enquiry: a person wrote": "It reads like a person's mail, not like a machine's.",
    "quarantine: the sender is forged (dmarc=fail)": "The sender's domain says that this mail does not come from there "
    "(DMARC failed): the sender is probably forged.",
    "quarantine: no sender to answer": "It names nobody who could be answered.",
    "no_sender_address": "It names nobody who could be answered.",
    "from_our_own_address": "It claims to come from one of our own addresses; an answer would only come back to us.",
    "our_own_mail": "It is a mail of ours that came back. Nobody is told, so that no loop begins.",
    "forged_reply_address": "Somebody changed the reply address in it, so that address was ignored.",
    "bounce: passed on by hand": "A person passed on a message that says that a mail did not arrive.",
    "bounce: carries a delivery status report (RFC 3464)": "It carries a delivery report: a mail did not arrive.",
    "bounce: its type is a delivery status report": "It is a delivery report: a mail did not arrive.",
    "bounce: X-Failed-Recipients": "A mail server names the addresses that could not be reached.",
    "bounce: Amazon SES notification": "Amazon SES reports that a mail did not arrive.",
    "auto_reply: a read receipt (RFC 8098)": "It is a read receipt.",
    "auto_reply: subject of a read receipt": "Its subject is that of a read receipt.",
    "auto_reply: a program that watches machines sends it": "A monitoring program sent it.",
    "auto_reply: Auto-Submitted says auto-replied (RFC 3834)": "It says itself that it is an automatic answer.",
    "auto_reply: Auto-Submitted says that a machine wrote it (RFC 3834)": "It says itself that a machine wrote it.",
    "auto_reply: subject of an automatic answer": "Its subject is that of an automatic answer.",
    "auto_reply: subject of an absence, and the text or header of a note": "Subject and text are those of an absence "
    "note.",
    "auto_reply: empty return path and the text or header of an absence note": "It is an absence note: its text says "
    "so, and it wants no answer.",
    "auto_reply: its text says that a machine wrote it": "Its text says that a machine wrote it.",
    "auto_reply: header of an autoresponder": "An autoresponder marked it.",
    "list: a newsletter's List-Unsubscribe": "It offers to unsubscribe, as newsletters do.",
    "list: sent by an address that reads no answers": "It comes from an address that reads no answers.",
    "list: its text says that nobody reads answers": "Its text says that answers to it reach nobody.",
    "loop: our own X-Loop": "It carries our own mark: it is a mail of ours that came back.",
    "loop: a notification of another clew": "Another clew sent it as a notification.",
    "loop: a Message-ID of ours": "Its Message-ID looks like one of ours.",
    "loop: sent from our own intake address": "It was sent from our own intake address.",
    "sender: Reply-To of a form's mail": "A web form sent it for somebody: the address to answer is taken as the "
    "sender.",
    "sender: Reply-To of a list's mail": "It came through a mailing list: the address to answer is taken as the "
    "sender.",
    "sender: named in the text of a form's mail": "A web form sent it: the visitor whom its text names is taken as the "
    "sender.",
    "sender: the author that a list names": "It came through a mailing list, which names its author.",
    "not_noted: the sender is forged (dmarc=fail)": "It is noted on no deal, as its sender is probably forged.",
    "sender: nobody is named as the sender": "It does not say who sent it.",
    "sender: passed on by somebody who is no colleague, so theirs": "Somebody outside the team passed on another mail, "
    "so it counts as theirs.",
    "sender: the first of several in From": "It names several senders; the first one counts.",
    "message_id: none given, made from the content": "It has no Message-ID of its own; one was made from its content.",
    "body: the text is read from the HTML": "It has no plain text: the words were read from its HTML.",
    "body: the text is a summary of the invitation": "It is an invitation; the text is a summary of it.",
    "copy: it came again by a better way, which counts": "It had been set aside as it came first; it came again by a "
    "better way, and that counts.",
    "html: cut for showing, the text is whole": "It is long: the formatted view is cut, the text is whole.",
}
_KINDS = {
    "quarantine": "It was set aside: {}.",
    "loop": "It is a mail of ours that came back: {}.",
    "list": "It was sent to many people: {}.",
    "spam": "A spam filter on its way marked it ({}).",
    "auto_reply": "A machine answered: {}.",
    "bounce": "A mail did not arrive: {}.",
    "complaint": "Its reader complained about a mail of ours: {}.",
    "sender": "About the sender: {}.",
    "hearsay": "Who wrote it is somebody else's word: {}.",
    "body": "About the text: {}.",
    "signed": "It is signed: {}.",
    "encrypted": "It is encrypted: {}.",
    "attachment": "A file is something else than it says: {}.",
    "cut": "It is too large to be read as a whole: {}.",
    "no_answer": "It gets no acknowledgement: {}.",
    "incomplete": "Only a part of it could be fetched: {}.",
}
_GRADES = {"pass": "confirmed", "fail": "failed", "temperror": "could not be checked", "none": "nothing said"}
_PROOFS = (
    ("dmarc", "DMARC", "The name in From belongs to whoever sent it"),
    ("dkim", "DKIM", "The sender's domain signed it, and it was not changed"),
    ("spf", "SPF", "The server that sent it may send for that domain"),
)


def say_reason(reason: str) -> str:
    """Give the sentence for one reason; one that has none of its own is said as it stands."""
    if reason in _WHOLE:
        return _WHOLE[reason]
    kind, _, rest = reason.partition(": ")
    if kind in _KINDS and rest:
        return _KINDS[kind].format(rest.rstrip(".").removesuffix(" says so"))
    return reason.replace("_", " ")


def say_trust(found: Authenticity, *, hearsay: bool = False) -> tuple[str, str, str]:
    """Give how far the sender can be trusted: a look (good, bad, warn), a word and a sentence."""
    if hearsay and found.dmarc != "fail":
        return "warn", "Not confirmed", "Whoever sent this names somebody else as its writer, and nothing proves that."
    if found.dmarc == "pass":
        return "good", "Sender confirmed", "The sender's domain vouches for this mail."
    if found.dmarc == "fail":
        return "bad", "Probably forged", "The sender's domain says that this mail does not come from there."
    if found.dmarc == "temperror":
        return "warn", "Not checked", "The sender's domain could not be asked when the mail came."
    return "warn", "Not confirmed", "Nothing proves that the sender is who it says; most small domains look like that."


def say_proofs(found: Authenticity) -> list[dict[str, str]]:
    """Give the three proofs with their grades in words."""
    return [
        {"name": label, "grade": (grade := str(getattr(found, name))), "word": _GRADES[grade], "means": means}
        for name, label, means in _PROOFS
    ]
