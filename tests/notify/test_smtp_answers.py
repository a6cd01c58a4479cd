"""What each way that a relay can behave means, by the point of the talk at which it happens."""

from datetime import UTC, datetime, timedelta

import pytest
from clew_notify.channels.provider import ProviderAway
from clew_notify.channels.rewritten_id import rewritten_id
from clew_notify.channels.smtp import Patience, SmtpLane, SmtpRelay
from clew_notify.channels.smtp_url import Relay, read_smtp_url
from clew_notify.claim import Claimed
from clew_notify.domain.outcome import Accepted, InDoubt, Outcome, Refused, next_state
from clew_notify.domain.rule import DEAL_OPENED, Rule
from clew_shared.contracts.ids import new_id
from clew_shared.identity.ses_id import without_region
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import BadSetting

from tests.notify.relays import RememberingRelay, smtp_sink

SHORT = Patience(connect=2, command=0.5, dot=0.5)
SES = "0100018f3a2b4c5d-1f2e3d4c-5b6a-4789-8abc-def012345678-000000"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def a_mail(
    content: bytes = b"Subject: x\r\n\r\n.a line that begins with a dot\r\n", recipient: str = "sam@x.example"
) -> Claimed:
    return Claimed(
        id=new_id(),
        rule="deal_opened",
        recipient=recipient,
        envelope_sender="",
        message_id="<a@in.localhost>",
        subject_line="x",
        deal_id=None,
        activity_id=None,
        attempt=1,
        possible_duplicate=False,
        expires_at=NOW + timedelta(hours=24),
        now=NOW,
        suppressed=None,
        content=content,
    )


def a_lane(url: str) -> SmtpLane:
    return SmtpRelay(read_smtp_url(url), "in.localhost", SHORT).open_lane()


async def send(lane: SmtpLane, *mails: Claimed) -> list[Outcome]:
    outcomes = [outcome async for _, outcome in lane.send_many(mails, lambda _: True)]
    await lane.close()
    return outcomes


@pytest.mark.parametrize("options", [("-q", "."), ("-W", ".:2")], ids=["hangs up", "falls silent"])
async def test_silence_after_the_final_dot_is_doubt(options: tuple[str, ...]) -> None:
    """notify 5."""
    async with smtp_sink(*options) as url:
        assert all(isinstance(outcome, InDoubt) for outcome in await send(a_lane(url), a_mail(), a_mail()))


@pytest.mark.parametrize(
    "options",
    [("-q", "data"), ("-W", "data:2"), ("-q", "rcpt"), ("-Q", "mail"), ("-q", "mail")],
    ids=["hangs up at DATA", "falls silent at DATA", "hangs up at RCPT", "421 at MAIL", "hangs up at MAIL"],
)
async def test_what_happens_before_the_final_dot_leaves_no_doubt(options: tuple[str, ...]) -> None:
    """notify 5: nothing was handed over, so it is tried again, and counted, as a mail that kills the talk must end."""
    async with smtp_sink(*options) as url:
        for outcome in await send(a_lane(url), a_mail(), a_mail()):
            assert isinstance(outcome, Refused)
            assert not outcome.permanent


@pytest.mark.parametrize("command", ["rcpt", "data", "."])
async def test_4xx_means_later(command: str) -> None:
    """notify 6."""
    async with smtp_sink("-r", command) as url:
        for outcome in await send(a_lane(url), a_mail(), a_mail()):
            assert isinstance(outcome, Refused)
            assert not outcome.permanent
            assert "450 4.3.0" in outcome.reason


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        ("550 5.1.1 no such user", True),
        ("556 5.1.10 null MX", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 5.7.1 policy", False),
        ("554 5.7.26 unauthenticated", False),
        ("550 no such user", False),
        ("552 5.2.2 full", False),
    ],
)
async def test_5xx_means_never_and_only_some_codes_end_the_address(answer: str, gone: bool) -> None:
    """notify 7."""
    async with smtp_sink("-f", "rcpt", "-B", answer) as url:
        [outcome] = await send(a_lane(url), a_mail())
    assert isinstance(outcome, Refused)
    assert outcome.permanent
    assert outcome.gone == gone


async def test_a_relay_that_is_away_or_wants_other_credentials_is_no_fault_of_a_mail() -> None:
    """notify 9: nothing is claimed while the provider refuses us."""
    with pytest.raises(ProviderAway):
        await a_lane(f"smtp://127.0.0.1:{free_port()}").ready()
    async with smtp_sink("-f", "connect") as url:
        with pytest.raises(ProviderAway):
            await a_lane(url).ready()
    async with RememberingRelay().running() as url:
        with pytest.raises(ProviderAway):
            await a_lane(url.replace("//", "//user:wrong@")).ready()
        with pytest.raises(ProviderAway):
            await a_lane(url.replace("smtp:", "smtp+starttls:")).ready()


async def test_one_line_carries_a_hundred_mails_and_the_content_arrives_unchanged() -> None:
    relay = RememberingRelay()
    async with relay.running() as url:
        outcomes = await send(a_lane(url), *(a_mail() for _ in range(130)))

    assert outcomes == [Accepted(detail="2.0.0 taken")] * 130
    assert relay.connections == 2
    assert {got.content for got in relay.got} == {a_mail().content}


