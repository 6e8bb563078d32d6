"""`sluicegate pull --dry-run`: the first rows as they would be, what would be refused, and nothing written anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import neo4j
import pytest
from typer.testing import CliRunner, Result

from hub.cli.main import app
from hub.graph.local import GraphAddress
from hub.ingest.trial.masked_cells import rung_of
from schema import SPINE
from schema.catalogue import Field, Grade, Kind, Scalar
from tests.support.pulling import SOURCES, canonical, county, empty, hotline, pull, rows_of

pytestmark = pytest.mark.unit

NAMES = ("divisions", "police", "housing", "hotline")
PERSONAL_COLUMNS = ("姓名", "公民身份号码", "联系电话", "户籍地址", "现住地址", "出生日期")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("county"))


@pytest.fixture
def variables(data: Path) -> Iterator[Mapping[str, str]]:
    with hotline(data) as found:
        yield found


def run(
    data: Path, home: Path, variables: Mapping[str, str], *words: str, address: GraphAddress | None = None
) -> Result:
    settings = {"SLUICEGATE_HOME": str(home)}
    if address is not None:
        settings |= {"SLUICEGATE_GRAPH_URL": address.url, "SLUICEGATE_GRAPH_PASSWORD": address.password}
    given = [f"--set={name}={value}" for name, value in variables.items()]
    command = ["pull", "--dry-run", "--sources", str(SOURCES), "--data", str(data), *given, *words]
    return CliRunner().invoke(app, command, env=settings)


def streams(done: Result) -> dict[str, Any]:
    return {f"{each['source']}/{each['stream']}": each for each in json.loads(done.stdout)}


def test_without_a_graph_every_stream_is_shown_and_nothing_is_written(
    data: Path, home: Path, variables: Mapping[str, str]
) -> None:
    before = sorted(data.rglob("*"))
    done = run(data, home, variables, "--json")
    assert done.exit_code == 0, done.output
    shown = streams(done)
    assert {name.partition("/")[0] for name in shown} == set(NAMES)
    for each in shown.values():
        assert each["read"] > 0
        assert 0 < len(each["rows"]) <= 5
        assert "no-graph" in {note["rule"] for note in each["notes"]}
    assert not home.exists()
    assert sorted(data.rglob("*")) == before


def test_no_personal_value_is_shown(data: Path, home: Path, variables: Mapping[str, str]) -> None:
    told = run(data, home, variables).output + run(data, home, variables, "--json").output
    register = rows_of(data, "police/household_register.csv")[:2_000]
    values = {row[name] for row in register for name in PERSONAL_COLUMNS if len(row[name] or "") > 3}
    assert len(values) > 500
    assert [value for value in values if value in told] == []
    names = [row["姓名"] for row in register[:40] if len(row["姓名"] or "") > 1]
    assert names and [name for name in names if name in told] == []


def test_each_cell_says_by_what_it_is_shown(data: Path, home: Path, variables: Mapping[str, str]) -> None:
    shown = streams(run(data, home, variables, "--json", "police"))["police/register"]
    by = {name: cell["shownBy"] for name, cell in shown["rows"][0]["cells"].items() if cell["value"] is not None}
    assert by["idNumber"] == "partial(0,4)"
    assert by["name"] == "initial"
    assert by["gender"] == "redact"
    assert by["birthDate"] == "age_band"
    assert len(shown["rows"][0]["cells"]["idNumber"]["value"]) == len("****1234")


def test_what_would_be_refused_is_counted_with_its_reasons(data: Path, home: Path) -> None:
    changed = data.parent / "changed"
    path = changed / "police" / "household_register.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (data / "police" / "household_register.csv").read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"".join(b"\xff" + line for line in lines[1:4]) + b"".join(lines[4:40]))
    done = run(changed, home, {}, "--json", "police")
    shown = streams(done)["police/register"]
    assert shown["read"] == 39
    assert shown["refused"] == sum(each["rows"] for each in shown["refusals"]) >= 3
    assert {"not-decodable"} <= {each["rule"] for each in shown["refusals"]}
    path.write_bytes(lines[0] + b"".join(b"\xff" + line for line in lines[1:40]))
    stopped = run(changed, home, {}, "police")
    assert stopped.exit_code == 1
    assert "a pull would stop here: more than 20% of the rows are refused" in stopped.output


def test_of_a_long_file_the_first_thousand_rows_are_read(data: Path, home: Path) -> None:
    long = data.parent / "long"
    path = long / "police" / "household_register.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (data / "police" / "household_register.csv").read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"".join(lines[1:101]) * 11)
    shown = streams(run(long, home, {}, "--json", "police"))["police/register"]
    assert (shown["read"], shown["whole"]) == (1_000, False)


def test_a_source_that_cannot_be_read_is_told_and_the_others_are_shown(data: Path, home: Path) -> None:
    done = run(data, home, {"HOTLINE_URL": "http://127.0.0.1:9"}, "divisions", "hotline")
    assert done.exit_code == 1
    assert "divisions/regions: all" in done.output
    assert "hotline/tickets: environment variable HOTLINE_KEY is missing" in done.output


def test_the_graph_is_asked_and_not_changed(
    data: Path, home: Path, variables: Mapping[str, str], empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    pull(home, empty_graph, data, "divisions", "housing")
    keys = sorted(path.name for path in home.rglob("*"))
    before = canonical(graph_driver)
    done = run(data, home, variables, "--json", address=empty_graph)
    assert done.exit_code == 0, done.output
    assert canonical(graph_driver) == before
    assert sorted(path.name for path in home.rglob("*")) == keys
    assert not [note for each in streams(done).values() for note in each["notes"] if note["rule"] == "no-graph"]
    police = streams(done)["police/register"]
    assert police["refused"] < police["read"] // 2
    graph_driver.execute_query("MATCH (n:Dwelling) DETACH DELETE n")
    missing = {note["rule"]: note for note in streams(run(data, home, {}, "--json", "housing", address=empty_graph))[
        "housing/occupancy"
    ]["notes"]}  # fmt: skip
    assert missing["missing-target dwellings"]["rows"] > 0
    graph_driver.execute_query("MATCH (n:Region {level: 'GRID'}) DETACH DELETE n")
    police = streams(run(data, home, {}, "--json", "police", address=empty_graph))["police/register"]
    assert police["refused"] > police["read"] * 0.9
    assert "unknown-grid" in {each["rule"] for each in police["refusals"]}
    empty(graph_driver)


def test_a_graph_that_is_away_is_as_if_there_were_none(data: Path, home: Path) -> None:
    away = GraphAddress("bolt://127.0.0.1:9", "neo4j", "x")
    shown = streams(run(data, home, {}, "--json", "divisions", address=away))
    assert "no-graph" in {note["rule"] for note in shown["divisions/regions"]["notes"]}


def test_no_field_of_the_catalogue_that_is_personal_is_shown_in_clear() -> None:
    shown = {name: rung_of(field) for name, field in SPINE.coordinates() if isinstance(field, Field)}
    for name, field in SPINE.coordinates():
        if isinstance(field, Field) and (field.personal or field.sensitive):
            assert shown[name] not in {"clear", "pseudonym"}, name
    assert shown["Person.name"] == "initial"
    assert shown["Building.floors"] == "clear"


@pytest.mark.parametrize(
    ("kind", "personal", "masks", "rung"),
    [
        (Kind.NAME, False, (), "initial"),
        (Kind.ID_NUMBER, True, (), "partial(0,4)"),
        (Kind.ADDRESS, False, (), "redact"),
        (Kind.CODE, True, (), "redact"),
        (Kind.CODE, True, ("redact",), "redact"),
        (Kind.CODE, True, ("redact", "pseudonym"), "redact"),
        (Kind.CODE, True, ("redact", "pseudonym", "partial(1,1)", "partial(2,2)"), "partial(1,1)"),
        (Kind.CODE, False, ("redact", "partial(1,1)"), "clear"),
    ],
)
def test_the_rung_by_which_a_field_is_shown(kind: Kind, personal: bool, masks: tuple[str, ...], rung: str) -> None:
    field = Field("x", Scalar.STRING, "字段", "A field", kind, Grade.GENERAL_3, personal=personal, masks=masks)
    assert rung_of(field) == rung
