"""`sluicegate pull --scheduled`: what is due is pulled once, and what fails stops nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import neo4j
import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.runs.outcomes import Outcome
from hub.ingest.runs.scheduled_pull import pull_due
from tests.support.pulling import empty, silent
from tests.support.sources.small_sources import UNITS

pytestmark = pytest.mark.unit


class Sources:
    """A folder of sources: `hourly`, `nightly`, `byhand` without a schedule, and `secret` with one and a variable."""

    def __init__(self, folder: Path, graph: GraphAddress) -> None:
        self.folder, self.graph = folder, graph
        self.settings = Settings.load(home=folder / "home")
        (folder / "sources").mkdir()
        self.declare("hourly", schedule={"every": "1h"})
        self.declare("nightly", schedule={"daily": "03:30"})
        self.declare("byhand")
        self.declare("secret", schedule={"every": "1h"}, where="${ELSEWHERE}/data.csv")
        for name in ("hourly", "nightly", "byhand"):
            (folder / f"{name}.csv").write_text("k,a,n,p\nE1,东街1号,赵一,19903210001\n", "utf-8")

    def declare(self, name: str, **more: Any) -> None:
        block = {
            "name": name, "kind": "csv", "where": str(self.folder / f"{name}.csv"), "collectedFor": "event",
            "trust": 1, "records": [UNITS], **more,
        }  # fmt: skip
        (self.folder / "sources" / f"{name}.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")

    def pull(self, *names: str) -> list[Outcome]:
        return pull_due(self.settings, self.folder / "sources", names, self.folder, {}, silent, self.graph)

    def command(self, *more: str) -> Any:
        return CliRunner().invoke(
            app, ["pull", "--sources", str(self.folder / "sources"), "--home", str(self.settings.home), *more],
            env={"SLUICEGATE_GRAPH_URL": self.graph.url, "SLUICEGATE_GRAPH_PASSWORD": self.graph.password},
        )  # fmt: skip


@pytest.fixture
def sources(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> Sources:
    empty(graph_driver)
    return Sources(tmp_path, empty_graph)


def ago(driver: neo4j.Driver, source: str, hours: float) -> None:
    """Let the last run of a source have been so long ago."""
    driver.execute_query(
        "MATCH (s:SourceRun {source: $source}) WITH s, duration({seconds: $seconds}) AS d "
        "SET s.started = s.started - d, s.ended = s.ended - d, s.good = s.good - d",
        source=source,
        seconds=int(hours * 3600),
    )


def results(outcomes: list[Outcome]) -> dict[str, str]:
    return {each.source: each.result for each in outcomes}


def test_what_is_due_is_pulled_once_and_one_that_fails_stops_no_other(
    sources: Sources, graph_driver: neo4j.Driver
) -> None:
    # `hourly` comes first and its file is broken; `secret` has no value for its variable, which no other needs.
    (sources.folder / "hourly.csv").write_text("other\n1\n", "utf-8")
    outcomes = sources.pull()
    assert results(outcomes) == {"hourly": "FAILED", "nightly": "OK", "secret": "FAILED"}
    problems = {each.source: each.problem or "" for each in outcomes}
    assert problems["hourly"].startswith("hourly/events: the first line is no header")
    assert "secret.yaml:1: unknown variable ELSEWHERE" in problems["secret"]
    assert [each.inserted for each in outcomes[1].streams] == [1]
    # A file that failed is tried again after a quarter of an hour, not at once.
    assert results(sources.pull("hourly", "nightly")) == {}
    ago(graph_driver, "hourly", 0.3)
    assert results(sources.pull("hourly", "nightly")) == {"hourly": "FAILED"}
    sources.folder.joinpath("hourly.csv").write_text("k,a,n,p\nE2,东街2号,赵二,19903210002\n", "utf-8")
    ago(graph_driver, "hourly", 0.3)
    assert results(sources.pull("hourly")) == {"hourly": "OK"}
    ago(graph_driver, "hourly", 0.9)
    assert sources.pull("hourly") == []
    ago(graph_driver, "hourly", 0.11)
    assert results(sources.pull("hourly")) == {"hourly": "OK"}


def test_a_run_that_was_killed_is_due_when_its_lease_has_ended(sources: Sources, graph_driver: neo4j.Driver) -> None:
    assert results(sources.pull("hourly")) == {"hourly": "OK"}
    for until, due in (("+ duration('PT1M')", {}), ("", {"hourly": "OK"})):
        graph_driver.execute_query(
            "MATCH (s:SourceRun {source: 'hourly'}) SET s.result = 'RUNNING', s.ended = null, s.token = 'dead', "
            f"s.until = datetime.realtime() {until}"
        )
        assert results(sources.pull("hourly")) == due


def test_the_command_tells_by_its_exit_code(sources: Sources) -> None:
    told = sources.command("--scheduled", "nightly", "byhand")
    assert (told.exit_code, told.stderr) == (0, "")
    assert "nightly/events" in told.stdout and "byhand" not in told.stdout
    told = sources.command("--scheduled", "nightly")
    assert (told.exit_code, told.stdout) == (0, "no source is due\n")
    told = sources.command("--scheduled", "--json")
    assert told.exit_code == 1
    outcomes = json.loads(told.stdout)
    assert [(each["source"], each["result"]) for each in outcomes] == [("hourly", "OK"), ("secret", "FAILED")]
    assert outcomes[0]["streams"][0]["inserted"] == 1
    assert told.stderr.startswith("error: secret: secret.yaml:1: unknown variable ELSEWHERE")


def test_the_command_refuses_what_it_cannot_mean(sources: Sources) -> None:
    told = sources.command("--watch")
    assert (told.exit_code, told.stderr) == (1, "error: --watch goes with --scheduled\n")
    told = sources.command("--scheduled", "nobody")
    assert told.exit_code == 1
    assert told.stderr == "error: unknown source nobody; known: byhand, hourly, nightly, secret\n"
