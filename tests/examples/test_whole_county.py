"""The example of a whole county: every row of its registers goes in, or is told as docs/sample-county.md says.

What is expected is read from the files without connector code (`tests/support/sources/whole_county.py`).
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import neo4j
import pytest

from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from hub.sample.whole.defects import QUARANTINE, SAME, SUCCESSOR, WAIT
from policies.language import load
from tests.support.postgres import Postgres
from tests.support.pulling import ask, canonical, empty, one
from tests.support.serving import code_of, serving
from tests.support.sources.whole_county import POLICIES, SLICES, Found, WholeCounty, another_order, path_of
from tests.unit.hub.sample.whole.test_patrols import parsed
from tests.unit.hub.sample.whole.test_visits import FORMS, OURS, ledger

pytestmark = [pytest.mark.examples, pytest.mark.slow, pytest.mark.wide]

VISITS = ("patrols/patrols", "visits-1/visits", "visits-2/visits", "visits-3/visits", "visits-4/visits")
STREAMS = (*VISITS, "migrants/migrants", "units/units", "parts/parts", "rental/tenancies", "rental/inspections")
RULES = {
    "id_as_float": "precision-lost",
    "impossible_date": "not-a-date",
    "unknown_grid": "unknown-grid",
    "half_emoji": "bad-character",
    "broken_line": "not-json",
    "gbk_row": "not-decodable",
    "wrong_person_check": "bad-resident-id",
    "swapped_point": "not-a-position",
    "not_a_point": "not-a-position",
    "ends_before_it_starts": "order-of-times",
    "negative_rent": "out-of-range",
    "unknown_kind": "unknown-value",
}
COLUMNS = {
    "公民身份号码": "人员信息/公民身份号码",
    "出生日期": "人员信息/出生日期",
    "网格代码": "居住信息/网格代码",
    "geometry": "@longitude",
    "": "row",
}
"""Columns that a source names in another way than the page does."""
EDGES = {
    "residentIdNo": "people",
    "idNo": "people",
    "representativeIdNo": "representative",
    "dwellingNo": "premises",
    "房屋编号": "dwellings",
    "dwelling_no": "dwelling",
    "landlord_id_no": "landlord",
    "credit_code": "unit",
}

KINDS = dict(
    MANHOLE="井盖",
    HYDRANT="消火栓",
    LAMP="路灯",
    BIN="果皮箱",
    BENCH="座椅",
    SIGN="指示牌",
    TREE="行道树",
    OTHER="其他",
)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress, server: Postgres) -> WholeCounty:
    """Its registers, pulled once; tenancies and inspections from PostgreSQL."""
    made = WholeCounty(tmp_path_factory.mktemp("whole-county"), empty_graph, server)
    assert made.first
    return made


def column_of(row: Found, field: str) -> str:
    """What the source of a row calls a field of the page."""
    if row.stream.startswith("visits-") and field:
        columns = FORMS[row.stream.partition("/")[0].replace("visits", "form")][-1].split()
        return columns[OURS.index(field)]
    return COLUMNS.get(field, field)


def shown(number: str) -> str:
    """How a row is named: one whose number could be a resident id number, as codes of digits alone can, by a digest."""
    return "~" if number.startswith("~") or re.fullmatch(r"\d{17}[\dX]", number) else number


def test_each_spoiled_row_is_refused_by_its_field_and_rule_and_no_other(
    county: WholeCounty, graph_driver: neo4j.Driver
) -> None:
    refused: Counter[tuple[str, str, str, str]] = Counter()
    for row, field in county.expecting(QUARANTINE):
        check = "bad-credit-code" if "credit" in field.lower() else "bad-resident-id"
        rule = RULES.get(row.flaw, check)
        # Of a row in a wrong encoding the first column that is read is named.
        column = "" if rule == "not-decodable" else column_of(row, field)
        refused[row.stream, shown(row.number), column, rule] += 1
    entries = ask(
        graph_driver,
        "MATCH (q:Quarantined) WHERE q.whole AND q.stream IN $streams "
        "RETURN q.stream AS s, q.row AS r, CASE q.rule WHEN 'not-decodable' THEN '' ELSE q.field END AS f, q.rule AS u",
        streams=STREAMS,
    )
    assert Counter((each["s"], shown(each["r"]), each["f"], each["u"]) for each in entries) == refused
    assert {name: county.first[name].quarantined for name in STREAMS} == {
        name: sum(count for each, count in refused.items() if each[0] == name) for name in STREAMS
    }
    told = {
        (name, why.rule): why.rows for name in STREAMS for why in county.first[name].refusals if "row" not in why.field
    }
    assert told["rental/tenancies", "out-of-range"] == told["parts/parts", "unknown-grid"] == 3


def test_a_row_that_stands_twice_is_unchanged_the_second_time(county: WholeCounty) -> None:
    twice = Counter(row.stream for row, _ in county.expecting(SAME))
    assert {name: county.first[name].unchanged for name in STREAMS if county.first[name].unchanged} == twice
    # On one page of an interface it stands in place of no other.
    assert twice["units/units"] > 0
    assert [name for name, each in county.first.items() if each.incomplete] == []


def test_an_edge_to_what_no_register_has_waits(county: WholeCounty, graph_driver: neo4j.Driver) -> None:
    waiting = Counter((row.stream, shown(row.number), EDGES[field]) for row, field in county.expecting(WAIT))
    entries = ask(
        graph_driver,
        "MATCH (q:Quarantined) WHERE NOT q.whole AND q.stream IN $streams "
        "RETURN q.stream AS s, q.row AS r, q.field AS f",
        streams=STREAMS,
    )
    assert Counter((each["s"], shown(each["r"]), each["f"]) for each in entries) == waiting
    assert sum(county.first[name].unlinked for name in STREAMS) == waiting.total()


def visit(row: Found) -> tuple[Any, ...]:
    values = row.values
    if row.stream == "patrols/patrols":
        kind = {"入户": "HOME", "巡查": "PATROL"}[values["kind"]]
        return (values["visitedAt"][:10], values["workerName"], values["findings"], kind)
    day = dt.datetime.strptime(values["visitedOn"], FORMS[f"form-{row.stream[7]}"][2]).date()
    return (str(day), values["visitorName"], values["findings"], None)


def plain(*names: str) -> Callable[[Found], tuple[Any, ...]]:
    return lambda row: tuple(row.values[name] or None for name in names)


NODES: list[tuple[str, str, str, tuple[str, ...], Callable[[Found], tuple[Any, ...]]]] = [
    ("Visit", "number", "visitedOn visitorName findings kind", VISITS, visit),
    ("Unit", "creditCode", "name industry registeredOn representativeName contactPhone address", ("units/units",),
     plain("name", "industry", "registeredOn", "representativeName", "phone", "address")),
    ("Part", "code", "owner installedOn longitude latitude", ("parts/parts",),
     lambda row: (row.values["owner"], row.values["installedOn"], *row.values["point"])),
    ("Tenancy", "number", "startsOn endsOn rent occupants", ("rental/tenancies",),
     plain("starts_on", "ends_on", "rent", "tenants")),
    ("Inspection", "number", "inspectedOn rectifyBy findings inspectorName", ("rental/inspections",),
     plain("inspected_on", "rectify_by", "findings", "inspector_name")),
]  # fmt: skip


@pytest.mark.parametrize(("label", "identity", "names", "streams", "values"), NODES, ids=[each[0] for each in NODES])
def test_every_other_row_is_in_the_graph_as_its_file_says_and_nothing_else_is(
    label: str,
    identity: str,
    names: str,
    streams: tuple[str, ...],
    values: Callable[[Found], tuple[Any, ...]],
    county: WholeCounty,
    graph_driver: neo4j.Driver,
) -> None:
    there = {row.number: values(row) for row in county.rows if row.stream in streams and county.is_in(row)}
    assert sum(county.first[name].inserted for name in streams) == len(there)
    found = ask(graph_driver, f"MATCH (n:{label}) RETURN n.{identity} AS number, properties(n) AS properties")
    read = {
        each["number"]: tuple(
            value.iso_format() if isinstance(value, neo4j.time.Date) else value
            for value in map(each["properties"].get, names.split())
        )
        for each in found
    }
    assert len(found) == len(read)
    assert read == there


@pytest.mark.parametrize(("label", "identity"), [("Visit", "number"), ("Unit", "creditCode"), ("Part", "code")])
def test_it_lies_in_its_grid_or_in_the_one_that_took_its_place(
    label: str,
    identity: str,
    county: WholeCounty,
    graph_driver: neo4j.Driver,
) -> None:
    streams = {"Visit": VISITS, "Unit": ("units/units",), "Part": ("parts/parts",)}[label]
    mine = [row for row in county.rows if row.stream in streams and county.is_in(row)]
    there = {row.number: path_of(county.in_force(row.values["gridCode"])) for row in mine}
    assert any(path_of(row.values["gridCode"]) != there[row.number] for row in mine)
    moved = {row.number for row, _ in county.expecting(SUCCESSOR) if row.stream in streams}
    assert moved == {row.number for row in mine if row.values["gridCode"] in county.whole.ended}
    found = ask(graph_driver, f"MATCH (n:{label}) RETURN n.{identity} AS number, n.region AS region")
    assert {each["number"]: each["region"] for each in found} == there


LINKS = [
    ("VISITED_PERSON", "number", "Person", "idNumber",
     {"patrols/patrols": "residentIdNo"} | dict.fromkeys(VISITS[1:], "idNo")),
    ("REPRESENTED_BY", "creditCode", "Person", "idNumber", {"units/units": "representativeIdNo"}),
    ("HAS_PREMISES", "creditCode", "Dwelling", "code", {"units/units": "dwellingNo"}),
    ("TENANCY_OF", "number", "Dwelling", "code", {"rental/tenancies": "dwelling_no"}),
    ("LET_BY", "number", "Person", "idNumber", {"rental/tenancies": "landlord_id_no"}),
    ("LET_TO", "number", "Person", "idNumber", {"rental/tenancies": "tenant_id_no"}),
    ("INSPECTED_DWELLING", "number", "Dwelling", "code", {"rental/inspections": "dwelling_no"}),
    ("INSPECTED_UNIT", "number", "Unit", "creditCode", {"rental/inspections": "credit_code"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("relationship", "own", "target", "identity", "columns"), LINKS, ids=[each[0] for each in LINKS]
)
def test_each_edge_leads_where_the_file_says(
    relationship: str,
    own: str,
    target: str,
    identity: str,
    columns: Mapping[str, str],
    county: WholeCounty,
    graph_driver: neo4j.Driver,
) -> None:
    waiting = {(row.stream, row.number, field) for row, field in county.expecting(WAIT)}
    there = {
        (row.number, row.values[columns[row.stream]])
        for row in county.rows
        if row.stream in columns and county.is_in(row)
        if row.values[columns[row.stream]] and (row.stream, row.number, columns[row.stream]) not in waiting
    }
    found = ask(
        graph_driver, f"MATCH (n)-[:{relationship}]->(t:{target}) RETURN n.{own} AS number, t.{identity} AS target"
    )
    assert Counter((each["number"], each["target"]) for each in found) == Counter(there)


def test_a_migrant_is_one_person_with_the_name_of_the_register(
    county: WholeCounty,
    graph_driver: neo4j.Driver,
) -> None:
    names, facts = county.whole.names, county.whole.summary.facts
    mine = [row for row in county.rows if row.stream == "migrants/migrants" and county.is_in(row)]
    records = "MATCH (r:SourceRecord {stream: $stream})-[:ASSERTS]->(p:Person) RETURN r.record AS r, properties(p) AS p"
    found = {each["r"]: each["p"] for each in ask(graph_driver, records, stream="migrants/migrants")}
    assert found.keys() == {row.number for row in mine}
    for row in mine:
        person, known = found[row.number], names.get(row.values["公民身份号码"])
        assert person["idNumber"] == row.values["公民身份号码"]
        assert person["name"] == (known or row.values["姓名"])
        if known is None:
            assert person.get("phone") == (row.values["联系电话"] or None)
            assert person["region"] == path_of(county.in_force(row.values["网格代码"]))
            assert ("birthDate" not in person) == (row.flaw == "sentinel_date")
    new = {row.values["公民身份号码"] for row in mine} - names.keys()
    people = county.whole.summary.people + facts["occupants_not_in_register"] + len(new)
    assert one(graph_driver, "MATCH (p:Person) RETURN count(p)") == people
    assert one(graph_driver, "MATCH (p:Person) RETURN count(DISTINCT p.idNumber)") == people
    flaws = Counter(row.flaw for row in mine)
    assert flaws["other_spelling"] == flaws["name_like_formula"] == flaws["formula_as_name"] == 3
    (note,) = (each for each in county.first["migrants/migrants"].notes if each.rule.startswith("unknown "))
    assert note.rows == flaws["sentinel_date"] == 3


def test_a_second_pull_changes_nothing(county: WholeCounty, graph_driver: neo4j.Driver) -> None:
    before = canonical(graph_driver)
    again = county.pull()
    assert again.keys() == county.first.keys()
    assert {name: each.changes for name, each in again.items()} == dict.fromkeys(county.first, 0)
    assert canonical(graph_driver) == before


def test_another_order_that_is_allowed_gives_the_same_graph(county: WholeCounty, graph_driver: neo4j.Driver) -> None:
    before = canonical(graph_driver)
    order = another_order()
    assert order != list(dict.fromkeys(name.partition("/")[0] for name in county.first))
    empty(graph_driver)
    county.pull(*order)
    nodes, edges = canonical(graph_driver)
    assert nodes == before[0]
    assert edges == before[1]


UNITS = """
{ units(where: {name: {eq: "%s"}}) { edges { node {
  name address representativeName contactPhone representative { name phone } } } } }
