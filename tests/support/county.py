"""The sample county that tests share: made once a session by the program's own commands, each in a process.

It is the sample of one seed, pulled into a real Neo4j of its own home, with a hub process before it. A test that kills
or stops a hub starts one of its own over the same graph (`County.hub`), with a home, a log and a port of its own. A
test that looks into a hub has one in its own process (`in_process`).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import neo4j
import pytest

from hub.app import build_app, open_hub
from hub.graph.driver import Graph
from hub.graph.local import GraphAddress, LocalGraph
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.request.running import Hub
from hub.sample.generate import generate
from hub.sample.hotline import serve_hotline
from policies.language import load
from schema import SPINE
from tests.support.policy_stores import STEWARDS
from tests.support.ports import free_port
from tests.support.serving import TELLING

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "examples" / "county" / "policies"
SOURCES = ROOT / "examples" / "county" / "sources"
PEOPLE, SEED = 800, 7
START_SECONDS = 120.0
PATIENCE = 30.0
"""Seconds that a statement may take: a test on a busy machine is not about how fast the graph warms up."""
LET_THROUGH = ("SLUICEGATE_JARS", "SLUICEGATE_GRAPH_QUICK_START", "SLUICEGATE_PLAIN")
"""Settings of the environment that reach a test and what it starts (`tests/conftest.py`)."""
HOTLINE_KEY = "the key of the sample hotline"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer as it came over the wire."""

    status: int
    headers: httpx.Headers
    raw: bytes

    @property
    def body(self) -> Any:
        """The JSON of the answer."""
        return json.loads(self.raw)

    @property
    def data(self) -> Any:
        """What was answered."""
        return self.body["data"]

    @property
    def codes(self) -> list[str]:
        """Codes of its errors, in order."""
        return [error["extensions"]["code"] for error in self.body.get("errors", ())]

    @property
    def receipt(self) -> Any:
        """Where its record stands in the log."""
        return self.body["extensions"]["receipt"]


def environment(given: Mapping[str, object], temporary: Path) -> dict[str, str]:
    """This process's environment with the settings `given`, and with temporary files in `temporary`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    through = {name: os.environ[name] for name in LET_THROUGH if name in os.environ}
    told = {f"SLUICEGATE_{name.upper()}": str(value) for name, value in given.items()}
    temporary.mkdir(parents=True, exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**kept, **through, **told, "TMPDIR": str(temporary), "PATH": path, "PYTHONUNBUFFERED": "1"}


@dataclass
class HubProcess:
    """One hub in a process of its own; its output goes to `output`, its temporary files to `temporary`."""

    given: Mapping[str, object]
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    settings: Settings = field(init=False)
    issuer: Issuer = field(init=False)
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.settings = Settings.load(**self.given)
        self.settings.prepare_home()
        self.issuer = Issuer(self.settings)
        self.client = httpx.Client(base_url=self.url, headers=TELLING, trust_env=False, timeout=2 * PATIENCE)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def output(self) -> Path:
        """All that it printed, of every start."""
        return self.folder / "hub.output"

    @property
    def temporary(self) -> Path:
        """Its folder for temporary files."""
        return self.folder / "tmp"

    def start(self, path: str = "/readyz") -> None:
        """Start it and wait until `path` is answered with 200."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "hub", "serve"]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command, env=environment(self.given, self.temporary), cwd=ROOT, stdout=output, stderr=output
            )
        self.await_status(path, 200)

    def await_status(self, path: str, status: int) -> httpx.Response:
        """Wait until a GET of `path` is answered with `status`."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.output.read_text("utf-8", "replace")
            try:
                response = self.client.get(path)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if response.status_code == status:
                return response
            time.sleep(0.1)
        raise AssertionError(f"{path} was not answered with {status} within {START_SECONDS:.0f} s")

    def kill(self) -> None:
        """`kill -9`, and wait for its end."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=120)

    def stop(self) -> None:
        """End it as an operator would, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=120)

    def token(self, application: str, sub: str = "tester") -> str:
        """A token of its local issuer."""
        return self.issuer.issue(application, sub)

    def headers(self, application: str, purpose: str | None) -> dict[str, str]:
        """The headers of a well-formed request."""
        stated = {} if purpose is None else {"Access-Purpose": purpose}
        token = f"Bearer {self.token(application)}"
        return {"Authorization": token, "Content-Type": "application/json", **stated}

    def ask(
        self, application: str, purpose: str | None, document: str, variables: Mapping[str, Any] | None = None
    ) -> Answer:
        """One query, as an app sends it."""
        content = json.dumps({"query": document, "variables": dict(variables or {})}).encode()
        return self.send("POST", self.headers(application, purpose), content)

    def send(self, method: str, headers: Mapping[str, str] | list[tuple[str, str]], content: bytes = b"") -> Answer:
        """Any request to /graphql."""
        response = self.client.request(method, "/graphql", headers=headers, content=content)
        return Answer(response.status_code, response.headers, response.content)


@dataclass
class County:
    """The shared county: its raw files, its graph, and a hub that tests may ask but neither stop nor kill."""

    folder: Path
    given: Mapping[str, object]
    address: GraphAddress
    driver: neo4j.Driver
    hub: HubProcess
    pull_output: Path

    @property
    def data(self) -> Path:
        """What the departments hold."""
        return self.folder / "data"

    def cypher(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a plain statement, sent by nobody's leave but the test's."""
        return [row.data() for row in self.driver.execute_query(text, parameters).records]

    def another_hub(self, folder: Path, **given: object) -> AbstractContextManager[HubProcess]:
        """A hub over the same graph with a home, a port and a log of its own, started and in the end stopped."""
        own = {
            "home": folder / "home",
            "port": free_port(),
            "policies": POLICIES,
            "graph_url": self.address.url,
            "graph_password": self.address.password,
            "graph_deadline": PATIENCE,
            **given,
        }
        return _started(own, folder)


