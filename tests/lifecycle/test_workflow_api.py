"""The workflow through the API and the board: one way for both."""

from typing import Any

from clew_shared.testing.harness import RunningClew

from tests.lifecycle.desk import ADA, Desk
from tests.lifecycle.test_api import api, call, intake
from tests.lifecycle.workflows import TRAINING, without

__all__ = ["api", "intake"]


async def opened(api: RunningClew, **fields: Any) -> str:
    deal = await api.post("/api/v1/deals", {"title": "First aid", "pipeline": "training", "email": ADA, **fields}, 201)
    return str(deal["id"])


async def test_a_pipeline_is_made_drafted_and_published(api: RunningClew) -> None:
    """L50, W14: through the API, with the steps and their deals in the refusal."""
    made = await api.post("/api/v1/pipelines", TRAINING, 201)
    await opened(api)
    dropped = {name: value for name, value in without(TRAINING, "arrived").items() if name != "key"}
    path = "/api/v1/pipelines/training"

    status, drafted, _ = await call(api, "PUT", path, dropped)
    refused, problem, _ = await call(api, "POST", f"{path}/publish", {})
    published = await api.post(f"{path}/publish", {"mapping": {"arrived": "called"}})

    assert (made["version"], made["draft"]) == (1, None)
    assert made["stages"][0]["steps"][0]["available"] == ["call", "lose"]
    assert (status, drafted["version"], len(drafted["draft"]["stages"][0]["steps"])) == (200, 1, 1)
    assert (refused, problem["code"], problem["steps"]) == (
        *(409, "steps_in_use"),
        [{"step": "arrived", "stage": "lead", "deals": 1}],
    )
    assert (published["version"], published["moved"]) == (2, [{"step": "arrived", "to": "called", "deals": 1}])
    assert [one["number"] for one in (await api.get(f"{path}/versions"))["items"]] == [1, 2]
    assert (await call(api, "POST", f"{path}/publish", {}))[1]["code"] == "no_draft"
    assert [one["key"] for one in (await api.get("/api/v1/pipelines"))["items"]] == ["sales", "training"]
    assert (await call(api, "POST", "/api/v1/pipelines", TRAINING))[0] == 409


async def test_a_draft_may_be_wrong_until_it_is_published(api: RunningClew) -> None:
    wrong = {**TRAINING, "stages": TRAINING["stages"][:1], "transitions": [], "entries": [], "draft": True}

    made = await api.post("/api/v1/pipelines", wrong, 201)
    status, problem, _ = await call(api, "POST", "/api/v1/pipelines/training/publish", {})

    assert (made["version"], made["stages"]) == (0, [])
    assert [error["pointer"] for error in made["problems"]] == ["/stages", "/stages"]
    assert (status, problem["errors"][0]["pointer"]) == (422, "/stages")
    assert (await call(api, "POST", "/api/v1/deals", {"title": "X", "pipeline": "training"}))[0] == 422


async def test_the_api_and_the_board_refuse_and_make_the_same_move(api: RunningClew, intake: Desk) -> None:
    """W2, W6: drag and drop, a transition's key and a status are one use case."""
    await api.post("/api/v1/pipelines", TRAINING, 201)
    deals = [await opened(api, stage="called") for _ in range(3)]
    asked = [
        (f"/api/v1/deals/{deals[0]}/transitions/offer", {}),
        (f"/deals/{deals[1]}/move", {"to": "offer"}),
    ]

    refusals = [await call(api, "POST", path, body) for path, body in asked]
    answers = [
        await call(api, "POST", path, {**body, "patch": {"amount": "100", "contact": {"first_name": "Ada"}}})
        for path, body in asked
    ]
    lost = await call(api, "POST", f"/api/v1/deals/{deals[2]}/status", {"status": "lost", "lost_reason": "price"})
    unavailable = [
        await call(api, "POST", f"/deals/{deals[2]}/move", {"to": "won"}),
        await call(api, "POST", f"/api/v1/deals/{deals[2]}/status", {"status": "won"}),
    ]

    for status, problem, _ in refusals:
        assert (status, problem["title"]) == (422, "Incomplete")
        assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/amount", "required")]
    assert [status for status, _, _ in answers] == [200, 200]
    moved = [row for row in await intake.rows("deal_log") if row["reason"] == "offer"]
    assert len(moved) == 2
    assert (lost[0], lost[1]["stage"], lost[1]["closed_at"] is not None) == (200, "lost", True)
    assert {(status, problem["code"]) for status, problem, _ in unavailable} == {(409, "transition_unavailable")}