"""


def test_a_unit_is_told_masked_and_the_record_says_so(county: WholeCounty, empty_graph: GraphAddress) -> None:
    unit = next(
        row.values
        for row in county.rows
        if row.stream == "units/units" and not row.flaw and row.values["status"] == "开业" and row.values["phone"]
    )
    masked = {
        "name": f"{unit['representativeName'][0]}**",
        "phone": f"{unit['phone'][:3]}****{unit['phone'][-4:]}",
    }
    policy = load(POLICIES, catalogue_of(county.settings))
    with serving(county.settings.home, empty_graph, policy, slices=SLICES, policies=POLICIES) as served:
        answer = served.ask(UNITS % unit["name"], app="unit-safety", purpose="safety.market")
        (record,) = served.records()[-1:]
        parts = served.ask("{ partsAggregate(groupBy: [KIND]) { kind count } }", app="city-parts", purpose="city.parts")
        denied = served.ask("{ parts { edges { node { owner } } } }", app="city-parts", purpose="city.parts")
    assert code_of(answer) == "OK", answer.text
    (edge,) = answer.json()["data"]["units"]["edges"]
    assert edge["node"] == {
        "name": unit["name"],
        "address": unit["address"],
        "representativeName": masked["name"],
        "contactPhone": masked["phone"],
        "representative": masked,
    }
    assert unit["phone"] not in answer.text
    assert (record.application, record.purpose, record.result) == ("unit-safety", "safety.market", "OK")
    assert record.catalogue_version == catalogue_of(county.settings).version
    masks = {"Person.name", "Person.phone", "Unit.contactPhone", "Unit.representativeName"}
    assert {each.partition(" ")[0] for each in record.decision.masked} == masks
    assert unit["phone"] not in repr(record)
    kinds = Counter(row.values["kind"] for row in county.rows if row.stream == "parts/parts" and county.is_in(row))
    told = {row["kind"]: row["count"] for row in parts.json()["data"]["partsAggregate"]}
    assert {KINDS[kind]: count for kind, count in told.items()} == kinds
    assert code_of(denied) == "FIELD_DENIED"


def state(county: WholeCounty, folder: Path, name: str) -> Path:
    """A copy of the registers in which the files of a further state lie."""
    shutil.copytree(county.data, folder)
    shutil.copytree(county.data / name, folder, dirs_exist_ok=True)
    return folder


def test_files_that_are_broken_as_a_whole_are_told_and_what_is_gone_the_next_day_is_taken_back(
    county: WholeCounty, graph_driver: neo4j.Driver, tmp_path: Path
) -> None:
    sources = ("patrols", "visits-1", "visits-2", "visits-3", "visits-4")
    visits = one(graph_driver, "MATCH (v:Visit) WHERE v.deletedAt IS NULL RETURN count(v)")
    lines = (county.data / "later" / "patrols" / "2026-07-01.jsonl").read_text("utf-8").splitlines()

    broken = county.pull(*sources, data=state(county, tmp_path / "faults", "faults"))
    assert {name for name, each in broken.items() if each.incomplete} == {"patrols/patrols", "visits-1/visits"}
    (cut,) = (why for why in broken["patrols/patrols"].refusals if why.field == "file")
    assert (cut.rows, cut.first) == (1, "2026-07-01.jsonl")
    assert f"within line {len(lines)}: it was cut short" in cut.reason
    (wrong,) = (why for why in broken["visits-1/visits"].refusals if why.field == "file")
    (ledger_file,) = (county.data / "faults" / "visits").rglob("*.csv")
    assert (wrong.rows, wrong.first) == (1, ledger_file.name)
    assert "the header is not utf-8: byte 0 of the file is not utf-8" in wrong.reason
    assert {each.vanished for each in broken.values()} == {0}
    assert one(graph_driver, "MATCH (v:Visit) WHERE v.deletedAt IS NULL RETURN count(v)") == visits + len(lines) - 1

    later = county.pull(*sources, data=state(county, tmp_path / "later", "later"))
    assert not any(each.incomplete for each in later.values())
    assert later["patrols/patrols"].inserted == 1
    day = ask(graph_driver, "MATCH (v:Visit) WHERE v.visitedOn = date('2026-07-01') RETURN v.number AS number")
    assert {each["number"] for each in day} == {row["patrolNo"] for line in lines if (row := parsed(line))}
    (after,) = (county.data / "later" / "visits").rglob("*.csv")
    before = county.data / after.relative_to(county.data / "later")
    gone = {row["visitNo"] for row in ledger(before)} - {row["visitNo"] for row in ledger(after)}
    (planted,) = (each for each in county.whole.summary.defects if each.defect.reason == "vanished")
    assert len(gone) == planted.count == sum(each.vanished for each in later.values())
    tombstones = ask(graph_driver, "MATCH (v:Visit) WHERE v.deletedAt IS NOT NULL RETURN v.number AS number")
    assert {each["number"] for each in tombstones} == gone
    records = ask(graph_driver, "MATCH (v:VanishedRecord) RETURN v.record AS number")
    assert {each["number"] for each in records} == gone
