"""Measures what the detection of personal information costs a pull, and how fast texts are checked again.

The sample county is pulled into an empty graph with the detector and without it (an annotator that finds nothing),
twice in turn. Then stale texts are looked for among the events of a graph, and up to 10,000 of them are checked again.

`python bench/pull_text.py [--people N] [--events N]`
"""

import argparse
import os
import platform
import secrets
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import hub.ingest.pull
from connectors.base import Annotation
from connectors.results import PullResult
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress, LocalGraph
from hub.home.settings import Settings
from hub.ingest.annotate import Annotator, annotator_of
from hub.ingest.redetect import BATCH, Pass
from hub.sample.generate import generate
from hub.sample.hotline import serve_hotline
from schema import SPINE

EMPTY = "MATCH (n) WITH n LIMIT 20000 DETACH DELETE n RETURN count(*) AS left"
SOURCES = Path(__file__).parents[1] / "examples" / "county" / "sources"


class Nothing(Annotator):
    """Finds nothing, at no cost."""

    def annotate(self, texts: Sequence[str]) -> list[Annotation]:
        return [Annotation([], []) for _ in texts]


def pulled(settings: Settings, address: GraphAddress, folder: Path, detector: bool) -> list[PullResult]:
    """One pull of everything into an emptied graph."""
    with GraphWriter(address.url, address.user, address.password) as writer:
        while writer.write(lambda tx: tx.run(EMPTY))[0]["left"]:
            pass
    vars(hub.ingest.pull)["annotator_of"] = annotator_of if detector else lambda _: Nothing()
    key = os.environ["HOTLINE_KEY"] = secrets.token_urlsafe(16)
    with serve_hotline(folder / "hotline", key) as url:
        return hub.ingest.pull.run_pull(
            settings, SOURCES, (), folder, {"HOTLINE_URL": url}, lambda *_: None, address=address
        )


def tell(name: str, results: Sequence[PullResult]) -> None:
    """Rows a second: of all streams, and of the one that has texts."""
    rows, seconds = sum(each.read for each in results), sum(each.seconds for each in results)
    (tickets,) = [each for each in results if each.stream == "tickets"]
    print(
        f"{name}: {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} rows/s; "
        f"tickets alone {tickets.read / tickets.seconds:,.0f} rows/s, {tickets.texts:,} texts"
    )


def searched(address: GraphAddress, events: int) -> None:
    """The search for stale texts without and with an index, and a pass over the first of them."""
    with GraphWriter(address.url, address.user, address.password) as writer:
        make = (
            "UNWIND range($from, $from + 9999) AS i CREATE (e:Event {sid: toString(100000000 + i), "
            "text: '来电人王建国反映' + i + '号楼漏水,电话139' + (10000000 + i) + '。', textSpans: [], textWords: [], "
            "textDetector: 'older', textDetectedAt: datetime() - duration({seconds: i})})"
        )
        for start in range(0, events, 10_000):
            writer.write(lambda tx, start=start: tx.run(make, **{"from": start}))  # type: ignore[misc]
        for name in ("without an index", "with one"):
            work = Pass(writer, SPINE, Annotator())
            took = []
            for _ in range(5):
                began = time.perf_counter()
                left = work.left()
                took.append(time.perf_counter() - began)
            began = time.perf_counter()
            work._oldest(work._text_fields[0], None)
            ordered = time.perf_counter() - began
            print(f"{left:,} stale {name}: counted in {min(took) * 1e3:.0f} ms, ids in order in {ordered * 1e3:.0f} ms")
            writer.run_schema("CREATE INDEX stale IF NOT EXISTS FOR (e:Event) ON (e.textDetector)")
            writer.run_schema("CALL db.awaitIndexes(60)")
        writer.run_schema("DROP INDEX stale")
        began, done = time.perf_counter(), 0
        for tally, _ in Pass(writer, SPINE, Annotator()).batches(BATCH, 10_000):
            if not done:
                began = time.perf_counter()
            done += tally.texts
        print(f"a pass: {(done - BATCH) / (time.perf_counter() - began):,.0f} texts/s, the first batch apart")


def main() -> None:
    """Print all figures."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--people", type=int, default=20_000)
    given.add_argument("--events", type=int, default=100_000)
    chosen = given.parse_args()
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"{platform.machine()}, {cores} cores, load {load:.1f}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings.load(home=Path(temporary) / "home", graph_heap="768m", graph_page_cache="256m")
        folder = Path(temporary) / "county"
        generate(folder, chosen.people, 1)
        graph = LocalGraph(settings)
        try:
            address = graph.start(owned=True)
            pulled(settings, address, folder, detector=True)
            for _ in range(2):
                for detector in (True, False):
                    name = "with the detector" if detector else "without"
                    tell(name, pulled(settings, address, folder, detector))
            searched(address, chosen.events)
        finally:
            graph.stop()


if __name__ == "__main__":
    main()
