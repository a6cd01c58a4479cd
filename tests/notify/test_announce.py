"""Who is told of what, once."""

from tests.notify.conftest import Notify
from tests.notify.events import deal_opened


async def test_a_new_deal_is_told_to_the_owner_and_the_team_and_acknowledged(notify: Notify) -> None:
    """notify 1, 24."""
    await notify.lifecycle.tell(deal_opened())

    sent = await notify.books.settled(3)
    assert {(row["rule"], row["recipient"]) for row in sent} == {
        ("deal_opened", "sam@team.example"),
        ("deal_opened", "kim@team.example"),
        ("acknowledgement", "ada@client.example"),
    }
