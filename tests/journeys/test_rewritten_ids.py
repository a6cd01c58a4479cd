"""A relay that never leaves our Message-ID on a mail: answers and reports that know only its own come home."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import run_services

from tests.journeys.test_returned_mail import ANN, a_letter, bounces, deliver, delivery_of, qmail, suspensions
from tests.mail_intake.mailroom import Mailroom
from tests.mail_intake.test_threads import set_policy
from tests.notify.relays import RememberingRelay


@dataclass(slots=True)
class RewritingRelay(RememberingRelay):
    """Gives each mail an id of its own and says so as its kind does; `given` are those ids by ours."""

    kind: str = "ses"
    given: dict[str, str] = field(default_factory=dict)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        ours = re.findall(rb"(?m)^Message-ID: (\S+)\r$", content)[0].decode()
        number = len(self.given)
        if self.kind == "ses":
            name = f"0102018f3a2b4c5d-{number:08x}-5b6a-4789-8abc-def012345678-000000"
            self.given[ours], answer = f"<{name}@eu-west-1.amazonses.com>", f"250 Ok {name}"
        else:
            self.given[ours] = f"<AB{number}@DB7PR03.eurprd03.prod.outlook.com>"
            answer = f"250 2.6.0 {self.given[ours]} [InternalId=27{number}, Hostname=DB7] Queued mail for delivery"
        envelope.content = content.replace(ours.encode(), self.given[ours].encode())
        await RememberingRelay.handle_DATA(self, server, session, envelope)
        return answer


@pytest.mark.parametrize("kind", ["ses", "exchange"])
async def test_what_names_only_the_id_that_the_relay_gave_comes_home(settings: Settings, kind: str) -> None:
    """B4, B19: no token, a sender with two open deals; a report without a word of ours is proven."""
    relay = RewritingRelay(kind=kind)
    async with relay.running() as url, run_services(settings.changed(smtp_url=url)) as clew:
        room = Mailroom(clew)
        await set_policy(room, "always_new")
        deals = {}
        for words in ("chairs", "lamps"):
            await room.post(words, From=ANN, subject=words)
            deals[words], _ = await room.landed(words)
        await set_policy(room, None)
        theirs = {}
        for words, deal in deals.items():
            letter = await a_letter(clew, deal)
            theirs[words] = await known_as(room, letter["id"], relay)

        await room.post("more chairs", From=ANN, In_Reply_To=theirs["chairs"], subject="Re: it")
        found, entry = await room.landed("more chairs")
        await deliver(clew, qmail(f"Message-ID: {theirs['lamps']}\r\n"))

        assert found["id"] == deals["chairs"]["id"]
        assert entry["match_reason"] in ("in_reply_to", "references")
        [returned] = await bounces(clew, deals["lamps"])
        assert "unproven" not in returned["flags"]
        assert [one["scope"] for one in await suspensions(clew, deals["lamps"])] == ["all"]


async def known_as(room: Mailroom, delivery_id: str, relay: RewritingRelay) -> str:
    """Wait until a delivery has left and a reply to it would be known; give the id that its reader sees."""

    async def look() -> dict[str, Any] | None:
        found = await delivery_of(room.clew, delivery_id)
        return found if found["rewritten_as"] else None

    sent = await room.clew.eventually(look, 30)
    await room.remembered(sent["rewritten_as"])
    return relay.given[sent["message_id"]]
