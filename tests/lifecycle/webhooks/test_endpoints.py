"""Webhooks as their keepers see them, over HTTP and all the way (L24, L35)."""

from datetime import timedelta
from typing import Any

import pytest
from clew_lifecycle.add_teammate import add_teammate
from clew_lifecycle.store.team_tables import api_token
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.sessions import credential_of
from clew_shared.testing.harness import RunningClew

from tests.lifecycle.webhooks.receiver import Heard, Receiver


async def test_a_webhook_tells_what_the_api_brings_about(clew: RunningClew, receiver: Receiver) -> None:
    """L35: from the API through the outbox to the receiver, signed with the secret that was shown once."""
    made = await add(clew, receiver.url + "/a", events=["deal.opened", "deal.moved"])
    deal = await clew.post("/api/v1/deals", {"title": "Boat", "email": "ada@client.example"}, 201)

    heard = await first(clew, receiver, "/a")

    assert heard.verify(made["secret"])["data"]["deal"]["id"] == deal["id"]
    shown = await clew.get(f"/api/v1/webhooks/{made['id']}")
    assert "secret" not in shown
    assert (shown["state"], shown["owner"], shown["events"]) == (
        "active",
        "api:CLEW_API_TOKEN",
        ["deal.opened", "deal.moved"],
    )

    async def delivered() -> Any:
        found = (await clew.get(f"/api/v1/webhooks/{made['id']}/deliveries"))["items"]
        return found if [one["status"] for one in found] == ["delivered"] else None

    [delivery] = await clew.eventually(delivered)
    assert (delivery["event_id"], delivery["attempt"], delivery["last_status"]) == (heard.id, 1, 204)


async def test_a_change_needs_the_version_that_was_seen(clew: RunningClew, receiver: Receiver) -> None:
    """P1"""
    made = await add(clew, receiver.url)
    url = f"{clew.url}/api/v1/webhooks/{made['id']}"

    async with clew.http.patch(url, json={"description": "x"}) as response:
        assert response.status == 428
    async with clew.http.patch(url, json={"description": "x"}, headers={"If-Match": '"7"'}) as response:
        assert (response.status, response.headers["ETag"]) == (412, '"1"')
    async with clew.http.patch(url, json={"description": "x"}, headers={"If-Match": '"1"'}) as response:
        assert (response.status, response.headers["ETag"]) == (200, '"2"')
        assert (await response.json())["description"] == "x"
    async with clew.http.delete(url, headers={"If-Match": '"1"'}) as response:
        assert response.status == 412
    async with clew.http.delete(url, headers={"If-Match": '"2"'}) as response:
        assert response.status == 204
    async with clew.http.get(url) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"url": "ftp://example.org/"}, "/url"),
        ({"url": "https://user:secret@example.org/"}, "/url"),
        ({"url": "https://example.org/#part"}, "/url"),
        ({"url": "https:///path"}, "/url"),
        ({"url": "https://a..b/"}, "/url"),
        ({"url": "https://example.org:99999/"}, "/url"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "/url"),
        ({"url": "http://[::1]/"}, "/url"),
        ({"url": "http://10.0.0.1/"}, "/url"),
        ({"events": ["deal.opened", "deal.flown"]}, "/events/1"),
        ({"events": ["sign.in_requested"]}, "/events/0"),
        ({"filter": "deal/stage eq"}, "/filter"),
        ({"filter": "deal/colour eq 'red'"}, "/filter"),
        ({"filter": "geo.distance(deal/stage, deal/stage) lt 1"}, "/filter"),
        ({"events": ["deal.opened"], "filter": "company/lifecycle_stage eq 'customer'"}, "/filter"),
    ],
)
async def test_what_cannot_be_is_said_by_field(
    clew: RunningClew, receiver: Receiver, wrong: dict[str, Any], pointer: str
) -> None:
    refused = await clew.post("/api/v1/webhooks", {"url": receiver.url, **wrong}, 422)

    assert [error["pointer"] for error in refused["errors"]] == [pointer]


async def test_a_filter_lets_through_what_fulfils_it(clew: RunningClew, receiver: Receiver) -> None:
    """d.5: the same language as everywhere."""
    await add(clew, receiver.url + "/big", events=["deal.opened"], filter="deal/amount gt 1000 and deal/title ne null")
    await add(clew, receiver.url + "/all", events=["deal.opened"])
    for title, amount in (("Small", "10"), ("Big", "1200.50")):
        await clew.post("/api/v1/deals", {"title": title, "amount": amount, "email": f"{title}@x.example"}, 201)

    async def both() -> Any:
        return len(receiver.at("/all")) == 2 and receiver.at("/big")

    [heard] = await clew.eventually(both)
    assert heard.told["data"]["deal"]["title"] == "Big"


