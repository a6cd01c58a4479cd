"""Change how a company or a contact is reached: by one main address or number, or by the whole list.

Next: clew_lifecycle.points.replace_points.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row

from clew_lifecycle.points import Owner, Read, known_points, read_emails, read_phones, replace_points


class Wanted(Protocol):
    """`email` and `phone` take the place of the main ones, null drops them; a list is all that there is, main first."""

    @property
    def email(self) -> str | msgspec.UnsetType | None: ...
    @property
    def emails(self) -> list[str] | msgspec.UnsetType: ...
    @property
    def phone(self) -> str | msgspec.UnsetType | None: ...
    @property
    def phones(self) -> list[str] | msgspec.UnsetType: ...
    @property
    def region(self) -> str | None: ...


async def change_reach(wanted: Wanted, row: Row[Any], owner: Owner, uow: UnitOfWork) -> dict[str, Any]:
    """Write the points, and give the columns `email` and `phone` where anything of that kind changed.

    Raises `Problem` 409 for an address that is another contact's own, 422 for what cannot be one.
    """
    values: dict[str, Any] = {}
    emails = _whole(wanted.email, wanted.emails, await known_points(owner, "email", row.email, uow.connection))
    if emails is not None:
        main = None if wanted.emails is not msgspec.UNSET else next(iter(emails), None)
        read = read_emails(main, emails if main is None else emails[1:])
        if await replace_points(owner, "email", read, uow) or _main(read) != row.email:
            values["email"] = _main(read)
    phones = _whole(wanted.phone, wanted.phones, await known_points(owner, "phone", row.phone, uow.connection))
    if phones is not None:
        numbers = read_phones(phones, wanted.region)
        if await replace_points(owner, "phone", numbers, uow) or _main(numbers) != row.phone:
            values["phone"] = _main(numbers)
    return values


def _main(read: Sequence[Read]) -> str | None:
    return read[0].main if read else None


def _whole(
    one: str | msgspec.UnsetType | None, several: list[str] | msgspec.UnsetType, known: Sequence[str]
) -> list[str] | None:
    """Give the whole list that is wanted, None when it stays as it is."""
    if several is not msgspec.UNSET:
        return [text for text in several if text.strip()]
    if one is msgspec.UNSET:
        return None
    return [one, *known[1:]] if one is not None and one.strip() else list(known[1:])
