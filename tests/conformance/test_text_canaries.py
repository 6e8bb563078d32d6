"""Who is named in a free text leaves by no answer whose purpose may not see it, and by no other way (E13).

Canary people stand in the free texts of a county that is pulled by the program's own commands. Then generated queries
are asked, under the example policies and under generated ones that do not open the text in clear, and everything that
came of it is searched for them. `TEXT_CANARY_QUERIES` sets how many queries
(`tests/support/oracle/random_queries.py` says what one is); `TEST_SEED` repeats a run.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo4j
import orjson
import pytest

from audit.verify import verify
from hub.app import open_hub
from hub.graph.driver import Graph
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.log_lines import set_up_logging
from hub.request.running import Hub
from hub.sample.generate import generate
from policies.language import load
from policies.model import PolicySet
from policies.text.spans import decode
from schema import SPINE
from tests.support.county import PATIENCE, POLICIES, HubProcess, pull
from tests.support.leak_search import Collector, files, found, leaks
from tests.support.oracle.random_queries import PIECE, Asked, Asker, Asking, askers, generated, written
from tests.support.ports import free_port
from tests.support.small_graph import policy
from tests.support.text_canaries import NAMES, OTHERS, SOUGHT, TOO_LONG, put_into

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]
QUERIES = int(os.environ.get("TEXT_CANARY_QUERIES", "200"))
PEOPLE, TEXTS, SEED = 1_000 if QUERIES < 50_000 else 8_000, 1_200, 11
OVER_HTTP = 40
DOCUMENTS, STAFF = 4, 60
"""Documents drawn for one asker at a time, and how many of his staff send each."""
LEAST = {"status 200": 20, "placeholders": 200, "redacted whole": 50, "hot words": 10 if QUERIES >= 2_000 else 0}
"""What must have been there to leak. Hot words are rare: a small dose may have none."""
OPEN = "MATCH (e:Event {handlingDepartment: 'fire'}) WHERE e.status <> 'CLOSED' RETURN e.number AS n LIMIT 30"
SIDS = "MATCH (n) WHERE n:Event OR n:Person OR n:Region RETURN labels(n)[0] AS l, n.sid AS s LIMIT 3000"
PLACES = "MATCH (r:Region) WHERE r.deletedAt IS NULL RETURN DISTINCT r.region AS p ORDER BY p"
SEEING = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 用, en: App, department: fire, jurisdiction: 14/}]
grants: [{id: g, to: {application: [app]}, for: [a], basis: law, rows: {Event: {}}, fields: {Event: clear}}]
"""


@dataclass
class Told:
    """A pulled county with canaries in its texts: what its pull wrote, and who may be asked about."""

    folder: Path
    given: dict[str, Any]
    graph_logs: Path
    driver: neo4j.Driver
    pulled: Path

    def rows(self, text: str) -> list[dict[str, Any]]:
        """Rows of a plain statement."""
        return [row.data() for row in self.driver.execute_query(text).records]


@pytest.fixture(scope="module")
def told(
    empty_graph: GraphAddress,
    graph_settings: Settings,
    graph_driver: neo4j.Driver,
    tmp_path_factory: pytest.TempPathFactory,
) -> Told:
    folder = tmp_path_factory.mktemp("told")
    generate(folder / "data", PEOPLE, SEED)
    assert leaks(files(folder, apart=folder / "none"), SOUGHT) == {}
    put_into(folder / "data", random.Random(SEED), TEXTS)
    given = {
        "home": folder / "home",
        "port": free_port(),
        "policies": POLICIES,
        "graph_url": empty_graph.url,
        "graph_password": empty_graph.password,
        "graph_deadline": PATIENCE,
    }
    output = pull(given, folder / "data", folder)
    # An upgrade is under way, and one text in ten could not be judged.
    graph_driver.execute_query("MATCH (e:Event) WHERE e.number ENDS WITH '3' SET e.textDetector = 'older'")
    graph_driver.execute_query("MATCH (e:Event) WHERE e.number ENDS WITH '7' REMOVE e.textSpans")
    return Told(folder, given, graph_settings.graph_folder / "logs", graph_driver, output)


def test_the_canaries_are_in_the_graph_and_were_found(told: Told) -> None:
    rows = told.rows("MATCH (e:Event) WHERE e.text IS NOT NULL RETURN e.text AS text, e.textSpans AS spans")
    seen: set[str] = set()
    for row in rows:
        inside = _inside(row["text"], row["spans"])
        for value in (*NAMES, *OTHERS):
            at = row["text"].find(value)
            if at >= 0:
                seen.add(value)
                # One that is missed is a matter of recall: choose another form here, and tell `pii eval`.
                assert row["spans"] is None or set(range(at, at + len(value))) <= inside, (value, row["text"])
    assert seen == {*NAMES, *OTHERS}
    assert TOO_LONG not in {row["text"] for row in rows}
    assert {"too-long"} <= {row["r"] for row in told.rows("MATCH (q:Quarantined) RETURN DISTINCT q.rule AS r")}


def _inside(text: str, spans: list[int] | None) -> set[int]:
    return {at for each in decode(spans or [], len(text)) for at in range(each.start, each.end)}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    """The example policies, without the caps on a day's operations that would end the asking."""
    folder = shutil.copytree(POLICIES, tmp_path_factory.mktemp("example") / "policies")
    fire = folder / "fire.yaml"
    capped = fire.read_text("utf-8")
    fire.write_text(capped.replace(", nodeCap: 200, dailyCap: 500", ""), "utf-8")
    assert fire.read_text("utf-8") != capped
    return load(folder, SPINE)


