"""The order of cards: there is always room between two."""

from datetime import UTC, datetime, timedelta

from clew_lifecycle.domain.board_rank import fresh_rank, rank_between
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.integers(min_value=0, max_value=30), max_size=60))
def test_whatever_is_put_between_two_cards_sorts_between_them(places: list[int]) -> None:
    ranks = [fresh_rank(datetime(2026, 1, 1, tzinfo=UTC))]
    for place in places:
        at = place % (len(ranks) + 1)
        before, after = ranks[at - 1] if at else None, ranks[at] if at < len(ranks) else None
        ranks.insert(at, rank_between(before, after))

    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


def test_the_newest_card_is_on_top() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ranks = [fresh_rank(start + timedelta(microseconds=step**7)) for step in range(1, 60)]

    assert ranks == sorted(ranks, reverse=True)
