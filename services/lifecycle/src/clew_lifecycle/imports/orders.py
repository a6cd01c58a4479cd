"""Orders from a file of another system. Next: clew_lifecycle.book_orders.book_orders."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.settings import OperatorError
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.book_orders import SaidOrder, book_orders
from clew_lifecycle.domain.read_values import BadValue, read_currency, read_name, read_number, read_time
from clew_lifecycle.imports.actor import ACTOR
from clew_lifecycle.imports.finding import Finding
from clew_lifecycle.imports.read_table import Row
from clew_lifecycle.imports.run import Written
from clew_lifecycle.know_companies import Origin, know_companies
from clew_lifecycle.store.import_jobs import Kind

_NEEDED = ("company", "order", "ordered_at", "amount", "currency")
_POSSIBLE = ("kind", "ledger")
_KINDS = ("sale", "credit", "cancel")
_AHEAD = timedelta(days=1)
_REMEMBERED = 1 << 16


class _Line(NamedTuple):
    """A row that could be read."""

    row: Row
    company: str
    order: str
    ordered_at: datetime
    amount: Decimal | None
    currency: str
    kind: str
    ledger: str | None


class OrderImporter:
    """Reads `company,order,ordered_at,amount,currency[,kind][,ledger]`, in any order of the columns."""

    kind: Kind = "orders"

    def __init__(self, source: str, decimal: str | None = None) -> None:
        self.source = source
        # The same dates and sums come again and again.
        self._read_time: Callable[[str], datetime] = lru_cache(_REMEMBERED)(read_time)
        self._read_number: Callable[[str], Decimal] = lru_cache(_REMEMBERED)(lambda text: read_number(text, decimal))
        self._read_currency: Callable[[str], str] = lru_cache(read_currency)
        self._places: dict[str, int] = {}
        self._latest = utc_now() + _AHEAD

    async def start(self, header: Sequence[str], uow: UnitOfWork) -> None:
        names = [name.casefold() for name in header]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise OperatorError(f"the header lacks {', '.join(missing)}; it is {','.join(_NEEDED)}[,kind][,ledger]")
        self._places = {name: names.index(name) for name in (*_NEEDED, *_POSSIBLE) if name in names}

    async def write(self, rows: Sequence[Row], batch_id: UUID, uow: UnitOfWork) -> Written:
        written = Written()
        lines: list[_Line] = []
        for row in rows:
            read = self._read(row)
            (written.findings if isinstance(read, Finding) else lines).append(read)  # type: ignore[arg-type]
        # Each company is named by its id, until somebody says better.
        names = {line.company: line.company for line in lines}
        companies, added = await know_companies(names, Origin(self.source, ACTOR, True, batch_id), uow)
        said = [_said(line, companies[line.company]) for line in lines]
        booked = await book_orders(self.source, said, uow.connection)
        written.findings += [_refused(lines[place]) for place in booked.refused]
        written.counts = Counter(booked.counts)
        written.counts["companies"] = len(added)
        # Every company that was added has an order that is new.
        written.since = booked.since
        return written

    def _read(self, row: Row) -> _Line | Finding:
        fields, column = row.fields, ""

        def given(name: str) -> str:
            nonlocal column
            column = name
            place = self._places.get(name)
            return fields[place].strip() if place is not None else ""

        try:
            company, order = read_name(given("company")), read_name(given("order"))
            ordered_at = self._read_time(given("ordered_at"))
            if ordered_at > self._latest:
                raise BadValue("future", f"{ordered_at:%Y-%m-%d} is still to come")
            amount = self._read_number(text) if (text := given("amount")) else None
            currency = self._read_currency(given("currency"))
            kind = _kind(given("kind").casefold(), amount)
            ledger = given("ledger") or None
        except BadValue as error:
            return Finding.error(row.line, column, error.code, str(error), fields)
        if amount is None and kind != "cancel":
            return Finding.error(row.line, "amount", "missing", "An order that is not cancelled has an amount", fields)
        return _Line(row, company, order, ordered_at, amount, currency, kind, ledger)


def _kind(said: str, amount: Decimal | None) -> str:
    is_negative = amount is not None and amount < 0
    if not said:
        return "credit" if is_negative else "sale"
    if said not in _KINDS:
        raise BadValue("kind", f"“{said}” is none of {', '.join(_KINDS)}")
    if said == "sale" and is_negative:
        raise BadValue("negative", "A sale of less than nothing is a credit")
    return said


def _said(line: _Line, company_id: UUID) -> SaidOrder:
    return SaidOrder(
        external_id=line.order,
        company_id=company_id,
        ordered_at=line.ordered_at,
        amount=line.amount,
        currency=line.currency,
        kind=line.kind,
        ledger=line.ledger,
    )


def _refused(line: _Line) -> Finding:
    message = f"Order {line.order} is known as another company's than {line.company}"
    return Finding.error(line.row.line, "company", "other_company", message, line.row.fields)
