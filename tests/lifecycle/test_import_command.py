"""`clew import`, as an operator calls it: killed in the middle, called again, asked wrongly."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from clew_shared.runtime.settings import OperatorError, Settings

from tests.lifecycle.desk import Desk
from tests.lifecycle.importing import HEADER, import_mapped, query, write
from tests.lifecycle.test_commands import CLEW, clew

COMPANIES = 2500
# Four orders of each, so that a company's orders are spread over the chunks.
LINES = [
    f"c{company},{number}-{company},2020-0{number}-01,10,EUR" for number in range(1, 5) for company in range(COMPANIES)
]


async def call(
    settings: Settings, *words: str, failpoint: str = "", stdin: bytes | None = None
) -> tuple[int, str, str]:
    env = {
        "CLEW_DATABASE_URL": settings.database_url or "",
        "CLEW_NATS_URL": settings.nats_url or "",
        "CLEW_DATA_DIR": str(settings.data_dir),
        "CLEW_FAILPOINT": failpoint,
    }
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(CLEW, *words, env=env, stdin=pipe, stdout=pipe, stderr=pipe)
    out, errors = await child.communicate(stdin)
    return child.returncode or 0, out.decode(), errors.decode()


async def state(desk: Desk) -> list[tuple[Any, ...]]:
    """Companies with their orders and their logs, as they stand."""
    return await query(
        desk,
        """
        SELECT c.name, c.lifecycle_stage, c.order_count, c.last_order_at,
            (SELECT count(*) FROM lifecycle.sales_order o WHERE o.company_id = c.id) AS orders,
            (SELECT array_agg(l.stage || ' ' || l.effective_at::date ORDER BY l.effective_at, l.seq)
             FROM lifecycle.lifecycle_log l WHERE l.company_id = c.id AND l.superseded_at IS NULL) AS log
        FROM lifecycle.company c ORDER BY c.name
        """,
    )


async def batches(desk: Desk) -> set[Any]:
    return {body["batch_id"] for _, body in await desk.told_bodies()}


async def test_an_import_that_is_killed_goes_on_where_it_was(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    """Killed between chunks, within one, and while the companies follow; then it comes to the same end."""
    path = write(tmp_path / "orders.csv", *LINES)
    lives = ("import.after_chunk:1", "uow.before_commit:3", "import.after_follow:1")
    killed = [await call(settings, "import", "orders", str(path), failpoint=place) for place in lives]
    last = await call(settings, "import", "orders", str(path))
    again = await call(settings, "import", "orders", str(path))

    assert [code for code, _, _ in killed] == [-9, -9, -9]
    assert (last[0], again[0]) == (0, 0), last[2] + again[2]
    assert "rows: 10000\norders: 10000 new, 0 known, 0 changed, 0 cancelled\ncompanies: 2500 new\n" in last[1]
    assert again[1].startswith("all 10000 rows are known since ")
    [(jobs,)] = await query(desk, "SELECT count(*) FROM lifecycle.import_job")
    assert (jobs, len(await batches(desk)), await desk.count("import_pending")) == (1, 1, 0)
    rows = await state(desk)
    assert len(rows) == COMPANIES
    assert {row[1:3] + row[4:5] for row in rows} == {("churned", 4, 4)}
    assert {tuple(row[5]) for row in rows} == {("suspect 2020-01-01", "customer 2020-01-01", "churned 2021-04-01")}


async def test_what_was_left_undone_is_done_with_the_next_file(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", "a,1,2026-11-01,1,EUR")
    await call(settings, "import", "orders", str(path), failpoint="import.after_chunk:1")
    code, out, errors = await call(settings, "import", "orders", str(write(path, "b,2,2026-11-01,1,EUR")))

    assert code == 0, errors
    assert "stages: 2 customer" in out


async def test_standard_input_is_a_file_as_well(desk: Desk, settings: Settings) -> None:
    content = f"{HEADER}\na,1,2026-11-01,1,EUR\na,2,never,1,EUR\n".encode()
    first = await call(settings, "import", "orders", "-", "--source", "shop", "--initial", "replay", stdin=content)
    second = await call(settings, "import", "orders", "-", "--source", "shop", stdin=content)

    assert (first[0], second[0]) == (1, 1)
    assert "orders: 1 new" in first[1]
    assert "orders: 0 new, 1 known" in second[1]
    assert "3,error,ordered_at,time," in first[2]
    assert [row["lifecycle_stage"] for row in await desk.rows("company")] == ["onboarding"]


async def test_what_the_operator_asked_wrongly_is_said(settings: Settings) -> None:
    code, _, errors = await clew(settings, "import", "orders", "nowhere.csv")

    assert code == 2
    assert "nowhere.csv cannot be read" in errors


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        ('source = "x"\n[fields]\nexternal_id = "id"', "no column is given for stage"),
        ('source = "x"\n[fields]\nexternal_id = "id"\nstage = "s"\nmood = "m"', "there is no field mood"),
        ('source = "x"\n[fields]\nexternal_id = "id"\nstage = "s"', "the file has no column s"),
        ('source = "x"\n[fields]\nexternal_id = "id"\nstage = {}', "stage needs one of column"),
        ('source = "x"\n[fields]\nexternal_id = "id"\nstage = "id"\n[custom]\nx = "id"', "deal has no attribute x"),
        ('source = "x"\n[fields]\nexternal_id = "id"\nstage = "id"\n[history]\nx = "id"', "no pipeline has"),
        ("source = ", "Invalid value"),
    ],
)
async def test_a_mapping_that_cannot_be_meant_is_refused(
    desk: Desk, tmp_path: Path, mapping: str, complaint: str
) -> None:
    (tmp_path / "deals.csv").write_text("id\n1\n")
    with pytest.raises(OperatorError, match=complaint):
        await import_mapped(desk, "deals", tmp_path / "deals.csv", mapping)

    assert await desk.count("import_job") == 0
