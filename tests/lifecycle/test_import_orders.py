"""Orders from files: CSV as programs write it, in any order, twice, half, and wrong."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.settings import OperatorError

from tests.lifecycle.desk import Desk
from tests.lifecycle.importing import HEADER, counts_as_of, findings, history, import_orders, needing, query, write

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
        assert await counts_as_of(desk, day) == counts


async def test_the_orders_of_cdnow_make_customers_by_history(desk: Desk, corpora: Path, tmp_path: Path) -> None:
    """F26."""
    await import_orders(desk, cdnow(corpora, tmp_path / "cdnow.csv"), initial="history")

    assert await counts_as_of(desk, "1998-06-30") == CDNOW_BY_HISTORY


async def test_orders_in_any_order_and_in_pieces_give_the_same_log(desk: Desk, tmp_path: Path) -> None:
    """F9, across two files."""
    await import_orders(desk, write(tmp_path / "a.csv", "acme,4,2020-01-04,1,EUR", "acme,2,2020-01-02,1,EUR"))
    await import_orders(desk, write(tmp_path / "b.csv", "acme,3,2020-01-03,1,EUR", "acme,1,2020-01-01,1,EUR"))

    assert await history(desk, "acme") == [
        ("suspect", "2020-01-01"),
        ("onboarding", "2020-01-01"),
        ("customer", "2020-01-04"),
        ("churned", "2021-01-03"),
    ]


async def test_with_one_order_needed_the_first_logs_onboarding_and_customer(desk: Desk, tmp_path: Path) -> None:
    """F8."""
    await needing(desk, orders_to_customer=1)
    await import_orders(desk, write(tmp_path / "a.csv", "acme,1,2026-11-01,0,EUR"))

    assert [stage for stage, _ in await history(desk, "acme")] == ["suspect", "onboarding", "customer"]


async def test_who_orders_after_churning_is_a_customer_or_begins_again(desk: Desk, tmp_path: Path) -> None:
    """F12."""
    few = ["few,1,2020-01-01,1,EUR", "few,2,2022-01-01,1,EUR"]
    many = [f"many,m{day},2020-01-0{day},1,EUR" for day in (1, 2, 3)] + ["many,m4,2022-01-01,1,EUR"]
    await import_orders(desk, write(tmp_path / "a.csv", *few, *many))

    assert [stage for stage, _ in await history(desk, "few")][2:4] == ["churned", "onboarding"]
    assert [stage for stage, _ in await history(desk, "many")][2:4] == ["churned", "customer"]


async def test_a_file_takes_back_what_an_earlier_one_said(desk: Desk, tmp_path: Path) -> None:
    """F15: the fourth is cancelled; an order changed its date; a credit counts for nothing."""
    four = [f"acme,{day},2026-10-0{day},1,EUR,sale" for day in (1, 2, 3, 4)]
    await import_orders(desk, write(tmp_path / "a.csv", *four, header=f"{HEADER},kind"))
    changes = ["acme,4,2026-10-05,,EUR,cancel", "acme,1,2026-09-30,1,EUR,sale", "acme,9,2026-10-06,-5,EUR,"]
    result = await import_orders(desk, write(tmp_path / "b.csv", *changes, header=f"{HEADER},kind"))

    counts = {name: result.job.counts[name] for name in ("new", "changed", "cancelled")}
    assert counts == {"new": 1, "changed": 1, "cancelled": 1}
    assert await history(desk, "acme") == [("suspect", "2026-09-30"), ("onboarding", "2026-09-30")]


async def test_the_first_ledger_is_the_one_that_counts(desk: Desk, tmp_path: Path) -> None:
    """F24, L13: and with several ledgers nobody churns (F13)."""
    header = f"{HEADER},ledger"
    lines = ["acme,1,2020-01-01,1,EUR,main", "acme,2,2020-01-02,1,EUR,second", "acme,3,2020-01-03,1,EUR,"]
    await import_orders(desk, write(tmp_path / "a.csv", *lines, header=header))

    [row] = await query(desk, "SELECT order_count, ledger_count, lifecycle_stage FROM lifecycle.company")
    assert row == (2, 2, "onboarding")


async def test_later_facts_go_through_the_live_rules_whatever_came_first(desk: Desk, tmp_path: Path) -> None:
    """L26, L28: a customer by history that churned comes back as the rules have it."""
    await import_orders(desk, write(tmp_path / "a.csv", "acme,1,2020-01-01,1,EUR"), initial="history")
    first = await history(desk, "acme")
    now = utc_now()
    await import_orders(desk, write(tmp_path / "b.csv", f"acme,2,{now.isoformat()},1,EUR"), initial="history")

    assert first == [("suspect", "2020-01-01"), ("customer", "2020-01-01"), ("churned", "2020-12-31")]
    assert await history(desk, "acme") == [*first, ("onboarding", f"{now:%Y-%m-%d}")]


async def test_what_an_import_changes_is_told_as_history_of_one_batch(desk: Desk, tmp_path: Path) -> None:
    """F20: one event for each company whose stage is another one now."""
    result = await import_orders(desk, write(tmp_path / "a.csv", "a,1,2026-11-01,1,EUR", "b,2,2026-11-02,1,EUR"))

    told = await desk.told_bodies()
    assert sorted(kind for kind, _ in told) == ["company_added"] * 2 + ["company_lifecycle_changed"] * 2
    assert {(body["historical"], body["batch_id"], body["actor"]) for _, body in told} == {
        (True, str(result.job.id), "import")
    }


async def test_rows_that_cannot_be_meant_are_listed_beside_the_file(desk: Desk, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "acme,1,2026-10-01,10,EUR",
        ",2,2026-10-01,10,EUR",
        "acme,3,1.10.2026,10,EUR",
        'acme,4,2026-10-01,"1,200",EUR',
        "acme,5,2026-10-01,10,money",
        "acme,6,2026-10-01",
        "other,1,2026-10-01,10,EUR",
        "acme,7,2026-10-01,,EUR",
        "acme,8,2999-01-01,10,EUR",
        "acme,9,2026-10-01,10,EUR",
    )
    result = await import_orders(desk, path)
    listed = await findings(desk, result, path)

    assert [line.split(",")[:4] for line in listed] == [
        ["3", "error", "company", "missing"],
        ["4", "error", "ordered_at", "time"],
        ["5", "error", "amount", "number"],
        ["6", "error", "currency", "currency"],
        ["7", "error", "", "fields"],
        ["8", "error", "company", "other_company"],
        ["9", "error", "amount", "missing"],
        ["10", "error", "ordered_at", "future"],
    ]
    assert (result.job.counts["new"], result.job.counts["errors"]) == (2, 8)
    assert listed[1].endswith("whoever writes the file,acme,3,1.10.2026,10,EUR")


async def test_what_was_mended_in_the_list_of_errors_can_be_imported_from_there(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "acme,1,2026-10-01,10,EUR", "acme,2,1.10.2026,10,EUR")
    await findings(desk, await import_orders(desk, path), path)
    beside = tmp_path / "a.csv.errors.csv"
    beside.write_text(beside.read_text().replace("10,EUR", "10,EUR").replace(",1.10.2026,", ",2026-10-01,"))
    mended = await import_orders(desk, beside)

    assert (mended.job.counts["new"], mended.job.counts["errors"]) == (1, 0)


@pytest.mark.parametrize(
    ("content", "how"),
    [
        (b'\xef\xbb\xbfCompany,Order,Ordered_At,Amount,Currency\r\nM\xc3\xbcller,1,2026-10-01,"12,50",eur\r\n', {}),
        ("company;order;ordered_at;amount;currency\nMüller;1;2026-10-01;12,50;EUR\n".encode("utf-16"), {}),
        ("sep=;\ncompany;order;ordered_at;amount;currency\nMüller;1;2026-10-01;12,50;EUR".encode(), {}),
        ('company,order,ordered_at,amount,currency\r"Müller",1,2026-10-01,12.50,EUR\r'.encode(), {}),
        (
            "company\torder\tordered_at\tamount\tcurrency\nMüller\t1\t2026-10-01\t12.5\tEUR\n".encode("cp1252"),
            {"encoding": "cp1252"},
        ),
    ],
    ids=["bom-crlf-comma", "utf-16", "sep", "cr", "cp1252-tab"],
)
async def test_files_are_read_as_programs_write_them(
    desk: Desk, tmp_path: Path, content: bytes, how: dict[str, Any]
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    result = await import_orders(desk, path, **how)

    assert (result.job.counts["new"], result.job.counts["errors"]) == (1, 0)
    assert await query(desk, "SELECT name FROM lifecycle.company") == [("Müller",)]
    assert await query(desk, "SELECT amount::text, currency FROM lifecycle.sales_order") == [("12.5000", "EUR")]


async def test_bytes_of_another_encoding_cost_their_row_alone(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        f"{HEADER}\na,1,2026-10-01,1,EUR\nM\xfcller,2,2026-10-01,1,EUR\nb\0,3,2026-10-01,1,EUR\n".encode("latin-1")
    )
    result = await import_orders(desk, path)

    assert [line.split(",")[3] for line in await findings(desk, result, path)] == ["encoding", "encoding"]
    assert result.job.counts["new"] == 1


@pytest.mark.parametrize(
    ("header", "complaint"),
    [("company,order,amount,currency", "ordered_at"), (f"{HEADER},Amount", "twice"), ("", "no header")],
)
async def test_a_header_that_cannot_be_meant_is_refused(
    desk: Desk, tmp_path: Path, header: str, complaint: str
) -> None:
    with pytest.raises(OperatorError, match=complaint):
        await import_orders(desk, write(tmp_path / "a.csv", "acme,1,2026-10-01,1,EUR", header=header))

    assert await desk.count("import_job") == 0


async def test_the_same_file_again_is_known_and_a_longer_one_is_read(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "acme,1,2026-10-01,1,EUR")
    await import_orders(desk, path)
    again = await import_orders(desk, path)
    longer = await import_orders(desk, write(path, "acme,1,2026-10-01,1,EUR", "acme,2,2026-10-02,1,EUR"))

    assert again.is_known
    assert (longer.is_known, longer.job.counts["new"], longer.job.counts["known"]) == (False, 1, 1)


async def test_the_same_ids_of_another_source_are_other_orders_and_companies(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "1,1,2026-10-01,1,EUR")
    await import_orders(desk, path)
    await import_orders(desk, path, source="shop")

    assert (await desk.count("company"), await desk.count("sales_order")) == (2, 2)


async def test_a_dry_run_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "acme,1,2026-10-01,1,EUR", "acme,2,never,1,EUR")
    result = await import_orders(desk, path, dry_run=True)

    assert (result.job.counts["new"], result.job.counts["errors"]) == (1, 1)
    for table in ("company", "sales_order", "import_job", "outbox", "lifecycle_log"):
        assert await desk.count(table) == 0, table


async def test_two_imports_of_one_source_do_not_run_at_once(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", *(f"c{number},{number},2026-10-01,1,EUR" for number in range(200)))
    both = await asyncio.gather(import_orders(desk, path), import_orders(desk, path), return_exceptions=True)
    later = await import_orders(desk, path)

    [refused] = [one for one in both if isinstance(one, OperatorError)]
    assert "being imported already" in str(refused)
    assert later.is_known
    assert await desk.count("sales_order") == 200
