"""The shape of the repository: who may know whom, who hears what, and that the signposts in it are true."""

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules

import clew_shared.contracts
import pytest
from clew_shared.contracts.event import Event
from clew_shared.runtime.service import Service, build_services
from clew_shared.runtime.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "shared/src/clew_shared", *sorted((ROOT / "services").glob("*/src/clew_*")))
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
WRITTEN = [path for path in MODULES if path.read_text().strip()]
PURE = [path for path in WRITTEN if {"domain", "contracts"} & set(path.parts)]
LONGEST = 300


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[parts.index("src") + 1 :]).removesuffix(".__init__")


each_module = pytest.mark.parametrize("path", WRITTEN, ids=module_name)


@cache
def services() -> tuple[Service, ...]:
    nowhere = {"database_url": "postgresql+asyncpg://nobody@127.0.0.1:1/none", "nats_url": "nats://127.0.0.1:1"}
    return tuple(build_services(Settings(**nowhere, secret="a secret for tests only")))  # type: ignore[arg-type]


def test_every_service_folder_is_kept_apart_from_the_others() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [apart] = [contract for contract in contracts if contract["type"] == "independence"]

    folders = {f"clew_{path.name.replace('-', '_')}" for path in (ROOT / "services").iterdir() if path.is_dir()}
    assert set(apart["modules"]) == folders


def test_folder_distribution_package_and_entry_point_bear_one_name() -> None:
    for folder in sorted((ROOT / "services").iterdir()):
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        package = f"clew_{folder.name.replace('-', '_')}"
        assert project["name"] == f"clew-{folder.name}"
        assert (folder / "src" / package / "__init__.py").exists()
        assert project["entry-points"]["clew.services"] == {folder.name: f"{package}.service:build"}


def test_every_installed_service_is_built() -> None:
    assert {service.name for service in services()} == {point.name for point in entry_points(group="clew.services")}


def test_every_event_has_a_listener() -> None:
    """A durable, a reader of the teller's own outbox, or the pages that are open, to which lifecycle passes its own."""
    defined = set(events_of_the_contracts())
    told = {event for service in services() for event in service.tells}
    heard = {event for service in services() for part in service.subscriptions for event in part.events}
    shown = {event for service in services() for event in service.watches}
    followed = {event for service in services() for events in service.follows.values() for event in events}

    assert names(heard | shown | followed) == names(defined)
    assert names(told) == names(defined)


@pytest.mark.parametrize("path", PURE, ids=module_name)
def test_contracts_and_domains_import_the_standard_library_alone(path: Path) -> None:
    """Besides their own package; contracts are msgspec structs."""
    own = re.sub(r"\.(domain|contracts).*", r".\1", module_name(path))
    allowed = (own, "msgspec") if own.endswith(".contracts") else (own,)

    foreign = [
        name
        for name in imports(path)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith(allowed)
    ]
    assert foreign == []


@each_module
def test_a_module_says_in_one_sentence_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))

    assert docstring, "no docstring"
    assert len(docstring.splitlines()[0]) > 10


@each_module
def test_next_points_at_code_that_exists(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    for target in re.findall(r"\b(clew_\w+(?:\.\w+)+)", " ".join(re.findall(r"Next: (.*)", docstring, re.DOTALL))):
        assert exists(target), f"{module_name(path)} points at {target}"


@each_module
def test_a_module_can_be_read_in_a_sitting(path: Path) -> None:
    """A migration is written once and read by nobody but alembic."""
    assert "versions" in path.parts or len(path.read_text().splitlines()) <= LONGEST, "hides a second module"


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "manager", "managers", "lib"}

    assert [module_name(path) for path in MODULES if drawers & {path.stem, path.parent.name}] == []


@each_module
def test_importing_a_module_only_defines(path: Path) -> None:
    """Registering with the interpreter is defining; alembic runs its `env` by importing it."""
    done = [
        ast.unparse(node.value)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]

    registered = ("os.register_at_fork", "codecs.register_error")
    assert path.name == "env.py" or [call for call in done if not call.startswith(registered)] == []


def events_of_the_contracts() -> Iterator[type[Event]]:
    for found in iter_modules(clew_shared.contracts.__path__, "clew_shared.contracts."):
        module = import_module(found.name)
        for _, value in inspect.getmembers(module, inspect.isclass):
            is_abstract = bool(value.__subclasses__())
            if issubclass(value, Event) and not is_abstract and value.__module__ == found.name:
                yield value


def names(events: set[type[Event]]) -> list[str]:
    return sorted(event.__name__ for event in events)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}"


def exists(target: str) -> bool:
    """Whether `package.module`, `package.module.name` or `package.module.Class.name` is there."""
    parts = target.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        value: object = found
        for name in parts[length:]:
            if not hasattr(value, name):
                return name in getattr(value, "__annotations__", {})
            value = getattr(value, name)
        return True
    return False
