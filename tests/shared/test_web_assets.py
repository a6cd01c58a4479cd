"""Static files: what was vendored is what is pinned, and what is served is what was meant (back-office 2.6)."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from aiohttp import web
from clew_shared.web.assets import Assets, integrity
from clew_shared.web.vendor import LOCK, NOTICES, VENDORED, read_pins
from pytest_aiohttp.plugin import AiohttpClient

WITH_STATIC = ("clew_lifecycle", "clew_shared.web")
MODULES = [
    Path(str(entry))
    for package in WITH_STATIC
    for entry in files(package).joinpath("static").iterdir()
    if entry.name.endswith(".js")
]


def test_the_vendored_files_are_exactly_what_the_lock_and_the_pins_name() -> None:
    lock = json.loads(LOCK.read_text())
    pins = {pin.name: pin for pin in read_pins()}

    assert {name: entry["version"] for name, entry in lock.items()} == {n: pin.version for n, pin in pins.items()}
    assert {entry["file"] for entry in lock.values()} == {path.name for path in VENDORED.iterdir()}
    for entry in lock.values():
        assert integrity((VENDORED / entry["file"]).read_bytes()) == entry["integrity"]


def test_every_vendored_file_has_its_licence_in_the_notices() -> None:
    notices = NOTICES.read_text()

    for pin in read_pins():
        assert f"## {pin.name}: {pin.package} {pin.version} ({pin.spdx})" in notices


async def test_a_file_is_served_for_ever_under_the_name_of_its_content(aiohttp_client: AiohttpClient) -> None:
    assets = Assets(("clew_shared.web",), "/assets")
    app = web.Application()
    assets.add_to(app.router)
    client = await aiohttp_client(app)

    answer = await client.get(assets["base.css"].url)

    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/css"
    assert await answer.read() == assets["base.css"].content
    assert (await client.get("/assets/000000000000/base.css")).status == 404
    assert (await client.get("/assets/000000000000/../../pages.py")).status == 404


def test_the_import_map_names_each_module_with_its_checksum() -> None:
    assets = Assets(("clew_lifecycle", "clew_shared.web"), "/assets")

    found = json.loads(assets.import_map())

    assert found["imports"]["clew/board.js"] == assets["board.js"].url
    assert found["integrity"] == {assets[n].url: assets[n].integrity for n in map(_name, found["imports"])}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_short_imports_only_modules_that_exist_and_never_parses_strings_as_html(path: Path) -> None:
    source = path.read_text()
    known = {module.name for module in MODULES}

    assert len(source.splitlines()) < 200
    assert {_name(name) for name in re.findall(r'from "([^"]+)"', source)} <= known
    assert not re.search(r"\.(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source)


def _name(specifier: str) -> str:
    return specifier.removeprefix("clew/")
