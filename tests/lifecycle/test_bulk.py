"""One change to many records."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from clew_lifecycle.add_contact import NewContact, add_contact
from clew_lifecycle.bulk.preview import preview
from clew_lifecycle.bulk.read_job import BulkRowFilter, BulkRowView, BulkView, list_rows, read_job
from clew_lifecycle.bulk.start_job import start_job, start_undo
from clew_lifecycle.bulk.wanted import BulkChange, Selection
from clew_lifecycle.bulk.work_on_jobs import CHUNK, work_once
from clew_lifecycle.edit_company import CompanyChanges, edit_company
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.problem import Problem

from tests.lifecycle.companies import company
from tests.lifecycle.desk import ADA, BOB, SAM, Desk, form

SEEN_TOGETHER = "00000000-0000-4000-8000-"


def change(set_: dict[str, Any], select: dict[str, Any] | None = None, **fields: Any) -> BulkChange:
    return BulkChange(select=Selection(**(select or {"all": True})), set=set_, **fields)


async def start(desk: Desk, wanted: BulkChange) -> UUID:
    async with desk.rail.unit_of_work() as uow:
        return await start_job(wanted, SAM, uow)


async def finish(desk: Desk) -> None:
    while await work_once(desk.rail):
        pass


async def do(desk: Desk, wanted: BulkChange) -> BulkView:
    job_id = await start(desk, wanted)
    await finish(desk)
    return await look_at(desk, job_id)


async def take_back(desk: Desk, job_id: UUID) -> BulkView:
    async with desk.rail.unit_of_work() as uow:
        await start_undo(job_id, SAM, uow)
    await finish(desk)
    return await look_at(desk, job_id)


async def look_at(desk: Desk, job_id: UUID) -> BulkView:
    async with desk.rail.reading() as connection:
        found = await read_job(job_id, connection)
    assert found is not None
    return found


async def rows_of(desk: Desk, job_id: UUID) -> list[BulkRowView]:
    async with desk.rail.reading() as connection:
        return await list_rows(job_id, BulkRowFilter(), 500, None, connection)


async def stages(desk: Desk) -> dict[str, str]:
    return {row["name"]: row["lifecycle_stage"] for row in await desk.rows("company")}


async def put_companies(desk: Desk, number: int) -> None:
    """Write suspects with the beginning of their logs, as many as a use case would take long for."""
    await desk.execute(
        f"""
        WITH fresh AS (
            INSERT INTO lifecycle.company (id, name, name_key, lifecycle_since)
            SELECT ('{SEEN_TOGETHER}' || lpad(n::text, 12, '0'))::uuid, 'Company ' || n, 'company ' || n, now()
            FROM generate_series(1, {number}) AS n RETURNING id
        )
        INSERT INTO lifecycle.lifecycle_log (id, company_id, stage, effective_at, rule)
        SELECT gen_random_uuid(), id, 'suspect', now(), 'a' FROM fresh
        """
    )


async def test_ten_thousand_companies_are_ten_thousand_rows_and_events_of_one_batch(desk: Desk) -> None:
    """F19."""
    await put_companies(desk, 10_000)

    job = await do(desk, change({"lifecycle_stage": "lead"}))

    assert (job.status, job.total, job.done, job.counts["changed"]) == ("done", 10_000, 10_000, 10_000)
    log = [row for row in await desk.rows("lifecycle_log") if row["rule"] == "m"]
    assert Counter((row["stage"], row["batch_id"]) for row in log) == {("lead", job.id): 10_000}
    told = [body for kind, body in await desk.told_bodies() if kind == "company_lifecycle_changed"]
    assert Counter(body["batch_id"] for body in told) == {str(job.id): 10_000}
    assert len({body["company"]["id"] for body in told}) == 10_000


async def test_what_was_begun_goes_on_where_it_was_broken_off(desk: Desk) -> None:
    """F19: a part is done or not done; nothing is done twice."""
    await put_companies(desk, 2 * CHUNK + 1)
    job_id = await start(desk, change({"lifecycle_stage": "lead"}))

    await work_once(desk.rail)
    broken = asyncio.create_task(work_once(desk.rail))
    await asyncio.sleep(0.05)
    broken.cancel()
    await asyncio.gather(broken, return_exceptions=True)
    halfway = await look_at(desk, job_id)
    await finish(desk)

    assert (halfway.status, halfway.done) in (("running", CHUNK), ("running", 2 * CHUNK))
    assert (await look_at(desk, job_id)).counts["changed"] == 2 * CHUNK + 1
    told = [body["company"]["id"] for kind, body in await desk.told_bodies() if kind == "company_lifecycle_changed"]
    assert len(told) == len(set(told)) == 2 * CHUNK + 1


async def test_two_replicas_share_the_jobs_and_not_the_rows(desk: Desk) -> None:
    await put_companies(desk, CHUNK + 100)
    job_id = await start(desk, change({"lifecycle_stage": "lead"}))

    await asyncio.gather(finish(desk), finish(desk), finish(desk))
    await finish(desk)

    told = [kind for kind in await desk.told() if kind == "company_lifecycle_changed"]
    assert len(told) == (await look_at(desk, job_id)).counts["changed"] == CHUNK + 100


async def test_a_company_that_stands_there_already_is_neither_logged_nor_told(desk: Desk) -> None:
    """F21, F19: a result for each row."""
    lead, suspect = await company(desk, "Lead", lifecycle_stage="lead"), await company(desk, "Suspect")
    await desk.forget_told()

    job = await do(desk, change({"lifecycle_stage": "lead"}, {"ids": [lead, suspect, unknown := new_id()]}))

    assert [(row.id, row.state) for row in await rows_of(desk, job.id)] == [
        (lead, "same"),
        (suspect, "changed"),
        (unknown, "failed"),
    ]
    assert [error.error["status"] for error in job.errors if error.error] == [404]
    assert await desk.told() == ["company_lifecycle_changed"]


async def test_company_types_become_stages(desk: Desk) -> None:
    """L9, L31: what was said by the type is said by the stage, and types that are not named stay."""
    for kind in ("reseller", "supplier", "retailer"):
        await company(desk, kind, company_type=kind)

    job = await do(desk, change({"map": {"company_type": {"reseller": "customer", "supplier": "other"}}}))

    assert await stages(desk) == {"reseller": "customer", "supplier": "other", "retailer": "suspect"}
    assert job.counts == {"waiting": 0, "changed": 1, "same": 2, "failed": 0, "undone": 0, "kept": 0}


@pytest.mark.parametrize(
    ("select", "found"),
    [
        ({"all": True}, {"Acme", "Bolt", "Cog"}),
        ({"q": "cme"}, {"Acme"}),
        ({"company_type": "reseller"}, {"Acme", "Bolt"}),
        ({"owner": "kim@team.example"}, {"Bolt"}),
        ({"filter": "lifecycle_stage eq 'lead' or name eq 'Acme'"}, {"Acme", "Cog"}),
        ({"filter": "company_type eq 'reseller'", "owner": "none"}, {"Acme"}),
        ({"filter": {"company_type": "reseller", "owner": "none"}}, {"Acme"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
async def test_records_are_selected_as_they_are_listed(desk: Desk, select: dict[str, Any], found: set[str]) -> None:
    """L31: by the list's own filters, by a filter in the language of OData, or both."""
    await company(desk, "Acme", company_type="reseller")
    await company(desk, "Bolt", company_type="reseller", owner="kim@team.example")
    await company(desk, "Cog", lifecycle_stage="lead")

    await do(desk, change({"lifecycle_stage": "mql"}, select))

    assert {name for name, stage in (await stages(desk)).items() if stage == "mql"} == found


