"""Entities as OData clients write them: by the use cases that everybody goes through."""

from typing import Any

from tests.lifecycle.odata.conftest import OData, Records


async def test_a_company_is_added_as_a_suspect(odata: OData) -> None:
    """L16"""
    added = await odata.send("POST", "Companies", {"name": "Advert Ltd", "lifecycle_stage": None, "phone": None})
    lead = await odata.send("POST", "Companies", {"name": "Lead Ltd", "lifecycle_stage": "lead"})

    assert (added.status, added.body["lifecycle_stage"], added.body["version"]) == (201, "suspect", 1)
    assert added.headers["Location"].endswith(f"/odata/v4/Companies({added.body['id']})")
    assert added.headers["ETag"] == added.body["@odata.etag"] == 'W/"1"'
    assert (await odata.get(added.headers["Location"])).body["name"] == "Advert Ltd"
    assert lead.body["lifecycle_stage"] == "lead"
    [log] = (await odata.get(f"Companies({added.body['id']})/LifecycleLog")).values
    assert (log["stage"], log["rule"]) == ("suspect", "a")


async def test_a_stage_that_is_emptied_is_suspect_again(odata: OData) -> None:
    """L16"""
    added = (await odata.send("POST", "Companies", {"name": "Lead Ltd", "lifecycle_stage": "lead"})).body

    changed = await odata.send("PATCH", f"Companies({added['id']})", {"lifecycle_stage": None}, If_Match="*")

    assert (changed.status, changed.body["lifecycle_stage"]) == (200, "suspect")
    rows = (await odata.get(f"Companies({added['id']})/LifecycleLog?$orderby=recorded_at&$select=stage")).values
    assert [row["stage"] for row in rows] == ["lead", "suspect"]


async def test_a_company_is_changed_by_hand_and_told_of_once(odata: OData, records: Records) -> None:
    """F20, L17, L24"""
    await odata.desk.forget_told()
    path = f"Companies({records.engines['id']})"

    changed = await odata.send("PATCH", path, {"lifecycle_stage": "customer"}, If_Match="*")

    assert (changed.status, changed.body["lifecycle_stage"]) == (200, "customer")
    assert await odata.desk.told() == ["company_lifecycle_changed"]


async def test_a_change_needs_the_version_that_was_seen(odata: OData, records: Records) -> None:
    """P1"""
    path = f"Deals({records.deals[0]['id']})"

    missing = await odata.send("PATCH", path, {"title": "New"})
    first = await odata.send("PATCH", path, {"title": "New"}, If_Match='W/"1"')
    stale = await odata.send("PATCH", path, {"title": "Newer"}, If_Match='W/"1"')
    gone = await odata.send("DELETE", path, If_Match='"1"')

    assert (missing.status, first.status, stale.status, gone.status) == (428, 200, 412, 412)
    assert first.headers["ETag"] == 'W/"2"'
    assert stale.headers["ETag"].strip('W/"') == "2"
    assert (await odata.get(path)).body["title"] == "New"


async def test_an_entity_can_be_sent_back_as_it_was_read(odata: OData, records: Records) -> None:
    path = f"Deals({records.deals[0]['id']})"
    read = (await odata.get(path)).body

    changed = await odata.send("PATCH", path, {**read, "title": "New"}, If_Match=read["@odata.etag"])
    same = await odata.send("PATCH", path, changed.body, If_Match='W/"2"')

    assert (changed.status, changed.body["title"], changed.body["version"]) == (200, "New", 2)
    assert same.body["version"] == 2


async def test_a_stage_that_is_patched_is_a_move(odata: OData, records: Records) -> None:
    """W2, W3"""
    deal_id = records.deals[0]["id"]
    path = f"Deals({deal_id})"
    await odata.desk.forget_told()

    moved = await odata.send("PATCH", path, {"stage": "qualified", "amount": 12.34}, If_Match='W/"1"')
    told = await odata.desk.told()
    incomplete = await odata.send("PATCH", path, {"stage": "lost", "title": "Never"}, If_Match="*")
    same = await odata.send("POST", f"{odata.api.url}/api/v1/deals/{deal_id}/transitions/lost", {})

    assert (moved.status, moved.body["stage"], moved.body["amount"]) == (200, "qualified", 12.34)
    assert told.count("deal_moved") == 1
    assert "deal_changed" not in told
    assert (incomplete.status, incomplete.body["error"]["code"]) == (422, "Incomplete")
    assert [part["target"] for part in incomplete.body["error"]["details"]] == ["/lost_reason"]
    assert [error["pointer"] for error in same.body["errors"]] == ["/lost_reason"]
    assert (await odata.get(path)).body["title"] == "Alpha"


async def test_a_status_that_is_patched_moves_the_deal_where_the_stage_decides(odata: OData, records: Records) -> None:
    """W2, W16, W19"""
    path = f"Deals({records.deals[0]['id']})"

    refused = await odata.send("PATCH", path, {"status": "lost"}, If_Match="*")
    reasoned = {"status": "lost", "lost_reason": "price"}
    lost = await odata.send("PATCH", path, reasoned, If_Match="*")
    won = await odata.send("PATCH", path, {"status": "won"}, If_Match="*")

    assert refused.status == 422
    assert (lost.body["status"], lost.body["stage"], lost.body["lost_reason"]) == ("lost", "lost", "price")
    assert (won.body["status"], won.body["stage"], won.body["lost_reason"]) == ("won", "won", None)


