"""Set how the lifecycle of all companies goes. Next: clew_lifecycle.store.due.redate_churn."""

from typing import Annotated, Literal

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.content_tag import check_content_tag
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from clew_lifecycle.changes import invalid
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.due import redate_churn
from clew_lifecycle.store.lifecycle_settings import KEY, LifecycleSettings, RfmSettings, load_settings
from clew_lifecycle.store.log_tables import setting
from clew_lifecycle.store.rfm import redate_all_rfm

_A_CENTURY = 36_500
_DAYS = Annotated[int, msgspec.Meta(ge=1, le=_A_CENTURY)]
_EFFECTS = {
    "orders_to_customer": (
        "Holds from the next order of each company on; `clew lifecycle recompute` applies it to the past as well."
    ),
    "after_lost": "Holds for deals that are lost or abandoned from now on.",
    "upsell_moves_customers": "Holds for deals that become an opportunity from now on.",
    "order_source": "Holds for invoices from now on.",
    "rfm": "Segments are worked out anew by the next sweep, within minutes.",
}


class LifecycleChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings that are to change."""

    churn_days: _DAYS | msgspec.UnsetType = msgspec.UNSET
    orders_to_customer: Annotated[int, msgspec.Meta(ge=1, le=4)] | msgspec.UnsetType = msgspec.UNSET
    churn_with_many_ledgers: bool | msgspec.UnsetType = msgspec.UNSET
    after_lost: Literal["prospect", "origin"] | msgspec.UnsetType = msgspec.UNSET
    upsell_moves_customers: bool | msgspec.UnsetType = msgspec.UNSET
    order_source: Literal["invoice_activated", "invoice_paid", "external"] | msgspec.UnsetType = msgspec.UNSET
    rfm: RfmSettings | msgspec.UnsetType = msgspec.UNSET


class ChangedSettings(LifecycleSettings, frozen=True, kw_only=True):
    """The settings as they are now, and for each that changed what that does."""

    effects: dict[str, str] = msgspec.field(default_factory=dict)


async def change_lifecycle_settings(
    wanted: LifecycleChanges, actor: Actor, uow: UnitOfWork, tag: str | None = None
) -> ChangedSettings:
    """Set what is given, keep what it was before, and have the companies that it concerns follow.

    Raises `Problem` 403, 412 when `tag` is not that of the settings as they are, 422 for thresholds that do not rise.
    """
    check_may_configure(actor)
    await _lock(uow)
    before = await load_settings(uow.connection)
    check_content_tag(tag, before)
    given = {name: value for name in wanted.__struct_fields__ if (value := getattr(wanted, name)) is not msgspec.UNSET}
    _check(given.get("rfm"))
    after = msgspec.structs.replace(before, **given)
    changed = [name for name in given if getattr(after, name) != getattr(before, name)]
    effects = {name: _EFFECTS[name] for name in changed if name in _EFFECTS}
    if changed:
        value = msgspec.to_builtins(after)
        row = {"value": value, "version": setting.c.version + 1}
        await uow.connection.execute(setting.update().where(setting.c.key == KEY).values(**row))
        old = {name: msgspec.to_builtins(getattr(before, name)) for name in changed}
        await write_audit(
            "lifecycle.settings_changed",
            f"setting:{KEY}",
            actor.email,
            uow.connection,
            before=old,
            after={name: value[name] for name in changed},
        )
    if {"churn_days", "churn_with_many_ledgers"} & set(changed):
        moved = await redate_churn(after.rules, uow.connection)
        effect = f"{moved} companies churn at another time now; the next sweep moves those whose time has passed."
        effects |= {name: effect for name in ("churn_days", "churn_with_many_ledgers") if name in changed}
    if "rfm" in changed:
        await redate_all_rfm(uow.connection)
    return ChangedSettings(**msgspec.structs.asdict(after), effects=effects)


async def _lock(uow: UnitOfWork) -> None:
    """Have one at a time change them; the first to do so finds no row to lock."""
    fresh = insert(setting).values(id=new_id(), key=KEY, value={}).on_conflict_do_nothing()
    await uow.connection.execute(fresh)
    await uow.connection.execute(select(setting.c.id).where(setting.c.key == KEY).with_for_update())


def _check(rfm: RfmSettings | None) -> None:
    if rfm is None:
        return
    for name in ("recency_days", "frequency", "monetary"):
        steps = getattr(rfm, name)
        if list(steps) != sorted(set(steps)):
            raise invalid(f"/rfm/{name}", "The thresholds of a score rise from one to the next.")
