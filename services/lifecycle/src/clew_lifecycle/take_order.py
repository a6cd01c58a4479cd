"""Take an order, and take one back, as it happens. Next: clew_lifecycle.book_orders.book_orders."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import OrderCancelled, OrderTaken
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.book_orders import Booked, SaidOrder, book_orders
from clew_lifecycle.changes import invalid, read_amount, read_currency
from clew_lifecycle.domain.read_values import BadValue, read_time
from clew_lifecycle.know_companies import Origin, know_companies
from clew_lifecycle.recompute import recompute_companies
from clew_lifecycle.store.externals import find_companies, is_company
from clew_lifecycle.store.orders import OrderView, as_id, find_order, read_order, summarise_order

# Whose ids they are where nobody says it, in the API as in files.
SOURCE = "erp"
_AHEAD = timedelta(days=1)
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order by the ids that the system `source` has for it and for its company.

    `company` may also be the id that we have; one that nobody knows is added. `ordered_at` is an ISO date (the start
    of that day, UTC) or datetime, and now where it is missing. Of kind `cancel` it takes the order back; where no
    kind is said, one of less than nothing is a credit. Blanks around ids are not part of them.
    """

    order: Name
    company: Name | None = None
    company_id: UUID | None = None
    ordered_at: str | None = None
    amount: str | int | float | None = None
    currency: str = "EUR"
    kind: Literal["sale", "credit", "cancel"] | None = None
    ledger: Name | None = None
    source: Name = SOURCE


async def take_order(wanted: NewOrder, actor: Actor, uow: UnitOfWork) -> tuple[OrderView, bool]:
    """Book the order and have its company follow at once; give it, and whether it is new.

    An order that is known stays as it is, unless it is taken back. Raises `Problem` 404, 409, 422.
    """
    wanted = _trimmed(wanted)
    at = _ordered_at(wanted.ordered_at)
    amount, currency = read_amount(wanted.amount), read_currency(wanted.currency)
    kind = _kind(wanted.kind, amount)
    if kind != "cancel":
        if amount is None:
            raise invalid("/amount", "An order has an amount.")
        known = await find_order(wanted.source, wanted.order, uow.connection)
        if known is not None:
            return known, False
    said = SaidOrder(
        external_id=wanted.order,
        company_id=await _company(wanted, actor, uow),
        ordered_at=at,
        amount=amount,
        currency=currency,
        kind=kind,
        ledger=wanted.ledger,
    )
    booked = await book_orders(wanted.source, [said], uow.connection)
    if booked.refused:
        raise Problem(409, "Another company's", "That order is known as the order of another company.")
    return await _follow(said, wanted.source, booked, actor, uow), booked.counts["new"] > 0


async def cancel_order(order_id: UUID, actor: Actor, uow: UnitOfWork) -> OrderView:
    """Take an order back, as of now; one that was taken back stays so. Raises `Problem` 404."""
    known = await read_order(order_id, uow.connection)
    if known is None:
        raise not_found("order")
    said = SaidOrder(
        external_id=known.order,
        company_id=known.company.id,
        ordered_at=utc_now(),
        amount=known.amount,
        currency=known.currency,
        kind="cancel",
    )
    booked = await book_orders(known.source, [said], uow.connection)
    return await _follow(said, known.source, booked, actor, uow)


async def _follow(said: SaidOrder, source: str, booked: Booked, actor: Actor, uow: UnitOfWork) -> OrderView:
    """Have the company go where its orders lead it, and tell of the order as it now is."""
    await recompute_companies(booked.since, uow, since=booked.since, actor=actor.email)
    view = await find_order(source, said.external_id, uow.connection)
    if view is None:
        raise LookupError(said.external_id)
    if booked.counts["new"] > 0:
        uow.emit(OrderTaken(order=summarise_order(view), actor=actor.email))
    elif booked.counts["cancelled"] > 0 and view.cancelled_at is not None:
        cancelled = OrderCancelled(order=summarise_order(view), cancelled_at=view.cancelled_at, actor=actor.email)
        uow.emit(cancelled)
    return view


async def _company(wanted: NewOrder, actor: Actor, uow: UnitOfWork) -> UUID:
    """Give the company that is meant: by its id, by what the source calls it, or a new one of that name."""
    if wanted.company_id is not None:
        if not await is_company(wanted.company_id, uow.connection):
            raise not_found("company")
        return wanted.company_id
    if wanted.company is None:
        raise invalid("/company", "An order is some company's.")
    known = await find_companies(wanted.source, [wanted.company], uow.connection)
    if wanted.company in known:
        return known[wanted.company]
    own = as_id(wanted.company)
    if own is not None and await is_company(own, uow.connection):
        return own
    added, _ = await know_companies({wanted.company: wanted.company}, Origin(wanted.source, actor.email), uow)
    return added[wanted.company]


def _trimmed(wanted: NewOrder) -> NewOrder:
    """Take the ids as files are read, so that both mean the same record."""
    given = {name: getattr(wanted, name) for name in ("order", "company", "ledger", "source")}
    names = {name: value.strip() for name, value in given.items() if value is not None}
    for name, value in names.items():
        if not value:
            raise invalid(f"/{name}", "Nothing is given here.")
    return msgspec.structs.replace(wanted, **names)


def _kind(said: str | None, amount: Decimal | None) -> str:
    is_negative = amount is not None and amount < 0
    if said == "sale" and is_negative:
        raise invalid("/kind", "A sale of less than nothing is a credit.")
    return said or ("credit" if is_negative else "sale")


def _ordered_at(text: str | None) -> datetime:
    now = utc_now()
    if text is None:
        return now
    try:
        at = read_time(text)
    except BadValue as error:
        raise invalid("/ordered_at", f"{error}.") from None
    if at > now + _AHEAD:
        raise invalid("/ordered_at", "That is still to come.")
    return at
