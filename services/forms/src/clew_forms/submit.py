"""Store submissions and tell the rail of each, once per key. Next: clew_lifecycle.receive_enquiry.receive_enquiries."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.ids import derived_id
from clew_shared.runtime.unit_of_work import UnitOfWork
from msgspec.structs import replace

from clew_forms.store import Claim, add_submissions, claim_keys, count_repeats
from clew_forms.submission import Outcome, Submission


async def submit_forms(batch: Sequence[Submission], uow: UnitOfWork) -> list[Outcome]:
    """Decide each submission of `batch`, in its order: one row and one `EnquiryReceived` for all that are the same."""
    outcomes, amending = await _decide(batch, uow)
    accepted = [item for item in batch if outcomes.get(item.id) == Outcome("accepted", item.id)]
    if amending:
        # A visitor went back and wrote something else: these answers have a key of their own from here on.
        second, _ = await _decide(amending, uow)
        accepted += [item for item in amending if second[item.id].kind == "accepted"]
        outcomes |= second
    await add_submissions(uow.connection, accepted)
    for item in accepted:
        _tell(item, uow)
    await count_repeats(uow.connection, _repeated(outcomes.values()))
    return [outcomes[item.id] for item in batch]


async def _decide(batch: Sequence[Submission], uow: UnitOfWork) -> tuple[dict[UUID, Outcome], list[Submission]]:
    """Give the outcomes by submission id, and those whose key had led to other answers before."""
    claims = await claim_keys(uow.connection, batch)
    outcomes: dict[UUID, Outcome] = {}
    amending = []
    for item in batch:
        claim = claims[item.form_id, item.key]
        if claim.submission_id == item.id:
            outcomes[item.id] = Outcome("accepted", item.id)
        elif claim.content == item.content:
            outcomes[item.id] = Outcome("repeated", claim.submission_id)
        elif item.strict:
            outcomes[item.id] = Outcome("conflict", claim.submission_id)
        else:
            amending.append(_amending(item, claim))
    return outcomes, amending


def _amending(item: Submission, claim: Claim) -> Submission:
    return replace(item, key=f"{item.key}~{item.content.hex()}", amends=claim.submission_id)


def _repeated(outcomes: Iterable[Outcome]) -> list[UUID]:
    return [outcome.submission_id for outcome in outcomes if outcome.kind == "repeated"]


def _tell(item: Submission, uow: UnitOfWork) -> None:
    screened, claims = item.screened, item.screened.claims
    event = EnquiryReceived(
        enquiry_id=item.id,
        channel="form",
        source=f"form:{item.slug}",
        external_id=str(item.id),
        received_at=item.received_at,
        claims=claims,
        subject_line=screened.subject_line,
        text=screened.message or "\n".join(f"{answer.label}: {answer.value}" for answer in screened.answers),
        answers=screened.answers,
        policy=item.policy,
        pipeline=item.pipeline,
        region=item.region,
        amends=item.amends,
        suspicion=sum(sign.weight for sign in item.signs),
    )
    # One person's enquiries stay in one partition, and so in order.
    key = claims.email or claims.phone or str(item.amends or item.id)
    uow.emit(event, key=key, event_id=derived_id(item.id, "enquiry_received"), traceparent=item.traceparent)
