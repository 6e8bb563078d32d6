"""Pulls a sample county from a folder, and from a hotline that serves it, into the real graph."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neo4j

from connectors.base import Batch, Written
from connectors.results import PullResult
from hub.graph.driver import Transaction
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.ingest.sink import Sink
from hub.sample.generate import generate
from hub.sample.hotline import serve_hotline

SOURCES = Path(__file__).parents[2] / "examples" / "county" / "sources"
KEY = "a key for this test"
POLICE = "police/household_register.csv"
REGIONS = "divisions/regions.csv"


@contextmanager
def hotline(folder: Path) -> Iterator[Mapping[str, str]]:
    """Serve a county's hotline; yields the variables of a pull."""
    before = os.environ.get("HOTLINE_KEY")
    os.environ["HOTLINE_KEY"] = KEY
    try:
        with serve_hotline(folder / "hotline", KEY) as url:
            yield {"HOTLINE_URL": url}
    finally:
        if before is None:
            del os.environ["HOTLINE_KEY"]
        else:
            os.environ["HOTLINE_KEY"] = before


def county(folder: Path, people: int = 300, seed: int = 7) -> Path:
    """A county's data in `folder`."""
    generate(folder, people, seed)
    return folder


def pull(
    home: Path, address: GraphAddress, folder: Path, *names: str, sources: Path = SOURCES
) -> dict[str, PullResult]:
    """Pull sources (all, or the named ones in the order given); results by stream name."""
    settings = Settings.load(home=home)
    with hotline(folder) as variables:
        results = [
            result
            for chosen in ([[each] for each in names] or [[]])
            for result in run_pull(settings, sources, chosen, folder, variables, silent, address=address)
        ]
    return {each.stream: each for each in results}


def silent(stream: str, rows: int) -> None:
    """Report to nobody."""


def rows_of(folder: Path, file: str) -> list[dict[str, str]]:
    """A CSV's rows read without connector code; wrong bytes are replaced."""
    encoding = "gbk" if file == POLICE else "utf-8"
    text = (folder / file).read_bytes().decode(encoding, "replace")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def edit(folder: Path, file: str, change: Any) -> None:
    """Give the lines of a CSV, header apart, to `change` and write what it returns."""
    path = folder / file
    header, *lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(header + b"".join(change(lines)))


def ask(driver: neo4j.Driver, text: str, **parameters: Any) -> list[dict[str, Any]]:
    """Rows of a plain Cypher statement."""
    return [dict(record) for record in driver.execute_query(text, parameters).records]


def one(driver: neo4j.Driver, text: str, **parameters: Any) -> Any:
    """The only value of a plain Cypher statement."""
    return driver.execute_query(text, parameters).records[0][0]


def canonical(driver: neo4j.Driver) -> tuple[list[str], list[str]]:
    """All nodes and edges in one order, without what differs from run to run, such as the runs themselves."""
    mark = "coalesce({0}.sid, {0}.key, {0}.source)"
    nodes = ask(
        driver,
        "MATCH (n) WHERE NOT n:SourceRun AND NOT n:ChangeNote AND NOT n:ChangeSequence "
        f"RETURN labels(n) AS l, {mark.format('n')} AS k, properties(n) AS p",
    )
    edges = ask(
        driver,
        f"MATCH (a)-[r]->(b) RETURN {mark.format('a')} AS a, type(r) AS t, {mark.format('b')} AS b, properties(r) AS p",
    )
    return (
        sorted(f"{sorted(each['l'])} {each['k']} {_told(each['p'])}" for each in nodes),
        sorted(f"{each['a']} {each['t']} {each['b']} {_told(each['p'])}" for each in edges),
    )


def _told(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted(
        (name, str(value))
        for name, value in properties.items()
        if name not in {"run", "compared"} and not name.endswith("DetectedAt")
    )


def end_leases(driver: neo4j.Driver) -> None:
    """Let the leases of pulls that died end now, as they do after a minute."""
    driver.execute_query("MATCH (s:SourceRun) WHERE s.until IS NOT NULL SET s.until = datetime.realtime()")


def empty(driver: neo4j.Driver) -> None:
    """Remove all data, keep constraints and indexes."""
    driver.execute_query("MATCH (n) DETACH DELETE n")


def die_in_write(writes: int, statements: int | None) -> None:
    """Let this process kill itself as it begins the batch after `writes` others, or in it, after so many `statements`.

    From within, so that each moment is met for certain: before a batch, or while it is in flight.
    """
    left, real = writes, Sink.write

    def write(sink: Sink, batch: Batch) -> Written:
        nonlocal left
        left -= 1
        if left < 0 and statements is None:
            os.kill(os.getpid(), signal.SIGKILL)
        elif left < 0 and statements is not None:
            _die_after(sink, statements)
        return real(sink, batch)

    Sink.write = write  # type: ignore[method-assign, assignment]


def _die_after(sink: Sink, statements: int) -> None:
    plain = sink._writer.write

    def dying(transaction: Transaction) -> Transaction:
        run, count = transaction.run, 0

        def counted(text: str, /, **parameters: Any) -> list[dict[str, Any]]:
            nonlocal count
            count += 1
            if count > statements:
                os.kill(os.getpid(), signal.SIGKILL)
            return run(text, **parameters)

        transaction.run = counted  # type: ignore[method-assign]
        return transaction

    sink._writer.write = lambda work, **how: plain(lambda tx: work(dying(tx)), **how)  # type: ignore[method-assign]
