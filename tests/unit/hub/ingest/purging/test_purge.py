"""A purpose with an end: what was collected for it alone goes, what others say stays, and the report counts it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import neo4j
import pytest
from typer.testing import CliRunner

from audit.log import read
from audit.record import Record
from connectors.manifest import ManifestError
from hub.cli.main import app
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.lease import Lease, SourceBusy
from hub.ingest.purging.ended_sources import SourcesEnded
from hub.ingest.purging.recorded_purge import PurgeRefused, allowed_purge, foreseen_purge, recorded_purge
from hub.ingest.purging.report import Report
from hub.ingest.recorded_pull import recorded_pull
from hub.ingest.runs.scheduled_pull import pull_due
from tests.support.pulling import ask, canonical, empty, one, silent
from tests.support.sources.ended_purpose import (
    ALONE,
    BOTH,
    CANARY,
    ENDED,
    FOREIGN,
    OVER,
    PURPOSE,
    EndedPurpose,
    found,
)

pytestmark = pytest.mark.unit

PHONES = ("19903219991", "19903219992", "19903219993")


@pytest.fixture
def world(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> EndedPurpose:
    empty(graph_driver)
    made = EndedPurpose(tmp_path, empty_graph)
    made.fill()
    made.end()
    return made


def purge(world: EndedPurpose, purpose: str = PURPOSE) -> tuple[dict[str, Any], Report]:
    allowed = allowed_purge(world.settings, purpose)
    work, report = recorded_purge(world.settings, world.sources, allowed, world.folder, {}, world.graph)
    assert json.loads(report.text)["gone"] == work.counts.as_json()
    return work.counts.as_json(), report


def person(driver: neo4j.Driver, number: str) -> dict[str, Any] | None:
    rows = ask(
        driver,
        "MATCH (p:Person {idNumber: $id}) RETURN p.name AS name, p.phone AS phone, p.address AS address",
        id=number,
    )
    return rows[0] if rows else None


def left_of_sources(driver: neo4j.Driver) -> list[str]:
    """What the graph keeps of the sources that were purged, besides the counts of the purge."""
    mine = (each for source in ENDED for each in found(driver, f"'{source}") if "PurgeState" not in each)
    return [each for each in mine if "LoadedCatalogue" not in each]


def records_of(settings: Settings, name: str) -> list[Record]:
    every = (each.record for each in read(settings.audit_log))
    return [each for each in every if (each.operation_name or "").startswith(name)]


def test_what_was_collected_for_it_alone_is_gone(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    assert found(graph_driver, CANARY) and all(found(graph_driver, each) for each in PHONES)
    gone, _ = purge(world)
    assert found(graph_driver, CANARY) == []
    assert [found(graph_driver, each) for each in (*PHONES, ALONE, "V3", "T3")] == [[]] * 6
    assert left_of_sources(graph_driver) == []
    assert gone["nodes"] == {"Event": 3, "Person": 2, "Tenancy": 3}
    assert gone["edges"] == {"LET_TO": 2, "REPORTED_BY": 1}
    assert gone["tombstones"] == {"Person": 1}
    assert gone["kept"] == {"Person": 1}
    assert gone["sources"] == {
        "lets": {"records": 3, "quarantined": 1, "cursors": 1},
        "survey": {"records": 2, "vanished": 1, "cursors": 1},
        "visits": {"records": 3, "cursors": 1},
    }
    assert gone["properties"]["Person.address"] == 3 and gone["properties"]["Event.text"] == 3


def test_what_another_source_says_stays(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    assert person(graph_driver, BOTH) == {"name": "甲", "phone": PHONES[0], "address": f"{CANARY}1号"}
    gone, _ = purge(world)
    # Both say the name and the number; what the survey won is not served until the register is read again.
    assert person(graph_driver, BOTH) == {"name": "甲", "phone": None, "address": None}
    assert person(graph_driver, FOREIGN) == {"name": "丁", "phone": "19903210004", "address": None}
    assert "Person.name" in gone["properties"] and gone["properties"]["Person.phone"] == 3
    assert world.pull_after("register", "calls") is None
    assert person(graph_driver, BOTH) == {"name": "甲", "phone": "19903210001", "address": None}
    # An edge of another source to a person who is gone waits for them, as if they had never come.
    assert ask(graph_driver, "MATCH (e:Event)--(p:Person) RETURN e.number AS n, p.idNumber AS id") == [
        {"n": "C2", "id": BOTH}
    ]
    waiting = ask(graph_driver, "MATCH (q:Quarantined) RETURN q.stream AS stream, q.whole AS whole")
    assert waiting == [{"stream": "calls/calls", "whole": False}]


def test_the_graph_is_as_if_it_had_never_been_collected(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    purge(world)
    assert world.pull_after("register", "calls") is None
    graph_driver.execute_query("MATCH (p:PurgeState) DETACH DELETE p")
    purged = canonical(graph_driver)
    empty(graph_driver)
    assert world.pull_after("register", "calls") is None
    assert canonical(graph_driver) == purged


def test_twice_is_once(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    first, _ = purge(world)
    graph = canonical(graph_driver)[1]
    again, report = purge(world, "epidemic.covid")
    assert first["nodes"] and not any(again[each] for each in ("nodes", "edges", "properties", "kept"))
    assert canonical(graph_driver)[1] == graph
    assert json.loads(report.text)["gone"]["sources"] == {}


def test_a_source_whose_file_is_gone_is_purged_all_the_same(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    for each in ENDED:
        (world.sources / f"{each}.yaml").unlink()
    gone, _ = purge(world)
    assert found(graph_driver, CANARY) == left_of_sources(graph_driver) == []
    assert gone["nodes"] == {"Event": 3, "Person": 2, "Tenancy": 3}
    assert world.pull_after("register", "calls") is None
    assert person(graph_driver, BOTH) == {"name": "甲", "phone": "19903210001", "address": None}


def test_tombstones_that_no_record_knows_any_more_go_too(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    # A record that describes another node now leaves its old one behind.
    graph_driver.execute_query(
        "CREATE (:Person {sid: 'left', name: $text, deletedAt: datetime()}), (:Person {sid: 'alive', name: '戊'})",
        text=CANARY,
    )
    gone, _ = purge(world)
    assert found(graph_driver, CANARY) == []
    assert gone["tombstones"] == {"Person": 2}
    assert one(graph_driver, "MATCH (p:Person {sid: 'alive'}) RETURN count(p)") == 1


def test_what_the_source_collected_for_another_purpose_stays(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    graph_driver.execute_query("MATCH (r:SourceRecord {source: 'visits', record: 'V1'}) SET r.collectedFor = 'pop'")
    gone, _ = purge(world)
    assert gone["nodes"] == {"Event": 2, "Person": 2, "Tenancy": 3}
    assert one(graph_driver, "MATCH (e:Event) WHERE e.number STARTS WITH 'V' RETURN e.number") == "V1"
    assert one(graph_driver, "MATCH (c:SourceCursor) WHERE c.source STARTS WITH 'visits/' RETURN count(c)") == 1


def test_a_purge_above_takes_what_is_below_and_no_namesake(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    world.end("expires: 2099-12-31, purge: 2100-06-30", OVER)
    graph_driver.execute_query("MATCH (r:SourceRecord {source: 'visits'}) SET r.collectedFor = 'epidemics'")
    gone, _ = purge(world, "epidemic")
    assert gone["nodes"] == {"Person": 2, "Tenancy": 3} and gone["sources"].keys() == {"lets", "survey"}


@pytest.mark.parametrize(
    ("covid", "purpose", "why"),
    [
        ("expires: 2099-12-31, purge: 2100-06-30", PURPOSE, r"has not ended: version 1, .* from 2100-01-01 on"),
        ("expires: 2099-12-31, purge: 2098-06-30", PURPOSE, r"from 2098-06-30 on, by `epidemic.covid`"),
        (OVER, "epidemic", r"from 2100-01-01 on, by `epidemic`"),
        (OVER, "pop", r"pop has no end in version 1"),
        (OVER, "epidemic.flu", r"no such purpose; known: epidemic, epidemic.covid, pop"),
    ],
)
def test_before_its_end_nothing_is_purged(
    world: EndedPurpose, graph_driver: neo4j.Driver, covid: str, purpose: str, why: str
) -> None:
    world.end(covid)
    before = canonical(graph_driver)
    with pytest.raises(PurgeRefused, match=why):
        purge(world, purpose)
    assert canonical(graph_driver) == before


def test_without_a_policy_in_force_nothing_is_purged(tmp_path: Path) -> None:
    with pytest.raises(PurgeRefused, match="no policy version is in force"):
        allowed_purge(Settings.load(home=tmp_path / "home"), PURPOSE)


def test_nothing_more_is_collected_after_the_end(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    refused = world.pull_after("survey")
    assert isinstance(refused, SourcesEnded)
    assert str(refused) == (
        "survey: epidemic.covid, for which it is collected, has ended: nothing is collected for it since 2023-01-08, "
        "by `epidemic.covid` in version 1 of the policy. Remove what it brought with `sluicegate purge "
        "epidemic.covid`, then the file of the source"
    )
    purge(world)
    # The source does not come back with a pull of all; the others are pulled.
    with pytest.raises(SourcesEnded):
        recorded_pull(world.settings, world.sources, [], world.folder, {}, silent, world.graph)
    assert left_of_sources(graph_driver) == []
    assert person(graph_driver, BOTH) == {"name": "甲", "phone": "19903210001", "address": None}


def test_an_auditor_can_prove_both(world: EndedPurpose) -> None:
    _, report = purge(world)
    begun, end = records_of(world.settings, "purge")
    assert (begun.result, end.result, end.request_id) == ("BEGUN", "OK", begun.request_id)
    assert end.purpose == begun.purpose == PURPOSE
    facts = {"since": "2023-01-08", "by": PURPOSE}
    assert begun.variables == facts
    assert report.path.stat().st_mode & 0o077 == 0
    digest = hashlib.sha256(report.path.read_bytes()).hexdigest()
    assert end.variables == {**facts, "records": "9", "nodes": "8", "report": digest}
    told = json.loads(report.path.read_text("utf-8"))
    assert told["ended"] == {"by": PURPOSE, "expires": "2023-01-07", "purge": "2023-07-07"}
    assert (told["policy"]["number"], told["policy"]["hash"]) == (1, end.policy_version)
    assert told["catalogue"] == end.catalogue_version
    assert not [each for each in (CANARY, ALONE, *PHONES) if each in report.text]


def test_a_purge_that_fails_is_recorded_so(world: EndedPurpose) -> None:
    (world.sources / "register.yaml").write_text("name: [", "utf-8")
    with pytest.raises(ManifestError):
        purge(world)
    assert [each.result for each in records_of(world.settings, "purge")] == ["BEGUN", "FAILED"]


def test_a_pull_that_is_refused_is_recorded_so(world: EndedPurpose) -> None:
    with pytest.raises(SourcesEnded):
        recorded_pull(world.settings, world.sources, [], world.folder, {}, silent, world.graph)
    told = [(each.variables.get("source"), each.result) for each in records_of(world.settings, "pull")]
    assert told == [
        (None, "BEGUN"),
        ("calls", "OK"),
        ("lets", "REFUSED"),
        ("register", "OK"),
        ("survey", "REFUSED"),
        ("visits", "REFUSED"),
        (None, "REFUSED"),
    ]


def test_the_command(world: EndedPurpose, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "SLUICEGATE_HOME": str(world.settings.home),
        "SLUICEGATE_POLICIES": str(world.settings.policies),
        "SLUICEGATE_GRAPH_URL": world.graph.url,
        "SLUICEGATE_GRAPH_USER": world.graph.user,
        "SLUICEGATE_GRAPH_PASSWORD": world.graph.password,
    }

    def run(*words: str) -> tuple[int, str, str]:
        options = ["--sources", str(world.sources), "--data", str(world.folder)]
        ended = CliRunner().invoke(app, ["purge", *words, *options], env=settings)
        return ended.exit_code, ended.stdout, ended.stderr

    code, shown, _ = run(PURPOSE, "--dry-run")
    assert code == 0 and "sources survey: records 2, vanished 1" in shown and "nothing was removed" in shown
    code, _, told = run("epidemic")
    assert code == 1 and told.startswith("error: epidemic has not ended")
    code, shown, _ = run(PURPOSE)
    assert code == 0 and "nodes Person: 2" in shown and "sha-256: " in shown
    assert found(graph_driver, CANARY) == []
    code, shown, _ = run(PURPOSE, "--json")
    assert code == 0 and json.loads(shown)["gone"]["nodes"] == {}


def test_a_source_that_is_being_pulled_is_not_purged(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    address = world.graph
    with GraphWriter(address.url, address.user, address.password) as writer:
        lease = Lease(writer, "survey", 60)
        lease.take()
        with pytest.raises(SourceBusy):
            purge(world)
        assert found(graph_driver, CANARY)
        lease.end("OK", None, "[]")
    purge(world)
    assert found(graph_driver, CANARY) == []


def test_a_dry_run_counts_and_removes_nothing(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    before = canonical(graph_driver)
    there = foreseen_purge(
        world.settings, world.sources, allowed_purge(world.settings, PURPOSE), world.folder, {}, world.graph
    )
    assert there == {
        "purpose": PURPOSE,
        "sources": {"lets": {"records": 3}, "survey": {"records": 2, "vanished": 1}, "visits": {"records": 3}},
        "nodes": {"Event": 3, "Person": 2, "Tenancy": 3},
        "kept": {"Person": 1},
    }
    assert canonical(graph_driver) == before


def test_the_scheduler_tells_a_purge_that_is_due(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    def look(settings: Settings) -> dict[str, str]:
        outcomes = pull_due(settings, world.sources, (), world.folder, {}, silent, world.graph)
        return {each.source: each.result for each in outcomes}

    skipped = dict.fromkeys(ENDED, "SKIPPED")
    assert look(world.settings) == {**skipped, PURPOSE: "DUE"}
    assert found(graph_driver, CANARY)
    automatic = world.settings.model_copy(update={"purge": "automatic"})
    assert look(automatic) == {**skipped, PURPOSE: "PURGED"}
    assert found(graph_driver, CANARY) == []
    for each in ENDED:
        (world.sources / f"{each}.yaml").unlink()
    assert look(world.settings) == {} == look(automatic)


def test_before_its_day_nothing_is_due(world: EndedPurpose, graph_driver: neo4j.Driver) -> None:
    world.end("expires: 2023-01-07, purge: 2099-07-07")
    automatic = world.settings.model_copy(update={"purge": "automatic"})
    outcomes = pull_due(automatic, world.sources, (), world.folder, {}, silent, world.graph)
    assert [each.result for each in outcomes] == ["SKIPPED"] * 3
    assert found(graph_driver, CANARY)
