"""Add a person who works here. Next: clew_notify.announce.Announcer."""

from uuid import UUID

from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import TeammateAdded
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy.dialects.postgresql import insert

from clew_lifecycle.store.team_tables import teammate


class NotAnAddress(ValueError):
    """What was given cannot be an email address."""


async def add_teammate(email: str, name: str | None, uow: UnitOfWork, role: str = "admin") -> UUID | None:
    """Add a teammate, or take back one who left; give None for who is one already. Raises `NotAnAddress`."""
    read = normalise_email(email)
    if read is None:
        raise NotAnAddress(email)
    name = (name or "").strip() or _name_from(read.address)
    added = await uow.connection.execute(
        insert(teammate)
        .values(id=new_id(), email=read.address, email_key=read.key, name=name, role=role)
        # Who was let go and comes back is the same person.
        .on_conflict_do_update(
            index_elements=["email_key"], set_={"active": True, "name": name, "role": role}, where=~teammate.c.active
        )
        .returning(teammate.c.id, teammate.c.email)
    )
    row = added.one_or_none()
    if row is None:
        return None
    uow.emit(TeammateAdded(email=row.email, name=name, added_at=utc_now()))
    kept_id: UUID = row.id
    return kept_id


def _name_from(address: str) -> str:
    words = address.partition("@")[0].replace(".", " ").replace("_", " ").replace("-", " ").split()
    return " ".join(word.capitalize() for word in words) or address
