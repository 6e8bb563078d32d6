"""A hub judges stale texts beside its work, and `sluicegate pii redetect` does it at once; both tell counts only."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import neo4j
import pytest
from typer.testing import CliRunner

from audit.log import read
from hub.cli.main import app
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest import redetect as room
from hub.ingest.annotate import Annotator, detector_version
from hub.ingest.redetect import Pass, redetect_gently
from schema import SPINE
from tests.support.ports import free_port
from tests.support.pulling import one
from tests.support.serving import COUNTY, serving
from tests.support.stale_texts import EVENTS, OLD, SECRET, run, seen

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]


ROOT = Path(__file__).parents[2]


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
            redetect_gently(settings, empty_graph, SPINE, threading.Event())
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
        redetect_gently(settings, empty_graph, SPINE, ended)
        assert [each["d"] for each in seen(graph_driver)].count(OLD) == EVENTS - 10

    def test_a_graph_that_is_away_and_a_broken_list_end_no_hub(
        self, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The driver tries for thirty seconds by itself.
        impatient = partial(neo4j.GraphDatabase.driver, max_transaction_retry_time=0.1)
        monkeypatch.setattr(neo4j.GraphDatabase, "driver", impatient)
        nowhere = GraphAddress("bolt://127.0.0.1:9", "neo4j", "unused")
        ended = threading.Event()
        thread = threading.Thread(target=redetect_gently, args=(settings, nowhere, SPINE, ended))
        with caplog.at_level(logging.INFO):
            thread.start()
            while "waits for the graph" not in caplog.text and thread.is_alive():
                time.sleep(0.05)
            ended.set()
            thread.join()
            redetect_gently(
                Settings.load(home=settings.home, words=tmp_path / "none.yaml"), nowhere, SPINE, threading.Event()
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
            "import json, sys, threading; from pathlib import Path; from hub.graph.local import GraphAddress; "
            "from hub.ingest.redetect import redetect_gently; from hub.home.settings import Settings; "
            "from schema import SPINE; given = json.loads(sys.stdin.readline()); "
            "redetect_gently(Settings.load(home=Path(given.pop('home'))), GraphAddress(**given), SPINE, "
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
        *(("pii redetect begin", "BEGUN", {}), ("pii redetect", "OK", {"texts": "20", "left": str(EVENTS - 20)})),
        *(("pii redetect begin", "BEGUN", {}), ("pii redetect", "OK", {"texts": str(EVENTS - 20), "left": "0"})),
        *(("pii redetect begin", "BEGUN", {}), ("pii redetect", "OK", {"texts": "0", "left": "0"})),
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
