"""L01 to L06: a hub killed at any moment leaves a sound log, and every answer that a client received has its record."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from audit.log import read
from audit.verify import verify
from hub.issuer import Issuer
from hub.localgraph import GraphAddress
from hub.settings import Settings
from tests.serving import COUNTY, free_port

pytestmark = [pytest.mark.fault, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
ROUNDS = 20
CLIENTS = 8
QUERY = "{ people(first: 2) { edges { node { id name } } } }"


class Clients:
    """Eight clients that ask without pause and keep what each answer promised: request id → (index, leaf hash)."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "safety.fire.rental"}
        self.promised: dict[str, tuple[int, str]] = {}
        self.threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _ask(self) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=60) as client:
            while True:
                try:
                    told = client.post("/graphql", json={"query": QUERY}, headers=self.headers).json()["extensions"]
                except httpx.HTTPError:
                    return
                self.promised[told["requestId"]] = (told["receipt"]["index"], told["receipt"]["leafHash"])

    def join(self) -> None:
        for thread in self.threads:
            thread.join()


def start(settings: Settings, address: GraphAddress) -> subprocess.Popen[bytes]:
    """A hub in a process of its own, returned when it answers."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    hub = subprocess.Popen(
        [sys.executable, "-m", "hub", "serve", "--home", str(settings.home), "--port", str(settings.port)],
        cwd=ROOT,
        env={
            **known,
            "SLUICEGATE_POLICIES": str(COUNTY),
            "SLUICEGATE_GRAPH_URL": address.url,
            "SLUICEGATE_GRAPH_PASSWORD": address.password,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while hub.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{settings.port}/readyz", trust_env=False).status_code == 200:
                return hub
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the hub did not start")


def test_l01_l06_kill_while_clients_query(tmp_path: Path, empty_graph: GraphAddress, rng: random.Random) -> None:
    settings = Settings.load(home=tmp_path / "home", port=free_port())
    settings.prepare_home()
    promised: dict[str, tuple[int, str]] = {}
    for number in range(ROUNDS):
        hub = start(settings, empty_graph)
        try:
            clients = Clients(settings.port, Issuer(settings).issue("fire-inspection", f"person-{number}"))
            while not clients.promised:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.3))
        finally:
            hub.send_signal(signal.SIGKILL)
            hub.wait()
        clients.join()
        promised |= clients.promised
        verdict = verify(settings.audit_file)
        assert verdict.ok, (number, verdict)
    logged = {each.record.request_id: (each.index, each.leaf_hash) for each in read(settings.audit_file)}
    assert len(promised) >= ROUNDS
    assert {name: logged.get(name) for name in promised} == promised