@pytest.mark.parametrize(
    ("answer", "theirs"),
    [
        (f"Ok {SES}", f"<{SES}@email.amazonses.com>"),
        (
            "2.6.0 <7c@EX1.corp.example> [InternalId=274, Hostname=EX1] Queued mail for delivery",
            "<7c@EX1.corp.example>",
        ),
        (
            "2.0.0 OK <CH2PR1@CH2PR1.prod.outlook.com> [Hostname=CH2PR1.prod.outlook.com]",
            "<CH2PR1@CH2PR1.prod.outlook.com>",
        ),
        ("Message queued as <2026.1@smtp-relay.mailin.fr>", "<2026.1@smtp-relay.mailin.fr>"),
        ("2.6.0 <A@IN.localhost> [InternalId=274] Queued mail for delivery", None),
        ("2.0.0 <Sam@x.example> Saved", None),
        ("2.0.0 <one@a.example> <two@a.example>", None),
        ("2.0.0 Ok: queued as 4Zq9aa1c2dz3", None),
        ("Ok: queued as nhIMmON9SFOPcT0ii4nt2A", None),
        ("OK queued as a08b7f37-ed61-423a-ba75-38ed2fd4b54c", None),
        ("Great success", None),
        ("2.0.0 OK 1790000000 d44si1315748ede.149 - gsmtp", None),
        ("OK id=1tEZ0a-0005vi-00", None),
    ],
)
async def test_an_id_that_a_relay_puts_in_place_of_ours_is_learnt_where_it_says_so(answer: str, theirs: str) -> None:
    """mail B4: what names its queue, whom we wrote to, or our own id is no such id."""
    relay = RememberingRelay(f"250 {answer}")
    async with relay.running() as url:
        [outcome] = await send(a_lane(url), a_mail())

    assert outcome == Accepted(detail=answer, rewritten_as=theirs)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("email-smtp.us-east-1.amazonaws.com", "email"),
        ("email-smtp.eu-west-1.amazonaws.com", "eu-west-1"),
        ("email-smtp-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("vpce-1-2.email-smtp.ap-south-1.vpce.amazonaws.com", "ap-south-1"),
        ("smtp.corp.example", "email"),
    ],
)
def test_the_ids_of_amazon_name_the_region_that_the_relay_is_in(host: str, domain: str) -> None:
    """mail B4"""
    given = rewritten_id(f"Ok {SES}", host, "<a@in.localhost>", ())

    assert given == f"<{SES}@{domain}.amazonses.com>"
    assert without_region(given) == f"<{SES}@email.amazonses.com>"


async def test_a_line_that_died_while_idle_costs_no_attempt() -> None:
    relay = RememberingRelay()
    port = free_port()
    async with relay.running(port) as url:
        lane = a_lane(url)
        first = [outcome async for _, outcome in lane.send_many([a_mail()], lambda _: True)]
        protocol = lane._client.protocol if lane._client else None
        assert protocol is not None
        assert protocol.transport is not None
        protocol.transport.close()
        second = await send(lane, a_mail())

    assert first == second == [Accepted(detail="2.0.0 taken")]


async def test_an_address_outside_ascii_goes_where_it_is_understood() -> None:
    relay = RememberingRelay()
    async with relay.running() as url, smtp_sink() as plain:
        assert await send(a_lane(url), a_mail(recipient="josé@x.example")) == [Accepted(detail="2.0.0 taken")]
        [refused] = await send(a_lane(plain), a_mail(recipient="josé@x.example"))

    assert relay.got[0].recipients == ["josé@x.example"]
    assert isinstance(refused, Refused)
    assert refused.permanent


def test_a_relay_is_read_from_its_url() -> None:
    assert read_smtp_url("smtp+starttls://me%40x:p%2Fw@mx.example") == Relay(
        host="mx.example", port=587, tls="starttls", username="me@x", password="p/w"
    )
    assert read_smtp_url("smtps://mx.example:4650").port == 4650
    for wrong in ("http://x", "smtp://", "smtp://x:y", "smtp://x/path", "mx.example:25"):
        with pytest.raises(BadSetting):
            read_smtp_url(wrong)


def test_refusals_space_out_and_end_with_the_window() -> None:
    """notify 6: doubling pauses with jitter, 24 h for what informs, 10 minutes for a link that expires."""

    def after(attempt: int, age: timedelta, chance: float = 0.5) -> tuple[str, timedelta | None]:
        outcome = Refused(reason="450", permanent=False)
        state = next_state(
            outcome,
            DEAL_OPENED,
            attempt=attempt,
            in_doubt_before=False,
            now=NOW + age,
            expires_at=NOW + DEAL_OPENED.window,
            chance=chance,
        )
        return state.status, state.pause

    pauses = [after(attempt, timedelta(0))[1] for attempt in (1, 2, 3, 20)]
    assert pauses == [timedelta(seconds=seconds) for seconds in (5, 10, 20, 3600)]
    assert after(1, timedelta(0), 0.0)[1] != after(1, timedelta(0), 1.0)[1]
    assert after(30, timedelta(hours=23, minutes=30)) == ("dead", None)


def test_a_rule_may_hold_what_is_in_doubt_for_a_person() -> None:
    """notify 4: `hold` is the other policy."""
    careful = Rule(id="x", events=(), audience="", template="", subject_line="", in_doubt="hold")
    state = next_state(
        InDoubt(reason="?"), careful, attempt=1, in_doubt_before=False, now=NOW, expires_at=NOW, chance=0.5
    )
    assert (state.status, state.pause) == ("in_doubt", None)
