"""What a pull writes beside a text is of that very text: its spans cover what the sample's writer made personal."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import SessionExpired
from rich.console import Console

import hub.ingest.pull
from connectors.base import Annotation
from connectors.results import PullResult
from connectors.run import pull as pull_source
from connectors.sources import load_sources
from connectors.stream_plans import plan_streams
from hub.graph.driver import GraphWriter, Transaction
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.annotate import NOT_LOADED, Annotator, detector_version
from hub.ingest.kept_rows import KeptRows
from hub.ingest.pull import pull_json, pull_table, wanted_sources
from hub.ingest.sink import Sink
from hub.sample.known_people import CANARIES, PROTAGONIST, PROTAGONIST_TICKET
from policies.text.masked_text import PLACEHOLDER
from policies.text.plain_text import normalise
from policies.text.spans import decode
from schema import SPINE
from tests.support.pulling import SOURCES, ask, county, empty, hotline, one, pull, silent
from tests.support.serving import serving

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

PEOPLE = 500
EVENTS = (
    "MATCH (e:Event) RETURN e.number AS number, e.text AS text, e.textSpans AS spans, e.textWords AS words, "
    "e.textDetector AS detector, e.textDetectedAt AS detected ORDER BY number"
)
BESIDE = ("spans", "words", "detector", "detected")
STRUCTURED = {"PHONE", "CN_ID", "PLATE"}
TEXT = "{ events(first: 200) { edges { node { number text } } } }"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("county") / "data", PEOPLE)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("text-home")


@pytest.fixture(scope="module")
def pulled(folder: Path, home: Path, empty_graph: GraphAddress) -> dict[str, PullResult]:
    return pull(home, empty_graph, folder)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The county's data again, to be changed."""
    return county(tmp_path / "data", PEOPLE)


def truth(folder: Path) -> dict[str, list[tuple[int, int, str]]]:
    """By ticket number, what the writer made personal: start, end, kind."""
    lines = (folder / "hotline" / "personal.jsonl").read_text("utf-8").splitlines()
    return {row["ticketNo"]: [tuple(each) for each in row["personal"]] for row in map(json.loads, lines)}


def covered(event: Mapping[str, Any]) -> set[int]:
    return {at for span in decode(event["spans"], len(event["text"])) for at in range(span.start, span.end)}


def change_ticket(folder: Path, number: str, **values: Any) -> None:
    """Give one ticket other values and the latest time of change."""
    path = folder / "hotline" / "tickets.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    (row,) = [each for each in rows if each["ticketNo"] == number]
    row |= {"updatedAt": "2026-06-30T23:00:00+08:00", **values}
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows), "utf-8")


def event(driver: neo4j.Driver, number: str) -> dict[str, Any]:
    (found,) = [each for each in ask(driver, EVENTS) if each["number"] == number]
    return found


def test_spans_cover_what_is_personal(
    pulled: dict[str, PullResult], folder: Path, home: Path, graph_driver: neo4j.Driver
) -> None:
    personal = truth(folder)
    version = detector_version(Settings.load(home=home))
    events = ask(graph_driver, EVENTS)
    assert len(events) == pulled["tickets"].inserted >= PEOPLE // 10
    missed, leaked, characters = Counter[str](), 0, 0
    for each in events:
        assert each["detector"] == version and each["detected"] is not None
        there = covered(each)
        for start, end, kind in personal[each["number"]]:
            lost = len(set(range(start, end)) - there)
            missed[kind] += bool(lost)
            leaked, characters = leaked + lost, characters + end - start
    assert {kind for kind in STRUCTURED if missed[kind]} == set()
    assert characters > 1_000
    assert leaked / characters <= 0.02, missed


def test_words_are_of_what_lies_outside_the_spans(pulled: dict[str, PullResult], graph_driver: neo4j.Driver) -> None:
    seen = Counter[str]()
    for each in ask(graph_driver, EVENTS):
        there = covered(each)
        outside = "".join("\n" if at in there else char for at, char in enumerate(each["text"]))
        plain = normalise(outside).text
        assert [word for word in each["words"] if word not in plain] == []
        assert len(set(each["words"])) == len(each["words"]) <= 50
        seen.update(each["words"])
    assert seen["漏水"] > 1
    known = {person.name for person in (PROTAGONIST, *CANARIES)}
    assert known.isdisjoint(seen)


