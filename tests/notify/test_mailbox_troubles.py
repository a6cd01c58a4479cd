"""Who is told that mail is not coming in."""

from typing import Any

from clew_shared.contracts.ids import new_id
from clew_shared.contracts.mail import MailboxRecovered, MailboxTroubled

from tests.notify.conftest import Notify
from tests.notify.events import NOW, telling

_WHERE: dict[str, Any] = {"mailbox_id": new_id(), "host": "imap.example", "folder": "INBOX", "troubled_at": NOW}


async def test_the_team_is_told_that_a_mailbox_is_in_trouble_and_that_it_is_over(notify: Notify) -> None:
    """mail B36: by mail, with what the provider said, to everybody but the mailbox itself."""
    troubled = MailboxTroubled(username="Kim@Team.example", trouble="no_token", error="invalid_grant\r\n<b>", **_WHERE)
    recovered = MailboxRecovered(username="deals@imap.example", recovered_at=NOW, **_WHERE)
    async with telling(notify.running.settings, "mail-intake") as mail_intake:
        await mail_intake.tell(troubled)
        [told] = await notify.books.settled(1, rule="mailbox_troubled")
        await mail_intake.tell(recovered)
        over = await notify.books.settled(2, rule="mailbox_recovered")

    assert (told["recipient"], told["subject_line"]) == ("sam@team.example", "Mail is not coming in: Kim@Team.example")
    [mail] = await notify.books.rows("SELECT content FROM notify.mail WHERE delivery_id = :id", id=told["id"])
    assert b"invalid_grant &lt;b&gt;" in bytes(mail["content"])
    assert b"Auto-Submitted: auto-generated" in bytes(mail["content"])
    assert {row["recipient"] for row in over} == {"sam@team.example", "kim@team.example"}
