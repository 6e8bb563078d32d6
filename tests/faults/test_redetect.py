"""A pass may be killed, repeated or run twice, and texts may change meanwhile: the end is that of one whole pass."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import neo4j
import pytest
from typer.testing import CliRunner

from audit.log import read
from connectors.base import Annotation
from hub.cli.main import app
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest import redetect as room
from hub.ingest.annotate import Annotator, detector_version
from hub.ingest.redetect import BATCH, DetectorBroken, Pass, Redetected, redetect, redetect_gently
from hub.ingest.text_properties import Tally, properties
from schema import CATALOGUE
from schema.catalogue import Beside
from tests.support.pulling import ask, one
from tests.support.serving import COUNTY, free_port, serving

pytestmark = [pytest.mark.fault, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
EVENTS = 120
OLD = "0123456789abcdef"
SECRET = "赫连朔风"
FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SEEN = "MATCH (e:Event) RETURN e.sid AS sid, e.text AS text, e.textSpans AS s, e.textWords AS w, e.textDetector AS d"
CHILD = """
import json, os, signal, sys
from pathlib import Path
import hub.ingest.redetect as room
from hub.graph.driver import Transaction
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from schema import CATALOGUE

given = json.loads(sys.stdin.readline())
room.BATCH = 20
left = given["batches"]
real_put, real_run = room.Pass._put, Transaction.run

def run(self, text, /, **parameters):
    done = real_run(self, text, **parameters)
    os.kill(os.getpid(), signal.SIGKILL)
    return done

def put(self, place, rows):
    # The kill comes from within: after a batch was judged, or after it was written and before it was committed.
    global left
    left -= 1
    if left < 0 and given["inside"]:
        Transaction.run = run
    elif left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real_put(self, place, rows)

room.Pass._put = put
address = GraphAddress(given["url"], given["user"], given["password"])
room.redetect(Settings.load(home=Path(given["home"])), address, CATALOGUE, lambda *_: None)
"""


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
        ensure_constraints(made, CATALOGUE)
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
    return redetect(settings, address, CATALOGUE, lambda *_: None, limit)


def silent_child(settings: Settings, address: GraphAddress, moment: dict[str, int], temporary: Path) -> int:
    temporary.mkdir()
    given = {
        "url": address.url, "user": address.user, "password": address.password, "home": str(settings.home), **moment,
    }  # fmt: skip
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(given) + "\n", text=True, capture_output=True,
        cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}, timeout=120, check=False,
    )  # fmt: skip
    assert (child.stdout, child.stderr) == ("", "")
    assert list(temporary.iterdir()) == [], "a text may stand in a file that is left over"
    return child.returncode


MOMENTS = (
    {"batches": 0, "inside": 0},
    {"batches": 0, "inside": 1},
    {"batches": 2, "inside": 0},
    {"batches": 3, "inside": 1},
)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda each: f"{each['batches']}-{each['inside']}")
def test_killed_and_run_again_is_as_run_once(
    stale: None, settings: Settings, empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path: Path,
    expected: list[dict[str, Any]], moment: dict[str, int],
) -> None:  # fmt: skip
    assert silent_child(settings, empty_graph, moment, tmp_path / "tmp") == -signal.SIGKILL
    after = {each["sid"]: each for each in seen(graph_driver)}
    done = [each for each in expected if after[each["sid"]]["d"] != OLD]
    assert len(done) == 20 * moment["batches"], "whole batches"
    assert [after[each["sid"]] for each in done] == done
    ended = run(settings, empty_graph)
    assert (ended.tally.texts, ended.changed, ended.left) == (EVENTS - len(done), 0, 0)
    assert seen(graph_driver) == expected
    assert run(settings, empty_graph) == Redetected(Tally(0, 0, {}), 0, 0)


def test_the_oldest_come_first_and_a_limit_ends_it(
    stale: None, settings: Settings, empty_graph: GraphAddress, graph_driver: neo4j.Driver,
    expected: list[dict[str, Any]],
) -> None:  # fmt: skip
    graph_driver.execute_query("MATCH (e:Event {sid: $sid}) REMOVE e.textDetector, e.textDetectedAt", sid=f"{5:032x}")
    ended = run(settings, empty_graph, limit=11)
    assert (ended.tally.texts, ended.left) == (11, EVENTS - 11)
    done = [int(each["sid"], 16) for each in seen(graph_driver) if each["d"] not in {OLD, None}]
    assert done == [5, *range(EVENTS - 10, EVENTS)], "never judged is oldest"
    assert run(settings, empty_graph).left == 0
    assert seen(graph_driver) == expected


def test_two_passes_at_once_do_each_text_once(
    stale: None, settings: Settings, empty_graph: GraphAddress, graph_driver: neo4j.Driver,
    expected: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(room, "BATCH", 10)
    ended: list[Redetected] = []
    threads = [threading.Thread(target=lambda: ended.append(run(settings, empty_graph))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.tally.texts for each in ended) == EVENTS
    assert seen(graph_driver) == expected


class Meanwhile(Annotator):
    """Somebody acts while the first texts are being judged."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self._acts = [act]

    def annotate(self, texts: Sequence[str]) -> list[Annotation]:
        while self._acts:
            self._acts.pop()()
        return super().annotate(texts)


