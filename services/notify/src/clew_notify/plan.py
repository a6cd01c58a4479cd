"""Put drafts into words: one body for all copies, a head for each. Next: clew_notify.store.add_deliveries.

Mails are composed when they are planned, not when they are sent: every attempt sends the same bytes, a delivery that
waits keeps the words that it was planned with, the copies of one event share one rendering, and a template that fails
is known at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import cache
from uuid import UUID

import msgspec
import structlog
from clew_shared.contracts.ids import derived_id, new_id
from clew_shared.contracts.reply_address import ReplyKeys, make_reply_address
from jinja2 import TemplateError

from clew_notify.body import compose_body
from clew_notify.compose import Automatic, Head, compose_mail
from clew_notify.compose_text import TEXT, compose_text, is_number
from clew_notify.domain.draft import Draft
from clew_notify.domain.rule import ACKNOWLEDGEMENT, RULES
from clew_notify.header_fields import one_line
from clew_notify.render import prepare, render

log = structlog.get_logger()

Threads = Mapping[tuple[UUID, str], Sequence[str]]


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery and the mail that it will send; one without `content` could not be composed, and `reason` says why."""

    id: UUID
    draft: Draft
    message_id: str
    subject_line: str
    envelope_sender: str
    expires_at: datetime
    content: bytes | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the mails of one batch share."""

    threads: dict[tuple[UUID, str], list[str]]
    now: datetime
    bodies: dict[tuple[UUID, str], bytes] = field(default_factory=dict)
    reply_to: dict[UUID, str] = field(default_factory=dict)


class Planner:
    """Composes mails. `sender` is a mailbox such as `clew <clew@in.example>`, `domain` where replies are received."""

    def __init__(self, sender: str, domain: str, reply_keys: ReplyKeys) -> None:
        self._name, self._address = parseaddr(sender)
        self._domain = domain
        self._keys = reply_keys
        for rule in RULES.values():
            prepare(rule.template)

    def plan(self, drafts: Sequence[Draft], threads: Threads, now: datetime) -> list[Planned]:
        """Compose the mails of a batch; `threads` are the Message-IDs of the deal's earlier mails to a recipient."""
        batch = _Batch({key: list(message_ids) for key, message_ids in threads.items()}, now)
        return [self._plan(draft, batch) for draft in drafts]

    def _plan(self, draft: Draft, batch: _Batch) -> Planned:
        delivery_id = _delivery_id(draft, draft.recipient)
        if draft.channel == "sms":
            return self._plan_text(draft, delivery_id, batch)
        first = _delivery_id(draft, draft.to[0]) if draft.one_mail else delivery_id
        message_id = f"<{first}@{self._domain}>"
        own_address = self._own_address(draft.deal_id, delivery_id) if draft.deal_id else None
        reply_to = self._address_of_all(draft.deal_id, batch) if draft.deal_id and _has_others(draft) else own_address
        subject_line, content, reason = "", None, None
        try:
            subject_line = one_line(draft.rule.subject_line.format(**draft.context))
            head = self._head(draft, subject_line, message_id, reply_to, batch)
            content = compose_mail(head, _body_of(draft, batch))
        except (TemplateError, ValueError) as error:
            reason = f"template_error: {type(error).__name__}: {error}"
            log.error("notify.not_composed", event_id=str(draft.event_id), rule=draft.rule.id, reason=reason)
        return Planned(
            id=delivery_id,
            draft=draft,
            message_id=message_id,
            subject_line=subject_line,
            envelope_sender=self._envelope_sender(draft, own_address),
            expires_at=batch.now + _window(draft, batch.now),
            content=content,
            reason=reason,
        )

    def _plan_text(self, draft: Draft, delivery_id: UUID, batch: _Batch) -> Planned:
        message_id = f"<{delivery_id}@{self._domain}>"
        number = is_number(draft.recipient)
        words = draft.context["text"]
        return Planned(
            id=delivery_id,
            draft=draft,
            message_id=message_id,
            subject_line=TEXT,
            envelope_sender=self._address,
            expires_at=batch.now + draft.rule.window,
            content=compose_text(self._name, draft.recipient, words, batch.now, message_id) if number else None,
            reason=None if number else "no_number: That cannot be called.",
        )

    def _head(
        self,
        draft: Draft,
        subject_line: str,
        message_id: str,
        reply_to: str | None,
        batch: _Batch,
    ) -> Head:
        earlier: list[str] = []
        if draft.deal_id is not None:
            thread = batch.threads.setdefault((draft.deal_id, draft.recipient), [])
            earlier = list(thread)
            thread.append(message_id)
        automatic: Automatic = "auto-replied" if draft.rule is ACKNOWLEDGEMENT else "auto-generated"
        return Head(
            sender_name=draft.sender_name or self._name,
            sender_address=self._address,
            to=draft.to,
            cc=draft.cc,
            subject_line=subject_line,
            date=batch.now,
            message_id=message_id,
            reply_to=reply_to,
            in_reply_to=draft.answers or (earlier[-1] if earlier else None),
            references=(*draft.references, *earlier),
            automatic=automatic if draft.rule.automatic else None,
        )

    def _own_address(self, deal_id: UUID, delivery_id: UUID) -> str:
        return make_reply_address(deal_id, self._domain, self._keys, delivery_id=delivery_id)

    def _address_of_all(self, deal_id: UUID, batch: _Batch) -> str:
        if deal_id not in batch.reply_to:
            batch.reply_to[deal_id] = make_reply_address(deal_id, self._domain, self._keys)
        return batch.reply_to[deal_id]

    def _envelope_sender(self, draft: Draft, own_address: str | None) -> str:
        # Nothing may answer an automatic answer (RFC 3834 3.1.1). For the rest a bounce says whose copy it was.
        return "" if draft.rule is ACKNOWLEDGEMENT else own_address or self._address


def _has_others(draft: Draft) -> bool:
    """Say whether others read the same mail, who would learn an address that stands for this reader alone."""
    return len(draft.to) + len(draft.cc) > 1


def _delivery_id(draft: Draft, recipient: str) -> UUID:
    """Give the id that this delivery has whenever it is planned: what makes it once, and names its Message-ID."""
    return derived_id(draft.event_id, f"{draft.rule.id} {recipient} {draft.channel}")


def _body_of(draft: Draft, batch: _Batch) -> bytes:
    if not draft.context:
        return _fixed_body(draft.rule.template)
    key = (draft.event_id, draft.rule.id)
    if key not in batch.bodies:
        rendered = render(draft.rule.template, draft.context)
        unique = derived_id(draft.event_id, f"{draft.rule.id} body").hex
        batch.bodies[key] = compose_body(rendered.text, rendered.html, unique)
    return batch.bodies[key]


@cache
def _fixed_body(template: str) -> bytes:
    """Compose the body of a mail that says the same to everybody."""
    rendered = render(template, {})
    return compose_body(rendered.text, rendered.html, new_id().hex)


def _window(draft: Draft, now: datetime) -> timedelta:
    expires_at: datetime | None = draft.context.get("expires_at")
    return max(timedelta(0), expires_at - now) if expires_at is not None else draft.rule.window
