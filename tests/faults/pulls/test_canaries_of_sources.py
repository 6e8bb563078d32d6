"""Whatever a pull or a delivery does, nothing of a person of its source is found outside the graph's store (F06, K09).

People whom nobody else resembles stand in a source of every kind. Pulls of them end well, fail in several ways and are
killed; events of them are pushed, refused and cut off by a kill. Then all files that the processes may have written,
the spans and metrics, and their command lines are searched. The registers themselves and the graph's own store may hold
them; what is kept of a refused row in the graph may not.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import neo4j
import pytest

from audit.log import read
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from tests.faults.pulls.canary_sources import BAD_PAGES, GOOD_PAGE, KINDS, PEOPLE, declare, good_rows, spoilt, write_all
from tests.push.pushing import APP, BATCHED, MANIFEST, event
from tests.support.county import POLICIES, HubProcess, environment
from tests.support.leak_search import Collector, files, forms, found, leaks
from tests.support.ports import free_port
from tests.support.pulling import ask, empty, one
from tests.support.sources.rest_server import Reply, server
from tests.support.waiting import until

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

ROOT = Path(__file__).parents[3]
SOUGHT = {value: tuple(set(forms(value))) for who in PEOPLE for value in (who.name, who.id_no, who.phone)}

COMMANDS = """
import json, sys
from hub.cli.main import app

for words in json.loads(sys.stdin.readline()):
    print("$", words[0], flush=True)
    try:
        app(words)
    except SystemExit as ended:
        print("exit code", ended.code, flush=True)
"""
KILLED = """
import json, os, signal, sys
from pathlib import Path
import connectors.run
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.recorded_pull import recorded_pull

given = json.loads(sys.stdin.readline())
connectors.run.BATCH_ROWS = 10

def die(stream, rows):
    os.kill(os.getpid(), signal.SIGKILL)

for name in given["names"]:
    child = os.fork()
    if not child:
        settings = Settings.load(home=Path(given["home"]))
        address = GraphAddress(*given["address"])
        recorded_pull(settings, Path(given["sources"]), [name], Path("."), {}, die, address)
        os._exit(0)
    print(name, os.waitpid(child, 0)[1], flush=True)
