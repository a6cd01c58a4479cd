"""Entities as OData clients read them."""

from xml.etree import ElementTree

from tests.lifecycle.odata.conftest import OData, Records


async def test_the_service_tells_what_there_is(odata: OData) -> None:
    """L35"""
    service = await odata.get("")

    assert [item["name"] for item in service.values][:3] == ["Companies", "Contacts", "Deals"]
    assert service.headers["OData-Version"] == "4.01"
    assert service.body["@odata.context"].endswith("/odata/v4/$metadata")


async def test_the_metadata_is_the_same_in_xml_and_in_json(odata: OData) -> None:
    xml = await odata.get("$metadata")
    json = await odata.get("$metadata?$format=json")
    by_accept = await odata.get("$metadata", Accept="application/json")

    root = ElementTree.fromstring(xml.body)
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    in_xml = {
        kind.get("Name"): sorted(str(part.get("Name")) for part in kind if part.get("Name"))
        for kind in root.iter(f"{edm}EntityType")
    }
    in_json = {
        name: sorted(part for part in kind if not part.startswith("$"))
        for name, kind in json.body["clew"].items()
        if kind["$Kind"] == "EntityType"
    }
    assert in_xml == in_json
    assert json.body == by_accept.body
    assert json.body["clew"]["Deal"]["amount"] == {
        "$Type": "Edm.Decimal",
        "$Nullable": True,
        "$Precision": 19,
        "$Scale": 4,
    }


async def test_a_page_of_deals(odata: OData, records: Records) -> None:
    page = await odata.get("Deals?$select=title,amount&$orderby=amount%20desc&$count=true&$top=2")

    assert page.body["@odata.count"] == 4
    assert [(item["title"], item["amount"]) for item in page.values] == [("Alpha", 100.5), ("Beta", 7)]
    assert page.body["@odata.context"].endswith("$metadata#Deals(title,amount)")
    assert page.values[0]["@odata.etag"] == 'W/"1"'
    assert "@odata.nextLink" not in page.body


async def test_null_is_less_than_everything(odata: OData, records: Records) -> None:
    up = await odata.get("Deals?$orderby=amount,title&$select=title")
    down = await odata.get("Deals?$orderby=amount%20desc,title%20desc&$select=title")

    assert [item["title"] for item in up.values] == ["Gamma O'Neil", "50% off_+ now", "Beta", "Alpha"]
    assert [item["title"] for item in down.values] == ["Alpha", "Beta", "50% off_+ now", "Gamma O'Neil"]


async def test_one_entity_by_its_key(odata: OData, records: Records) -> None:
    deal_id = records.deals[0]["id"]

    by_key = await odata.get(f"Deals({deal_id})")
    by_name = await odata.get(f"Deals(id={deal_id})")
    by_segment = await odata.get(f"Deals/{deal_id}")

    assert by_key.body == by_name.body == by_segment.body
    assert (by_key.body["title"], by_key.body["stage"], by_key.headers["ETag"]) == ("Alpha", "new", 'W/"1"')
    assert by_key.body["@odata.context"].endswith("$metadata#Deals/$entity")
    assert (await odata.get(f"Deals({deal_id})", If_None_Match='W/"1"')).status == 304
    assert (await odata.get(f"Deals({records.ada['id']})")).status == 404


async def test_a_property_and_its_bare_value(odata: OData, records: Records) -> None:
    deal_id = records.deals[0]["id"]

    assert (await odata.get(f"Deals({deal_id})/title")).body["value"] == "Alpha"
    assert (await odata.get(f"Deals({deal_id})/amount/$value")).body == b"100.5000"
    assert (await odata.get(f"Deals({deal_id})/closed_at")).status == 204
    assert (await odata.get(f"Deals({deal_id})/secret")).status == 404


async def test_what_an_entity_leads_to(odata: OData, records: Records) -> None:
    company = f"Companies({records.engines['id']})"

    assert [item["title"] for item in (await odata.get(f"{company}/Deals?$orderby=title")).values] == [
        *("Alpha", "Beta", "Gamma O'Neil")
    ]
    assert (await odata.get(f"{company}/Deals/$count?$filter=amount%20gt%207")).body == b"1"
    assert (await odata.get(f"Deals({records.deals[1]['id']})/Contact/name")).body["value"] == "Ada"
    assert (await odata.get(f"Deals({records.deals[3]['id']})/Contact")).status == 204
    assert (await odata.get(f"{company}/Deals({records.deals[3]['id']})")).status == 404
    assert (await odata.get(f"Companies({records.ada['id']})/Deals")).status == 404
    assert (await odata.get(f"Companies({records.other['id']})/Deals")).values == []


