"""What is generated from the services' declarations: the README's table, AsyncAPI, JSON Schema."""

import json
import re
from pathlib import Path
from typing import Any

from clew_shared.runtime.service import build_services
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.topology import as_asyncapi, as_json_schema, as_markdown

README = Path(__file__).parents[2] / "README.md"


def test_the_table_in_the_readme_is_what_the_services_declare() -> None:
    shown = re.search(r"<!-- topology -->\n(.*?)<!-- /topology -->", README.read_text(), re.DOTALL)

    assert shown is not None
    assert shown.group(1) == as_markdown(build_services(Settings(secret="for tests")))


def test_the_asyncapi_document_names_every_channel_and_resolves() -> None:
    services = build_services(Settings(secret="for tests"))

    document = json.loads(as_asyncapi(services))

    assert document["asyncapi"] == "3.0.0"
    assert len(document["channels"]) == sum(len(service.tells) for service in services)
    for reference in _references(document):
        assert _resolve(document, reference), reference


def test_the_json_schema_describes_every_event() -> None:
    services = build_services(Settings(secret="for tests"))

    schema = json.loads(as_json_schema(services))

    assert {event.__name__ for service in services for event in service.tells} <= set(schema["$defs"])
    for reference in _references(schema):
        assert _resolve(schema, reference), reference


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for part in value.values() for found in _references(part)]
    if isinstance(value, list):
        return [found for part in value for found in _references(part)]
    return []


def _resolve(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document.get(part.replace("~1", "/").replace("~0", "~"))
        if document is None:
            return None
    return document