"""


class Desk:
    """Where pulls of the canaries run: folders of their own, and an interface that answers as it is told."""

    def __init__(self, folder: Path, graph: GraphAddress) -> None:
        self.folder, self.graph = folder, graph
        self.data, self.sources, self.out = folder / "data", folder / "sources", folder / "out"
        self.out.mkdir()
        self.reply: Reply = GOOD_PAGE
        self.muted: threading.Event | None = None
        self.asked = threading.Event()
        self.given = {
            "home": folder / "home",
            "graph_url": graph.url,
            "graph_password": graph.password,
            "local_stewards": "true",
        }

    def answer(self, _ordinal: int, _query: dict[str, str]) -> Reply:
        """What the interface answers, or when."""
        if self.muted is not None:
            self.asked.set()
            self.muted.wait(120)
        return self.reply

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.given, self.folder / "tmp") | {"PYTHONPATH": str(ROOT)}

    def run(self, name: str, code: str, given: Any) -> str:
        """Run a process with its output in a file of its own, and return that output."""
        path = self.out / f"{name}.output"
        with path.open("ab") as output:
            subprocess.run(
                [sys.executable, "-c", code], input=json.dumps(given).encode() + b"\n", cwd=self.folder,
                stdout=output, stderr=output, env=self.environment, check=False,
            )  # fmt: skip
        return path.read_text("utf-8", "replace")

    def commands(self, name: str, *commands: Sequence[str]) -> str:
        """Run commands of the program, one after the other."""
        return self.run(name, COMMANDS, [list(each) for each in commands])

    def pulls(self, name: str) -> str:
        """Pull each source by itself."""
        return self.commands(name, *(["pull", "--sources", str(self.sources), each] for each in KINDS))

    def killed(self) -> str:
        """Pull each source by itself, and kill the pull in the middle."""
        graph = [self.graph.url, self.graph.user, self.graph.password]
        given = {"home": str(self.given["home"]), "sources": str(self.sources), "address": graph, "names": KINDS}
        return self.run("killed", KILLED, given)

    def killed_while_it_waits(self) -> bytes:
        """Kill a pull while its source has it wait; returns its command line and environment."""
        self.muted = threading.Event()
        with (self.out / "waiting.output").open("ab") as output:
            command = [sys.executable, "-m", "hub", "pull", "--sources", str(self.sources), "rest"]
            running = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env=self.environment)
        try:
            assert self.asked.wait(120)
            shown = (
                Path(f"/proc/{running.pid}/cmdline").read_bytes() + Path(f"/proc/{running.pid}/environ").read_bytes()
            )
        finally:
            running.kill()
            running.wait()
            self.muted.set()
            self.muted = None
        assert b"pull" in shown
        return shown


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("canary-desk"), empty_graph)
    with server(made.answer) as (url, _):
        write_all(made.data, good_rows())
        declare(made.sources, made.data, url)
        yield made


def kept(driver: neo4j.Driver, *labels: str) -> bytes:
    """All that the graph keeps beside the entities: records, refused rows, cursors, runs and deliveries; some of these
    labels each.
    """
    told = ask(
        driver,
        "MATCH (n:SourceRecord|Quarantined|SourceCursor|SourceRun|DeliveredEvent|VanishedRecord) "
        "RETURN labels(n) AS labels, properties(n) AS held",
    )
    assert {label for each in told for label in each["labels"]} >= {"SourceRecord", "Quarantined", *labels}
    return repr(told).encode()


def searched(desk: Desk, graph_settings: Settings, *names: str) -> list[Path]:
    """All files but the registers, the keys and the graph's store; those of these names are among them."""
    beside = [path for path in files(desk.folder, apart=desk.data) if desk.folder / "home" / "keys" not in path.parents]
    graph = files(graph_settings.graph_folder, apart=graph_settings.graph_folder / "data")
    assert {"audit.db", "neo4j.log", "debug.log", *names} <= {path.name for path in beside + graph}
    return [path for path in beside + graph if graph_settings.graph_folder / "data" not in path.parents]


def test_no_run_leaves_a_person_anywhere_but_in_the_graph(
    desk: Desk, graph_driver: neo4j.Driver, graph_settings: Settings
) -> None:
    registers = sorted(str(path) for path in desk.data.rglob("*"))
    drafts = [
        ["source", "new", str(desk.data / place), "--out", str(desk.folder / f"draft-{place}"), *more]
        for place, more in (("events.csv", []), ("events.sqlite", ["--table", "events"]))
    ]
    looked = desk.commands(
        "looked", *drafts, ["source", "try", "--sources", str(desk.sources)],
        ["pull", "--dry-run", "--sources", str(desk.sources)],
    )  # fmt: skip
    assert looked.count("exit code 0") >= 2, looked
    good = desk.pulls("good")
    assert good.count("exit code 0") == len(KINDS), good
    # The people are in the graph, by every kind of source: so there was something to leak.
    names = (
        "MATCH (e:Event)<-[:ASSERTS]-(r:SourceRecord) WHERE e.reporterName IN $names RETURN count(DISTINCT r.source)"
    )
    assert one(graph_driver, names, names=[who.name for who in PEOPLE]) == len(KINDS)
    refused = "MATCH (q:Quarantined) WHERE q.whole RETURN count(DISTINCT q.source)"
    assert one(graph_driver, refused) == len(KINDS)
    for wrong in spoilt(desk.data):
        desk.reply = BAD_PAGES[wrong]
        failed = desk.pulls(f"failed {wrong}")
        assert failed.count("exit code 1") >= 3, (wrong, failed)
        assert "internal fault" not in failed, failed
    desk.reply = GOOD_PAGE
    told = desk.commands(
        "told", ["source", "refused", "--json"], ["source", "status", "--sources", str(desk.sources), "--json"],
        ["audit", "tail", "-n", "500", "--as", "auditor-1", "--json"], ["audit", "verify"],
    )  # fmt: skip
    assert told.count("exit code") == 4
    empty(graph_driver)
    assert desk.killed().split() == [word for name in KINDS for word in (name, str(int(signal.SIGKILL)))]
    shown = desk.killed_while_it_waits()
    again = desk.pulls("again")
    assert again.count("exit code 0") == len(KINDS), again

    assert found(shown, SOUGHT) == set()
    outputs = ("looked.output", "good.output", "failed away.output", "killed.output", "waiting.output", "again.output")
    assert leaks(searched(desk, graph_settings, *outputs), SOUGHT) == {}
    assert found(kept(graph_driver, "SourceCursor", "SourceRun"), SOUGHT) == set()
    # Nothing is left beside the registers, such as what was unpacked or a journal.
    assert sorted(str(path) for path in desk.data.rglob("*")) == registers
    assert found((desk.data / "events.csv").read_bytes(), SOUGHT) == set(SOUGHT)
    assert len(list(read(Settings.load(home=desk.folder / "home").audit_log))) > 5 * len(KINDS)