NEW_TEXT = "新的内容,电话13700000000。"
ACTS = [
    # what happens, the text afterwards, whether it is still to be judged
    ("MATCH (e:Event {sid: $sid}) SET e.text = $text, e += $told", NEW_TEXT, False),  # a pull of this release
    (
        "MATCH (e:Event {sid: $sid}) SET e.text = $text, e.textDetectedAt = datetime()",
        NEW_TEXT,
        True,
    ),  # of an older one
    ("MATCH (e:Event {sid: $sid}) REMOVE e.text", None, False),
    ("MATCH (e:Event {sid: $sid}) SET e.deletedAt = datetime()", text_of(7), False),
    ("MATCH (e:Event {sid: $sid}) DELETE e", None, False),
]


@pytest.mark.parametrize(("act", "text", "waits"), ACTS, ids=range(len(ACTS)))
def test_a_text_that_changed_meanwhile_never_gets_the_spans_of_the_old_one(
    stale: None, writer: GraphWriter, annotator: Annotator, graph_driver: neo4j.Driver,
    act: str, text: str | None, waits: bool,
) -> None:  # fmt: skip
    sid = f"{7:032x}"
    told = properties(Beside("text"), NEW_TEXT, annotator.annotate([NEW_TEXT])[0], annotator.version, FIRST_DAY)
    meanwhile = Meanwhile(lambda: graph_driver.execute_query(act, sid=sid, text=NEW_TEXT, told=told))
    work = Pass(writer, CATALOGUE, meanwhile)
    done = list(work.batches(BATCH))
    assert (sum(tally.texts for tally, _ in done), sum(changed for _, changed in done)) == (EVENTS - 1, 1)
    assert work.left() == waits
    for each in (each for each in seen(graph_driver) if each["sid"] == sid):
        assert each["text"] == text
        expected = told["textSpans"] if each["d"] == annotator.version else []
        assert each["s"] == expected


def test_a_change_that_is_not_yet_committed_is_waited_for(
    stale: None, writer: GraphWriter, annotator: Annotator, graph_driver: neo4j.Driver
) -> None:
    """The node's lock is taken before its text is compared: else the old text would be seen and new spans lost."""
    sid = f"{7:032x}"
    with graph_driver.session() as session, session.begin_transaction() as transaction:
        transaction.run("MATCH (e:Event {sid: $sid}) SET e.text = $text", sid=sid, text=NEW_TEXT).consume()
        done: list[tuple[Tally, int]] = []
        work = Pass(writer, CATALOGUE, annotator)
        thread = threading.Thread(target=lambda: done.extend(work.batches(BATCH)))
        thread.start()
        blocked = "SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN count(*)"
        while not one(graph_driver, blocked) and thread.is_alive():
            time.sleep(0.02)
        assert thread.is_alive(), "it waits"
        transaction.commit()
    thread.join()
    # A text of the first batch was changed meanwhile; it was read again with what was left, and checked as it is now.
    (event,) = [each for each in seen(graph_driver) if each["sid"] == sid]
    assert (event["text"], event["s"]) == (NEW_TEXT, annotator.annotate([NEW_TEXT])[0].spans)
    assert sum(changed for _, changed in done) == 1
    assert work.left() == 0


def test_what_could_not_be_judged_is_tried_again_once_a_pass(
    stale: None, writer: GraphWriter, annotator: Annotator, settings: Settings, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, expected: list[dict[str, Any]],
) -> None:  # fmt: skip
    class Slow(Annotator):
        """Has no time for the first text of each batch."""

        def annotate(self, texts: Sequence[str]) -> list[Annotation]:
            return [Annotation(None, [], "timeout"), *super().annotate(texts)[1:]]

    work = Pass(writer, CATALOGUE, Slow())
    done = Tally.sum(tally for tally, _ in work.batches(40))
    assert (done.texts, done.whole, work.left()) == (EVENTS, {"timeout": 3}, 3)
    assert [each["d"] for each in seen(graph_driver)].count(None) == 3
    assert run(settings, empty_graph).tally.texts == 3
    assert seen(graph_driver) == expected


