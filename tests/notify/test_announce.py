"""Who is told of what, once."""

import asyncio
from collections.abc import Sequence
from typing import Any

from clew_notify.domain.draft import Draft
from clew_notify.domain.rule import ACKNOWLEDGEMENT
from clew_notify.sandbox_store import list_messages
from clew_notify.stop_ping_pong import MOST_AN_HOUR
from clew_notify.store import grant_acknowledgements
from clew_shared.contracts.deal_work import ReminderDue
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import MessageRequested, SignInRequested, TeammateRemoved
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import run_services

from tests.notify.conftest import Notify
from tests.notify.events import NOW, Books, a_deal, a_word, comment_added, deal_opened, reply_written, team, telling


async def recipients(notify: Notify, count: int, rule: str) -> list[str]:
    return sorted(row["recipient"] for row in await notify.books.settled(count, rule=rule))


async def test_a_new_deal_is_told_to_the_owner_and_the_team_and_acknowledged(notify: Notify) -> None:
    """notify 24: the owner is a teammate as well and gets one mail."""
    await notify.lifecycle.tell(deal_opened())

    sent = await notify.books.settled(3)
    assert {(row["rule"], row["recipient"]) for row in sent} == {
        ("deal_opened", "sam@team.example"),
        ("deal_opened", "kim@team.example"),
        ("acknowledgement", "ada@client.example"),
    }


async def test_the_team_is_told_when_nothing_confirms_the_sender(notify: Notify) -> None:
    """mail B14: who decides by the mail alone does not see the flags on the timeline."""
    deal = a_deal()
    for flags in ((), ("unverified_sender",)):
        word = a_word(channel="mail", acknowledge=False, flags=flags)
        await notify.lifecycle.tell(deal_opened(deal, word), comment_added(deal, word))

    await notify.books.settled(8)
    async with notify.running.services["notify"].rail.reading() as connection:
        shown = [each.read() for each in await list_messages(connection, to="sam@team.example", limit=10)]
    said = "Ada Lovelace wrote by mail (sender not confirmed):"
    assert [said in each.text for each in shown] == [True, True, False, False]
    assert [" (sender not confirmed):" in (each.html or "") for each in shown] == [True, True, False, False]


async def test_an_event_that_arrives_five_times_is_told_once(notify: Notify) -> None:
    """notify 1: the inbox forgot it, and the key of the delivery still knows."""
    deal = a_deal()
    [event_id] = await notify.lifecycle.tell(deal_opened(deal))
    await notify.books.settled(3)
    await notify.books.change("DELETE FROM notify.inbox")

    for _ in range(4):
        await notify.lifecycle.tell(deal_opened(deal), event_ids=[event_id])
    await notify.lifecycle.tell(comment_added(deal, a_word(acknowledge=False)))

    await notify.books.settled(2, rule="comment_added")
    assert len(await notify.books.deliveries(event="deal_opened")) == 3
    assert len(await notify.books.rows("SELECT 1 FROM notify.sandbox_message")) == 5


async def test_nobody_is_told_of_their_own_doing(notify: Notify) -> None:
    deal = a_deal(owner="kim@team.example")
    word = a_word(author="sam@team.example", channel="staff", acknowledge=False, reply_to=None)

    await notify.lifecycle.tell(comment_added(deal, word, actor="sam@team.example"))
    await notify.lifecycle.tell(deal_opened(deal, a_word(acknowledge=False), actor="kim@team.example"))

    assert await recipients(notify, 1, "comment_added") == ["kim@team.example"]
    assert await recipients(notify, 1, "deal_opened") == ["sam@team.example"]


async def test_a_client_who_is_a_teammate_too_is_not_told_of_their_own_enquiry(notify: Notify) -> None:
    """notify 24."""
    deal = a_deal(contact_email="Kim@Team.example", contact_name="Kim")
    await notify.lifecycle.tell(deal_opened(deal, a_word(author="kim@team.example", acknowledge=False)))

    assert await recipients(notify, 1, "deal_opened") == ["sam@team.example"]


async def test_history_is_told_to_nobody(notify: Notify) -> None:
    """notify 23."""
    await notify.lifecycle.tell(deal_opened(historical=True))
    await notify.lifecycle.tell(deal_opened(a_deal(title="Of today")))

    sent = await notify.books.settled(3)
    assert len(await notify.books.deliveries()) == len(sent)


