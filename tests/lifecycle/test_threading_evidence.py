"""What mails say of the thread that they belong to, weighed over real PostgreSQL (B5, B8, B11, A12)."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import hypothesis
import pytest
from clew_lifecycle.receive_enquiry import receive_enquiries
from clew_lifecycle.service import build
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.outrun import Outrun
from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import Settings
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.lifecycle.desk import ADA, BOB, Desk, form, mail, received, token


class ThreadDesk:
    """A desk for many examples one after the other: its batches in their order, and on how many deals they are."""

    def __init__(self, settings: Settings) -> None:
        self._runner = asyncio.Runner()
        service = build(settings)
        self._desk = Desk(service.rail)
        self._runner.run(self._begin(service))

    async def _begin(self, service: Service) -> None:
        assert service.seed is not None
        await service.seed()

    def __call__(self, batches: Sequence[Sequence[EnquiryReceived]], words: str) -> int:
        return self._runner.run(self._placed(batches, words))

    async def _placed(self, batches: Sequence[Sequence[EnquiryReceived]], words: str) -> int:
        for batch in batches:
            await self._desk.receive(*batch)
        return len({row["deal_id"] for row in await self._desk.rows("activity") if words in row["body"]})

    def close(self) -> None:
        self._runner.run(self._desk.rail.database.close())
        self._runner.close()


@pytest.fixture
def thread_desk(settings: Settings) -> Iterator[ThreadDesk]:
    desk = ThreadDesk(settings)
    yield desk
    desk.close()


async def test_a_subject_that_names_another_deal_of_the_sender_chooses_among_theirs(desk: Desk) -> None:
    """B8, A13: the weakest hint, and enough where the sender has both."""
    order = {"source": "form:order", "policy": "always_new"}
    await desk.receive(mail(), form(**order))
    _, second = await desk.deals()
    await desk.receive(mail(text="about that one", subject_tag=second.id))

    entry = await desk.last_entry(second.id)
    assert (entry.body, entry.match_reason, entry.facts.flags) == ("about that one", "same_contact", ())


async def test_a_subject_that_names_somebody_elses_deal_leads_nowhere_and_says_so(desk: Desk) -> None:
    """B8: a stranger gets a deal of their own, somebody known stays on theirs."""
    await desk.receive(mail(ADA))
    of_ada = await desk.only_deal()
    await desk.receive(mail(BOB, subject_tag=of_ada.id), mail(BOB, subject_tag=of_ada.id))

    _, of_bob = await desk.deals()
    entries = await desk.entries(of_bob.id)
    assert [(entry.match_reason, entry.facts.flags) for entry in entries] == [
        ("new", ("unproven_tag",)),
        ("same_contact", ("unproven_tag",)),
    ]
    assert entries[0].facts.candidates == (str(of_ada.id),)
    assert len(await desk.entries(of_ada.id)) == 1


@pytest.mark.parametrize("closed", ["", "lost", "won"])
async def test_hearsay_opens_a_deal_of_its_own_and_names_the_one_it_might_belong_to(desk: Desk, closed: str) -> None:
    """B14, B16: who wrote is said by a stranger's form that knows an id of the client's; A13-A16 do not hold."""
    await desk.receive(mail(ADA, message_id="<own@client.example>"))
    deal = await desk.only_deal()
    if closed:
        await desk.close(deal.id, closed, lost_reason="price" if closed == "lost" else None)
    said = {"hearsay": True, "authenticity": "none", "name": "Not Ada", "in_reply_to": "<own@client.example>"}
    await desk.receive(mail(ADA, **said), mail(ADA, **said))

    deals = await desk.deals()
    entries = [await desk.last_entry(each.id) for each in deals[1:]]
    assert len(await desk.entries(deal.id)) == (2 if closed else 1)
    assert [(each.match_reason, each.facts.flags) for each in entries] == [
        ("new", ("hearsay", "unverified_sender"))
    ] * 2
    assert str(deal.id) in entries[0].facts.candidates
    assert [row["name"] for row in await desk.rows("contact")] == [None]
    assert not any(word["word"].get("acknowledge") for _, word in (await desk.told_bodies())[1:] if word.get("word"))


async def test_who_is_not_on_the_deal_brings_nobody_else_in(desk: Desk) -> None:
    """A12: whom a stranger puts in copy stays as unknown as they are."""
    await desk.receive(mail(ADA))
    deal = await desk.only_deal()
    await desk.receive(mail(BOB, reply_token=token(deal.id), participants=("mallory@else.example",)))
    await desk.receive(mail("mallory@else.example", reply_token=token(deal.id)))

    assert {row["email_key"]: row["state"] for row in await desk.rows("deal_contact")} == {
        BOB: "suggested",
        "mallory@else.example": "suggested",
    }


@pytest.mark.parametrize(
    ("named", "home", "reason"),
    [
        ({"references": ("<old@y>", "<sent@x>", "<new@y>")}, "x", "references"),
        ({"references": ("<sent@x>", "<mail@y>"), "in_reply_to": "<mail@y>"}, "x", "references"),
        ({"references": ("<mail@x>", "<new@y>"), "in_reply_to": "<new@y>"}, "x", "references"),
        ({"references": ("<sent@y>",), "in_reply_to": "<sent@x>"}, "x", "in_reply_to"),
        ({"references": ("<sent@x>", "<mail@x>"), "in_reply_to": "<mail@x>"}, "x", "in_reply_to"),
        ({"references": ("<sent@x>", "<sent@y>", "<mail@x>")}, "y", "references"),
    ],
)
async def test_an_id_of_ours_goes_before_ids_of_others_and_those_before_hearsay(
    desk: Desk, named: dict[str, Any], home: str, reason: str
) -> None:
    """B2, B7: a client may answer our mail inside a thread of their own that another deal has heard of."""
    await desk.receive(mail(ADA, message_id="<mail@x>"), mail(BOB, message_id="<mail@y>", references=("<old@y>",)))
    await desk.receive(mail(BOB, references=("<new@y>",)))
    of_ada, of_bob = await desk.deals()
    for name, deal in (("<sent@x>", of_ada), ("<sent@y>", of_bob)):
        await desk.execute(
            f"INSERT INTO lifecycle.message_ref (message_id, deal_id, kind) VALUES ('{name}', '{deal.id}', 'sent')"
        )
    await desk.receive(mail("carl@third.example", **named, text="this one"))

    entry = await desk.last_entry((of_ada if home == "x" else of_bob).id)
    assert (entry.body, entry.match_reason) == ("this one", reason)


async def test_a_teammate_who_answers_comments_on_the_deal_and_is_no_stranger(desk: Desk) -> None:
    """A12: for the team alone; what they say is no word of the client's, who is neither answered nor taken up again."""
    await desk.receive(mail(ADA, message_id="<1@x>"))
    deal = await desk.only_deal()
    await desk.close(deal.id, "lost", ago=timedelta(days=10), lost_reason="price")
    await desk.forget_told()
    sam = {"verified": "mail", "text": "I will call her.", "participants": ("carl@third.example",)}
    await desk.receive(mail("sam@team.example", reply_token=token(deal.id), **sam))
    await desk.receive(mail("sam@team.example", in_reply_to="<1@x>", **sam))

    first, second = (await desk.entries(deal.id))[-2:]
    for entry in (first, second):
        assert entry.facts.flags == ()
        assert (entry.kind, entry.visibility, entry.author) == ("comment", "internal", "sam@team.example")
    assert [(row["email"], row["state"]) for row in await desk.rows("deal_contact")] == [("carl@third.example", "cc")]
    [row] = await desk.rows("deal")
    assert (row["status"], row["last_inbound_at"], row["last_staff_at"], row["entries"]) == (
        "lost",
        deal.last_activity_at,
        second.occurred_at,
        3,
    )
    told = await desk.told_bodies()
    assert [(kind, body["actor"], body["word"]["channel"]) for kind, body in told] == [
        ("comment_added", "sam@team.example", "mail")
    ] * 2
    assert not any(body["word"].get("acknowledge", False) for _, body in told)


