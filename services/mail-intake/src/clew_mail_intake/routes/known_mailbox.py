"""What the API and the pages do with a mailbox that a path names.

Next: clew_mail_intake.imap.keeper.MailboxKeeper.poke.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import read_id
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import actor_of
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.imap.keeper import MailboxKeeper

# Gives False where there is none.
Change = Callable[[UUID, AsyncConnection], Awaitable[bool]]


async def change_known(request: web.Request, change: Change, rail: Rail, keeper: MailboxKeeper) -> UUID:
    """Change the mailbox that the path names, have that seen at once, and give its id. Raises `Problem` 404."""
    check_may_configure(actor_of(request))
    mailbox_id = read_id(request, "mailbox")
    async with rail.unit_of_work() as uow:
        was_there = await change(mailbox_id, uow.connection)
    if not was_there:
        raise not_found("mailbox")
    keeper.poke()
    return mailbox_id
