"""Orders from files: CSV as programs write it, in any order, twice, half, and wrong."""

from pathlib import Path

from tests.lifecycle.desk import Desk
from tests.lifecycle.importing import HEADER, counts_as_of, import_orders

CDNOW = {
    "1997-03-31": {"onboarding": 22912, "customer": 658},
    "1998-06-30": {"onboarding": 3363, "customer": 4969, "churned": 15238},
}
CDNOW_BY_HISTORY = {"customer": 8332, "churned": 15238}


def cdnow(corpora: Path, path: Path) -> Path:
    """The public orders as a CSV; they have no ids of their own."""
    lines = (corpora / "orders" / "CDNOW_master.txt").read_text().splitlines()[1:]
    with path.open("w") as file:
        file.write(f"{HEADER}\n")
        for number, line in enumerate(lines):
            customer, day, _, value = line.split()
            file.write(f"{customer},{number},{day[:4]}-{day[4:6]}-{day[6:]},{value},USD\n")
    return path


async def test_the_orders_of_cdnow_give_the_known_stages_by_replay(desk: Desk, corpora: Path, tmp_path: Path) -> None:
    """The exact oracle: N = 4, C = 365."""
    result = await import_orders(desk, cdnow(corpora, tmp_path / "cdnow.csv"), initial="replay")

    assert result.job.counts["rows"] == result.job.counts["new"] == 69659
    assert result.job.counts["companies"] == 23570
    for day, counts in CDNOW.items():
        assert {**await counts_as_of(desk, day), "suspect": 0} == {**counts, "suspect": 0}


async def test_the_orders_of_cdnow_make_customers_by_history(desk: Desk, corpora: Path, tmp_path: Path) -> None:
    """F26."""
    await import_orders(desk, cdnow(corpora, tmp_path / "cdnow.csv"), initial="history")

    assert await counts_as_of(desk, "1998-06-30") == CDNOW_BY_HISTORY
