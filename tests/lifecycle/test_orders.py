"""Orders by the API: taken once, followed at once, taken back."""

from typing import Any

from clew_shared.testing.harness import RunningClew

from tests.lifecycle.desk import Desk
from tests.lifecycle.importing import history, query


def order(name: str, day: str, company: str = "acme", **fields: Any) -> dict[str, Any]:
    return {"company": company, "order": name, "ordered_at": day, "amount": "10.50", "currency": "EUR", **fields}


def desk_of(clew: RunningClew) -> Desk:
    return Desk(clew.services["lifecycle"].rail)


async def test_the_same_order_again_is_answered_with_what_is_there(clew: RunningClew) -> None:
    """L12."""
    first = await clew.post("/api/v1/orders", order("1", "2026-11-01"), 201)
    again = await clew.post("/api/v1/orders", order("1", "2026-11-02", amount=99), 200)

    assert again == {**first, "company": {**first["company"]}}
    assert (first["order"], first["amount"], first["source"], first["counted"]) == ("1", "10.50", "erp", True)
    listed = await clew.get("/api/v1/orders", company="acme")
    assert [one["id"] for one in listed["items"]] == [first["id"]]
    assert await clew.get(f"/api/v1/orders/{first['id']}") == first


async def test_orders_move_their_company_as_they_come(clew: RunningClew) -> None:
    """d and f: onboarding at the first order, customer at the fourth, effective when it was ordered."""
    for number in range(1, 5):
        await clew.post("/api/v1/orders", order(str(number), f"2026-10-0{number}"), 201)

    stages = await history(desk_of(clew), "acme")
    assert stages == [("suspect", "2026-10-01"), ("onboarding", "2026-10-01"), ("customer", "2026-10-04")]
    [taken] = [body for kind, body in await desk_of(clew).told_bodies() if kind == "order_taken"][:1]
    assert (taken["order"]["order"], taken["order"]["ordered_at"]) == ("1", "2026-10-01T00:00:00Z")


async def test_a_late_order_gives_the_log_that_it_would_have_given_in_time(clew: RunningClew) -> None:
    """F9."""
    for day in ("04", "02", "03", "01"):
        await clew.post("/api/v1/orders", order(day, f"2026-10-{day}"), 201)

    stages = await history(desk_of(clew), "acme")
    assert stages == [("suspect", "2026-10-01"), ("onboarding", "2026-10-01"), ("customer", "2026-10-04")]


async def test_a_cancelled_fourth_order_takes_the_automatic_rows_back_and_leaves_what_people_set(
    clew: RunningClew,
) -> None:
    """F15."""
    desk = desk_of(clew)
    for number in range(1, 5):
        last = await clew.post("/api/v1/orders", order(str(number), f"2026-10-0{number}"), 201)
    cancelled = await clew.post(f"/api/v1/orders/{last['id']}/cancel", {}, 200)
    again = await clew.post(f"/api/v1/orders/{last['id']}/cancel", {}, 200)

    assert (cancelled["counted"], cancelled["company"]["lifecycle_stage"]) == (False, "onboarding")
    assert again["cancelled_at"] == cancelled["cancelled_at"]
    assert await history(desk, "acme") == [("suspect", "2026-10-01"), ("onboarding", "2026-10-01")]
    assert (await desk.told()).count("order_cancelled") == 1
    [(count,)] = await query(desk, "SELECT order_count FROM lifecycle.company WHERE name = 'acme'")
    assert count == 3


async def test_credits_and_what_is_cancelled_do_not_count(clew: RunningClew) -> None:
    """F15."""
    credit = await clew.post("/api/v1/orders", order("c", "2026-10-01", kind="credit"), 201)
    await clew.post("/api/v1/orders", order("1", "2026-10-02"), 201)
    back = await clew.post("/api/v1/orders", order("1", "2026-10-03", kind="cancel"), 200)

    assert (credit["counted"], back["counted"]) == (False, False)
    assert [stage for stage, _ in await history(desk_of(clew), "acme")] == ["suspect"]


