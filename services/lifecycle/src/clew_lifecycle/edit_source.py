"""Set what becomes of a door's enquiries. Next: clew_lifecycle.receive_enquiry.receive_enquiries."""

from typing import Any, Literal

import msgspec
from clew_shared.contracts.enquiry import Policy
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import select, update

from clew_lifecycle.changes import check_version_of
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.tables import source


class SourceChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings that are to change; `policy` null leaves it to the door."""

    policy: Policy | msgspec.UnsetType | None = msgspec.UNSET
    scope: Literal["any", "pipeline"] | msgspec.UnsetType = msgspec.UNSET
    phone_is_identity: bool | msgspec.UnsetType = msgspec.UNSET
    fold_tags: bool | msgspec.UnsetType = msgspec.UNSET


async def edit_source(
    key: str, wanted: SourceChanges, actor: Actor, uow: UnitOfWork, version: int | None = None
) -> None:
    """Change a source for the enquiries from now on. Raises `Problem` 403, 404, 412 for another version."""
    check_may_configure(actor)
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    known = (
        (await uow.connection.execute(select(source).where(source.c.key == key).with_for_update())).mappings().first()
    )
    if known is None:
        raise not_found("source")
    check_version_of("source", known["version"], version)
    changed: dict[str, Any] = {name: value for name, value in given.items() if known[name] != value}
    if not changed:
        return
    values = {**changed, "version": known["version"] + 1}
    await uow.connection.execute(update(source).where(source.c.id == known["id"]).values(**values))
    before = {name: known[name] for name in changed}
    await write_audit("source.changed", f"source:{key}", actor.email, uow.connection, before=before, after=changed)
