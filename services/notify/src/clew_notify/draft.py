"""Turn events into drafts by the rules. Next: clew_notify.plan.Planner.plan."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from clew_shared.contracts.deal_work import ReminderDue
from clew_shared.contracts.event import Event, type_of
from clew_shared.contracts.lifecycle import (
    CommentAdded,
    DealOpened,
    DealSummary,
    MessageRequested,
    ReplyWritten,
    SignInRequested,
    Word,
)
from clew_shared.contracts.mail import MailboxRecovered, MailboxTroubled
from clew_shared.runtime.consumer import Received

from clew_notify.domain.draft import Draft
from clew_notify.domain.recipients import each_once, may_acknowledge, staff_to_tell
from clew_notify.domain.rule import (
    ACKNOWLEDGEMENT,
    COMMENT_ADDED,
    DEAL_OPENED,
    MAILBOX_RECOVERED,
    MAILBOX_TROUBLED,
    MESSAGE_REQUESTED,
    REMINDER_DUE,
    REPLY_WRITTEN,
    SIGN_IN,
    Rule,
)
from clew_notify.header_fields import one_line

_BY_ANSWERING = ("reply_token", "in_reply_to", "references")
_TROUBLES = {
    "no_token": "Its provider gives us no token to sign in with. Somebody may have to grant us access anew.",
    "no_success": "We have not been able to read it for a while, and go on trying.",
    "no_mail": "We can read it, but no mail has come for longer than its settings expect.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The people who work here as notify knows them: addresses of those at work, and of those who have left."""

    active: tuple[str, ...]
    gone: frozenset[str]


