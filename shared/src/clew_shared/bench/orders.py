"""How fast orders come in from a file, beside a bare COPY of the same rows. Next: clew_shared.bench.line.Line."""

import time
from datetime import date, timedelta
from pathlib import Path
from random import Random

from clew_shared.bench.line import Line
from clew_shared.bench.measure import connected
from clew_shared.bench.process import run_clew
from clew_shared.runtime.settings import Settings

_ORDERS = 70_000
_COMPANIES = 23_500
_HEADER = "company,order,ordered_at,amount,currency\n"
_FIRST_DAY = date(2024, 1, 1)
_DAYS = 540


async def measure_orders(settings: Settings) -> list[Line]:
    """Import orders by command, and have their companies follow; then COPY what came of it into an equal table."""
    one, many = settings.data_dir / "one.csv", settings.data_dir / "many.csv"
    one.write_text(f"{_HEADER}first,first,2024-01-01,1,EUR\n")
    _write(many)
    await run_clew(settings, "import", "orders", str(one))
    start = await run_clew(settings, "import", "orders", str(one))
    seconds = await run_clew(settings, "import", "orders", str(many), "--initial", "replay") - start
    bare = await _copy(settings)
    return [
        Line(
            work=f"`clew import orders`: {_ORDERS:,} rows of {_COMPANIES:,} new companies, all where they belong",
            figure=_ORDERS / seconds,
            unit="rows/s",
            floor_name="a bare COPY of the same rows into an equal table",
            floor=_ORDERS / bare,
            note=f"{seconds:.1f} s, with their companies, history and events; start aside",
        )
    ]


def _write(path: Path) -> None:
    random = Random(4)
    with path.open("w") as file:
        file.write(_HEADER)
        for number in range(_ORDERS):
            # Every company has an order; some have many.
            company = number if number < _COMPANIES else random.randrange(_COMPANIES)
            day = _FIRST_DAY + timedelta(days=random.randrange(_DAYS))
            file.write(f"{company},{number},{day},{random.randrange(100_000) / 100},EUR\n")


async def _copy(settings: Settings) -> float:
    async with connected(settings) as database:
        rows = await database.fetch("SELECT * FROM lifecycle.sales_order")
        await database.execute("CREATE TABLE bench_order (LIKE lifecycle.sales_order INCLUDING ALL)")
        started = time.perf_counter()
        await database.copy_records_to_table("bench_order", records=[tuple(row) for row in rows])
        return time.perf_counter() - started
