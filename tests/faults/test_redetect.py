"""A pass may be killed, repeated or run twice, and texts may change meanwhile: the end is that of one whole pass."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import neo4j
import pytest

from connectors.base import Annotation
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest import redetect as room
from hub.ingest.annotate import Annotator
from hub.ingest.redetect import BATCH, DetectorBroken, Pass, Redetected
from hub.ingest.text_properties import Tally, properties
from schema import SPINE
from schema.catalogue import TextProperties
from tests.support.pulling import one
from tests.support.stale_texts import EVENTS, FIRST_DAY, OLD, run, seen, text_of

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

ROOT = Path(__file__).parents[2]
CHILD = """
import json, os, signal, sys
from pathlib import Path
import hub.ingest.redetect as room
from hub.graph.driver import Transaction
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from schema import SPINE

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
room.redetect(Settings.load(home=Path(given["home"])), address, SPINE, lambda *_: None)
"""


def silent_child(settings: Settings, address: GraphAddress, moment: dict[str, int], temporary: Path) -> int:
    temporary.mkdir()
    given = {
        "url": address.url, "user": address.user, "password": address.password, "home": str(settings.home), **moment,
    }  # fmt: skip
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(given) + "\n", text=True, capture_output=True,
        cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}, timeout=600, check=False,
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
    told = properties(TextProperties("text"), NEW_TEXT, annotator.annotate([NEW_TEXT])[0], annotator.version, FIRST_DAY)
    meanwhile = Meanwhile(lambda: graph_driver.execute_query(act, sid=sid, text=NEW_TEXT, told=told))
    work = Pass(writer, SPINE, meanwhile)
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
        work = Pass(writer, SPINE, annotator)
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

    work = Pass(writer, SPINE, Slow())
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
        list(Pass(writer, SPINE, Annotator(model=tmp_path)).batches(BATCH))
    assert seen(graph_driver) == before