@pytest.mark.parametrize(
    "doubt",
    [
        {"verified": "no", "authenticity": "none"},
        {"verified": "mail", "authenticity": "none", "by_token": True},
        {"verified": "mail", "authenticity": "fail", "released_by": "sam@team.example"},
        {"verified": "mail", "forwarded_by": "kim@team.example"},
    ],
)
async def test_a_teammates_name_alone_makes_nobody_a_teammate(desk: Desk, doubt: dict[str, Any]) -> None:
    """A12, B14: unproven, by the reply address that the client has too, forged and let through, or only passed on."""
    await desk.receive(mail(ADA, message_id="<1@x>"))
    deal = await desk.only_deal()
    reply_token = token(deal.id) if doubt.pop("by_token", False) else None
    await desk.receive(mail("sam@team.example", in_reply_to="<1@x>", reply_token=reply_token, **doubt))

    entry = await desk.last_entry(deal.id)
    assert (entry.kind, entry.visibility) == ("mail_in", "shared")
    assert "unknown_participant" in entry.facts.flags
    assert await desk.rows("deal_contact") == []


async def test_two_mails_of_a_thread_at_once_are_not_placed_apart(desk: Desk) -> None:
    """B11: placed side by side, the one that commits later is told to look again, and then joins."""
    parent, reply = mail(ADA, message_id="<p@x>"), mail(BOB, in_reply_to="<p@x>")
    async with desk.rail.unit_of_work() as first:
        await receive_enquiries([received(parent)], first)
        later = asyncio.create_task(desk.receive(reply))
        await asyncio.sleep(0.2)
        assert not later.done()
    with pytest.raises(Outrun):
        await later
    await desk.receive(reply)

    deal = await desk.only_deal()
    assert [entry.match_reason for entry in await desk.entries(deal.id)] == ["new", "in_reply_to"]