async def test_lines_are_added_replaced_and_taken_away(api: RunningClew) -> None:
    """L52"""
    path = f"/api/v1/deals/{(await api.post('/api/v1/deals', {'title': 'Course'}, 201))['id']}"
    line = {"product": "First aid", "quantity": "2.5", "unit_price": 600.25, "tax": 19, "attendees": [{"name": "Ada"}]}

    deal = await api.post(f"{path}/lines", line, 201)
    _, replaced, headers = await call(api, "PUT", f"{path}/lines", {"lines": [line, {"product": "Lunch"}]})
    first = replaced["lines"][0]["id"]
    gone, _, _ = await call(api, "DELETE", f"{path}/lines/{first}", None, **{"If-Match": headers["ETag"]})
    wrong = [await call(api, "POST", f"{path}/lines", {**line, **bad}) for bad in ({"quantity": "NaN"}, {"tax": 101})]

    assert (deal["version"], replaced["version"], gone) == (2, 3, 204)
    assert deal["lines"][0]["quantity"] == "2.50"
    assert [found["product"] for found in (await api.get(f"{path}/lines"))["items"]] == ["Lunch"]
    assert [(status, problem["errors"][0]["pointer"]) for status, problem, _ in wrong] == [
        (422, "/quantity"),
        (422, "/tax"),
    ]


async def test_what_others_do_for_a_deal_is_settled_once(api: RunningClew) -> None:
    """L43: registrations and tokens are ports."""
    await api.post("/api/v1/pipelines", TRAINING, 201)
    deal_id = await opened(api, stage="offer", name="Ada")
    patch = {"lines": [{"product": "First aid"}]}
    deal = await api.post(f"/api/v1/deals/{deal_id}/transitions/win", {"patch": patch})
    registration = deal["registrations"][0]
    path = f"/api/v1/fulfilments/{registration['id']}"

    done = await api.post(f"{path}/settle", {"status": "fulfilled", "reference": "R-1"})
    again = await api.post(f"{path}/settle", {"status": "fulfilled"})
    refused, _, _ = await call(api, "POST", f"{path}/settle", {"status": "cancelled"})

    assert (done["status"], again["reference"], refused) == ("fulfilled", "R-1", 409)
    company = deal["company"]["id"]
    assert len((await api.get("/api/v1/fulfilments", company=company, kind="registration"))["items"]) == 1
    assert (await api.get("/api/v1/fulfilments", status="requested"))["items"][0]["kind"] == "token_issue"


async def test_lost_reasons_are_kept_by_those_who_configure(api: RunningClew) -> None:
    """W16, L65: a reason that is taken away stays with the deals that were lost for it."""
    made = await api.post("/api/v1/lost-reasons", {"key": "moved", "label": "Moved away", "needs_note": True}, 201)
    path = f"/api/v1/deals/{(await api.post('/api/v1/deals', {'title': 'Course'}, 201))['id']}"
    noteless, problem, _ = await call(api, "POST", f"{path}/status", {"status": "lost", "lost_reason": "moved"})
    changed, reason, _ = await call(
        api, "PATCH", "/api/v1/lost-reasons/moved", {"needs_note": False}, **{"If-Match": '"1"'}
    )
    await api.post(f"{path}/status", {"status": "lost", "lost_reason": "moved"})
    gone, _, _ = await call(api, "DELETE", "/api/v1/lost-reasons/moved", None, **{"If-Match": '"2"'})

    other = f"/api/v1/deals/{(await api.post('/api/v1/deals', {'title': 'Other'}, 201))['id']}"
    unknown = await call(api, "POST", f"{other}/status", {"status": "lost", "lost_reason": "moved"})
    assert (made["version"], noteless, problem["errors"][0]["pointer"]) == (1, 422, "/lost_note")
    assert (changed, reason["needs_note"], gone) == (200, False, 204)
    assert (await api.get(path))["lost_reason"] == "moved"
    assert (unknown[0], unknown[1]["errors"][0]["code"]) == (422, "unknown")


async def test_a_dry_run_of_a_status_shows_what_would_come_of_it(api: RunningClew) -> None:
    """W4, W10"""
    await api.post("/api/v1/pipelines", TRAINING, 201)
    deal_id = await opened(api, stage="offer", name="Ada")

    tried = await api.post(f"/api/v1/deals/{deal_id}/status", {"status": "won", "dry_run": True})

    assert (tried["dry_run"], tried["status"], [error["pointer"] for error in tried["errors"]]) == (
        *(True, "won"),
        ["/lines"],
    )
    assert [one["trigger"] for one in tried["creates"]][:2] == ["account", "contact"]
    assert tried["sends"][0]["subject"] == "Welcome, Ada"
    assert (await api.get(f"/api/v1/deals/{deal_id}"))["status"] == "open"
