"""Mailboxes as a person sets them up: tried before they are kept, changed, put to rest, and their secrets kept."""

import asyncio
from typing import Any

import msgspec
from clew_mail_intake.keep_mailbox import change_mailbox, keep_mailbox
from clew_mail_intake.mailboxes import (
    After,
    Cursor,
    Mailbox,
    MailboxPlace,
    OAuth,
    add_mailbox,
    keep_refresh_token,
    list_mailboxes,
    read_mailbox,
    row_of_cursor,
    save_cursor,
)
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from clew_shared.testing.waiting import eventually
from sqlalchemy import text

from tests.mail_intake.intake import Intake, a_mail, running_intake

_MAILBOXES = "/api/v1/mail/mailboxes"


_NO_TOKEN = {
    "kind": "oauth2",
    "provider": "microsoft",
    "flow": "client_credentials",
    "client_id": "app",
    "client_secret": "secret",
    "token_url": "http://127.0.0.1:1/token",
}


async def test_a_trial_says_what_is_wrong_and_who_can_mend_it(intake: Intake, dovecot: Dovecot) -> None:
    asked = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": "trier", "password": PASSWORD}
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({}, "It works: “INBOX” can be read", ""),
        ({"password": "no"}, "does not let trier in", "You can mend this here"),
        ({"folder": "Nowhere"}, "There is no folder “Nowhere”. There are: INBOX.", "You can mend this here"),
        (
            {"folder": "Closed", "username": "closer"},
            "The folder “Closed” cannot be opened. The server says: ",
            "Whoever runs the mail server",
        ),
        ({"tls": "tls"}, "does not speak TLS", "Another port or another encryption"),
        ({"port": 1}, "Nothing listens at 127.0.0.1, port 1.", "Whoever runs the mail server"),
        ({"host": "imap.nowhere.invalid"}, "There is no server called imap.nowhere.invalid.", "Is the name right?"),
        ({"auth": _NO_TOKEN}, "No token could be had", "An administrator of your Microsoft 365"),
    ]

    with dovecot.sign_in("closer") as client:
        # What is above it is listed, and is no folder that can be opened.
        client.create("Closed.Inner")

    trials = [await intake.running.post(f"{_MAILBOXES}/test", {**asked, **wrong}) for wrong, _, _ in cases]

    for trial, (wrong, said, who) in zip(trials, cases, strict=True):
        assert said in trial["message"]
        assert who in trial["who"]
        assert trial["works"] is not bool(wrong)
    assert (await intake.running.get(_MAILBOXES))["items"] == []


async def test_a_password_that_is_known_goes_nowhere_else(intake: Intake, dovecot: Dovecot) -> None:
    """Left empty it stays, but for another server, another user or less encryption it is asked for again."""
    form = {"host": "127.0.0.1", "port": str(dovecot.port), "tls": "none", "username": "kept", "folder": "INBOX"}
    await posted(intake, "/settings/mailboxes", {**form, "password": PASSWORD})
    [box] = (await intake.running.get(_MAILBOXES))["items"]
    here = f"/settings/mailboxes/{box['id']}"

    for changed in ({"host": "localhost"}, {"username": "other"}, {"port": "1"}, {"tls_verify": "false"}):
        for path in (here, "/settings/mailboxes/test"):
            status, page = await posted(intake, path, {**form, **changed, "id": box["id"]})
            assert status == 422, (changed, path)
            assert "Give this again" in page
    status, tried = await posted(intake, "/settings/mailboxes/test", {**form, "id": box["id"]})
    await posted(intake, here, {**form, "after": "keep", "silent_hours": "24"})

    assert "It works" in tried
    assert PASSWORD not in tried
    [now] = (await intake.running.get(_MAILBOXES))["items"]
    assert (now["id"], now["after"], now["silent_hours"]) == (box["id"], "keep", 24)
    await intake.running.eventually(lambda: state_is(intake, "connected"))


async def test_a_mailbox_that_rests_is_not_read_until_it_is_resumed(settings: Settings, dovecot: Dovecot) -> None:
    """B39: from where it was left; its mails count as having come for the intake address that was chosen."""
    async with running_intake(settings.changed(intake_aliases=("sales",))) as intake:
        asked = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": "rester", "password": PASSWORD}
        box = await intake.running.post(_MAILBOXES, {**asked, "alias": "sales@in.localhost"}, status=201)
        await intake.running.eventually(lambda: state_is(intake, "connected"))
        await intake.running.post(f"{_MAILBOXES}/{box['id']}/pause", {})
        await intake.running.eventually(lambda: state_is(intake, "paused"))
        # Whoever reads it looks at the settings every two seconds.
        await asyncio.sleep(0.5)
        await asyncio.to_thread(dovecot.deliver, "rester", a_mail())
        await asyncio.sleep(1)
        assert await intake.accepted() == 0

        await intake.running.post(f"{_MAILBOXES}/{box['id']}/resume", {})

        [mail] = await intake.all_judged(1)
        assert mail["to"] == ["sales@in.localhost"]
        [enquiry] = await intake.told(EnquiryReceived)
        assert (enquiry.source, enquiry.names_us) == ("mail:sales", True)
        await eventually(lambda: state_is(intake, "connected"))