def lacking(asked: Asked) -> dict[str, int]:
    """What has been seen too seldom so far, with how often."""
    return {name: asked.counts[name] for name, count in LEAST.items() if asked.counts[name] < count}


@asynccontextmanager
async def hub_of(told: Told, home: Path, endpoint: str | None = None) -> AsyncIterator[Hub]:
    """A hub in this process, with a home and a log of its own."""
    given = told.given | {"home": home, "otlp_endpoint": endpoint}
    graph = Graph(told.given["graph_url"], "neo4j", told.given["graph_password"])
    hub = open_hub(Settings.load(**given), graph, load(POLICIES, SPINE), SPINE)
    try:
        yield hub
    finally:
        await graph.close()
        hub.log.close()
        hub.telemetry.close()


def test_who_may_see_the_text_sees_them(told: Told, tmp_path: Path) -> None:
    seeing = Asker(policy(tmp_path / "policy", SEEING), "app", "a", today())

    async def run() -> bytes:
        async with hub_of(told, tmp_path / "home") as hub:
            response = await Asking(hub, Asked()).send(seeing, "{ events(first: 200) { edges { node { text } } } }", {})
            return bytes(response.body)

    assert found(asyncio.run(run()), SOUGHT) >= {*NAMES, *NAMES.values(), *OTHERS}


def test_no_answer_and_no_output_names_them(
    told: Told,
    example: PolicySet,
    rng: random.Random,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    set_up_logging()
    cases = [row["n"] for row in told.rows(OPEN)]
    sids = [(row["l"], row["s"]) for row in told.rows(SIDS)]
    places = [row["p"] for row in told.rows(PLACES)]
    known = askers(example, today(), cases, places)
    asked, leaked, collector = Asked(), set[str](), Collector()

    async def run(endpoint: str) -> tuple[bytes, Path]:
        async with hub_of(told, tmp_path / "home", endpoint) as hub:
            asking = Asking(hub, asked, sids)
            for others in generated(rng, tmp_path / "policies", today(), places):
                for asker in (rng.choice(known), rng.choice(known), rng.choice(others)):
                    await asking.ask(asker, rng, DOCUMENTS, STAFF)
                assert asked.counts["operations"] < 50 * QUERIES, asked.counts
                done = asked.counts["queries"] >= QUERIES and not lacking(asked)
                if done or asked.waiting > PIECE:
                    leaked.update(found(asked.taken(), SOUGHT))
                if done or leaked:
                    break
            return hub.telemetry.metrics(), hub.settings.audit_file

    with collector.serve() as endpoint:
        metrics, audit = asyncio.run(run(endpoint))
    printed = "".join(capfd.readouterr())
    with capfd.disabled():
        print(f"\n{dict(asked.counts)}")
    assert leaked == set()
    assert verify(audit).ok
    outputs = [*files(tmp_path, apart=tmp_path / "home" / "keys"), *files(told.graph_logs, apart=tmp_path / "none")]
    assert {"audit.db", "debug.log"} <= {path.name for path in outputs}
    assert leaks(outputs, SOUGHT) == {}
    assert sum(body.count(b"purpose") for body in collector.bodies) > asked.counts["operations"] // 2
    assert found(b"\n".join(collector.bodies), SOUGHT) == set()
    assert b"sluicegate_requests_total" in metrics
    assert found(metrics + printed.encode(), SOUGHT) == set()
    assert lacking(asked) == {}


def test_no_process_tells_them(told: Told, rng: random.Random, tmp_path: Path) -> None:
    collector = Collector()
    cases = [row["n"] for row in told.rows(OPEN)]
    known = askers(load(POLICIES, SPINE), today(), cases, [])
    with collector.serve() as endpoint:
        given = told.given | {"home": tmp_path / "home", "port": free_port(), "otlp_endpoint": endpoint}
        hub = HubProcess(given, tmp_path)
        try:
            hub.start()
            answers, sent = b"", 0
            # A random query need not ask for a text: it goes on until one was answered.
            while sent < OVER_HTTP or "【".encode() not in answers:
                assert sent < 50 * OVER_HTTP
                asker = rng.choice(known)
                made, case = written(asker, rng, [])
                headers = hub.headers(asker.application, asker.purpose) | ({"Case-Reference": case} if case else {})
                body = orjson.dumps({"query": made.text, "variables": made.variables})
                answers, sent = answers + hub.send("POST", headers, body).raw, sent + 1
            metrics = hub.client.get("/metrics").content
        finally:
            hub.stop()
            hub.client.close()
    pulled = [*files(told.folder / "home", apart=told.folder / "home" / "keys"), told.pulled]
    pulled += files(told.folder / "tmp", apart=told.folder / "none")
    outputs = [*files(tmp_path, apart=tmp_path / "home" / "keys"), *pulled]
    assert {"hub.output", "pull.output", "audit.db"} <= {path.name for path in outputs}
    assert leaks(outputs, SOUGHT) == {}
    assert "【".encode() in answers
    assert found(answers + metrics + b"\n".join(collector.bodies), SOUGHT) == set()
    refused = told.rows("MATCH (q:Quarantined) RETURN properties(q) AS p")
    assert found(repr(refused).encode(), SOUGHT) == set()


def today() -> dt.date:
    """The day by which a hub decides."""
    return Settings.load().now().date()