async def test_one_address_is_acknowledged_once_in_24_hours(notify: Notify) -> None:
    """Twelve enquiries at once and one a day later: two confirmations."""
    await notify.lifecycle.tell(*(deal_opened(word=a_word(reply_to="ADA@client.example")) for _ in range(6)))
    await notify.lifecycle.tell(*(deal_opened() for _ in range(6)))
    await notify.books.settled(24, rule="deal_opened")
    today = await notify.books.deliveries(rule="acknowledgement")
    await notify.books.change(
        "UPDATE notify.acknowledgement SET acknowledged_at = acknowledged_at - interval '24 hours'"
    )
    await notify.lifecycle.tell(deal_opened())

    assert len(today) == 1
    assert len(await notify.books.settled(2, rule="acknowledgement")) == 2


async def test_machines_and_our_own_domain_are_never_acknowledged(notify: Notify) -> None:
    never = ("noreply@shop.example", "MAILER-DAEMON@mx.example", "no-reply+7@x.example", "deals@in.localhost", "", None)
    for address in never:
        await notify.lifecycle.tell(deal_opened(word=a_word(reply_to=address)))
    await notify.lifecycle.tell(deal_opened(word=a_word(reply_to="norely@people.example")))

    await notify.books.settled(14, rule="deal_opened")
    assert await recipients(notify, 1, "acknowledgement") == ["norely@people.example"]


async def test_a_removed_teammate_is_told_nothing_more(notify: Notify) -> None:
    await notify.lifecycle.tell(TeammateRemoved(email="sam@team.example"))
    await notify.lifecycle.tell(deal_opened(a_deal(owner="sam@team.example"), a_word(acknowledge=False)))

    assert await recipients(notify, 1, "deal_opened") == ["kim@team.example"]
    assert len(await notify.books.deliveries()) == 1


async def test_a_letter_goes_to_all_whom_it_names_as_one_mail(notify: Notify) -> None:
    letter = reply_written(a_deal(), to=("ada@client.example", "Ada@Client.example"), cc=("babbage@client.example",))
    await notify.lifecycle.tell(letter)

    sent = await notify.books.settled(2, rule="reply_written")
    assert sorted(row["recipient"] for row in sent) == ["ada@client.example", "babbage@client.example"]
    assert len({row["message_id"] for row in sent}) == 1


async def test_a_sign_in_link_goes_to_the_one_who_asked(notify: Notify) -> None:
    await notify.lifecycle.tell(SignInRequested(email="kim@team.example", link="/sign-in/abc", expires_at=NOW))

    [sent] = await notify.books.settled(1, rule="sign_in")
    assert sent["recipient"] == "kim@team.example"


async def test_a_workflows_message_goes_by_mail_or_sms_to_whom_it_is_for(notify: Notify) -> None:
    """W11, L45: an SMS goes to the built-in phone, and what is no number goes nowhere."""
    said: dict[str, Any] = {"deal": a_deal(), "audience": "contact", "text": "See you on Monday.", "transition": "win"}
    by_mail = MessageRequested(**said, channel="email", to="ada@client.example", subject_line="Booked")
    by_sms, to_nobody = (MessageRequested(**said, channel="sms", to=to) for to in ("+44 20 7946 0958", "ask her"))

    await notify.lifecycle.tell(by_mail, by_sms, to_nobody)

    sent = await notify.books.settled(2, rule="message_requested")
    assert {(row["channel"], row["recipient"], row["subject_line"]) for row in sent} == {
        ("email", "ada@client.example", "Booked"),
        ("sms", "+44 20 7946 0958", "SMS"),
    }
    [failed] = await notify.books.deliveries(status="failed")
    assert failed["recipient"] == "ask her"
    async with notify.running.services["notify"].rail.reading() as connection:
        [shown] = await list_messages(connection, to="+44 20 7946 0958", limit=5)
    assert (shown.channel, shown.read().text.strip()) == ("sms", "See you on Monday.")


async def test_a_reminder_goes_to_whom_it_is_for(notify: Notify) -> None:
    """L63: to the owner where nobody is named, also of what they set themselves, and never to who has left."""
    deal = a_deal(owner="sam@team.example")
    due: dict[str, Any] = {"deal": deal, "text": "Call about the chairs", "due_at": NOW, "actor": "kim@team.example"}
    await notify.lifecycle.tell(
        ReminderDue(reminder_id=new_id(), assignee="kim@team.example", **due),
        ReminderDue(reminder_id=new_id(), **due),
    )
    assert await recipients(notify, 2, "reminder_due") == ["kim@team.example", "sam@team.example"]

    await notify.lifecycle.tell(TeammateRemoved(email="kim@team.example"))
    await notify.lifecycle.tell(ReminderDue(reminder_id=new_id(), assignee="kim@team.example", **due))
    await notify.lifecycle.tell(ReminderDue(reminder_id=new_id(), **due))

    assert (await recipients(notify, 3, "reminder_due")).count("kim@team.example") == 1
    [mail, *_] = await notify.books.rows("SELECT subject_line FROM notify.delivery WHERE rule = 'reminder_due'")
    assert mail["subject_line"] == "Reminder: Forty chairs"


