"""A slice from end to end: its register is pulled into the graph, and asked for under a policy through a real hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import neo4j
import pytest

from connectors.results import PullResult
from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.steward.changes import policy_of
from hub.steward.explain_query import explain_query
from tests.support.serving import Served, code_of, serving
from tests.support.sources.slices import HEALTH, Register, pull_registers, write_slices

pytestmark = [pytest.mark.conformance, pytest.mark.server]

GRID, PATH = "140321001002005", "14/03/21/001/002/005/"
REGISTERS: dict[str, Register] = {
    "divisions": (
        {
            "entity": "Region", "key": "code", "identity": "code",
            "fields": {
                "code": {"column": "code", "as": "code"},
                "level": {"column": "level", "values": {"网格": "GRID"}},
                "region": {"column": "code", "as": "region_of_code"},
            },
        },
        ["code,level", f"{GRID},网格"],
    ),
    "clinics": (
        {
            "entity": "Clinic", "key": "no", "identity": "code",
            "fields": {
                "code": {"column": "no", "as": "code"}, "name": "name", "phone": {"column": "phone", "as": "phone"},
                "level": {"column": "level", "values": {"站": "STATION", "中心": "CENTRE"}},
                "region": {"column": "grid", "as": "region_of_grid"},
            },
        },
        [
            "no,name,level,phone,grid",
            f"C1,东街社区卫生服务中心,中心,13800000001,{GRID}",
            f"C2,南巷社区卫生服务站,站,13800000002,{GRID}",
            f"C3,错的,诊所,13800000003,{GRID}",
        ],
    ),
    "homes": (
        {
            "entity": "Dwelling", "key": "no", "identity": "code",
            "fields": {
                "code": {"column": "no", "as": "code"},
                "heating": {"column": "heating", "values": {"燃气": "GAS", "煤": "COAL"}},
            },
        },
        ["no,heating", "D1,燃气"],
    ),
    "residents": (
        {
            "entity": "Person", "key": "id", "identity": "idNumber",
            "fields": {"idNumber": {"column": "id", "as": "resident_id"}, "name": "name"},
            "edges": {"clinics": {"entity": "Clinic", "column": "clinic"}, "dwellings": {
                "entity": "Dwelling", "column": "home"}},
        },
        ["id,name,clinic,home", "110101199003070011,安,C1,D1", "110101199003070038,鲍,C2,D1"],
    ),
}  # fmt: skip
POLICY = """
purposes: [{id: health, zh: 卫生, en: Health}]
applications: [{id: health-desk, zh: 卫生, en: Health desk, department: health, jurisdiction: 14/03/21/001/}]
grants:
  - id: clinics
    to: {application: [health-desk]}
    for: [health]
    basis: law
    rows: {Clinic: {region: {startsWith: $subject.jurisdiction}}, Person: {}, Dwelling: {}}
    fields:
      Clinic.code: clear
      Clinic.name: clear
      Clinic.level: clear
      Clinic.phone: {mask: "partial(0,4)"}
      Clinic.patients: clear
      Person.name: clear
      Person.dwellings: clear
      Dwelling.code: clear
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("slices")


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    policies = folder / "policies"
    policies.mkdir()
    (policies / "p.yaml").write_text(POLICY, "utf-8")
    slices = write_slices(folder / "slices", {"health.yaml": HEALTH})
    return Settings.load(home=folder / "home", slices=slices, policies=policies)


@pytest.fixture(scope="module")
def pulled(settings: Settings, folder: Path, empty_graph: GraphAddress) -> list[PullResult]:
    """The results of a pull of all registers, by stream."""
    return pull_registers(settings, folder, REGISTERS, empty_graph)


@pytest.fixture(scope="module")
def hub(settings: Settings, pulled: list[PullResult], empty_graph: GraphAddress) -> Iterator[Served]:
    policy = policy_of(settings, catalogue_of(settings))
    with serving(settings.home, empty_graph, policy, slices=settings.slices, policies=settings.policies) as served:
        yield served


def ask(hub: Served, query: str) -> httpx.Response:
    return hub.ask(query, app="health-desk", person="nurse", purpose="health")


def test_a_register_fills_the_types_of_a_slice(pulled: list[PullResult], graph_driver: neo4j.Driver) -> None:
    clinics = next(each for each in pulled if each.stream == "clinics")
    assert (clinics.read, clinics.quarantined) == (3, 1), clinics.refusals
    found = graph_driver.execute_query(
        "MATCH (p:Person)-[:REGISTERED_AT]->(c:Clinic) RETURN p.name AS p, c.code AS c, c.level AS l, c.region AS r "
        "ORDER BY c"
    ).records
    assert [tuple(each) for each in found] == [
        ("安", "C1", "CENTRE", PATH), ("鲍", "C2", "STATION", PATH),
    ]  # fmt: skip
    names = {each["name"] for each in graph_driver.execute_query("SHOW INDEXES YIELD name").records}
    assert {"clinic_sid_unique", "clinic_code", "clinic_region_sid"} <= names


def test_it_is_asked_for_like_everything_else(hub: Served) -> None:
    asked = "{ clinics(where: {level: {eq: CENTRE}}) { edges { node { id name phone patients { name } } } } }"
    answer = ask(hub, asked)
    assert code_of(answer) == "OK", answer.text
    (edge,) = answer.json()["data"]["clinics"]["edges"]
    sealed = edge["node"].pop("id")
    assert edge["node"] == {"name": "东街社区卫生服务中心", "phone": "****0001", "patients": [{"name": "安"}]}
    again = ask(hub, f'{{ node(id: "{sealed}") {{ ... on Clinic {{ code }} }} }}')
    assert again.json()["data"]["node"] == {"code": "C1"}


def test_what_no_rule_names_is_denied_and_not_fetched(hub: Served, settings: Settings) -> None:
    people = "patients { name clinics { code } dwellings { code heating } }"
    asked = f"{{ clinics {{ edges {{ node {{ code region {people} }} }} }} }}"
    answer = ask(hub, asked)
    denied = {each["extensions"]["access"]["coordinate"] for each in answer.json()["errors"]}
    assert denied == {"Clinic.region", "Person.clinics", "Dwelling.heating"}
    assert "GAS" not in answer.text
    statement = explain_query(settings, "health-desk", "nurse", "health", {"query": asked, "variables": {}}).statement
    assert statement is not None
    assert "heating" not in statement
    assert "code" in statement


def test_a_filter_on_what_no_rule_names_is_refused(hub: Served) -> None:
    for where in ('{region: {startsWith: "14/"}}', '{phone: {eq: "13800000001"}}'):
        assert code_of(ask(hub, f"{{ clinics(where: {where}) {{ edges {{ node {{ name }} }} }} }}")) == (
            "FIELD_NOT_FILTERABLE"
        )