def test_the_pull_tells_what_it_read(pulled: dict[str, PullResult], graph_driver: neo4j.Driver) -> None:
    tickets = pulled["tickets"]
    # Dirty tickets have texts too: what is refused is not read.
    assert tickets.quarantined > 0
    assert tickets.texts == tickets.inserted
    assert tickets.personal == one(graph_driver, "MATCH (e:Event) WHERE size(e.textSpans) > 0 RETURN count(e)") > 0
    assert tickets.whole == {}
    assert {each.texts for name, each in pulled.items() if name != "tickets"} == {0}
    shown = io.StringIO()
    Console(width=120, file=shown).print(pull_table(list(pulled.values())))
    line = f"{tickets.texts} texts read for personal information: {tickets.personal} hold some"
    assert line in shown.getvalue()
    (told,) = [each for each in json.loads(pull_json(pulled.values())) if each["stream"] == "tickets"]
    assert (told["texts"], told["personal"], told["whole"]) == (tickets.texts, tickets.personal, {})


def test_a_second_pull_reads_no_text_and_writes_nothing(
    pulled: dict[str, PullResult], folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    before = ask(graph_driver, EVENTS)
    again = pull(home, empty_graph, folder)
    assert [(each.changes, each.texts) for each in again.values()] == [(0, 0)] * len(again)
    assert ask(graph_driver, EVENTS) == before


CHANGES = [
    ("电梯停运三天,没有人修。", []),
    ("🀄𠮷家来电,电话13912345678,请回电。", ["13912345678"]),
    ("身份证140321195703129022,电话19903210001。", ["140321195703129022", "19903210001"]),
]


@pytest.mark.parametrize(("content", "personal"), CHANGES)
def test_a_changed_ticket_changes_its_spans(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver,
    content: str, personal: Sequence[str],
) -> None:  # fmt: skip
    change_ticket(copy, PROTAGONIST_TICKET, content=content)
    before = event(graph_driver, PROTAGONIST_TICKET)
    result = pull(home, empty_graph, copy, "hotline")["tickets"]
    assert (result.updated, result.texts, result.personal) == (1, 1, bool(personal))
    now = event(graph_driver, PROTAGONIST_TICKET)
    assert now["text"] == content and now["detected"] > before["detected"]
    there = covered(now)
    for value in personal:
        start = content.index(value)
        assert set(range(start, start + len(value))) <= there
    if not personal:
        assert now["spans"] == [] and now["words"]


def test_a_ticket_without_text_has_nothing_beside_it(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    change_ticket(copy, PROTAGONIST_TICKET, content="", updatedAt="2026-06-30T23:30:00+08:00")
    result = pull(home, empty_graph, copy, "hotline")["tickets"]
    assert (result.updated, result.texts) == (1, 0)
    now = event(graph_driver, PROTAGONIST_TICKET)
    assert [now[name] for name in ("text", *BESIDE)] == [None] * 5


def test_an_older_version_of_a_ticket_changes_neither_text_nor_spans(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    before = event(graph_driver, PROTAGONIST_TICKET)
    change_ticket(copy, PROTAGONIST_TICKET, content="电话13912345678", updatedAt="2026-06-18T10:00:00+08:00")
    # Read from the beginning, as after a change of the block.
    graph_driver.execute_query("MATCH (c:SourceCursor {source: 'hotline/tickets'}) DELETE c")
    assert pull(home, empty_graph, copy, "hotline")["tickets"].texts == 0
    assert event(graph_driver, PROTAGONIST_TICKET) == before


class Counting(Annotator):
    """Remembers how many texts it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def annotate(self, texts: Sequence[str]) -> list[Annotation]:
        self.asked.append(len(texts))
        return super().annotate(texts)


class Losing(GraphWriter):
    """Each transaction loses its connection just before it would be committed, once."""

    lost = 0

    def write(
        self, work: Callable[[Transaction], Any], *, plan_once: bool = False, seconds: float | None = None
    ) -> Any:
        attempts = 0

        def losing(transaction: Transaction) -> Any:
            nonlocal attempts
            attempts += 1
            done = work(transaction)
            if attempts == 1:
                self.lost += 1
                raise SessionExpired
            return done

        return super().write(losing, plan_once=plan_once, seconds=seconds)


def test_a_repeated_transaction_reads_its_texts_once(
    pulled: dict[str, PullResult], folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    before = [(each["number"], each["text"], each["spans"]) for each in clean(graph_driver, home, empty_graph, folder)]
    graph_driver.execute_query("MATCH (e:Event)<-[:ASSERTS]-(r) DETACH DELETE e, r")
    graph_driver.execute_query("MATCH (c:SourceCursor {source: 'hotline/tickets'}) DELETE c")
    counting = Counting()
    key = (home / "keys" / "graph.key").read_bytes()
    with hotline(folder) as variables, Losing(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        sources = load_sources(SOURCES, SPINE, {"DATA": str(folder), **variables})
        plans = plan_streams(sources, SPINE)
        sink = Sink(writer, key, plans, SPINE, counting, dt.date(2026, 6, 1), lambda *_: None)
        (source,) = wanted_sources(sources, ["hotline"])
        (result,) = pull_source(source, plans, SPINE, sink, silent, KeptRows(home / "pulled", key))
        assert writer.lost > 0
    assert result.texts == len(before) > 0
    assert sum(counting.asked) <= result.texts, "a repeated attempt reads nothing again"
    assert [(each["number"], each["text"], each["spans"]) for each in ask(graph_driver, EVENTS)] == before


def clean(driver: neo4j.Driver, home: Path, address: GraphAddress, folder: Path) -> list[dict[str, Any]]:
    """The events of one clean pull."""
    empty(driver)
    pull(home, address, folder)
    return ask(driver, EVENTS)


@pytest.fixture
def unjudged(
    folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[PullResult]:  # fmt: skip
    """A pull whose detector finds its model missing."""
    monkeypatch.setattr(hub.ingest.pull, "annotator_of", lambda *_: Annotator(model=tmp_path / "no model"))
    empty(graph_driver)
    yield pull(home, empty_graph, folder)["tickets"]
    empty(graph_driver)


def test_texts_that_nobody_could_judge_are_redacted_whole_and_counted(
    unjudged: PullResult, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    assert unjudged.inserted > 0
    assert (unjudged.texts, unjudged.personal, unjudged.whole) == (
        unjudged.inserted, 0, {NOT_LOADED: unjudged.inserted},
    )  # fmt: skip
    for each in ask(graph_driver, EVENTS):
        assert (each["spans"], each["words"], each["detector"]) == (None, [], None)
        assert each["detected"] is not None
    assert f"{unjudged.texts} could not be checked" in hub.ingest.pull._texts_summary([unjudged])
    assert set(texts_shown(home, empty_graph)) == {"***"}


def test_a_purpose_sees_texts_with_placeholders(
    folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    stored = {each["text"] for each in clean(graph_driver, home, empty_graph, folder)}
    shown = texts_shown(home, empty_graph)
    assert "***" not in shown
    assert any(PLACEHOLDER.search(text) for text in shown)
    assert [text for text in shown if text in stored and PLACEHOLDER.search(text)] == []
    assert not [text for text in shown if PROTAGONIST.id_no in text or PROTAGONIST.phone in text]


def texts_shown(home: Path, address: GraphAddress) -> list[str]:
    """Texts of events as a grid desk gets them."""
    with serving(home, address) as served:
        answer = served.ask(TEXT, app="grid-desk", person="dispatcher-1", purpose="event.dispatch").json()
    nodes = [edge["node"] for edge in answer["data"]["events"]["edges"]]
    assert nodes
    return [each["text"] for each in nodes if each["text"] is not None]
