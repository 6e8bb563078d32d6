"""Some hostile clients of each kind take nothing from an honest one, and leave nothing behind in hub and graph.

How much slower the honest one becomes is measured by `bench/hostile_load.py`, whose clients these are.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.county import ROOT, Answer, County, HubProcess
from tests.support.waiting import until

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

SECONDS, CLIENTS = 8, 30
GROWTH = 256 * 2**20
"""Bytes that the hub may take for the hostile clients, most of them for bodies of 86,000 objects."""
RUNNING = "SHOW TRANSACTIONS YIELD currentQuery WHERE NOT currentQuery CONTAINS 'SHOW TRANSACTIONS' RETURN currentQuery"


def ask(hub: HubProcess) -> Answer:
    return hub.ask("grid-desk", "event.dispatch", "{ people(first: 5) { edges { node { name } } } }")


def test_an_honest_client_is_answered_beside_hostile_ones(county: County, tmp_path: Path) -> None:
    with county.another_hub(tmp_path) as hub:
        assert hub.process is not None
        memory = psutil.Process(hub.process.pid).memory_info
        quiet, before, answered = ask(hub), memory().rss, 0
        assert len(quiet.data["people"]["edges"]) == 5
        token = hub.token("fire-inspection", "hostile")
        attack = [sys.executable, "bench/hostile_load.py", "attack", str(hub.settings.port), token]
        with subprocess.Popen([*attack, str(SECONDS), str(CLIENTS)], cwd=ROOT, stdout=subprocess.PIPE) as hostile:
            while hostile.poll() is None:
                answer = ask(hub)
                assert (answer.status, answer.body.get("data")) == (200, quiet.data), answer.body
                answered += 1
            assert hostile.stdout is not None
            assert (hostile.returncode, hostile.stdout.read().count(b": ")) == (0, 10)
        assert answered
        until(lambda: not county.cypher(RUNNING))
        assert memory().rss - before < GROWTH
        assert ask(hub).data == quiet.data