async def test_two_levels_of_what_entities_lead_to(odata: OData, records: Records) -> None:
    query = (
        "Companies?$orderby=name&$select=name&$expand=Contacts($select=name;$orderby=name%20desc;$expand=Company($select=id)),"
        "Deals($filter=amount%20ge%207;$count=true;$top=1;$orderby=title;$select=title)"
    )

    engines, other = (await odata.get(query)).values

    assert [contact["name"] for contact in engines["Contacts"]] == ["Bob", "Ada"]
    assert engines["Contacts"][0]["Company"]["id"] == records.engines["id"]
    assert (engines["Deals@odata.count"], [deal["title"] for deal in engines["Deals"]]) == (2, ["Alpha"])
    assert (other["Contacts"], other["Deals"], other["Deals@odata.count"]) == ([], [], 0)


async def test_a_long_collection_of_an_entity_goes_on_at_its_link(odata: OData, records: Records) -> None:
    query = f"Companies({records.engines['id']})?$expand=Deals($orderby=title;$select=title)"

    first = (await odata.get(query, Prefer="odata.maxpagesize=2")).body
    rest = await odata.get(first["Deals@odata.nextLink"])

    assert [deal["title"] for deal in [*first["Deals"], *rest.values]] == ["Alpha", "Beta", "Gamma O'Neil"]
    assert "@odata.nextLink" not in rest.body


async def test_filters_look_where_entities_lead(odata: OData, records: Records) -> None:
    assert await odata.find("Company/name eq 'Engines Ltd' and Contact/name eq 'Ada'") == ["Alpha", "Beta"]
    assert await odata.find("Contact/Company/name eq 'Engines Ltd'") == ["Alpha", "Beta", "Gamma O'Neil"]
    assert await odata.find("Deals/any(d:d/amount gt 100)", "Companies", "name") == ["Engines Ltd"]
    assert await odata.find("Deals/all(d:d/amount gt 100)", "Companies", "name") == ["O'Neil & Söhne"]
    assert await odata.find("Deals/$count eq 3 or Deals/any()", "Companies", "name") == ["Engines Ltd"]
    assert await odata.find("Deals/any(d:d/title eq name) eq false", "Companies", "name") == [
        *("Engines Ltd", "O'Neil & Söhne")
    ]
    nested = "Contacts/any(c:c/Deals/any(d:d/amount gt 100 and c/name eq 'Ada'))"
    assert await odata.find(nested, "Companies", "name") == ["Engines Ltd"]
    assert await odata.find("Company/Deals/any(d:d/title eq 'Beta')") == ["Alpha", "Beta", "Gamma O'Neil"]


async def test_looking_up_where_a_key_leads_finds_the_same(odata: OData, records: Records) -> None:
    """What hangs on one property is asked where that stands; below two negations it is asked of each row."""
    places = (
        "stage",
        "owner",
        "lost_reason",
        "Company/name",
        "Contact/name",
        "Contact/Company/name",
        "Stage/Pipeline/key",
    )
    asked = (
        *("{} eq 'qualified'", "{} ne 'qualified'", "{} gt 'B'", "{} le 'Engines Ltd'", "{} in ('Ada','new')"),
        *("{} in ('Ada',null)", "{} eq null", "{} eq title", "contains({},'a')", "startswith('Ada',{})"),
        *("indexof({},'x') eq -1", "length({}) gt 3", "not contains({},'a')", "tolower({}) eq tolower({})"),
        *("substring({},null) eq 'a'", "length({}) div (length({}) sub 3) gt 0", "'Ada' eq {} or title eq 'Beta'"),
    )
    for place in places:
        for pattern in asked:
            wanted = pattern.replace("{}", place)
            assert await odata.find(wanted) == await odata.find(f"not (not ({wanted}))"), wanted
    assert await odata.find("Contact/name eq 'Ada' and stage eq 'qualified'") == ["Beta"]
    assert await odata.find("Deals/any(d:d/Contact/name eq 'Bob')", "Companies", "name") == ["Engines Ltd"]


