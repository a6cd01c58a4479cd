"""A mailbox as it is shown. Next: clew_mail_intake.routes.mailbox_api.MailboxApi."""

from datetime import datetime
from uuid import UUID

import msgspec

from clew_mail_intake.mailboxes import After, Mailbox, OAuth, State, Tls


class MailboxView(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox without its secrets.

    `waiting` are mails that could not be fetched yet, `failing_since` is when the errors began that still last,
    `lag_seconds` how long its newest mail had lain there when we had it; `trouble` what the team was told at
    `troubled_at`, until it is over.
    """

    id: UUID
    host: str
    port: int
    tls: Tls
    username: str
    folder: str
    after: After
    move_to: str | None
    state: State
    last_success_at: datetime | None
    lag_seconds: int | None
    last_error: str | None
    received: int
    auth: OAuth | None
    tls_verify: bool
    alarm_minutes: int
    silent_hours: int | None
    newest_first: bool
    last_mail_at: datetime | None
    trouble: str | None
    troubled_at: datetime | None
    alias: str | None
    waiting: int
    failing_since: datetime | None


def view_mailbox(mailbox: Mailbox) -> MailboxView:
    place, health = mailbox.place, mailbox.health
    return MailboxView(
        id=mailbox.id,
        host=place.host,
        port=place.port,
        tls=place.tls,
        username=place.username,
        folder=place.folder,
        after=place.after,
        move_to=place.move_to,
        state="paused" if mailbox.paused else health.state,
        last_success_at=health.last_success_at,
        lag_seconds=health.lag_seconds,
        last_error=health.last_error,
        received=health.received,
        auth=place.oauth,
        tls_verify=place.tls_verify,
        alarm_minutes=place.alarm_minutes,
        silent_hours=place.silent_hours,
        newest_first=place.newest_first,
        last_mail_at=health.last_mail_at,
        trouble=health.trouble,
        troubled_at=health.troubled_at,
        alias=place.alias,
        waiting=mailbox.waiting,
        failing_since=health.failing_since,
    )
