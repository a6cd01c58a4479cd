"""Attributes of an organisation's own: defined once, typed and checked wherever a value is written."""

from typing import Any

import pytest
from clew_lifecycle.domain.attribute import Attribute, read_value
from clew_shared.testing.harness import RunningClew

from tests.lifecycle.test_api import api, call, intake

__all__ = ["api", "intake"]

SIZES = ("S", "M", "L")


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("text", "  words ", "words"),
        ("text", " \n", None),
        ("number", 0, 0),
        ("number", "12.50", 12.5),
        ("number", 3.0, 3),
        ("date", "2026-02-28", "2026-02-28"),
        ("bool", False, False),
        ("choice", "M", "M"),
        ("multi", ["L", "S", "L"], ["S", "L"]),
        ("multi", [], None),
        ("date", None, None),
    ],
)
def test_a_value_that_fits_is_kept_in_one_form(kind: str, given: Any, kept: Any) -> None:
    """L51, W5"""
    assert read_value(Attribute("a", "A", kind, SIZES), given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        *[("text", 3), ("number", "much"), ("number", True), ("number", 1e300), ("number", "NaN")],
        *[("date", "28.2.2026"), ("date", 3), ("bool", "yes"), ("bool", 1), ("choice", "XL"), ("choice", ["S"])],
        *[("multi", "S"), ("multi", ["XL"])],
    ],
)
def test_a_value_that_does_not_fit_is_refused(kind: str, given: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_value(Attribute("a", "A", kind, SIZES), given)


async def test_custom_values_are_checked_on_deals_contacts_and_companies(api: RunningClew) -> None:
    """L51"""
    for entity in ("deal", "contact", "company"):
        await api.post("/api/v1/attributes", {"entity": entity, "key": "seats", "type": "number"}, 201)
    bodies = {"deals": {"title": "Course"}, "contacts": {"name": "Ada"}, "companies": {"name": "Acme"}}

    for path, body in bodies.items():
        made = await api.post(f"/api/v1/{path}", {**body, "custom": {"seats": "12"}}, 201)
        assert made["custom"] == {"seats": 12}
        for value, code in (("many", "invalid"), (None, None)):
            status, answered, _ = await call(
                api, "PATCH", f"/api/v1/{path}/{made['id']}", {"custom": {"seats": value}}, **{"If-Match": "*"}
            )
            if code:
                assert (status, answered["errors"][0]["pointer"]) == (422, "/custom/seats")
            else:
                assert (status, answered["custom"]) == (200, {})
        status, answered, _ = await call(api, "POST", f"/api/v1/{path}", {**body, "custom": {"colour": "red"}})
        assert (status, answered["errors"][0]["code"]) == (422, "unknown")


async def test_an_attribute_is_defined_changed_and_taken_away(api: RunningClew) -> None:
    wanted = {"entity": "deal", "key": "size", "type": "choice", "choices": ["S", "M"], "label": "Size"}
    size = await api.post("/api/v1/attributes", wanted, 201)
    path = f"/api/v1/attributes/{size['id']}"
    taken, _, _ = await call(api, "POST", "/api/v1/attributes", wanted)
    without, problem, _ = await call(api, "POST", "/api/v1/attributes", {**wanted, "key": "other", "choices": []})
    changed, size, _ = await call(api, "PATCH", path, {"choices": ["S", "M", "L"]}, **{"If-Match": '"1"'})
    deal = await api.post("/api/v1/deals", {"title": "T-shirts", "custom": {"size": "L"}}, 201)

    gone, _, _ = await call(api, "DELETE", path, None, **{"If-Match": '"2"'})

    assert (taken, without, problem["errors"][0]["pointer"]) == (409, 422, "/choices")
    assert (changed, size["choices"], size["version"], gone) == (200, ["S", "M", "L"], 2, 204)
    assert (await api.get("/api/v1/attributes", entity="deal"))["items"] == []
    assert (await api.get(f"/api/v1/deals/{deal['id']}"))["custom"] == {"size": "L"}
    again = await api.post("/api/v1/attributes", {**wanted, "type": "choice"}, 201)
    assert again["id"] == size["id"]