async def test_a_quote_and_a_plus_are_what_they_are(odata: OData, records: Records) -> None:
    """d.8: O''Neil is one name, and the published parsers misread it."""
    for query in (
        "$filter=contains(title,'O''Neil')",
        "$filter=contains(title,%27O%27%27Neil%27)",
        "filter=contains(title,'O''Neil')",
    ):
        assert [item["title"] for item in (await odata.get(f"Deals?{query}")).values] == ["Gamma O'Neil"]
    for query in (
        "$filter=contains(title,'_%2B')",
        "$filter=contains(title,'_+')",
        "$filter=contains(title,'0%25%20off_')",
    ):
        assert [item["title"] for item in (await odata.get(f"Deals?{query}")).values] == ["50% off_+ now"]
    assert (await odata.get("Deals?$filter=contains(title,'%252')")).values == []
    assert (await odata.get("Deals?$filter=title+eq+'Alpha'")).status == 400
    assert (await odata.get("Deals?$filter=title%20eq%20'O'Neil'")).status == 400
    assert (await odata.get("Companies?$filter=name%20eq%20'O''Neil%20%26%20S%C3%B6hne'")).values != []


async def test_a_search_looks_for_words_and_phrases(odata: OData, records: Records) -> None:
    async def found(search: str) -> list[str]:
        return [item["title"] for item in (await odata.get(f"Deals?$search={search}&$orderby=title")).values]

    assert await found("alpha%20OR%20beta") == ["Alpha", "Beta"]
    assert await found("gamma%20neil") == ["Gamma O'Neil"]
    assert await found("%22off_%2B%20now%22") == ["50% off_+ now"]
    assert await found("NOT%20alpha%20AND%20(beta%20OR%20gamma)") == ["Beta", "Gamma O'Neil"]
    assert await found("a%20NOT%20beta") == ["Alpha", "Gamma O'Neil"]


async def test_as_much_is_told_about_an_answer_as_is_wanted(odata: OData, records: Records) -> None:
    path = f"Deals({records.deals[0]['id']})"

    bare = await odata.get(path, Accept="application/json;odata.metadata=none")
    full = await odata.get(f"{path}?$format=application/json;odata.metadata=full", OData_MaxVersion="4.0")
    quoted = await odata.get(path, Accept="application/json;IEEE754Compatible=true")

    assert not [name for name in bare.body if "@" in name]
    assert full.body["@odata.type"] == "#clew.Deal"
    assert full.body["Company@odata.navigationLink"] == f"{path}/Company"
    assert full.body["amount@odata.type"] == "#Decimal"
    assert full.headers["OData-Version"] == "4.0"
    assert quoted.body["amount"] == "100.5000"


async def test_who_may_only_read_is_not_told_how_to_reach_people(odata: OData, records: Records) -> None:
    """P2"""
    reader = await odata.token_of("read_only")
    person = f"Contacts({records.ada['id']})"

    seen = await odata.get(person, **reader)
    hidden = [
        await odata.get(path, **reader)
        for path in (
            f"{person}/email",
            "Contacts?$filter=email%20eq%20'ada@engines.example'",
            "Contacts?$orderby=email",
            "Contacts?$select=email",
            "Deals?$filter=Contact/email%20ne%20null",
            "Companies?$filter=Contacts/any(c:startswith(c/phone,'+'))",
            "Companies?$expand=Contacts($filter=phone%20ne%20null)",
        )
    ]

    assert seen.body["name"] == "Ada"
    assert "email" not in seen.body
    assert [reply.status for reply in hidden] == [404, 400, 400, 400, 400, 400, 400]
    assert (await odata.get("Contacts?$search=engines.example", **reader)).values == []
    assert b'Name="email"' not in (await odata.get("$metadata", **reader)).body
    assert len((await odata.get("Contacts?$search=engines.example")).values) == 1


async def test_nobody_without_a_token_sees_anything(odata: OData) -> None:
    for path in ("", "$metadata", "Deals", "Nothing"):
        reply = await odata.get(path, Authorization="Bearer wrong")
        assert (reply.status, set(reply.body)) == (401, {"error"})


async def test_tokens_and_teammates_are_no_entities(odata: OData) -> None:
    """P2"""
    for path in ("Teammates", "ApiTokens", "Sessions", "teammate", "deals"):
        assert (await odata.get(path)).status == 404
    for name in ("thread_key", "board_rank", "name_key", "custom", "sha256", "facts", "merged_into"):
        assert (await odata.get(f"Deals?$filter={name}%20ne%20null")).status == 400
        assert (await odata.get(f"Companies?$filter={name}%20ne%20null")).status == 400


async def test_a_batch_is_refused_by_name(odata: OData) -> None:
    reply = await odata.send("POST", "$batch", {"requests": []})

    assert (reply.status, reply.error) == (501, "Not supported: $batch.")