def test_a_detector_that_breaks_writes_nothing(
    stale: None, writer: GraphWriter, graph_driver: neo4j.Driver, tmp_path: Path
) -> None:
    before = seen(graph_driver)
    with pytest.raises(DetectorBroken):
        list(Pass(writer, CATALOGUE, Annotator(model=tmp_path)).batches(BATCH))
    assert seen(graph_driver) == before


def texts_shown(home: Path, address: GraphAddress, **settings: Any) -> dict[str, str]:
    """Texts of events by number, as a grid desk gets them."""
    query = "{ events(first: 200) { edges { node { number text } } } }"
    with serving(home, address, **settings) as served:
        answer = served.ask(query, app="grid-desk", person="dispatcher-1", purpose="event.dispatch").json()
    nodes = [edge["node"] for edge in answer["data"]["events"]["edges"]]
    return {each["number"]: each["text"] for each in nodes}


def test_a_changed_word_list_redacts_every_text_whole_until_it_is_judged_again(
    stale: None, settings: Settings, empty_graph: GraphAddress, tmp_path: Path
) -> None:
    run(settings, empty_graph)
    shown = texts_shown(tmp_path / "home", empty_graph)
    assert len(shown) == EVENTS
    number = "RX00000000000001"
    assert shown[number].startswith("来电人【姓名】反映") and "漏水" in shown[number]
    assert [text for text in shown.values() if SECRET in text or text == "***"] == []
    listed = tmp_path / "words.yaml"
    listed.write_text("never: ['13900000001']\n", encoding="utf-8")
    with_list = Settings.load(home=settings.home, words=listed)
    assert set(texts_shown(tmp_path / "home", empty_graph, words=listed).values()) == {"***"}
    assert run(with_list, empty_graph).tally.texts == EVENTS
    again = texts_shown(tmp_path / "home", empty_graph, words=listed)
    assert "13900000001" in again[number] and SECRET not in again[number]
    assert set(texts_shown(tmp_path / "home", empty_graph).values()) == {"***"}, "and back"