def events() -> list[dict[str, Any]]:
    """Events about the people: good ones, some that are refused, and some that are none."""
    people = [
        event("person", who.id_no, at, {"idNo": who.id_no, "name": who.name, "phone": who.phone, "home": None})
        for at, who in enumerate(PEOPLE)
    ]  # fmt: skip
    wrong = event("person", "x", 30, {"idNo": f"{PEOPLE[0].id_no}1", "name": PEOPLE[0].name, "phone": PEOPLE[0].id_no})
    none = event(PEOPLE[1].name, PEOPLE[1].phone, 31, {"name": PEOPLE[1].name})
    return [*people, {**wrong, "source": f"/{PEOPLE[0].phone}"}, none]


def test_no_delivery_leaves_a_person_anywhere_but_in_the_graph(
    desk: Desk, graph_driver: neo4j.Driver, graph_settings: Settings
) -> None:
    pushed = desk.folder / "pushed"
    pushed.mkdir()
    (pushed / "desk.yaml").write_text(MANIFEST, "utf-8")
    collector = Collector()
    with collector.serve() as endpoint:
        given = {**desk.given, "port": free_port(), "sources": pushed, "policies": POLICIES, "otlp_endpoint": endpoint}
        hub = HubProcess(given, desk.folder / "hub")
        headers = {"Authorization": f"Bearer {hub.issuer.issue(APP, 'machine-1')}", "Content-Type": BATCHED}
        bodies = [json.dumps(events(), ensure_ascii=False).encode(), b"[{" + json.dumps(events()).encode(), b"\xff" * 9]
        try:
            hub.start()
            answers = [hub.client.post("/ingest/desk", content=body, headers=headers) for body in bodies]
            metrics = hub.client.get("/metrics").content
            sending = threading.Thread(target=_send_for_ever, args=(hub.url, bodies[0], headers))
            sending.start()
            until(lambda: _delivered(graph_driver) > 0)
            assert hub.process is not None
            os.kill(hub.process.pid, signal.SIGKILL)
            hub.process.wait()
            sending.join()
            hub.start()
            answers.append(hub.client.post("/ingest/desk", content=bodies[0], headers=headers))
        finally:
            hub.stop()
            hub.client.close()
    assert [each.status_code for each in answers] == [200, 400, 400, 200]
    assert (
        one(graph_driver, "MATCH (p:Person) WHERE p.name IN $n RETURN count(p)", n=[each.name for each in PEOPLE]) == 4
    )
    # There are spans of deliveries, and figures, to be searched.
    assert APP.encode() in b"".join(collector.bodies) and b"sluicegate_" in metrics
    beside = [metrics, *collector.bodies, kept(graph_driver, "DeliveredEvent"), *(each.content for each in answers)]
    assert [found(each, SOUGHT) for each in beside if found(each, SOUGHT)] == []
    assert leaks(searched(desk, graph_settings, "hub.output"), SOUGHT) == {}


def _delivered(driver: neo4j.Driver) -> int:
    return int(one(driver, "MATCH (d:DeliveredEvent) RETURN count(d)"))


def _send_for_ever(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Send until the hub is gone."""
    with suppress(httpx.HTTPError), httpx.Client(trust_env=False, timeout=60) as client:
        while True:
            client.post(f"{url}/ingest/desk", content=body, headers=headers)