async def test_the_records_are_those_that_were_there_when_it_was_asked_for(desk: Desk) -> None:
    await company(desk, "Early")
    await start(desk, change({"lifecycle_stage": "lead"}))
    await company(desk, "Late")

    await finish(desk)

    assert await stages(desk) == {"Early": "lead", "Late": "suspect"}


async def test_a_preview_says_what_would_come_of_it_and_does_nothing(desk: Desk) -> None:
    """W4."""
    for number in range(30):
        await company(desk, f"Company {number}", lifecycle_stage="lead" if number == 0 else None)
    await desk.forget_told()

    seen = await preview(change({"lifecycle_stage": "lead", "company_type": "direct"}), SAM, desk.rail)

    assert (seen.total, len(seen.rows)) == (30, 20)
    assert Counter(tuple(sorted(row.before)) for row in seen.rows) == {
        ("company_type",): 1,
        ("company_type", "lifecycle_stage"): 19,
    }
    assert (await desk.told(), await desk.count("bulk_job")) == ([], 0)
    assert Counter((await stages(desk)).values()) == {"lead": 1, "suspect": 29}


async def test_fields_are_set_and_each_company_is_told_once(desk: Desk) -> None:
    """L31."""
    await desk.execute(
        "INSERT INTO lifecycle.attribute (id, entity, key, label, type) "
        "VALUES (gen_random_uuid(), 'company', 'region', 'Region', 'text')"
    )
    for name in ("Acme", "Bolt"):
        await company(desk, name, custom={"region": "north"} if name == "Bolt" else {})
    await desk.forget_told()

    job = await do(desk, change({"company_type": "direct", "owner": "kim@team.example", "custom": {"region": "north"}}))

    told = {body["company"]["name"]: body for _, body in await desk.told_bodies()}
    assert {name: set(body["changes"]) for name, body in told.items()} == {
        "Acme": {"company_type", "owner", "custom"},
        "Bolt": {"company_type", "owner"},
    }
    assert {(body["company"]["owner"], body["company"]["version"]) for body in told.values()} == {
        ("kim@team.example", 2)
    }
    assert {(row["custom"]["region"], row["version"]) for row in await desk.rows("company")} == {("north", 2)}
    assert (job.counts["changed"], job.entity) == (2, "companies")


