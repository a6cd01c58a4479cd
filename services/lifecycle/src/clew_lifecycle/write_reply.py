"""Write a mail to a deal's people. Next: clew_notify.announce."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import ReplyWritten
from clew_shared.identity.email import NormalEmail, normalise_email
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.facts import Facts, Outcome
from clew_lifecycle.store.entries import add_entries, note_staff_entry
from clew_lifecycle.store.participants import add_participants
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.timeline import last_mail
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.world import Activity
from clew_lifecycle.tell import summarise

_MOST_RECIPIENTS = 50
_MOST_REFERENCES = 20
# An event must fit the broker's message, however its characters are written there.
_LONGEST_SUBJECT, _LONGEST_BODY = 1_000, 100_000


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it was typed: addresses separated by commas or semicolons."""

    to: str
    cc: str
    subject: str
    body: str


async def write_reply(deal_id: UUID, letter: Letter, actor: Actor, uow: UnitOfWork) -> Activity:
    """Enter the mail on the timeline and have it sent; it answers the last mail that came in.

    Raises `Problem` 404, and 422 with a pointer for each field that is wrong.
    """
    to, cc = _read_letter(letter)
    errors = [*to.errors, *cc.errors, *_wrong_words(letter)]
    if errors:
        raise Problem(422, "Invalid content", "The mail cannot be sent like this.", errors=errors)
    deal = await lock_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    parent = await last_mail(deal_id, uow.connection)
    in_reply_to = parent.message_id if parent else None
    references = (*(parent.references if parent else ()), *((in_reply_to,) if in_reply_to else ()))
    entry = Activity(
        id=new_id(),
        deal_id=deal_id,
        contact_id=None,
        company_id=deal.company_id,
        kind="mail_out",
        occurred_at=utc_now(),
        author=actor.email,
        body=letter.body.strip(),
        visibility="shared",
        source="staff" if actor.kind == "teammate" else "api",
        facts=Facts(
            author_name=actor.name,
            channel="staff",
            subject_line=letter.subject.strip(),
            to=to.addresses,
            cc=cc.addresses,
            delivery=Outcome("planned"),
        ),
    )
    await add_entries([entry], uow.connection)
    await note_staff_entry(deal_id, entry.occurred_at, uow.connection)
    own = (deal.contact_email or "").casefold()
    await add_participants(deal_id, [who for who in (*to.read, *cc.read) if who.key != own], uow.connection)
    workflow = await load_workflow(uow.connection)
    uow.emit(
        ReplyWritten(
            deal=summarise(deal, workflow),
            activity_id=entry.id,
            author=actor.email,
            author_name=actor.name,
            to=to.addresses,
            cc=cc.addresses,
            subject_line=letter.subject.strip(),
            text=letter.body.strip(),
            in_reply_to=in_reply_to,
            references=references[-_MOST_REFERENCES:],
            actor=actor.email,
        )
    )
    return entry


@dataclass(frozen=True, slots=True)
class _Recipients:
    read: Sequence[NormalEmail]
    errors: Sequence[FieldError]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(who.address for who in self.read))


def _read_letter(letter: Letter) -> tuple[_Recipients, _Recipients]:
    to, cc = _recipients(letter.to, "/to", "To"), _recipients(letter.cc, "/cc", "Cc")
    if not to.read and not to.errors:
        missing = FieldError(pointer="/to", label="To", code="required", message="Who is it for?")
        to = _Recipients([], [missing])
    return to, cc


def _recipients(typed: str, pointer: str, label: str) -> _Recipients:
    parts = [part.strip() for part in typed.replace(";", ",").replace("\n", ",").split(",") if part.strip()]
    read, errors = [], []
    for part in parts[:_MOST_RECIPIENTS]:
        # People paste `Ada Lovelace <ada@x>`.
        address = normalise_email(part.rpartition("<")[2].rstrip("> "))
        if address is None:
            message = f"“{part[:80]}” is no email address."
            errors.append(FieldError(pointer=pointer, label=label, code="invalid", message=message))
        else:
            read.append(address)
    return _Recipients(read, errors)


def _wrong_words(letter: Letter) -> list[FieldError]:
    errors = []
    if not letter.subject.strip():
        message = "A mail needs a subject."
        errors.append(FieldError(pointer="/subject", label="Subject", code="required", message=message))
    if not letter.body.strip():
        errors.append(FieldError(pointer="/body", label="Message", code="required", message="A mail needs words."))
    for words, longest, pointer, label in (
        (letter.subject, _LONGEST_SUBJECT, "/subject", "Subject"),
        (letter.body, _LONGEST_BODY, "/body", "Message"),
    ):
        if len(words) > longest:
            message = f"Use at most {longest} characters; there are {len(words)} now."
            errors.append(FieldError(pointer=pointer, label=label, code="too_long", message=message))
    return errors
