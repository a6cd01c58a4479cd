"""Engines for the whole run, and a fresh database and an empty broker for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
from clew_shared.runtime.logs import set_up_logs
from clew_shared.runtime.settings import Settings
from clew_shared.testing.engines import SharedEngines
from clew_shared.testing.harness import API_TOKEN, RunningClew, migrate_all, run_services

# How fast a machine is, and what else it does, is no property of the code.
hypothesis.settings.register_profile(
    "clew", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)


def pytest_configure() -> None:
    hypothesis.settings.load_profile("clew")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--corpora", type=Path, default=None, help="the folder of test mails and data")


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    set_up_logs("warning", "json")


@pytest.fixture(scope="session")
def corpora(request: pytest.FixtureRequest) -> Path:
    """The folder of test data that is no part of the project; tests that need it skip without it."""
    given: Path | None = request.config.getoption("--corpora")
    found = given or Path(__file__).parents[2] / "shared" / "corpora"
    if not found.is_dir():
        pytest.skip("no corpora: give their folder with --corpora")
    return found


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedEngines]:
    with SharedEngines(tmp_path_factory.mktemp("engines")) as shared:
        yield shared


@pytest.fixture(scope="session")
def template(engines: SharedEngines) -> str:
    """A database that every service has migrated; each test starts with one equal to it."""
    url = engines.create_database()
    asyncio.run(migrate_all(Settings(database_url=url, nats_url=engines.nats_url)))
    return url


@pytest.fixture
def bare_settings(engines: SharedEngines, tmp_path: Path) -> Iterator[Settings]:
    """Settings on an empty database and an empty broker."""
    url = engines.create_database()
    engines.empty_broker()
    yield _settings(engines, url, tmp_path)
    engines.drop_database(url)


@pytest.fixture
def settings(engines: SharedEngines, template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings on a database that every service has migrated, and an empty broker."""
    url = engines.lend_database(template)
    engines.empty_broker()
    yield _settings(engines, url, tmp_path)
    engines.take_back(url, template)


@pytest.fixture
async def clew(settings: Settings) -> AsyncIterator[RunningClew]:
    """All four services at work."""
    async with run_services(settings) as running:
        yield running


def _settings(engines: SharedEngines, url: str, directory: Path) -> Settings:
    return Settings(
        database_url=url,
        nats_url=engines.nats_url,
        data_dir=directory,
        http_port=0,
        smtp_port=0,
        secret="a secret for tests only",
        api_token=API_TOKEN,
        team=("sam@team.example", "kim@team.example"),
        team_domains=("team.example",),
        region="GB",
    )