async def test_what_a_bulk_change_did_is_taken_back(desk: Desk) -> None:
    """L31: from what the rows say of before; what somebody changed since is kept, and said."""
    acme = await company(desk, "Acme", company_type="reseller", lifecycle_stage="sql")
    bolt = await company(desk, "Bolt")
    cog = await company(desk, "Cog", lifecycle_stage="lead")
    job = await do(desk, change({"lifecycle_stage": "lead", "company_type": "direct"}))
    async with desk.rail.unit_of_work() as uow:
        await edit_company(bolt, CompanyChanges(company_type="retailer"), SAM, uow)

    undone = await take_back(desk, job.id)

    after = {row["id"]: (row["lifecycle_stage"], row["company_type"]) for row in await desk.rows("company")}
    assert after == {acme: ("sql", "reseller"), bolt: ("lead", "retailer"), cog: ("lead", None)}
    assert (undone.status, undone.counts["undone"], undone.counts["kept"]) == ("undone", 2, 1)
    [log] = [row for row in await desk.rows("lifecycle_log") if row["note"] == "taken back"]
    assert log["company_id"] == acme
    with pytest.raises(Problem, match="Not now"):
        await take_back(desk, job.id)


async def test_deals_move_in_bulk_as_they_move_one_by_one(desk: Desk) -> None:
    """W2, W16: the same use case; a deal for which something is wanting stays, and the others go."""
    await desk.receive(form(ADA), form(BOB))
    first, second = await desk.deals()
    await desk.close(second.id, "won")
    await desk.forget_told()

    refused = await do(desk, change({"stage": "lost"}, entity="deals"))
    moved = await do(desk, change({"stage": "lost", "lost_reason": "price"}, {"status": "open"}, entity="deals"))

    assert Counter(error.error["title"] for error in refused.errors if error.error) == {"Incomplete": 2}
    assert [error.error["errors"][0]["pointer"] for error in refused.errors if error.error] == ["/lost_reason"] * 2
    assert (moved.total, moved.counts["changed"]) == (1, 1)
    [told] = [body for kind, body in await desk.told_bodies() if kind == "deal_moved"]
    assert (told["deal"]["id"], told["lost_reason"], told["batch_id"]) == (str(first.id), "price", str(moved.id))