async def test_so_many_acknowledgements_go_out_in_an_hour(settings: Settings, books: Books) -> None:
    """mail B22: whatever writes to us under ever new names, we do not write back for ever."""
    changed = settings.changed(acknowledgements_per_hour=3)
    async with telling(changed) as lifecycle, run_services(changed, ["notify"]):
        await lifecycle.tell(*team("sam@team.example"))
        for batch in range(2):
            words = (a_word(reply_to=f"visitor{batch}-{number}@client.example") for number in range(3))
            await lifecycle.tell(*(deal_opened(word=word) for word in words))
            await books.settled(3 * (batch + 1), rule="deal_opened")
        await books.change("UPDATE notify.acknowledgement SET acknowledged_at = acknowledged_at - interval '1 hour'")
        await lifecycle.tell(deal_opened(word=a_word(reply_to="late@client.example")))
        await books.settled(7, rule="deal_opened")

        told = [row["recipient"] for row in await books.settled(4, rule="acknowledgement")]
        assert len(told) == 4
        assert "late@client.example" in told


async def test_teammates_programs_that_answer_each_other_are_stopped(notify: Notify) -> None:
    """mail B22: after twenty comments within an hour a teammate's mail is on the deal alone; others' are told."""
    deal = a_deal()
    theirs = ("sam@team.example", "Kim@team.example")
    mails = [a_word(author=theirs[turn % 2], channel="mail", acknowledge=False) for turn in range(MOST_AN_HOUR)]
    await notify.lifecycle.tell(*(comment_added(deal, mail) for mail in mails))
    await notify.books.settled(MOST_AN_HOUR, rule="comment_added")

    await notify.lifecycle.tell(*(comment_added(deal, mail) for mail in mails[:2]))
    await notify.lifecycle.tell(
        comment_added(deal, a_word(author="sam@team.example", channel="staff", text="By hand."))
    )
    await notify.lifecycle.tell(comment_added(deal, a_word(channel="mail", acknowledge=False)))
    await notify.lifecycle.tell(comment_added(a_deal(), mails[0]))
    await notify.books.settled(MOST_AN_HOUR + 4, rule="comment_added")

    assert len(await notify.books.deliveries(rule="comment_added")) == MOST_AN_HOUR + 4


async def test_who_was_acknowledged_is_remembered_over_a_restart(settings: Settings, books: Books) -> None:
    """mail B22: one a day for each reader, under any tag, and so many an hour for all, whoever stopped meanwhile."""
    changed = settings.changed(acknowledgements_per_hour=2)
    async with telling(changed) as lifecycle:
        await lifecycle.tell(*team("sam@team.example"))
        for run, readers in enumerate((["ada"], ["ada+again", "babbage"], ["curie"]), start=1):
            async with run_services(changed, ["notify"]):
                words = (a_word(reply_to=f"{reader}@client.example") for reader in readers)
                await lifecycle.tell(*(deal_opened(word=word) for word in words))
                await books.settled((1, 3, 4)[run - 1], rule="deal_opened")
                await books.settled(min(run, 2), rule="acknowledgement")

    told = [row["recipient"] for row in await books.deliveries(rule="acknowledgement")]
    assert told == ["ada@client.example", "babbage@client.example"]


async def test_two_who_count_at_the_same_time_do_not_both_send_what_is_left(notify: Notify) -> None:
    """mail B22"""
    rail = notify.running.services["notify"].rail
    drafts = [_acknowledgement_to(f"visitor-{number}@client.example") for number in range(8)]

    async def grant(batch: Sequence[Draft]) -> set[str]:
        async with rail.unit_of_work() as uow:
            granted = await grant_acknowledgements(uow.connection, batch, utc_now(), most=3)
            await asyncio.sleep(0.05)
        return granted

    granted = await asyncio.gather(grant(drafts[:4]), grant(drafts[4:]))
    again = await grant(drafts)

    assert sum(map(len, granted)) == 3
    assert again == set()


def _acknowledgement_to(address: str) -> Draft:
    return Draft(
        event_id=new_id(), event="deal_opened", rule=ACKNOWLEDGEMENT, recipient=address, to=(address,), context={}
    )
