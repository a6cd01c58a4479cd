"""Who is told what of one event, before it is put into words. Next: clew_notify.announce.Announcer.announce."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from clew_notify.domain.rule import Rule


class Draft(NamedTuple):
    """One delivery that an event leads to.

    `context` is what the rule's template shows; drafts of one event and rule share it, and so the body made from it.
    `to` and `cc` are what the mail says, `recipient` is whom this copy goes to. `answers` is the Message-ID of the
    mail that it answers, `references` the ones above that. `one_mail` makes all copies carry one Message-ID.
    """

    event_id: UUID
    event: str
    rule: Rule
    recipient: str
    to: Sequence[str]
    context: dict[str, Any]
    cc: Sequence[str] = ()
    sender_name: str | None = None
    deal_id: UUID | None = None
    activity_id: UUID | None = None
    answers: str | None = None
    references: Sequence[str] = ()
    is_first: bool = False
    one_mail: bool = False
    channel: str = "email"