@given(order=st.permutations(range(5)), cuts=st.sets(st.integers(1, 4)), one_person=st.booleans())
@hypothesis.settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_thread_is_one_deal_in_whatever_order_it_comes(
    thread_desk: ThreadDesk, order: list[int], cuts: set[int], one_person: bool
) -> None:
    """B11: three deep with a branch, each of somebody else with all ancestors, or of one person with only the last."""
    name, parents = new_id(), (None, 0, 1, 2, 1)
    mails = []
    for number, parent in enumerate(parents):
        above: list[str] = []
        ancestor = parent
        while ancestor is not None:
            above.insert(0, f"<{ancestor}@{name}>")
            ancestor = parents[ancestor]
        mails.append(
            mail(
                f"{name}@x.example" if one_person else f"{number}.{name}@{number}.example",
                message_id=f"<{number}@{name}>",
                in_reply_to=above[-1] if above else None,
                references=() if one_person else tuple(above),
                text=f"{number} of {name}",
            )
        )
    starts = [0, *sorted(cuts), 5]
    batches = [[mails[number] for number in order[start:end]] for start, end in pairwise(starts)]

    assert thread_desk(batches, str(name)) == 1


@pytest.mark.parametrize(("policy", "deals"), [("always_new", 2), ("triage", 1), (None, 1)])
async def test_what_becomes_of_repeats_is_set_for_a_source(desk: Desk, policy: str | None, deals: int) -> None:
    """B5: what people set goes before what the door says; a reply comes home all the same."""
    await desk.receive(mail(message_id="<1@x>"))
    source = next(row["id"] for row in await desk.rows("source") if row["key"] == "mail:deals")
    await desk.change("source", source, policy=policy)
    await desk.receive(mail(text="fresh"))
    await desk.receive(mail(text="reply", in_reply_to="<1@x>"))

    assert len(await desk.deals()) == deals
    assert [row["reason"] for row in await desk.rows("enquiry")] == (["triage"] * 2 if policy == "triage" else [])
    first, *_ = await desk.deals()
    said = [entry.body for entry in await desk.entries(first.id)][1:]
    assert said == {"always_new": ["reply"], "triage": [], None: ["fresh", "reply"]}[policy]
