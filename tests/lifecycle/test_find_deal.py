"""The threading rule by itself, over whatever deals a sender may have."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from clew_lifecycle.domain.find_deal import Deal, Enquiry, find_deal, may_reopen
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PIPELINES = [UUID(int=number) for number in (1, 2)]
SOURCES = [UUID(int=number) for number in (11, 12)]

deals = st.builds(
    Deal,
    id=st.uuids(),
    pipeline_id=st.sampled_from(PIPELINES),
    source_id=st.sampled_from(SOURCES),
    contact_id=st.none(),
    company_id=st.none(),
    status=st.sampled_from(["open", "won", "lost", "abandoned"]),
    closed_at=st.integers(0, 60).map(lambda days: NOW - timedelta(days=days)),
    last_activity_at=st.integers(0, 5).map(lambda days: NOW - timedelta(days=days)),
    reopenable=st.booleans(),
    reopen_days=st.sampled_from([0, 30]),
)


def enquiry(**fields: object) -> Enquiry:
    return Enquiry(received_at=NOW, source_id=SOURCES[0], pipeline_id=PIPELINES[0], **fields)  # type: ignore[arg-type]


@given(st.lists(deals, max_size=6), st.sampled_from([None, *PIPELINES]))
def test_an_open_deal_in_scope_always_takes_the_word(own: list[Deal], scope: UUID | None) -> None:
    decision = find_deal(enquiry(scope=scope), own)

    still_open = [deal for deal in own if deal.status == "open" and scope in (None, deal.pipeline_id)]
    assert (decision.action == "comment") == bool(still_open)
    if still_open:
        assert decision.deal in still_open
        assert ("ambiguous" in decision.flags) == (len(still_open) > 1)


@given(st.lists(deals, max_size=6))
def test_a_won_deal_is_never_reopened(own: list[Deal]) -> None:
    """A16"""
    decision = find_deal(enquiry(), own)

    if decision.action == "reopen":
        assert decision.deal is not None
        assert decision.deal.status in ("lost", "abandoned")
        assert may_reopen(decision.deal, NOW)
    if decision.action == "open" and any(deal.status == "won" for deal in own):
        assert decision.parent is not None
        assert decision.parent.status == "won"


@given(st.lists(deals, max_size=6))
def test_the_order_in_which_deals_are_read_makes_no_difference(own: list[Deal]) -> None:
    unique = list({deal.id: deal for deal in own}.values())

    forward, backward = find_deal(enquiry(), unique), find_deal(enquiry(), unique[::-1])

    assert (forward.action, forward.deal) == (backward.action, backward.deal)


@given(deals, st.lists(deals, max_size=4))
def test_what_names_an_open_or_won_deal_goes_there_whoever_sent_it(named: Deal, own: list[Deal]) -> None:
    decision = find_deal(enquiry(strong=[("reply_token", named)], always_new=True), own)

    if named.status in ("open", "won"):
        assert (decision.action, decision.deal, decision.reason) == ("comment", named, "reply_token")
    elif not may_reopen(named, NOW):
        assert (decision.action, decision.parent) == ("open", named)


@given(deals)
def test_the_window_of_a_lost_deal_ends_after_its_last_day(deal: Deal) -> None:
    """A14, A15"""
    if deal.status == "lost" and deal.closed_at is not None:
        days = (NOW - deal.closed_at).days
        assert may_reopen(deal, NOW) == (deal.reopenable and deal.reopen_days == 30 and days <= 30)
