"""Measures a pull beside the bare load of the same nodes and edges, in one run on one graph server.

The sample county is pulled by `sluicegate pull` into an empty graph and pulled again without news. What then is in the
graph, provenance apart, is loaded into the emptied graph by batched `UNWIND … CREATE` through the official driver, with
the same constraints and indexes. Seconds are of the clock and of the processor, of the pull and of Neo4j.

`python bench/pull.py [--people N] [--rounds N] [--split]`; `--split` tells where a pull spends its time.
"""

import argparse
import json
import os
import platform
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import neo4j
import psutil

import connectors.run
import hub.ingest.pull
from connectors.shape import Shaper
from hub.graph.driver import Transaction
from hub.graph.local import GraphAddress, LocalGraph
from hub.home.settings import Settings
from hub.ingest.annotate import Annotator
from hub.sample.generate import generate
from hub.sample.hotline import serve_hotline
from schema import SPINE

SOURCES = Path(__file__).parents[1] / "examples" / "county" / "sources"
BATCH = 2_000
SAMPLE_SECONDS = 0.02
WARM = 20_000
"""As many people, or as many as are measured, are loaded before: Java compiles what runs often."""
EMPTY = "MATCH (n) WITH n LIMIT 20000 DETACH DELETE n RETURN count(*) AS deleted"
NODES = "MATCH (n:{0}) RETURN properties(n) AS values"
EDGES = (
    "MATCH (a)-[r]->(b) WHERE type(r) <> 'ASSERTS' "
    "RETURN labels(a)[0] AS a, type(r) AS type, labels(b)[0] AS b, a.sid AS start, b.sid AS end"
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the clock; of the processor, of the loading process and of Neo4j; memory at its peak, in MB."""

    seconds: float
    own: float
    server: float
    memory: float = 0.0

    def told(self, name: str, records: int) -> str:
        """A line of the output."""
        memory = f", peak {self.memory:,.0f} MB" if self.memory else ""
        return (
            f"{name}: {self.seconds:.1f} s, {records / self.seconds:,.0f} records/s; processor {self.own:.1f} s own, "
            f"{self.server:.1f} s Neo4j{memory}"
        )


@contextmanager
def _files() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """What a process writes, and what it tells."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
        yield out, told


class Bench:
    """A graph server and a county."""

    def __init__(self, settings: Settings, address: GraphAddress, folder: Path) -> None:
        self.settings, self.address, self.folder = settings, address, folder
        self.key = os.environ["HOTLINE_KEY"] = secrets.token_urlsafe(16)
        state = json.loads((settings.graph_folder / "graph.json").read_text("utf-8"))
        self._server = psutil.Process(state["pid"])

    def server_seconds(self) -> float:
        """The processor time of Neo4j so far."""
        times = self._server.cpu_times()
        return float(times.user + times.system)

    def driver(self) -> neo4j.Driver:
        """The official driver."""
        return neo4j.GraphDatabase.driver(self.address.url, auth=(self.address.user, self.address.password))

    def empty(self) -> None:
        """Remove all data, keep constraints and indexes."""
        with self.driver() as driver:
            while driver.execute_query(EMPTY).records[0]["deleted"]:
                pass

    def pull(self, folder: Path | None = None) -> tuple[Cost, list[Row]]:
        """One run of the command, as a process of its own."""
        folder = folder or self.folder
        command = [sys.executable, "-m", "hub", "pull", "--json", "--home", str(self.settings.home)]
        environment = {
            **os.environ,
            "SLUICEGATE_GRAPH_URL": self.address.url,
            "SLUICEGATE_GRAPH_PASSWORD": self.address.password,
        }
        # It serves in this process, so its work is not counted among the pull's.
        with serve_hotline(folder / "hotline", self.key) as url, _files() as (out, told):
            command += ["--sources", str(SOURCES), "--data", str(folder), "--set", f"HOTLINE_URL={url}"]
            before, began = self.server_seconds(), time.perf_counter()
            child = psutil.Popen(command, env=environment, stdout=out, stderr=told)
            memory, own = 0, 0.0
            while child.poll() is None:
                try:
                    memory = max(memory, child.memory_info().rss)
                    own = sum(child.cpu_times()[:2])
                except psutil.NoSuchProcess:
                    break
                time.sleep(SAMPLE_SECONDS)
            if child.wait() != 0:
                told.seek(0)
                raise SystemExit(f"the pull failed: {told.read().decode('utf-8', 'replace')}")
            cost = Cost(time.perf_counter() - began, own, self.server_seconds() - before, memory / 1e6)
            out.seek(0)
            return cost, json.load(out)

    def held(self) -> tuple[dict[str, list[Row]], dict[tuple[str, str, str], list[Row]]]:
        """The nodes, by label, and the edges, by both labels and type, without provenance."""
        with self.driver() as driver, driver.session() as session:
            nodes = {each.name: [row["values"] for row in session.run(NODES.format(each.name))] for each in SPINE}
            edges: dict[tuple[str, str, str], list[Row]] = {}
            for row in session.run(EDGES):
                edges.setdefault((row["a"], row["type"], row["b"]), []).append({"a": row["start"], "b": row["end"]})
        return nodes, edges

    def bare(self, nodes: Mapping[str, Sequence[Row]], edges: Mapping[tuple[str, str, str], Sequence[Row]]) -> Cost:
        """Load nodes and edges, a transaction for each batch."""
        before, began, own = self.server_seconds(), time.perf_counter(), time.process_time()
        with self.driver() as driver, driver.session() as session:
            for label, rows in nodes.items():
                self._load(session, f"UNWIND $rows AS row CREATE (n:{label}) SET n = row", rows)
            for (a, kind, b), rows in edges.items():
                text = (
                    f"UNWIND $rows AS row MATCH (a:{a} {{sid: row.a}}) USING INDEX SEEK a:{a}(sid) "
                    f"MATCH (b:{b} {{sid: row.b}}) USING INDEX SEEK b:{b}(sid) CREATE (a)-[:{kind}]->(b)"
                )
                self._load(session, text, rows)
        return Cost(time.perf_counter() - began, time.process_time() - own, self.server_seconds() - before)

    def _load(self, session: neo4j.Session, text: str, rows: Sequence[Row]) -> None:
        for at in range(0, len(rows), BATCH):
            batch = rows[at : at + BATCH]
            session.execute_write(lambda tx, batch=batch: tx.run(text, rows=batch).consume())  # type: ignore[misc]

    def split(self) -> Counter[str]:
        """Where a pull in this process spends its time, by what is done."""
        spent: Counter[str] = Counter()
        with self._measured(spent), serve_hotline(self.folder / "hotline", self.key) as url:
            hub.ingest.pull.run_pull(
                self.settings, SOURCES, (), self.folder, {"HOTLINE_URL": url}, lambda *_: None, address=self.address
            )
        return spent

    @contextmanager
    def _measured(self, spent: Counter[str]) -> Iterator[None]:
        """While the block runs, the time of each part is added to `spent`."""

        def measured(name: str, work: Callable[..., Any], clock: Callable[[], float]) -> Callable[..., Any]:
            def run(*given: Any, **named: Any) -> Any:
                began = clock()
                try:
                    return work(*given, **named)
                finally:
                    spent[name] += clock() - began  # type: ignore[assignment]

            return run

        parts: list[tuple[Any, str, str, Callable[[], float]]] = [
            (Shaper, "shape", "shaping (processor)", time.thread_time),
            (Annotator, "annotate", "texts (processor)", time.thread_time),
            (connectors.run._Run, "pull", "all streams (clock)", time.perf_counter),
        ]
        kept = [(owner, name, getattr(owner, name)) for owner, name, _, _ in parts] + [
            (Transaction, "run", Transaction.run)
        ]
        plain = Transaction.run

        def run(this: Transaction, text: str, /, **parameters: Any) -> list[Row]:
            began, own = time.perf_counter(), time.thread_time()
            try:
                return plain(this, text, **parameters)
            finally:
                spent[f"statement {' '.join(text.split())[:150]}"] += time.perf_counter() - began  # type: ignore[assignment]
                spent["statements (clock)"] += time.perf_counter() - began  # type: ignore[assignment]
                spent["statements: driver (processor)"] += time.thread_time() - own  # type: ignore[assignment]

        for owner, name, label, clock in parts:
            setattr(owner, name, measured(label, getattr(owner, name), clock))
        Transaction.run = run  # type: ignore[method-assign]
        began, own = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            spent["all (clock)"] = time.perf_counter() - began  # type: ignore[assignment]
            spent["all (processor)"] = time.process_time() - own  # type: ignore[assignment]
            for owner, name, work in kept:
                setattr(owner, name, work)


def measure(bench: Bench, rounds: int) -> None:
    """Pull, pull again and load bare, in turn."""
    for _ in range(rounds):
        bench.empty()
        first, told = bench.pull()
        again, _ = bench.pull()
        nodes, edges = bench.held()
        bench.empty()
        bare = bench.bare(nodes, edges)
        records = sum(each["read"] for each in told)
        made = sum(len(each) for each in nodes.values()), sum(len(each) for each in edges.values())
        print(first.told("pull", records))
        print(again.told("pull again", records))
        print(bare.told(f"bare load of {made[0]:,} nodes and {made[1]:,} edges", records))
        total, least = first.own + first.server, bare.own + bare.server
        print(
            f"pull / bare: {first.seconds / bare.seconds:.2f} by the clock, {total / least:.2f} by the processor; "
            f"again / pull: {again.seconds / first.seconds:.2f}",
            flush=True,
        )


def main() -> None:
    """Print all figures."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--people", type=int, default=20_000)
    given.add_argument("--rounds", type=int, default=2)
    given.add_argument("--split", action="store_true")
    chosen = given.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {chosen.people:,} people")
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings.load(home=Path(temporary) / "home")
        folder = Path(temporary) / "county"
        generate(folder, chosen.people, 1)
        generate(Path(temporary) / "warm", min(chosen.people, WARM), 2)
        graph = LocalGraph(settings)
        try:
            bench = Bench(settings, graph.start(owned=True), folder)
            # The first load of a new server says nothing of the later ones.
            bench.pull(Path(temporary) / "warm")
            if chosen.split:
                bench.empty()
                for name, seconds in bench.split().most_common():
                    print(f"{seconds:7.2f} s  {name}")
            else:
                measure(bench, chosen.rounds)
        finally:
            graph.stop()


if __name__ == "__main__":
    main()