async def test_after_a_rotation_both_secrets_verify(clew: RunningClew, receiver: Receiver) -> None:
    made = await add(clew, receiver.url + "/a", events=["deal.opened"])
    rotated = await clew.post(f"/api/v1/webhooks/{made['id']}/rotate", None)
    await clew.post(f"/api/v1/webhooks/{made['id']}/test", None, 202)

    heard = await first(clew, receiver, "/a")

    assert rotated["secret"] != made["secret"]
    assert heard.verify(made["secret"])["type"] == "webhook.test"
    assert heard.verify(rotated["secret"])["type"] == "webhook.test"


async def test_a_disabled_webhook_hears_nothing_until_a_replay(clew: RunningClew, receiver: Receiver) -> None:
    made = await add(clew, receiver.url + "/a", events=["deal.opened"])
    url = f"{clew.url}/api/v1/webhooks/{made['id']}"
    since = (utc_now() - timedelta(minutes=1)).isoformat()
    async with clew.http.patch(url, json={"state": "disabled"}, headers={"If-Match": "*"}) as response:
        assert (await response.json())["state_reason"] == "by_hand"
    missed = await clew.post("/api/v1/deals", {"title": "Missed", "email": "ada@client.example"}, 201)
    await clew.post(f"/api/v1/webhooks/{made['id']}/test", None, 409)
    async with clew.http.patch(url, json={"state": "active"}, headers={"If-Match": "*"}) as response:
        assert (await response.json())["state"] == "active"
    assert receiver.heard == []

    again = {"since": since, "events": ["deal.opened"]}
    replayed = await clew.post(f"/api/v1/webhooks/{made['id']}/replay", again, 202)
    heard = await first(clew, receiver, "/a")

    assert replayed == {"queued": 1}
    assert heard.told["data"]["deal"]["id"] == missed["id"]


async def test_a_replay_of_what_was_delivered_sends_it_again_with_the_same_id(
    clew: RunningClew, receiver: Receiver
) -> None:
    made = await add(clew, receiver.url + "/a", events=["deal.opened"])
    since = (utc_now() - timedelta(minutes=1)).isoformat()
    await clew.post("/api/v1/deals", {"title": "Boat", "email": "ada@client.example"}, 201)
    await first(clew, receiver, "/a")
    await delivered(clew, made["id"])

    until = (utc_now() + timedelta(minutes=1)).isoformat()
    none = await clew.post(f"/api/v1/webhooks/{made['id']}/replay", {"since": until, "until": until}, 202)
    far = {"since": "0001-01-01T00:00:00+14:00", "until": "0001-01-02T00:00:00+14:00"}
    assert await clew.post(f"/api/v1/webhooks/{made['id']}/replay", far, 202) == {"queued": 0}
    one = await clew.post(f"/api/v1/webhooks/{made['id']}/replay", {"since": since, "until": until}, 202)

    async def twice() -> Any:
        return receiver.at("/a") if len(receiver.at("/a")) == 2 else None

    once, again = await clew.eventually(twice)
    assert (none["queued"], one["queued"], once.id) == (0, 1, again.id)
    async with clew.http.post(
        f"{clew.url}/api/v1/webhooks/{made['id']}/replay", json={"since": "2026-01-02"}
    ) as response:
        assert response.status == 422


async def test_a_delivery_is_tried_anew_by_hand(clew: RunningClew, receiver: Receiver) -> None:
    receiver.answers["/a"] = [500, 204]
    made = await add(clew, receiver.url + "/a", events=["deal.opened"])
    await clew.post("/api/v1/deals", {"title": "Boat", "email": "ada@client.example"}, 201)

    async def failed() -> Any:
        found = (await clew.get(f"/api/v1/webhooks/{made['id']}/deliveries", status="pending"))["items"]
        return found if found and found[0]["error"] else None

    [delivery] = await clew.eventually(failed)
    again = await clew.post(f"/api/v1/webhooks/{made['id']}/deliveries/{delivery['id']}/retry", None, 202)
    await delivered(clew, made["id"])

    assert (again["attempt"], again["error"]) == (0, None)
    await clew.post(f"/api/v1/webhooks/{made['id']}/deliveries/{made['id']}/retry", None, 404)


async def test_zapier_subscribes_and_unsubscribes(clew: RunningClew, receiver: Receiver) -> None:
    """L35: REST hooks."""
    hook = await clew.post("/api/v1/hooks", {"hookUrl": receiver.url + "/zap", "event": "deal.opened"}, 201)
    other = await clew.post("/api/v1/hooks", {"target_url": receiver.url + "/zip", "event": "deal.opened"}, 201)
    await clew.post("/api/v1/hooks", {"target_url": receiver.url + "/zip", "event": "deal.flown"}, 422)
    await clew.post("/api/v1/hooks", {"event": "deal.opened"}, 422)
    async with clew.http.delete(f"{clew.url}/api/v1/hooks/{other['id']}") as response:
        assert response.status == 204
    await clew.post("/api/v1/deals", {"title": "Boat", "email": "ada@client.example"}, 201)

    heard = await first(clew, receiver, "/zap")

    assert heard.told["id"] == heard.id
    assert receiver.at("/zip") == []
    assert (await clew.get(f"/api/v1/webhooks/{hook['id']}"))["kind"] == "zapier"


