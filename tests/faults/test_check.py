"""The judge sees what is wrong; a matrix that cannot fail proves nothing."""

from dataclasses import asdict

from tests.faults.check import judge
from tests.faults.clew_up import TEAM
from tests.faults.ledger import Account
from tests.faults.look import Seen
from tests.faults.people import Item

FORM = Item("zz000001q", "form-json", "ada@firm.example", "Ada")
MAIL = Item("zz000002q", "mail", "ada@firm.example", "Ada")
MACHINE = Item("zz000003q", "mail", "ada@firm.example", "Ada", is_machine=True)


def _account(*accepted: Item, unanswered: tuple[Item, ...] = ()) -> Account:
    sent = {item.marker: item for item in (*accepted, *unanswered)}
    return Account(sent, {item.marker: "250 OK" for item in accepted}, {})


def _seen() -> Seen:
    """Everything as it must be: one deal with both words on it, the machine's answer among the mails."""
    return Seen(
        deals={"ada@firm.example": ["deal-1"]},
        places={FORM.marker: ["deal-1"], MAIL.marker: ["deal-1"]},
        mails={MAIL.message_id: ["enquiry"], MACHINE.message_id: ["auto_reply"]},
        deliveries={("deal-1", "deal_opened", teammate): ["accepted"] for teammate in TEAM},
    )


def _complaints(account: Account, seen: Seen) -> set[str]:
    return {name for name, found in asdict(judge(account, seen)).items() if found}


def test_all_in_its_place_is_a_pass() -> None:
    assert judge(_account(FORM, MAIL, MACHINE), _seen()).is_clean


def test_what_was_acknowledged_and_is_nowhere_is_lost() -> None:
    """I1."""
    seen = _seen()
    del seen.places[FORM.marker], seen.mails[MACHINE.message_id]

    assert judge(_account(FORM, MAIL, MACHINE), seen).lost == [FORM.marker, MACHINE.marker]


def test_what_was_never_acknowledged_may_be_there_or_not_but_not_twice() -> None:
    """I1."""
    there, absent, twice = _seen(), _seen(), _seen()
    del absent.places[FORM.marker]
    twice.places[FORM.marker].append("waiting")
    account = _account(MAIL, MACHINE, unanswered=(FORM,))

    assert [_complaints(account, seen) for seen in (there, absent, twice)] == [set(), set(), {"doubled"}]


def test_one_item_shown_twice_and_a_second_deal_of_one_person_are_doubles() -> None:
    """I1."""
    seen = _seen()
    seen.places[MAIL.marker].append("deal-1")
    seen.deals["ada@firm.example"].append("deal-2")
    seen.deliveries |= {("deal-2", "deal_opened", teammate): ["accepted"] for teammate in TEAM}

    assert judge(_account(FORM, MAIL, MACHINE), seen).doubled == [MAIL.marker, "2 deals of ada@firm.example"]


def test_what_nobody_sent_is_invented() -> None:
    """I2."""
    assert judge(_account(FORM, MACHINE), _seen()).invented == [MAIL.marker, MAIL.message_id]


def test_a_word_on_a_strangers_deal_and_a_machine_that_opened_one_are_misplaced() -> None:
    """I1."""
    seen = _seen()
    seen.places[MAIL.marker] = ["deal-9"]
    seen.places[MACHINE.marker] = ["deal-1"]

    assert len(judge(_account(FORM, MAIL, MACHINE), seen).misplaced) == 2


def test_a_delivery_that_waits_and_a_teammate_told_twice_or_never_are_seen() -> None:
    """I3, I7."""
    seen = _seen()
    first, second = ("deal-1", "deal_opened", TEAM[0]), ("deal-1", "deal_opened", TEAM[1])
    seen.deliveries[first] = ["accepted", "sending"]
    del seen.deliveries[second]

    assert _complaints(_account(FORM, MAIL, MACHINE), seen) == {"not_drained", "told_twice", "not_told"}
