"""A purge that is killed between any two statements goes on: the same graph and the same report as of one purge."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import neo4j
import pytest

from audit.log import read
from hub.graph.local import GraphAddress
from hub.ingest.purging.recorded_purge import allowed_purge, recorded_purge
from tests.support.pulling import canonical, empty
from tests.support.sources.ended_purpose import CANARY, PURPOSE, EndedPurpose, found

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

CHILD = """
import json, os, signal, sys
from pathlib import Path
from hub.graph.driver import Transaction
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.purging import purge
from hub.ingest.purging.recorded_purge import allowed_purge, recorded_purge

given = json.loads(sys.stdin.readline())
purge.BATCH_RECORDS = 1
run, left = Transaction.run, given["statements"]

def counted(self, text, /, **parameters):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(self, text, **parameters)

Transaction.run = counted
settings = Settings.load(home=Path(given["home"]), policies=Path(given["policies"]))
address = GraphAddress(given["url"], given["user"], given["password"])
sources, data = Path(given["sources"]), Path(given["data"])
recorded_purge(settings, sources, allowed_purge(settings, given["purpose"]), data, {}, address)
"""
KILLS = int(os.environ.get("PURGE_KILLS", "3"))
MOMENTS = [7, 41, 83, 23, 58, 96, 120, 139, 160][:KILLS]


def state(driver: neo4j.Driver) -> tuple[list[str], list[str]]:
    """The graph without the note of the purge."""
    driver.execute_query("MATCH (p:PurgeState) DETACH DELETE p")
    return canonical(driver)


def killed(world: EndedPurpose, statements: int) -> int:
    given = {
        "url": world.graph.url, "user": world.graph.user, "password": world.graph.password,
        "home": str(world.settings.home), "policies": str(world.settings.policies), "sources": str(world.sources),
        "data": str(world.folder), "purpose": PURPOSE, "statements": statements,
    }  # fmt: skip
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(given) + "\n", text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}, timeout=600, check=False,
    )  # fmt: skip
    assert child.stderr == ""
    return child.returncode


def purge(world: EndedPurpose) -> dict[str, Any]:
    allowed = allowed_purge(world.settings, PURPOSE)
    work, _ = recorded_purge(world.settings, world.sources, allowed, world.folder, {}, world.graph)
    return {**work.counts.as_json(), "kept": None}


def test_killed_at_any_moment_it_is_one_purge(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    empty(graph_driver)
    world = EndedPurpose(tmp_path, empty_graph)
    world.fill()
    world.end()
    whole = purge(world)
    clean = state(graph_driver)
    for statements in MOMENTS:
        empty(graph_driver)
        world.fill()
        world.end()
        assert killed(world, statements) == -signal.SIGKILL
        # Wholly in or out: no record without its node.
        torn = "MATCH (r:SourceRecord) WHERE NOT (r)-[:ASSERTS]->() RETURN count(r) AS n"
        assert graph_driver.execute_query(torn).records[0]["n"] == 0
        assert purge(world) == whole
        assert state(graph_driver) == clean and found(graph_driver, CANARY) == []
        results = [each.record.result for each in read(world.settings.audit_log)]
        assert results[-3:] == ["BEGUN", "BEGUN", "OK"], "the one that was killed has no end"