async def test_moved_deals_are_put_back(desk: Desk) -> None:
    await desk.receive(form(ADA), form(BOB))
    first, second = await desk.deals()
    job = await do(
        desk, change({"status": "lost", "lost_reason": "price", "amount": "5", "owner": SAM.email}, entity="deals")
    )
    lost = [(deal.status, deal.lost_reason, str(deal.amount), deal.owner) for deal in await desk.deals()]
    await desk.close(second.id, "won")

    undone = await take_back(desk, job.id)

    after = {
        deal.id: (deal.status, deal.stage, deal.lost_reason, deal.amount, deal.owner) for deal in await desk.deals()
    }
    assert lost == [("lost", "price", "5.00", SAM.email)] * 2
    assert after[first.id] == ("open", "new", None, None, None)
    assert after[second.id][0] == "won"
    assert (undone.counts["undone"], undone.counts["kept"]) == (1, 1)


async def test_contacts_are_changed_in_bulk(desk: Desk) -> None:
    acme = await company(desk, "Acme")
    async with desk.rail.unit_of_work() as uow:
        await add_contact(NewContact(email=ADA), SAM, uow)
        await add_contact(NewContact(email=BOB), SAM, uow)
    before = {row["id"]: row["company_id"] for row in await desk.rows("contact")}

    job = await do(desk, change({"company_id": str(acme)}, entity="contacts"))
    during = {row["company_id"] for row in await desk.rows("contact")}
    await take_back(desk, job.id)

    assert during == {acme}
    assert {row["id"]: row["company_id"] for row in await desk.rows("contact")} == before


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        (change({"lifecycle_stage": "king"}), "/set/lifecycle_stage"),
        (change({"map": {"company_type": {"reseller": "king"}}}), "/set/map/company_type/reseller"),
        (change({"company_type": "nonsense"}), "/set/company_type"),
        (change({"owner": "nobody@x.example"}), "/set/owner"),
        (change({"shoe_size": 43}), "/set"),
        (change({}), "/set"),
        (change({"note": "just because"}), "/set"),
        (change({"custom": {"unheard_of": 1}}), "/set/custom/unheard_of"),
        (BulkChange(select=Selection(), set={"lifecycle_stage": "lead"}), "/select"),
        (change({"lifecycle_stage": "lead"}, {"pipeline": "sales"}), "/select/pipeline"),
        (change({"lifecycle_stage": "lead"}, {"filter": "shoe_size eq 43"}), "/select/filter"),
        (change({"lifecycle_stage": "lead"}, {"filter": "name eq"}), "/select/filter"),
        (change({"lifecycle_stage": "lead"}, {"filter": {}}), "/select"),
        (change({"lifecycle_stage": "lead"}, {"filter": {"pipeline": "sales"}}), "/select/filter/pipeline"),
        (change({"lifecycle_stage": "lead"}, {"filter": {"company_type": None}}), "/select/filter/company_type"),
        (
            change({"lifecycle_stage": "lead"}, {"filter": "now() sub duration'P3660000D' gt created_at"}),
            "/select/filter",
        ),
        (change({"stage": "won", "status": "won"}, entity="deals"), "/set"),
    ],
)
async def test_what_can_be_done_to_no_record_is_refused_at_once(desk: Desk, wanted: BulkChange, pointer: str) -> None:
    with pytest.raises(Problem) as refusal:
        await start(desk, wanted)

    assert (refusal.value.status, refusal.value.errors[0].pointer) == (422, pointer)
    assert await desk.count("bulk_job") == 0
