"""A pull that is killed or cut leaves whole batches, and the next one ends in the graph of a clean pull (L12, L36)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import neo4j
import pytest

from connectors.base import ConnectorError
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from tests.support.cutting_proxy import CuttingProxy
from tests.support.pulling import KEY, SOURCES, ask, canonical, county, empty, end_leases, hotline, one, pull, silent

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

CHILD = """
import json, sys
from pathlib import Path
import connectors.run
from hub.graph.local import GraphAddress
from hub.ingest.pull import run_pull
from hub.home.settings import Settings
from tests.support.pulling import die_in_write

given = json.loads(sys.stdin.readline())
connectors.run.BATCH_ROWS = 40
die_in_write(given["writes"], given["statements"] if given["inside"] else None)
address = GraphAddress(given["url"], given["user"], given["password"])
variables = {"HOTLINE_URL": given["hotline"]}
settings = Settings.load(home=Path(given["home"]))
run_pull(settings, Path(given["sources"]), [], Path(given["folder"]), variables, lambda *_: None, address=address)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("kill") / "data", 300)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kill-home")


@pytest.fixture(scope="module")
def clean(
    folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> tuple[list[str], list[str]]:
    """The graph of one clean pull."""
    pull(home, empty_graph, folder)
    found = canonical(graph_driver)
    assert len(found[0]) > 1_000
    return found


def killed_pull(folder: Path, home: Path, address: GraphAddress, moment: dict[str, int]) -> int:
    import json

    with hotline(folder) as variables:
        given = {
            "url": address.url, "user": address.user, "password": address.password, "home": str(home),
            "sources": str(SOURCES), "folder": str(folder), "hotline": variables["HOTLINE_URL"], **moment,
        }  # fmt: skip
        child = subprocess.run(
            [sys.executable, "-c", CHILD], input=json.dumps(given) + "\n", text=True, capture_output=True,
            env={**os.environ, "HOTLINE_KEY": KEY, "PYTHONPATH": str(Path(__file__).parents[2])},
            timeout=600, check=False,
        )  # fmt: skip
    assert child.stderr == ""
    return child.returncode


KILLS = int(os.environ.get("PULL_KILLS", "1"))
MOMENTS = (
    {"writes": 0, "inside": 1, "statements": 4},
    {"writes": 4, "inside": 0, "statements": 0},
    {"writes": 12, "inside": 1, "statements": 5},
    {"writes": 6, "inside": 1, "statements": 7},
    {"writes": 20, "inside": 1, "statements": 7},
)[: 2 + KILLS]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda each: "-".join(str(part) for part in each.values()))
def test_l12_l36_killed_then_pulled_again_is_as_pulled_once(
    clean: tuple[list[str], list[str]], folder: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, moment: dict[str, int],
) -> None:  # fmt: skip
    empty(graph_driver)
    assert killed_pull(folder, home, empty_graph, moment) == -signal.SIGKILL
    assert one(graph_driver, "MATCH (n) RETURN count(n)") < len(clean[0])
    # Wholly in or out: no record without its node, no cursor that has passed what is not in.
    torn = "MATCH (r:SourceRecord) WHERE NOT (r)-[:ASSERTS]->() RETURN count(r)"
    assert one(graph_driver, torn) == 0
    ahead = (
        "MATCH (c:SourceCursor)  WHERE c.position IS NOT NULL AND NOT EXISTS "
        "{ MATCH (r:SourceRecord|Quarantined {stream: c.source}) WHERE r.asOf = c.position } RETURN c.source AS s"
    )
    assert ask(graph_driver, ahead) == []
    end_leases(graph_driver)
    pull(home, empty_graph, folder)
    assert canonical(graph_driver) == clean
    assert [each.changes for each in pull(home, empty_graph, folder).values()] == [0] * 6


@pytest.mark.parametrize("attempt", range(KILLS))
def test_l12_l36_killed_by_the_clock(
    clean: tuple[list[str], list[str]], folder: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, rng: random.Random, wipe: Callable[[], None], attempt: int,
) -> None:  # fmt: skip
    """A moment that nobody chose; TEST_SEED in the header repeats the choice."""
    empty(graph_driver)
    rng.seed(rng.random() + attempt)
    moment = {"writes": rng.randrange(25), "inside": 1, "statements": rng.randrange(1, 11)}
    killed_pull(folder, home, empty_graph, moment)
    end_leases(graph_driver)
    pull(home, empty_graph, folder)
    assert canonical(graph_driver) == clean


def test_l32_k02_a_transfer_that_is_cut_is_resumed(
    clean: tuple[list[str], list[str]], folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    empty(graph_driver)
    with hotline(folder) as variables:
        url = urlsplit(variables["HOTLINE_URL"])
        assert url.hostname is not None and url.port is not None
        with closing(CuttingProxy((url.hostname, url.port), 5_000)) as proxy:
            through = {"HOTLINE_URL": url._replace(netloc=f"{url.hostname}:{proxy.port}").geturl()}
            with pytest.raises(ConnectorError, match="does not answer"):
                run_pull(Settings.load(home=home), SOURCES, [], folder, through, silent, address=empty_graph)
            assert proxy.cut > 0
    # What is cut short is not taken for the end: neither rows nor a cursor of it.
    assert one(graph_driver, "MATCH (r:SourceRecord {stream: 'hotline/tickets'}) RETURN count(r)") == 0
    assert one(graph_driver, "MATCH (c:SourceCursor {source: 'hotline/tickets'}) RETURN count(c.position)") == 0
    pull(home, empty_graph, folder)
    assert canonical(graph_driver) == clean