async def test_only_the_orders_of_the_default_ledger_count(clew: RunningClew) -> None:
    """F24."""
    first = await clew.post("/api/v1/orders", order("1", "2026-10-01", ledger="main"), 201)
    other = await clew.post("/api/v1/orders", order("2", "2026-10-02", ledger="second"), 201)
    unnamed = await clew.post("/api/v1/orders", order("3", "2026-10-03"), 201)

    assert [one["counted"] for one in (first, other, unnamed)] == [True, False, True]
    [row] = await query(desk_of(clew), "SELECT order_count, ledger_count FROM lifecycle.company WHERE name = 'acme'")
    assert row == (2, 2)


async def test_another_ledger_may_be_the_one_that_counts(clew: RunningClew) -> None:
    """L13: the company's history is derived again by its orders."""
    await clew.post("/api/v1/orders", order("1", "2026-10-01", ledger="main"), 201)
    second = await clew.post("/api/v1/orders", order("2", "2026-10-02", ledger="second"), 201)
    company = f"/api/v1/companies/{second['company']['id']}"
    chosen = await clew.post(f"{company}/ledgers/second/default", {}, 200)
    ledgers = (await clew.get(f"{company}/ledgers"))["items"]

    assert (chosen["key"], chosen["is_default"], chosen["orders"]) == ("second", True, 1)
    assert [(one["key"], one["is_default"]) for one in ledgers] == [("main", False), ("second", True)]
    assert (await history(desk_of(clew), "acme"))[1:] == [("onboarding", "2026-10-02")]
    await clew.post(f"{company}/ledgers/third/default", {}, 404)


async def test_an_order_of_another_company_is_refused(clew: RunningClew) -> None:
    await clew.post("/api/v1/orders", order("1", "2026-10-01"), 201)

    await clew.post("/api/v1/orders", order("1", "2026-10-01", company="other", kind="cancel"), 409)


async def test_a_company_is_meant_by_our_id_as_well(clew: RunningClew) -> None:
    added = await clew.post("/api/v1/companies", {"name": "Van Ltd"}, 201)
    by_name = await clew.post("/api/v1/orders", order("1", "2026-10-01", company=added["id"]), 201)
    by_id = {key: value for key, value in order("2", "2026-10-02").items() if key != "company"}
    by_id = await clew.post("/api/v1/orders", {**by_id, "company_id": added["id"]}, 201)

    assert by_name["company"]["id"] == by_id["company"]["id"] == added["id"]
    await clew.post("/api/v1/orders", order("3", "2026-10-03") | {"company": None}, 422)


async def test_what_cannot_be_an_order_is_refused(clew: RunningClew) -> None:
    for wrong in ({"ordered_at": "yesterday"}, {"ordered_at": "2999-01-01"}, {"amount": None}, {"currency": "money"}):
        await clew.post("/api/v1/orders", order("1", "2026-10-01", **wrong) | wrong, 422)

    assert (await clew.get("/api/v1/orders"))["items"] == []


async def test_an_order_means_the_same_by_the_api_as_in_a_file(clew: RunningClew) -> None:
    """F15: a negative sum is a credit; a comma is no nothing; blanks are no part of an id."""
    credit = await clew.post("/api/v1/orders", order("1", "2026-10-01", amount="-5"), 201)
    half = await clew.post("/api/v1/orders", order(" 2 ", "2026-10-01", " acme ", amount="1,5"), 201)
    german = await clew.post("/api/v1/orders", order("3", "2026-10-01", amount="1.200,50"), 201)

    assert (credit["kind"], credit["counted"]) == ("credit", False)
    assert (half["order"], half["amount"], german["amount"]) == ("2", "1.50", "1200.50")
    assert credit["company"]["id"] == half["company"]["id"]
    for wrong in ({"amount": "-5", "kind": "sale"}, {"company": "  "}, {"amount": "NaN"}):
        await clew.post("/api/v1/orders", order("4", "2026-10-01") | wrong, 422)