async def test_a_sample_has_the_shape_of_what_is_sent(clew: RunningClew) -> None:
    """Zapier builds its fields from samples: a real one where there is one, else one made from the contract."""
    [made_up] = await clew.get("/api/v1/hooks/samples/deal.opened")
    deal = await clew.post("/api/v1/deals", {"title": "Boat", "email": "ada@client.example"}, 201)
    [real] = await clew.get("/api/v1/hooks/samples/deal.opened")

    assert set(made_up) == set(real) == {"id", "type", "timestamp", "data"}
    assert set(real["data"]["deal"]) <= set(made_up["data"]["deal"])
    assert real["data"]["deal"]["id"] == deal["id"]
    for name in (await clew.get("/api/v1/hooks/samples/company.lifecycle_changed"))[0]["data"]:
        assert name != "historical"
    async with clew.http.get(f"{clew.url}/api/v1/hooks/samples/deal.flown") as response:
        assert response.status == 404


async def test_sales_people_have_their_own_webhooks_and_hear_nothing_of_the_team(
    clew: RunningClew, receiver: Receiver
) -> None:
    """d.8: what a webhook tells is filtered by its owner's rights."""
    await token(clew, "seller", "sales")
    await token(clew, "reader", "read_only")
    admins = await add(clew, receiver.url + "/admin")
    mine = await add(clew, receiver.url + "/sales", token="seller")
    async with clew.http.post(
        f"{clew.url}/api/v1/webhooks", json={"url": receiver.url}, headers=as_token("reader")
    ) as response:
        assert response.status == 403
    async with clew.http.get(f"{clew.url}/api/v1/webhooks", headers=as_token("seller")) as response:
        assert [one["id"] for one in (await response.json())["items"]] == [mine["id"]]
    async with clew.http.get(f"{clew.url}/api/v1/webhooks/{admins['id']}", headers=as_token("seller")) as response:
        assert response.status == 404
    rail = clew.services["lifecycle"].rail
    async with rail.unit_of_work() as uow:
        await add_teammate("new@team.example", "New", uow)
    await clew.post("/api/v1/deals", {"title": "Boat", "email": "ada@client.example"}, 201)

    async def all_heard() -> Any:
        kinds = {path: sorted({one.told["type"] for one in receiver.at(path)}) for path in ("/admin", "/sales")}
        return kinds if "deal.opened" in kinds["/admin"] and "deal.opened" in kinds["/sales"] else None

    kinds = await clew.eventually(all_heard)
    assert "teammate.added" in kinds["/admin"]
    assert "teammate.added" not in kinds["/sales"]


async def test_a_webhook_whose_owner_is_gone_ends(clew: RunningClew, receiver: Receiver) -> None:
    await token(clew, "seller", "sales")
    made = await add(clew, receiver.url + "/sales", token="seller")
    rail = clew.services["lifecycle"].rail
    async with rail.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE lifecycle.api_token SET revoked_at = now() WHERE name = 'seller'")
    await clew.post("/api/v1/deals", {"title": "Boat", "email": "ada@client.example"}, 201)

    async def ended() -> Any:
        found = await clew.get(f"/api/v1/webhooks/{made['id']}")
        return found if found["state"] == "disabled" else None

    assert (await clew.eventually(ended))["state_reason"] == "owner_gone"
    assert receiver.heard == []


async def add(clew: RunningClew, url: str, token: str | None = None, **fields: Any) -> Any:
    headers = as_token(token) if token else {}
    body = {"url": url, **fields}
    async with clew.http.post(f"{clew.url}/api/v1/webhooks", json=body, headers=headers) as response:
        assert response.status == 201, await response.text()
        return await response.json()


async def first(clew: RunningClew, receiver: Receiver, path: str) -> Heard:
    async def heard() -> Heard | None:
        return receiver.at(path)[0] if receiver.at(path) else None

    return await clew.eventually(heard)


async def delivered(clew: RunningClew, endpoint_id: str) -> None:
    async def done() -> Any:
        return (await clew.get(f"/api/v1/webhooks/{endpoint_id}/deliveries", status="delivered"))["items"]

    await clew.eventually(done)


async def token(clew: RunningClew, name: str, role: str) -> None:
    sha256 = credential_of("token", f"clew_{name}").sha256
    async with clew.services["lifecycle"].rail.database.engine.begin() as connection:
        await connection.execute(api_token.insert().values(id=new_id(), name=name, sha256=sha256, role=role))


def as_token(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer clew_{name}"}
