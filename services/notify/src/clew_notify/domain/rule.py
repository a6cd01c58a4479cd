"""The rules: which event tells whom, in which words. Next: clew_notify.domain.recipients.staff_to_tell."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

InDoubtPolicy = Literal["resend_same_message_id", "hold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One built-in rule.

    `events` are event types in snake case, `audience` says in words who is told. `template` names the files in
    `templates/mail`; `subject_line` is filled by `str.format` from what they show. `automatic` mail is marked as such
    (RFC 3834) and may be stopped by a complaint. `window` is how long a refused attempt is made again; `in_doubt` what
    is done when nobody knows whether the mail went.
    """

    id: str
    events: tuple[str, ...]
    audience: str
    template: str
    subject_line: str
    automatic: bool = True
    window: timedelta = timedelta(hours=24)
    in_doubt: InDoubtPolicy = "resend_same_message_id"


DEAL_OPENED = Rule(
    id="deal_opened",
    events=("deal_opened",),
    audience="The deal's owner and every teammate, but not who opened it",
    template="deal_opened",
    subject_line="New deal: {deal.title}",
)
COMMENT_ADDED = Rule(
    id="comment_added",
    events=("comment_added",),
    audience="The deal's owner and every teammate, but not who wrote it",
    template="comment_added",
    # The thread goes on: readers that group by subject want the first one's.
    subject_line="Re: New deal: {deal.title}",
)
ACKNOWLEDGEMENT = Rule(
    id="acknowledgement",
    events=("deal_opened", "comment_added"),
    audience="The sender of an enquiry, once in 24 hours for an address",
    template="acknowledgement",
    subject_line="We have received your message",
)
REPLY_WRITTEN = Rule(
    id="reply_written",
    events=("reply_written",),
    audience="Those whom a teammate writes to",
    template="reply_written",
    subject_line="{subject_line}",
    automatic=False,
)
MESSAGE_REQUESTED = Rule(
    id="message_requested",
    events=("message_requested",),
    audience="The deal's contact or its owner, as its workflow says",
    template="message_requested",
    subject_line="{subject_line}",
)
REMINDER_DUE = Rule(
    id="reminder_due",
    events=("reminder_due",),
    audience="The teammate who is to be reminded, or the deal's owner where nobody is named",
    template="reminder_due",
    subject_line="Reminder: {deal.title}",
)
SIGN_IN = Rule(
    id="sign_in",
    events=("sign_in_requested",),
    audience="The teammate who asks to sign in",
    template="sign_in",
    subject_line="Your link to sign in",
    window=timedelta(minutes=10),
)
MAILBOX_TROUBLED = Rule(
    id="mailbox_troubled",
    events=("mailbox_troubled",),
    audience="Every teammate, but not at the mailbox's own address",
    template="mailbox_troubled",
    subject_line="Mail is not coming in: {mailbox}",
)
MAILBOX_RECOVERED = Rule(
    id="mailbox_recovered",
    events=("mailbox_recovered",),
    audience="Every teammate, but not at the mailbox's own address",
    template="mailbox_recovered",
    subject_line="Mail is coming in again: {mailbox}",
)

RULES = {
    rule.id: rule
    for rule in (
        *(DEAL_OPENED, COMMENT_ADDED, ACKNOWLEDGEMENT, REPLY_WRITTEN, MESSAGE_REQUESTED, REMINDER_DUE, SIGN_IN),
        *(MAILBOX_TROUBLED, MAILBOX_RECOVERED),
    )
}