def pull(given: Mapping[str, object], data: Path, folder: Path) -> Path:
    """`sluicegate pull` of all sources, in a process; returns the file with all that it printed."""
    output = folder / "pull.output"
    with serve_hotline(data / "hotline", HOTLINE_KEY) as url, output.open("ab") as stream:
        told = environment(given, folder / "tmp") | {"HOTLINE_KEY": HOTLINE_KEY}
        command = [sys.executable, "-m", "hub", "pull", "--json", "--data", str(data), "--sources", str(SOURCES)]
        done = subprocess.run(
            [*command, "--set", f"HOTLINE_URL={url}"], env=told, cwd=ROOT, stdout=stream, stderr=stream, check=False
        )
    assert done.returncode == 0, output.read_text("utf-8", "replace")
    return output


@contextmanager
def hub_before(address: GraphAddress, policy: str, folder: Path, **given: Any) -> Iterator[HubProcess]:
    """A hub process of its own home, with this policy and the stewards of the tests, before a graph that runs."""
    policies = folder / "policies"
    policies.mkdir()
    (policies / "policy.yaml").write_text(policy, "utf-8")
    (policies / "stewards.yaml").write_text(STEWARDS, "utf-8")
    own = {"home": folder / "home", "port": free_port(), "policies": policies}
    graph = {"graph_url": address.url, "graph_password": address.password}
    with _started({**own, **graph, **given}, folder) as running:
        yield running


@contextmanager
def _started(given: Mapping[str, object], folder: Path) -> Iterator[HubProcess]:
    """A hub process that is started, and in the end stopped."""
    hub = HubProcess(given, folder)
    try:
        hub.start()
        yield hub
    finally:
        hub.stop()
        hub.client.close()


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory, _no_settings_from_outside: None) -> Iterator[County]:
    """The sample county in a real graph with a hub process before it, made once a session."""
    folder = tmp_path_factory.mktemp("county")
    given = {
        "home": folder / "home",
        "port": free_port(),
        "policies": POLICIES,
        "graph_heap": "512m",
        "graph_page_cache": "128m",
        "graph_deadline": PATIENCE,
    }
    generate(folder / "data", PEOPLE, SEED)
    graph = LocalGraph(Settings.load(**given))
    hub = HubProcess(given, folder)
    try:
        address = graph.start(owned=True)
        output = pull(given, folder / "data", folder)
        hub.start()
        with neo4j.GraphDatabase.driver(address.url, auth=(address.user, address.password)) as driver:
            yield County(folder, given, address, driver, hub, output)
    finally:
        hub.stop()
        hub.client.close()
        graph.stop()


@asynccontextmanager
async def in_process(county: County, folder: Path, **given: Any) -> AsyncIterator[tuple[Hub, httpx.AsyncClient]]:
    """A hub in this process over the county's graph, and a client that reaches it without a socket."""
    settings = Settings.load(**{"home": folder / "home", "policies": POLICIES, "graph_deadline": PATIENCE, **given})
    graph = Graph(county.address.url, county.address.user, county.address.password)
    hub = open_hub(settings, graph, load(POLICIES, SPINE), SPINE)
    app = build_app(hub)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            yield hub, client


class Gate:
    """Stands before a hub's graph: holds each statement until it is opened, and notes all in their order."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub, self.opened, self.seconds = hub, asyncio.Event(), time.monotonic()
        self.texts: list[str] = []
        for name in ("fetch", "fetch_numbered"):
            monkeypatch.setattr(hub.graph, name, self._held(getattr(hub.graph, name)))
        # Each statement takes a second by this clock, so that the order does not depend on the machine.
        monkeypatch.setattr(hub.round_trips.turns, "_now", lambda: self.seconds)

    def _held(self, fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def held(text: str, *args: Any, **named: Any) -> Any:
            self.texts.append(text)
            await self.opened.wait()
            rows = await fetch(text, *args, **named)
            self.seconds += 1
            return rows

        return held

    async def until_waiting(self, requests: int) -> None:
        """Return when so many requests wait for their turn."""
        while sum(map(len, self.hub.round_trips.turns._waiting.values())) < requests:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def until_together(self, companions: int) -> None:
        """Return when so many requests have joined others."""
        async with asyncio.timeout(PATIENCE):
            while sum(map(len, self.hub.round_trips._open.values())) < companions:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