class TestInAHub:
    def test_it_ends_when_nothing_is_left_and_logs_counts_only(
        self, stale: None, settings: Settings, empty_graph: GraphAddress, graph_driver: neo4j.Driver,
        expected: list[dict[str, Any]], caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        with caplog.at_level(logging.DEBUG):
            redetect_gently(settings, empty_graph, CATALOGUE, threading.Event())
        assert seen(graph_driver) == expected
        lines = [each.getMessage() for each in caplog.records if each.name == "sluicegate.redetect"]
        assert lines == [
            f"{EVENTS} texts are redacted whole until they are checked again",
            f"checked again: {EVENTS} texts read for personal information: {EVENTS * 2 // 3} hold some; 0 wait",
        ]
        assert SECRET not in caplog.text

    def test_it_stops_when_the_hub_does(
        self, stale: None, settings: Settings, empty_graph: GraphAddress, graph_driver: neo4j.Driver,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(room, "GENTLE_BATCH", 10)
        ended = threading.Event()
        put = Pass._put

        def last(self: Pass, *given: Any) -> list[str]:
            ended.set()
            return put(self, *given)

        monkeypatch.setattr(Pass, "_put", last)
        redetect_gently(settings, empty_graph, CATALOGUE, ended)
        assert [each["d"] for each in seen(graph_driver)].count(OLD) == EVENTS - 10

    def test_a_graph_that_is_away_and_a_broken_list_end_no_hub(
        self, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        nowhere = GraphAddress("bolt://127.0.0.1:9", "neo4j", "unused")
        ended = threading.Event()
        thread = threading.Thread(target=redetect_gently, args=(settings, nowhere, CATALOGUE, ended))
        with caplog.at_level(logging.INFO):
            thread.start()
            while "waits for the graph" not in caplog.text and thread.is_alive():
                time.sleep(0.05)
            ended.set()
            thread.join()
            redetect_gently(
                Settings.load(home=settings.home, words=tmp_path / "none.yaml"), nowhere, CATALOGUE, threading.Event()
            )
        assert "stay redacted whole: YamlFileError" in caplog.text

    def test_a_hub_of_its_own_process_does_it_and_ends_cleanly(
        self, stale: None, empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path: Path,
        expected: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        hub = subprocess.Popen(
            [sys.executable, "-m", "hub", "serve", "--home", str(tmp_path / "home"), "--port", str(free_port())],
            cwd=ROOT, stderr=subprocess.PIPE, text=True,
            env={
                **os.environ, "SLUICEGATE_POLICIES": str(COUNTY), "SLUICEGATE_GRAPH_URL": empty_graph.url,
                "SLUICEGATE_GRAPH_PASSWORD": empty_graph.password,
            },
        )  # fmt: skip
        try:
            waiting = "MATCH (e:Event) WHERE e.textDetector = $old RETURN count(e)"
            while one(graph_driver, waiting, old=OLD) and hub.poll() is None:
                time.sleep(0.1)
        finally:
            hub.send_signal(signal.SIGTERM)
            _, told = hub.communicate()
        assert hub.returncode == 0
        assert seen(graph_driver) == expected
        assert SECRET not in told

    def test_without_stale_texts_the_detector_is_not_loaded(
        self, stale: None, settings: Settings, empty_graph: GraphAddress
    ) -> None:
        run(settings, empty_graph)
        program = (
            "import json, sys, threading; from pathlib import Path; from hub.localgraph import GraphAddress; "
            "from hub.redetect import redetect_gently; from hub.settings import Settings; "
            "from schema import CATALOGUE; given = json.loads(sys.stdin.readline()); "
            "redetect_gently(Settings.load(home=Path(given.pop('home'))), GraphAddress(**given), CATALOGUE, "
            "threading.Event()); print('presidio_analyzer' in sys.modules)"
        )
        given = {
            "home": str(settings.home), "url": empty_graph.url, "user": empty_graph.user,
            "password": empty_graph.password,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", program], input=json.dumps(given) + "\n", cwd=ROOT, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        assert (done.stdout, done.stderr) == ("False\n", "")


def command(settings: Settings, address: GraphAddress, *given: str) -> Any:
    environment = {"SLUICEGATE_GRAPH_URL": address.url, "SLUICEGATE_GRAPH_PASSWORD": address.password}
    return CliRunner().invoke(app, ["pii", "redetect", "--home", str(settings.home), *given], env=environment)


def test_the_command(stale: None, settings: Settings, empty_graph: GraphAddress) -> None:
    personal = EVENTS * 2 // 3
    result = command(settings, empty_graph, "--limit", "20", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told.keys() == {"texts", "personal", "whole", "changed", "left"}
    assert (told["texts"], told["whole"], told["changed"], told["left"]) == (20, {}, 0, EVENTS - 20)
    result = command(settings, empty_graph)
    assert result.stdout == (
        f"{EVENTS - 20} texts read for personal information: {personal - told['personal']} hold some\n"
    )
    assert command(settings, empty_graph).stdout == "no text had to be checked again\n"
    assert acts(settings)[-6:] == [
        *(("pii redetect begin", "OK", {}), ("pii redetect", "OK", {"texts": "20", "left": str(EVENTS - 20)})),
        *(("pii redetect begin", "OK", {}), ("pii redetect", "OK", {"texts": str(EVENTS - 20), "left": "0"})),
        *(("pii redetect begin", "OK", {}), ("pii redetect", "OK", {"texts": "0", "left": "0"})),
    ]


def acts(settings: Settings) -> list[tuple[str | None, str, dict[str, str]]]:
    """What the log tells of acts: name, result, counts."""
    records = [each.record for each in read(settings.audit_file)]
    return [(each.operation_name, each.result, dict(each.variables)) for each in records]


def test_the_command_says_what_is_wrong(
    stale: None, settings: Settings, empty_graph: GraphAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(room, "annotator_of", lambda settings: Annotator(model=tmp_path))
    result = command(settings, empty_graph)
    assert result.exit_code == 1
    assert "error: the detector cannot be loaded" in result.stderr
    assert acts(settings)[-1] == ("pii redetect", "FAILED", {})
    listed = tmp_path / "words.yaml"
    listed.write_text("names: []\n", encoding="utf-8")
    monkeypatch.undo()
    monkeypatch.setenv("SLUICEGATE_WORDS", str(listed))
    result = command(settings, empty_graph)
    assert result.exit_code == 1
    assert "words.yaml:1" in result.stderr


def test_the_version_in_force_is_that_of_a_pull(settings: Settings, annotator: Annotator) -> None:
    assert detector_version(settings) == annotator.version
