"""`sluicegate schema`: what the catalogue holds, how it differs from the graph's, and making the graph fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest
from graphql import build_schema
from typer.testing import CliRunner, Result

from audit.log import tail
from audit.record import Record
from hub.cli.main import app
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.loaded_catalogue import note_catalogue
from hub.graph.local import GraphAddress
from schema import SPINE
from tests.support.sources.slices import HEALTH, composed, write_slices

pytestmark = pytest.mark.unit

WITH_CLINICS = HEALTH.partition("extends:")[0]


@pytest.fixture
def slices(tmp_path: Path) -> Path:
    return write_slices(tmp_path / "slices", {"health.yaml": HEALTH})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def graph(empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> Iterator[GraphAddress]:
    """An empty graph that was loaded for the spine."""
    graph_driver.execute_query("MATCH (n) DETACH DELETE n")
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        ensure_constraints(writer, SPINE)
        note_catalogue(writer, SPINE)
    yield empty_graph


def run(home: Path, *words: str, graph: GraphAddress | None = None, slices: Path | None = None) -> Result:
    environment: dict[str, str | None] = {"SLUICEGATE_HOME": str(home)}
    if slices is not None:
        environment["SLUICEGATE_SLICES"] = str(slices)
    if graph is not None:
        environment |= {"SLUICEGATE_GRAPH_URL": graph.url, "SLUICEGATE_GRAPH_PASSWORD": graph.password}
    return CliRunner().invoke(app, ["schema", *words], env=environment)


def records(home: Path) -> list[Record]:
    return [each.record for each in tail(home / "audit.db", 10)]


def test_check_says_what_the_catalogue_holds(home: Path, slices: Path) -> None:
    told = json.loads(run(home, "check", "--json").stdout)
    more = json.loads(run(home, "check", "--json", slices=slices).stdout)
    assert told["version"] == SPINE.version != more["version"]
    assert (more["types"], more["edges"]) == (told["types"] + 1, told["edges"] + 1)
    assert more["fields"] == told["fields"] + 6
    line = run(home, "check").stdout
    assert line.startswith(f"catalogue {SPINE.version}: {told['types']} types, ")
    assert not home.exists()


def test_check_names_the_file_and_the_line_of_what_is_wrong(home: Path, tmp_path: Path) -> None:
    broken = write_slices(tmp_path / "broken", {"health.yaml": HEALTH.replace("type: Enum", "type: Enumm", 1)})
    refused = run(home, "check", slices=broken)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("error: health.yaml:")


def test_print_prints_the_schema_that_clients_see(home: Path, slices: Path) -> None:
    assert "Clinic" not in build_schema(run(home, "print").stdout).type_map
    assert "Clinic" in build_schema(run(home, "print", slices=slices).stdout).type_map


def test_diff_compares_with_a_folder_of_slices(home: Path, slices: Path, tmp_path: Path) -> None:
    old = write_slices(tmp_path / "old", {"health.yaml": WITH_CLINICS})
    found = run(home, "diff", str(old), slices=slices)
    assert found.stdout.splitlines() == ["Dwelling.heating: field added", "1 change, 0 breaking"]
    back = run(home, "diff", str(slices), "--exit-code", slices=old)
    assert back.exit_code == 3
    assert back.stdout.splitlines() == [
        "Dwelling.heating: field removed (breaking; taken out of the graph)",
        "1 change, 1 breaking",
    ]
    assert run(home, "diff", str(slices), "--exit-code", slices=slices).stdout == "nothing differs\n"
    assert run(home, "diff", str(tmp_path / "none")).exit_code == 1


def test_diff_compares_with_what_the_graph_was_loaded_for(
    home: Path, slices: Path, graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    assert run(home, "diff", graph=graph).stdout == "nothing differs\n"
    found = json.loads(run(home, "diff", "--json", graph=graph, slices=slices).stdout)
    assert {each["where"] for each in found} == {"Clinic", "Dwelling.heating", "Person.clinics"}
    assert {each["how"] for each in found} == {"added"}
    graph_driver.execute_query("MATCH (n) DETACH DELETE n")
    assert run(home, "diff", graph=graph).stdout == "the graph is empty and fits every catalogue\n"


def test_apply_makes_the_graph_fit_and_is_on_record(
    home: Path, slices: Path, tmp_path: Path, graph: GraphAddress
) -> None:
    version = composed(tmp_path / "again", {"health.yaml": HEALTH}).catalogue.version
    done = run(home, "apply", graph=graph, slices=slices)
    assert done.exit_code == 0, done.output
    assert "Clinic: type added" in done.stdout
    assert done.stdout.endswith(f"the graph fits catalogue {version[:12]}\n")
    assert run(home, "diff", graph=graph, slices=slices).stdout == "nothing differs\n"
    begun, ended = records(home)
    assert (begun.operation_name, ended.operation_name) == ("schema apply begin", "schema apply")
    assert begun.catalogue_version == ended.catalogue_version == version
    assert (dict(begun.variables), ended.result) == ({"removing": "false"}, "OK")
    assert (begun.result, begun.request_id) == ("BEGUN", ended.request_id)
    assert dict(ended.variables) == {"changes": "3", "nodes": "0", "relationships": "0"}

    refused = run(home, "apply", graph=graph)
    assert refused.exit_code == 1
    assert "error:   Clinic: type removed (breaking; taken out of the graph)" in refused.stderr
    assert "sluicegate schema apply --removing" in refused.stderr
    assert records(home)[-1].result == "FAILED"

    told = json.loads(run(home, "apply", "--removing", "--json", graph=graph).stdout)
    assert (told["version"], len(told["changes"])) == (SPINE.version, 3)
    assert run(home, "diff", graph=graph).stdout == "nothing differs\n"