async def test_a_stage_that_is_not_reached_is_refused(odata: OData, records: Records) -> None:
    """W6"""
    path = f"Deals({records.deals[0]['id']})"

    nowhere = await odata.send("PATCH", path, {"stage": "no-such"}, If_Match="*")
    both = await odata.send("PATCH", path, {"stage": "won", "status": "lost"}, If_Match="*")

    assert (nowhere.status, nowhere.body["error"]["details"][0]["target"]) == (422, "/stage")
    assert (both.status, both.body["error"]["details"][0]["target"]) == (422, "/status")
    assert (await odata.get(path)).body["stage"] == "new"


async def test_what_nobody_sets_by_hand_is_not_set(odata: OData, records: Records) -> None:
    deal, ada = f"Deals({records.deals[0]['id']})", f"Contacts({records.ada['id']})"
    for path, change in (
        (deal, {"version": 9}),
        (deal, {"id": records.ada["id"]}),
        (deal, {"pipeline": "other"}),
        (deal, {"opened_at": "2020-01-01T00:00:00Z"}),
        (deal, {"lost_note": "why"}),
        (ada, {"created_at": None}),
        (deal, {"amount": "much"}),
        (deal, {"expected_close": "2026-02-30"}),
        (deal, {"title": 5}),
        (ada, {"email": "no address"}),
    ):
        refused = await odata.send("PATCH", path, change, If_Match="*")
        [name] = change
        assert (refused.status, refused.body["error"]["target"].startswith(f"/{name}")) == (422, True), change
    for change in ({"secret": 1}, {"custom": {}}, {"title": {"a": 1}}, {"title": "a\0b"}):
        assert (await odata.send("PATCH", deal, change, If_Match="*")).status == 400


async def test_a_contact_is_added_changed_and_deleted(odata: OData, records: Records) -> None:
    of_engines = f"Companies({records.engines['id']})/Contacts"

    added = await odata.send("POST", of_engines, {"given_name": "Grace", "email": "grace@engines.example"})
    again = await odata.send("POST", "Contacts", {"email": "GRACE@engines.example"})
    path = f"Contacts({added.body['id']})"
    changed = await odata.send("PATCH", path, {"family_name": "H", "company_id": None}, If_Match=added.headers["ETag"])
    deleted = await odata.send("DELETE", path, If_Match=changed.headers["ETag"])

    assert (added.status, added.body["company_id"], added.body["name"]) == (201, records.engines["id"], "Grace")
    assert (again.status, again.body["error"]["code"]) == (409, "contact_exists")
    assert (changed.body["name"], changed.body["company_id"]) == ("Grace H", None)
    assert (deleted.status, (await odata.get(path)).status) == (204, 404)


async def test_a_deal_is_opened_and_deleted(odata: OData, records: Records) -> None:
    body = {"title": "Van sign", "amount": 10.10, "contact_id": records.ada["id"], "stage": "qualified", "owner": None}

    opened = await odata.send("POST", "Deals", body, Prefer="return=minimal")
    below = await odata.send("POST", f"Contacts({records.ada['id']})/Deals", {"title": "Another"})
    deal = await odata.get(opened.headers["OData-EntityId"])
    deleted = await odata.send("DELETE", opened.headers["OData-EntityId"], If_Match=deal.headers["ETag"])

    assert (opened.status, opened.headers["Preference-Applied"]) == (204, "return=minimal")
    assert (deal.body["stage"], deal.body["amount"], deal.body["company_id"]) == (
        "qualified",
        10.1,
        records.engines["id"],
    )
    assert below.body["contact_id"] == records.ada["id"]
    assert (deleted.status, (await odata.get(opened.headers["OData-EntityId"])).status) == (204, 404)


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "Orders", {}, 501, "writing Orders"),
    ("POST", "LifecycleLog", {}, 501, "writing LifecycleLog"),
    ("POST", "Deals", {"Contact": {"name": "Ada"}}, 501, "deep inserts"),
    ("POST", "Deals", {"Contact@odata.bind": "Contacts(1)"}, 501, "binding by reference"),
    ("POST", "Deals", [], 400, "JSON object"),
    ("POST", "Deals", {"name": "x"}, 400, "Deal has no name"),
    ("POST", "Deals/$query", {}, 501, "$query"),
    ("POST", "$batch", {}, 501, "$batch"),
    ("POST", "Nothing", {}, 404, "Nothing"),
    ("POST", "Companies?$filter=a", {"name": "x"}, 400, "$filter does not apply"),
    ("PUT", "Companies", {}, 501, "PUT"),
    ("PATCH", "Companies", {}, 405, "cannot be done"),
    ("DELETE", "Companies", None, 405, "cannot be done"),
    ("PATCH", "Companies(01234567-89ab-cdef-0123-456789abcdef)/name", {}, 501, "writing a single property"),
    ("PATCH", "Companies(01234567-89ab-cdef-0123-456789abcdef)", {}, 404, "no such company"),
    ("POST", "Companies(01234567-89ab-cdef-0123-456789abcdef)/Deals", {"title": "x"}, 404, "no such company"),
    ("TRACE", "Companies", None, 405, "not done here"),
]


async def test_what_cannot_be_written_is_refused_by_name(odata: OData) -> None:
    for method, path, body, status, said in REFUSED:
        reply = await odata.send(method, path, body, If_Match="*")
        assert (reply.status, said in reply.error) == (status, True), (method, path, reply.body)


async def test_who_may_only_read_writes_nothing(odata: OData) -> None:
    refused = await odata.send("POST", "Companies", {"name": "x"}, **await odata.token_of("read_only"))

    assert (refused.status, set(refused.body)) == (403, {"error"})