async def test_who_only_works_the_deals_may_see_the_mailboxes_and_change_none(settings: Settings) -> None:
    """B36: neither by the API nor by the pages, which offer it to nobody else than an admin and a manager."""
    async with running_intake(settings, "sales") as intake:
        place = MailboxPlace(
            host="127.0.0.1", port=1, tls="none", username="x", password=b"", folder="INBOX", after="keep", move_to=None
        )
        async with intake.rail.unit_of_work() as uow:
            key = await add_mailbox(place, uow.connection)
        asked = {"host": "127.0.0.1", "username": "jo", "password": "x"}
        for path in (_MAILBOXES, f"{_MAILBOXES}/test", f"{_MAILBOXES}/{key}/pause", f"{_MAILBOXES}/{key}/resume"):
            await intake.running.post(path, asked, status=403)
        async with intake.running.http.delete(f"{intake.running.url}{_MAILBOXES}/{key}") as answered:
            assert answered.status == 403
        for act in ("", "/test", f"/{key}", f"/{key}/test", f"/{key}/pause", f"/{key}/resume", f"/{key}/delete"):
            assert (await posted(intake, f"/settings/mailboxes{act}", asked))[0] == 403, act

        async with intake.running.http.get(f"{intake.running.url}/settings/mailboxes") as page:
            shown = await page.text()

    assert f"box-{key}" in shown
    assert "Connect a mailbox" not in shown
    assert f"{key}/delete" not in shown


async def test_a_watch_of_the_old_account_keeps_nothing_for_the_new_one(intake: Intake) -> None:
    """B39: its numbers would hide mails there, and its refresh token would be taken for the new secret."""
    usual: dict[str, Any] = {"host": "127.0.0.1", "port": 1, "tls": "none", "after": "keep", "move_to": None}
    old = MailboxPlace(**usual, username="old", password=b"1", folder="INBOX")
    async with intake.rail.unit_of_work() as uow:
        key = await add_mailbox(old, uow.connection)
        before = await read_mailbox(key, uow.connection)
        assert before is not None
        await save_cursor(before, row_of_cursor(Cursor(1, 50, {})), uow.connection)
    async with intake.rail.unit_of_work() as changing:
        new = MailboxPlace(**usual, username="new", password=b"2", folder="INBOX")
        await change_mailbox(before, new, Seal(intake.settings, b"test"), changing.connection)
        saving = asyncio.create_task(_save_late(intake, before))
        await asyncio.sleep(0.1)
    await saving

    assert (await intake.rows("SELECT * FROM mail_intake.mailbox_cursor")) == []
    assert (await intake.rows("SELECT username, refresh_token FROM mail_intake.mailbox")) == [("new", None)]


async def test_a_refresh_token_is_kept_as_long_as_the_secret_that_brought_it(intake: Intake) -> None:
    """B36: the same settings given again, as a deployment does, would else go back to one that has ended."""
    # The API forgot it each time, and the page when the same secret was filled in.
    seal = Seal(intake.settings, b"test")
    auth = OAuth(provider="google", flow="refresh_token", client_id="app")
    usual: dict[str, Any] = {"host": "127.0.0.1", "port": 1, "tls": "none", "folder": "INBOX", "move_to": None}

    async def give(by_page: bool = False, secret: str = "first", after: After = "keep", **changed: Any) -> Any:
        settings = {**usual, "username": "jo", "oauth": auth, "after": after, **changed}
        place = MailboxPlace(**settings, password=seal.seal(secret))
        async with intake.rail.unit_of_work() as uow:
            await uow.connection.execute(text("UPDATE mail_intake.mailbox SET refresh_token = 'new', last_error = 'x'"))
            if by_page:
                [before] = await list_mailboxes(uow.connection)
                await change_mailbox(before, place, seal, uow.connection)
            else:
                await keep_mailbox(place, seal, uow.connection)
        return (await intake.rows("SELECT refresh_token, state, last_error, after FROM mail_intake.mailbox"))[0]

    for by_page in (False, True):
        await give()
        assert await give(by_page, after="seen") == (b"new", "connecting", None, "seen")
        assert (await give(by_page, secret="second")).refresh_token is None
        other = msgspec.structs.replace(auth, client_id="another app")
        assert (await give(by_page, secret="second", oauth=other)).refresh_token is None


async def _save_late(intake: Intake, before: Mailbox) -> None:
    async with intake.rail.unit_of_work() as uow:
        await save_cursor(before, row_of_cursor(Cursor(1, 60, {})), uow.connection)
        await keep_refresh_token(before, b"old", uow.connection)


async def posted(intake: Intake, path: str, form: dict[str, str]) -> tuple[int, str]:
    async with intake.running.http.post(f"{intake.running.url}{path}", data=form) as page:
        return page.status, await page.text()


async def state_is(intake: Intake, state: str) -> bool:
    return [box["state"] for box in (await intake.running.get(_MAILBOXES))["items"]] == [state]