class Drafter:
    """Decides who is told. `ours` are the addresses that we send from and receive at, `own_domains` theirs."""

    def __init__(self, public_origin: str, ours: Iterable[str], own_domains: Iterable[str]) -> None:
        self._origin = public_origin
        self._ours = tuple(ours)
        self._own_domains = tuple(own_domains)
        self._by_type: dict[type[Event], Callable[[Received[Any], Team], list[Draft]]] = {
            DealOpened: self._deal_opened,
            CommentAdded: self._comment_added,
            ReplyWritten: self._reply_written,
            MessageRequested: self._message_requested,
            ReminderDue: self._reminder_due,
            SignInRequested: self._sign_in,
            MailboxTroubled: self._mailbox_troubled,
            MailboxRecovered: self._mailbox_recovered,
        }

    def draft(self, received: Received[Any], team: Team) -> list[Draft]:
        """Give the deliveries of one event; a historical one tells nobody."""
        write = self._by_type.get(type(received.event))
        return write(received, team) if write is not None and not received.event.historical else []

    def _deal_opened(self, received: Received[DealOpened], team: Team) -> list[Draft]:
        event = received.event
        author = event.word.author if event.word else event.actor
        staff = self._staff(received, DEAL_OPENED, event.deal, event.word, author, team)
        return staff + self._acknowledgement(received.id, event, event.deal, event.word)

    def _comment_added(self, received: Received[CommentAdded], team: Team) -> list[Draft]:
        event = received.event
        staff = self._staff(received, COMMENT_ADDED, event.deal, event.word, event.word.author, team)
        return staff + self._acknowledgement(received.id, event, event.deal, event.word)

    def _staff(
        self,
        received: Received[Any],
        rule: Rule,
        deal: DealSummary,
        word: Word | None,
        author: str | None,
        team: Team,
    ) -> list[Draft]:
        owner = None if deal.owner and deal.owner.casefold() in team.gone else deal.owner
        without = (received.event.actor, author, deal.contact_email, word.reply_to if word else None)
        told = staff_to_tell(team.active, owner, without=without, ours=self._ours)
        context = {
            "deal": deal,
            "word": word,
            "author": _author(deal, author),
            "contact": _contact(deal),
            "link": f"{self._origin}/deals/{deal.id}",
        }
        return [
            Draft(
                event_id=received.id,
                event=_name(received.event),
                rule=rule,
                recipient=recipient,
                to=(recipient,),
                context=context,
                deal_id=deal.id,
                activity_id=word.activity_id if word else None,
                answers=word.message_id if word else None,
                references=word.references if word else (),
                is_first=rule is DEAL_OPENED,
            )
            for recipient in told
        ]

    def _acknowledgement(self, event_id: UUID, event: Event, deal: DealSummary, word: Word | None) -> list[Draft]:
        if word is None or not word.acknowledge or answers_us(word):
            return []
        if not may_acknowledge(word.reply_to, own_domains=self._own_domains):
            return []
        sender = word.reply_to or ""
        return [
            Draft(
                event_id=event_id,
                event=_name(event),
                rule=ACKNOWLEDGEMENT,
                recipient=sender,
                to=(sender,),
                context={},
                deal_id=deal.id,
                activity_id=word.activity_id,
                answers=word.message_id,
                references=word.references,
                is_first=True,
            )
        ]

    def _reply_written(self, received: Received[ReplyWritten], _: Team) -> list[Draft]:
        event = received.event
        to = each_once(event.to, without=self._ours)
        cc = each_once(event.cc, without=(*self._ours, *to))
        context = {"subject_line": event.subject_line, "text": event.text}
        return [
            Draft(
                event_id=received.id,
                event=_name(event),
                rule=REPLY_WRITTEN,
                recipient=recipient,
                to=to or cc,
                cc=cc if to else (),
                context=context,
                sender_name=one_line(event.author_name or event.author, 100),
                deal_id=event.deal.id,
                activity_id=event.activity_id,
                answers=event.in_reply_to,
                references=event.references,
                one_mail=True,
            )
            for recipient in (*to, *cc)
        ]

    def _message_requested(self, received: Received[MessageRequested], team: Team) -> list[Draft]:
        event = received.event
        if event.audience == "owner" and event.to.casefold() in team.gone:
            return []
        return [
            Draft(
                event_id=received.id,
                event=_name(event),
                rule=MESSAGE_REQUESTED,
                recipient=event.to,
                to=(event.to,),
                context={"subject_line": event.subject_line, "text": event.text},
                deal_id=event.deal.id,
                activity_id=event.activity_id,
                channel=event.channel,
            )
        ]

    def _reminder_due(self, received: Received[ReminderDue], team: Team) -> list[Draft]:
        event = received.event
        recipient = event.assignee or event.deal.owner
        if recipient is None or recipient.casefold() in team.gone:
            return []
        context = {"deal": event.deal, "text": event.text, "link": f"{self._origin}/deals/{event.deal.id}"}
        return [
            Draft(
                event_id=received.id,
                event=_name(event),
                rule=REMINDER_DUE,
                recipient=recipient,
                to=(recipient,),
                context=context,
                deal_id=event.deal.id,
                is_first=True,
            )
        ]

    def _sign_in(self, received: Received[SignInRequested], _: Team) -> list[Draft]:
        event = received.event
        link = event.link if "://" in event.link else self._origin + event.link
        context = {"link": link, "expires_at": event.expires_at}
        return [
            Draft(
                event_id=received.id,
                event=_name(event),
                rule=SIGN_IN,
                recipient=event.email,
                to=(event.email,),
                context=context,
                is_first=True,
            )
        ]

    def _mailbox_troubled(self, received: Received[MailboxTroubled], team: Team) -> list[Draft]:
        event = received.event
        context = {
            "why": _TROUBLES[event.trouble],
            "error": one_line(event.error) if event.error else "",
            "last_success_at": event.last_success_at,
            "last_mail_at": event.last_mail_at,
        }
        return self._of_a_mailbox(received, MAILBOX_TROUBLED, context, team)

    def _mailbox_recovered(self, received: Received[MailboxRecovered], team: Team) -> list[Draft]:
        return self._of_a_mailbox(received, MAILBOX_RECOVERED, {"since": received.event.troubled_at}, team)

    def _of_a_mailbox(
        self,
        received: Received[MailboxTroubled] | Received[MailboxRecovered],
        rule: Rule,
        context: dict[str, Any],
        team: Team,
    ) -> list[Draft]:
        event = received.event
        context |= {
            "mailbox": one_line(event.username),
            "place": one_line(f"{event.host}, {event.folder}"),
            "link": f"{self._origin}/settings/mailboxes",
        }
        # At its own address it would come in as an enquiry.
        told = staff_to_tell(team.active, None, without=(event.username,), ours=self._ours)
        return [
            Draft(
                event_id=received.id,
                event=_name(event),
                rule=rule,
                recipient=recipient,
                to=(recipient,),
                context=context,
                is_first=True,
            )
            for recipient in told
        ]


def answers_us(word: Word) -> bool:
    """Tell an answer to what we wrote: its sender knows that we have heard, and a machine would answer again."""
    return word.match_reason in _BY_ANSWERING or ACKNOWLEDGEMENT.subject_line.casefold() in word.subject_line.casefold()


def _name(event: Event) -> str:
    return type_of(type(event)).rpartition(".")[2]


def _author(deal: DealSummary, author: str | None) -> str:
    """Say who wrote: the contact by name where it was the contact."""
    if author is None or author == deal.contact_email:
        return one_line(deal.contact_name or author or "Somebody")
    return one_line(author)


def _contact(deal: DealSummary) -> str:
    name, address = deal.contact_name, deal.contact_email or ""
    return one_line(f"{name} <{address}>" if name and name != address else address)


def threads_that_go_on(drafts: Sequence[Draft]) -> list[tuple[UUID, str]]:
    """Give the deals and recipients whose earlier mails a draft belongs below."""
    return sorted(
        {(draft.deal_id, draft.recipient) for draft in drafts if draft.deal_id is not None and not draft.is_first}
    )
