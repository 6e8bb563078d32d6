"""Every test that needs a graph gets a real one, started once a session and stopped by its own process id."""

import os
import random
import secrets
import ssl
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import httpx
import neo4j
import pytest
import sqlalchemy as sa
import typer
from hypothesis import settings as hypothesis_settings

from hub.graph.constraints import names_of
from hub.graph.local import GraphAddress, LocalGraph
from hub.home.settings import Settings
from policies.store_tables import engine_of, make, sqlite_url
from schema import SPINE, strict_yaml
from tests.support.county import LET_THROUGH, county
from tests.support.postgres import Postgres, postgres

__all__ = ["county"]  # the fixture of the shared sample county

# In the environment, so that the workers of pytest-xdist and what they start have the same.
if "TEST_SEED" not in os.environ:
    os.environ.update(TEST_SEED=str(random.SystemRandom().randrange(2**32)), TEST_SEED_DRAWN="yes")
SEED, DRAWN = int(os.environ["TEST_SEED"]), "TEST_SEED_DRAWN" in os.environ
# With a seed that was given, nothing is left to chance: Hypothesis too tries the same values each time.
hypothesis_settings.register_profile("sluicegate", deadline=None, print_blob=True, derandomize=not DRAWN)
hypothesis_settings.load_profile("sluicegate")


SERVERS = frozenset(("graph_address", "server", "county"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """What `-n` distributes, and how."""
    from tests.support.workers import ByWorld

    return ByWorld(config, log)


def pytest_report_header() -> str:
    return f"TEST_SEED={SEED}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test that uses a server, so that `make quick` can leave it out; slow files come first, the rest fills.

    The workers of pytest-xdist are given the files in this order (`tests/support/workers.py`).
    """
    for item in items:
        if SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("server")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """A developer's own SLUICEGATE_ variables must not reach a test; those of `LET_THROUGH` alone do.

    Graphs of tests live for minutes: all start the quick way.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("SLUICEGATE_") and name not in LET_THROUGH:
                patch.delenv(name)
        patch.setenv("SLUICEGATE_GRAPH_QUICK_START", "true")
        yield


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    """What the tests would do thousands of times, with the same outcome each time.

    httpx reads 140 certificates for each client, also for one that speaks plain HTTP (20 ms); Typer makes all commands
    anew for each command line (70 ms); and the same policies are read as YAML (30 ms).
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", _ssl_context)
        patch.setattr("typer.testing._get_command", cache(typer.main.get_command))
        patch.setattr("schema.strict_yaml._composed", lru_cache(256)(strict_yaml._composed))
        yield


def _ssl_context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    named = (os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    plain = verify is True and cert is None and not (trust_env and any(named))
    return _authorities() if plain else httpx.create_ssl_context(verify, cert, trust_env)


@cache
def _authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@pytest.fixture
def rng() -> random.Random:
    """Randomness that TEST_SEED repeats."""
    return random.Random(SEED)


@pytest.fixture(scope="session")
def graph_settings(tmp_path_factory: pytest.TempPathFactory, _no_settings_from_outside: None) -> Settings:
    """Settings whose home holds the session's graph."""
    return Settings.load(home=tmp_path_factory.mktemp("graph-home"), graph_heap="768m", graph_page_cache="256m")


@pytest.fixture(scope="session")
def graph_address(graph_settings: Settings) -> Iterator[GraphAddress]:
    """One real Neo4j for the whole session. Not to be killed: a test that kills starts its own LocalGraph."""
    graph = LocalGraph(graph_settings)
    try:
        yield graph.start(owned=True)
    finally:
        graph.stop()


@pytest.fixture(scope="session")
def graph_driver(graph_address: GraphAddress) -> Iterator[neo4j.Driver]:
    """A synchronous driver on the session's graph, for setting up and for looking."""
    with neo4j.GraphDatabase.driver(graph_address.url, auth=(graph_address.user, graph_address.password)) as driver:
        yield driver


@pytest.fixture(scope="session")
def wipe(graph_driver: neo4j.Driver) -> Callable[..., None]:
    """A call that removes all data from the session's graph, and all constraints and indexes that are not the spine's.

    Those of the spine stay: making them anew takes a second of processor, and every statement would be planned anew.
    With `bare=True` they go too.
    """
    spine = frozenset(names_of(SPINE))
    shown = {"CONSTRAINT": "CONSTRAINTS YIELD name", "INDEX": "INDEXES YIELD name, type WHERE type <> 'LOOKUP'"}

    def run(*, bare: bool = False) -> None:
        for kind, which in shown.items():
            for row in graph_driver.execute_query(f"SHOW {which}").records:
                if bare or row["name"] not in spine:
                    graph_driver.execute_query(f"DROP {kind} `{row['name']}` IF EXISTS")
        with graph_driver.session() as session:
            session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 20000 ROWS").consume()

    return run


@pytest.fixture(scope="module")
def bare_graph(graph_address: GraphAddress, wipe: Callable[..., None]) -> Iterator[GraphAddress]:
    """As `empty_graph`, without any index at the module's start: one that is made over data knows how much there is."""
    wipe(bare=True)
    yield graph_address
    wipe()


@pytest.fixture(scope="module")
def empty_graph(graph_address: GraphAddress, wipe: Callable[[], None]) -> Iterator[GraphAddress]:
    """The session's graph, without data at the module's start and after it; the spine's indexes may be there."""
    wipe()
    yield graph_address
    wipe()


@pytest.fixture(scope="session")
def server(_no_settings_from_outside: None) -> Iterator[Postgres]:
    """One real PostgreSQL for the whole session, which waits for the disk. A test that stops one starts its own."""
    with postgres(durable=True) as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A new version store with all its tables, in a file and on a server."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "policy.db")
    else:
        server: Postgres = request.getfixturevalue("server")
        url = server.database(f"store_{secrets.token_hex(8)}")
    made = engine_of(url)
    make(url, made)
    yield made
    made.dispose()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder of this test's own."""
    return tmp_path / "home"
