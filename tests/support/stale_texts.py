"""Events whose texts an older detector judged, and what one undisturbed pass over them ends in.

The fixtures come to a test module through `tests/faults/conftest.py`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import neo4j
import pytest

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.annotate import Annotator
from hub.ingest.redetect import Redetected, redetect
from schema import SPINE
from tests.support.pulling import ask

EVENTS = 120


OLD = "0123456789abcdef"


SECRET = "赫连朔风"


FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


SEEN = "MATCH (e:Event) RETURN e.sid AS sid, e.text AS text, e.textSpans AS s, e.textWords AS w, e.textDetector AS d"


def text_of(number: int) -> str:
    return f"来电人{SECRET}反映{number}号楼漏水,电话139{number:08d}。" if number % 3 else f"第{number}次反映电梯停运。"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.load(home=tmp_path_factory.mktemp("redetect-home"))


@pytest.fixture(scope="module")
def annotator(settings: Settings) -> Annotator:
    return Annotator()


@pytest.fixture(scope="module")
def expected(annotator: Annotator) -> list[dict[str, Any]]:
    """What one undisturbed pass ends in."""
    texts = [text_of(number) for number in range(EVENTS)]
    return [
        {"sid": f"{number:032x}", "text": text, "s": found.spans, "w": found.words, "d": annotator.version}
        for number, (text, found) in enumerate(zip(texts, annotator.annotate(texts), strict=True))
    ]


@pytest.fixture
def writer(empty_graph: GraphAddress) -> Iterator[GraphWriter]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as made:
        ensure_constraints(made, SPINE)
        yield made


@pytest.fixture
def stale(writer: GraphWriter) -> None:
    """Events that an older detector judged, which found nothing; the higher the number, the longer ago."""
    rows = [
        {
            "sid": f"{number:032x}",
            "number": f"RX{number:014d}",
            "text": text_of(number),
            "region": "14/03/21/001/001/001/",
            "at": FIRST_DAY - dt.timedelta(days=number),
        }
        for number in range(EVENTS)
    ]
    writer.write(lambda tx: tx.run("MATCH (n) DETACH DELETE n"))
    writer.write(
        lambda tx: tx.run(
            "UNWIND $rows AS row CREATE (e:Event {sid: row.sid, number: row.number, text: row.text, "
            "region: row.region, textSpans: [], textWords: [], textDetector: $old, textDetectedAt: row.at})",
            rows=rows,
            old=OLD,
        )
    )


def seen(driver: neo4j.Driver) -> list[dict[str, Any]]:
    return sorted(ask(driver, SEEN), key=lambda each: str(each["sid"]))


def run(settings: Settings, address: GraphAddress, limit: int | None = None) -> Redetected:
    return redetect(settings, address, SPINE, lambda *_: None, limit)
