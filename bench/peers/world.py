"""The world of the comparison: one Neo4j with the sample county, pulled by the hub's connectors, and its four peers.

Every peer is a process of its own on loopback, over the same graph, stopped by its own process id.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import neo4j
import psutil
from joserfc import jwt
from joserfc.jwk import OctKey

from hub.graph.local import GraphAddress, LocalGraph
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.sample.generate import generate
from hub.sample.hotline import serve_hotline

ROOT, HERE = Path(__file__).parents[2], Path(__file__).parent
JURISDICTION = "14/03/21/"
START_SECONDS = 120.0
UNLIMITED = {
    name: 1_000_000_000 for name in ("rate_of_application", "burst_of_application", "rate_of_person", "burst_of_person")
}
"""Settings with which one application may ask as much as the hub can answer."""


@dataclass(frozen=True)
class Peer:
    """A running server: where it is asked, with which headers, and its process."""

    name: str
    url: str
    headers: Mapping[str, str]
    process: subprocess.Popen[bytes]


def make_county(folder: Path, settings: Settings, people: int) -> GraphAddress:
    """The address of a started graph that holds the county, which is pulled unless the folder has it already."""
    address = LocalGraph(settings).start(owned=False)
    if (folder / f"pulled-{people}").exists():
        return address
    generate(folder / "county", people, 7)
    key = os.environ["HOTLINE_KEY"] = secrets.token_urlsafe(16)
    sources = ROOT / "examples" / "county" / "sources"
    with serve_hotline(folder / "county" / "hotline", key) as url:
        run_pull(settings, sources, (), folder / "county", {"HOTLINE_URL": url}, lambda *_: None, address=address)
    (folder / f"pulled-{people}").touch()
    return address


def values_of(address: GraphAddress) -> dict[str, list[str]]:
    """What the questions ask for: numbers of people, grids, communities, buildings; the same in each run."""
    statements = {
        "number": "MATCH (p:Person) WHERE p.idNumber IS NOT NULL AND p.region IS NOT NULL "
        "RETURN p.idNumber AS x ORDER BY p.sid LIMIT 2000",
        "region": "MATCH (b:Building) RETURN DISTINCT b.region AS x ORDER BY x",
        "community": "MATCH (e:Event) RETURN DISTINCT left(e.region, 17) AS x ORDER BY x",
        "code": "MATCH (b:Building) WHERE b.code IS NOT NULL RETURN b.code AS x ORDER BY b.sid LIMIT 500",
    }
    with neo4j.GraphDatabase.driver(address.url, auth=(address.user, address.password)) as driver:
        return {name: [row["x"] for row in driver.execute_query(text).records] for name, text in statements.items()}


@dataclass(frozen=True)
class OpenCounty:
    """A county in a running graph, the folder that holds it, and the process of the graph."""

    folder: Path
    settings: Settings
    address: GraphAddress
    graph: psutil.Process


@contextmanager
def open_county(kept: Path | None, people: int, **given: Any) -> Iterator[OpenCounty]:
    """The county of a folder that is kept, or of one for this run alone; its graph ends with the block.

    `given` are settings beside the home.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = kept or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings.load(home=folder / "home", **UNLIMITED, **given)
        graph = LocalGraph(settings)
        try:
            address = make_county(folder, settings, people)
            yield OpenCounty(folder, settings, address, psutil.Process(graph.status().pid or 0))
        finally:
            graph.stop()


def unlimited() -> dict[str, str]:
    """The environment of a hub without rate limits that matter."""
    return {f"SLUICEGATE_{name.upper()}": str(value) for name, value in UNLIMITED.items()}


def hub_command(settings: Settings, port: int, policies: Path, workers: int) -> tuple[Sequence[str], Mapping[str, str]]:
    """The command that serves a hub, and what it finds in its environment."""
    own = {**unlimited(), "SLUICEGATE_HOME": str(settings.home), "SLUICEGATE_POLICIES": str(policies)}
    command = [sys.executable, "-m", "hub", "serve", "--port", str(port)]
    return command, {**own, "SLUICEGATE_WORKERS": str(workers)}


def hub_token(settings: Settings) -> str:
    """The header that says who asks a hub of these settings."""
    return f"Bearer {Issuer(settings).issue('bench', 'bench-1', 3_600)}"


@contextmanager
def peers(folder: Path, settings: Settings, address: GraphAddress, workers: int) -> Iterator[list[Peer]]:
    """The four peers, each of so many processes and ready to be asked; their processes end with the block."""
    ports = _free_ports(4)
    key, node = secrets.token_urlsafe(48), shutil.which("node") or "node"
    claims = {"jurisdiction": JURISDICTION, "exp": int(time.time()) + 86_400}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key))
    graph = {"NEO4J_URL": address.url, "NEO4J_USER": address.user, "NEO4J_PASSWORD": address.password}
    own = {**graph, "KEY": key, "JURISDICTION": JURISDICTION, "WORKERS": str(workers)}
    python = str(ROOT / ".venv-peers" / "bin" / "python")
    commands = {
        "hub": (*hub_command(settings, ports[0], HERE / "policies", workers), "/graphql"),
        "neo4j-graphql": ([node, str(HERE / "neo4j_graphql" / "server.mjs")], own, "/graphql"),
        "driver": ([python, "-m", "bench.peers.bare"], own, ""),
        "resolvers": ([python, "-m", "bench.peers.resolvers"], own, "/graphql"),
    }
    started: list[Peer] = []
    try:
        for port, (name, (command, given, path)) in zip(ports, commands.items(), strict=True):
            with (folder / f"{name}.log").open("wb") as log:
                environment = {**os.environ, **given, "PORT": str(port)}
                process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log, stdout=log)
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            if name == "hub":
                headers["Authorization"] = hub_token(settings)
            started.append(Peer(name, f"http://127.0.0.1:{port}{path}", headers, process))
        for peer in started:
            _await(peer, folder)
        yield started
    finally:
        for peer in started:
            peer.process.terminate()
        for peer in started:
            peer.process.wait()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


def _await(peer: Peer, folder: Path) -> None:
    """Return when the peer answers, whatever it answers; raises RuntimeError with its last words if it does not."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and peer.process.poll() is None:
        try:
            httpx.get(peer.url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{peer.name} does not answer: {(folder / f'{peer.name}.log').read_text()[-2_000:]}")
