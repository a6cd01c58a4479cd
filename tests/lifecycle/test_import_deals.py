"""Deals from files: what they were, when, and what nobody knows of them any more."""

from decimal import Decimal
from pathlib import Path

import pytest
from clew_lifecycle.routes.moments import first_instant
from clew_lifecycle.store.reports.report_funnel import report_funnel
from clew_lifecycle.store.reports.report_lost_reasons import report_lost_reasons
from clew_lifecycle.store.reports.report_time_in_stage import report_time_in_stage
from clew_lifecycle.store.reports.report_win_rate import report_win_rate
from clew_lifecycle.store.reports.scope import Scope, find_pipeline
from clew_shared.contracts.ids import utc_now

from tests.lifecycle import maven
from tests.lifecycle.desk import Desk
from tests.lifecycle.importing import findings, history, import_mapped, query

SHORT = 500


@pytest.fixture
def deals(corpora: Path, tmp_path: Path) -> Path:
    """The sample, where the errors file may be written beside it."""
    for name in ("sales_pipeline.csv", "accounts.csv", "products.csv"):
        (tmp_path / name).write_bytes((corpora / "deals" / name).read_bytes())
    return tmp_path / "sales_pipeline.csv"


def shorten(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[: SHORT + 1]))


def lost(path: Path) -> int:
    return path.read_text().count(",Lost,")


async def test_the_sample_of_deals_comes_in_whole_and_its_gaps_are_reported(desk: Desk, deals: Path) -> None:
    """8 800 deals; GTXPro is no product that is known, and stays what it is."""
    await import_mapped(desk, "companies", deals.with_name("accounts.csv"), maven.ACCOUNTS)
    result = await import_mapped(desk, "deals", deals, maven.DEALS)
    listed = await findings(desk, result, deals)

    assert (result.job.counts["new"], result.job.counts["errors"]) == (8800, 0)
    assert sum(",unknown_product," in line for line in listed) == 1480
    assert sum(",no_company," in line for line in listed) == 1425
    assert {line.split(",")[1] for line in listed} == {"warning"}
    by_status = await query(desk, "SELECT status, count(*) FROM lifecycle.deal GROUP BY 1 ORDER BY 1")
    assert by_status == [("lost", 2473), ("open", 2089), ("won", 4238)]
    [(won,)] = await query(desk, "SELECT sum(amount) FROM lifecycle.deal WHERE status = 'won'")
    assert won == Decimal(10005534)
    [(kept,)] = await query(desk, "SELECT count(*) FROM lifecycle.deal WHERE custom->>'product' = 'GTXPro'")
    assert kept == 1480
    await check_reports(desk)


async def check_reports(desk: Desk) -> None:
    """Win rate 0.6315, 2 473 lost for reasons that nobody knows; funnel and time in stage from the log."""
    now = utc_now()
    async with desk.rail.reading() as connection:
        sales = await find_pipeline("sales", connection)
        period = Scope(start=first_instant("2016-01-01"), end=now, as_of=now, pipeline=sales)
        [rate] = await report_win_rate(period, "pipeline", connection)
        reasons = [count for count in await report_lost_reasons(period, connection) if count.by == "reason"]
        cohort, funnel = await report_funnel(period, connection)
        times = {one.stage: one for one in await report_time_in_stage(period, connection)}

    assert (rate.won, rate.lost, rate.win_rate, rate.won_value) == (4238, 2473, 0.6315, Decimal(10005534))
    assert [(count.reason, count.deals) for count in reasons] == [("unknown", 2473)]
    entered = {stage.stage: stage.entered for stage in funnel if stage.entered}
    assert (cohort, entered) == (8800, {"new": 8800, "qualified": 8300, "won": 4238, "lost": 2473})
    assert (times["qualified"].deals, times["qualified"].still_there) == (8300, 1589)
    assert times["qualified"].latest_median_days > 0


async def test_old_lost_deals_come_in_without_a_reason(desk: Desk, deals: Path) -> None:
    """W17."""
    shorten(deals)
    await import_mapped(desk, "deals", deals, maven.DEALS)

    unknown = "SELECT count(*) FROM lifecycle.deal WHERE status = 'lost' AND lost_reason_id IS NULL"
    assert await query(desk, unknown) == [(lost(deals),)]
    by_import = "SELECT count(*) FROM lifecycle.deal_log WHERE to_status = 'lost' AND actor = 'import'"
    assert await query(desk, by_import) == [(lost(deals),)]


async def test_every_deal_is_told_once_as_history(desk: Desk, deals: Path) -> None:
    """F20: nobody is notified of it, and whoever listens sees that it is past."""
    shorten(deals)
    result = await import_mapped(desk, "deals", deals, maven.DEALS)

    told = await desk.told_bodies()
    opened = [body for kind, body in told if kind == "deal_opened"]
    assert len(opened) == SHORT
    assert {(body["historical"], body["batch_id"], body["actor"]) for _, body in told} == {
        (True, str(result.job.id), "import")
    }


async def test_a_second_run_adds_nothing(desk: Desk, deals: Path) -> None:
    shorten(deals)
    await import_mapped(desk, "deals", deals, maven.DEALS)
    again = await import_mapped(desk, "deals", deals, maven.DEALS)
    copy = deals.with_name("copy.csv")
    copy.write_bytes(deals.read_bytes())
    elsewhere = await import_mapped(desk, "deals", copy, maven.DEALS)

    assert again.is_known
    assert (elsewhere.job.counts["known"], elsewhere.job.counts["new"]) == (SHORT, 0)
    assert await desk.count("deal") == SHORT


