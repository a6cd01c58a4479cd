"""Keep the reasons that deals are lost for. Next: clew_lifecycle.enter_stage.find_reason."""

import re
from typing import Any

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import func, insert, select, update

from clew_lifecycle.changes import check_version_of, invalid
from clew_lifecycle.store.workflow_tables import lost_reason

_KEY = re.compile(r"[a-z0-9][a-z0-9_]{0,62}")


class NewLostReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`needs_note` asks for words, `reopenable` lets the client's writing again bring the deal back."""

    key: str
    label: str
    needs_note: bool = False
    reopenable: bool = True


class LostReasonChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    label: str | msgspec.UnsetType = msgspec.UNSET
    needs_note: bool | msgspec.UnsetType = msgspec.UNSET
    reopenable: bool | msgspec.UnsetType = msgspec.UNSET


async def add_lost_reason(wanted: NewLostReason, uow: UnitOfWork) -> None:
    """Add a reason, or bring one back that was taken away. Raises `Problem` 409, 422."""
    if not _KEY.fullmatch(wanted.key):
        raise invalid("/key", "A key is small letters, digits and underscores.")
    values: dict[str, Any] = {"label": _label(wanted.label), "needs_note": wanted.needs_note, "retired_at": None}
    values["reopenable"] = wanted.reopenable
    same = select(lost_reason).where(lost_reason.c.key == wanted.key).with_for_update()
    known = (await uow.connection.execute(same)).one_or_none()
    if known is not None and known.retired_at is None:
        raise Problem(409, "Already there", f"There is a reason {wanted.key} already.")
    if known is not None:
        values["version"] = known.version + 1
        await uow.connection.execute(update(lost_reason).where(lost_reason.c.id == known.id).values(**values))
        return
    last = await uow.connection.scalar(select(func.max(lost_reason.c.position)))
    await uow.connection.execute(
        insert(lost_reason).values(id=new_id(), key=wanted.key, position=(last or 0) + 1, **values)
    )


async def edit_lost_reason(key: str, wanted: LostReasonChanges, uow: UnitOfWork, version: int | None = None) -> None:
    """Change a reason. Raises `Problem` 404, 412 for another version than the one given, 422."""
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    if "label" in given:
        given["label"] = _label(given["label"])
    await _change(key, given, uow, version)


async def retire_lost_reason(key: str, uow: UnitOfWork, version: int | None = None) -> None:
    """Have no more deals be lost for it; those that were go on saying so. Raises `Problem` 404, 412."""
    await _change(key, {"retired_at": utc_now()}, uow, version)


async def _change(key: str, values: dict[str, Any], uow: UnitOfWork, version: int | None) -> None:
    is_there = (lost_reason.c.key == key) & lost_reason.c.retired_at.is_(None)
    known = (await uow.connection.execute(select(lost_reason).where(is_there).with_for_update())).one_or_none()
    if known is None:
        raise not_found("lost reason")
    check_version_of("lost reason", known.version, version)
    if values:
        change = update(lost_reason).where(lost_reason.c.id == known.id)
        await uow.connection.execute(change.values(**values, version=known.version + 1))


def _label(given: str) -> str:
    label = " ".join(given.split())
    if not label:
        raise invalid("/label", "A reason needs a label.")
    return label[:200]