async def test_companies_follow_what_their_deals_came_to(desk: Desk, tmp_path: Path) -> None:
    """c1, c2 and d, at the dates of the file."""
    path = tmp_path / "deals.csv"
    path.write_text(
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "1,A,GTX,Won Ltd,Won,2026-01-02,2026-02-03,10\n"
        "2,A,GTX,Lost Ltd,Lost,2026-01-02,2026-02-03,0\n"
        "3,A,GTX,Open Ltd,Engaging,2026-01-02,,\n"
        "4,A,GTX,New Ltd,Prospecting,,,\n"
    )
    (tmp_path / "products.csv").write_text("product\nGTX\n")
    await import_mapped(desk, "deals", path, maven.DEALS)

    opened = [("suspect", "2026-01-02"), ("opportunity", "2026-01-02")]
    assert await history(desk, "Won Ltd") == [*opened, ("onboarding", "2026-02-03")]
    assert await history(desk, "Lost Ltd") == [*opened, ("prospect", "2026-02-03")]
    assert await history(desk, "Open Ltd") == opened
    assert [stage for stage, _ in await history(desk, "New Ltd")] == ["suspect"]


async def test_a_dry_run_writes_nothing_and_finds_the_same(desk: Desk, deals: Path) -> None:
    rehearsed = await import_mapped(desk, "deals", deals, maven.DEALS, dry_run=True)
    listed = await findings(desk, rehearsed, deals)

    assert (rehearsed.job.counts["new"], len(listed)) == (8800, 2905)
    for table in ("deal", "company", "deal_log", "import_job", "attribute", "outbox"):
        assert await desk.count(table) == 0, table


async def test_rows_that_cannot_be_meant_are_reported_and_the_rest_goes_on(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(
        "id,stage,opened,closed,value,owner,reason\n"
        "1,won,2026-02-01,2026-01-01,5,,\n"
        "2,flying,2026-02-01,,5,,\n"
        "3,new,soon,,5,,\n"
        ",new,2026-02-01,,5,,\n"
        "5,new,2026-02-01,,a lot,,\n"
        "6,lost,2026-02-01,2026-03-01,5,,because\n"
        "7,new,2026-02-01,,5,nobody@x.example,\n"
        '8,qualified,2026-02-01,,"1.200,50",SAM@team.example,\n'
        "9,lost,2026-02-01,2026-03-01,5,Sam,price\n"
    )
    mapping = """
    source = "old"
    [fields]
    external_id = "id"
    stage = "stage"
    opened_at = "opened"
    closed_at = "closed"
    amount = "value"
    owner = "owner"
    lost_reason = "reason"
    """
    result = await import_mapped(desk, "deals", path, mapping)
    listed = await findings(desk, result, path)

    assert [line.split(",")[:4] for line in listed] == [
        ["2", "error", "closed_at", "order"],
        ["3", "error", "stage", "unknown_stage"],
        ["4", "error", "opened_at", "time"],
        ["5", "error", "external_id", "missing"],
        ["6", "error", "amount", "number"],
        ["7", "error", "lost_reason", "unknown_lost_reason"],
        ["8", "warning", "owner", "unknown_owner"],
    ]
    kept = {deal.title: deal for deal in await desk.deals()}
    assert sorted(kept) == ["7", "8", "9"]
    assert (kept["8"].amount, kept["8"].owner) == (Decimal("1200.50"), "sam@team.example")
    assert kept["9"].lost_reason is not None


async def test_contacts_come_in_once_with_their_companies(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "id,first,last,mail,firm\n"
        "1,Ada,Lovelace,ada@client.example,Client Ltd\n"
        "2,Bob,,bob@client.example,Client Ltd\n"
        "3,Eve,,no address,\n"
        ",Zoe,,,\n"
        "5,Ada,Again,ADA@client.example,\n"
    )
    mapping = """
    source = "old"
    [fields]
    external_id = "id"
    given_name = "first"
    family_name = "last"
    email = "mail"
    company = "firm"
    """
    first = await import_mapped(desk, "contacts", path, mapping)
    listed = await findings(desk, first, path)
    second = await import_mapped(desk, "contacts", path, mapping)

    assert (first.job.counts["new"], first.job.counts["known"], second.job.counts.get("new", 0)) == (2, 1, 0)
    assert [line.split(",")[0] for line in listed] == ["4", "5"]
    assert sorted(row["name"] for row in await desk.rows("contact")) == ["Ada Lovelace", "Bob"]
    assert [stage for stage, _ in await history(desk, "Client Ltd")] == ["suspect"]


async def test_companies_are_brought_up_to_date_by_their_ids(desk: Desk, tmp_path: Path) -> None:
    """F1, and a better name than the id that an order came with."""
    path = tmp_path / "companies.csv"
    path.write_text("id,name,mail,stage,since\n1,One Ltd,info@one.example,,\n2,Two Ltd,,sql,2025-03-04\n")
    mapping = """
    source = "old"
    [fields]
    external_id = "id"
    name = "name"
    email = "mail"
    lifecycle_stage = "stage"
    lifecycle_since = "since"
    """
    first = await import_mapped(desk, "companies", path, mapping)
    path.write_text("id,name,mail,stage,since\n1,One GmbH,,,\n2,Two Ltd,,sql,2025-03-04\n")
    second = await import_mapped(desk, "companies", path, mapping)

    assert first.job.counts["new"] == 2
    assert (second.job.counts["changed"], second.job.counts["known"]) == (1, 1)
    assert [stage for stage, _ in await history(desk, "One GmbH")] == ["suspect"]
    assert await history(desk, "Two Ltd") == [("sql", "2025-03-04")]
    [point] = [row for row in await desk.rows("contact_point") if row["kind"] == "email"]
    assert (point["value_norm"], point["shared"]) == ("info@one.example", True)
