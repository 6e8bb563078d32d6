"""C06: what was collected for one purpose is in no answer for another, unless a rule says so.

Four sources are pulled: housing, the register of residents, what visitors of the elderly noted, and inspections. Every
grant gives everything on every row, so that nothing but what a source was collected for keeps a node out of an answer.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import neo4j
import pytest

from hub.graph.driver import Graph
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from policies.model import PolicySet
from schema.declarations import type_tag
from tests.support.inference_county import id_number
from tests.support.pulling import ask as rows_of
from tests.support.pulling import empty, one, silent
from tests.support.small_graph import SEALS, Asked, ask, policy, subject, with_graph

pytestmark = pytest.mark.attack

POLICY = """
purposes:
  - {id: pop, zh: 人, en: Population}
  - {id: pop.register, zh: 户, en: Register}
  - {id: housing, zh: 房, en: Housing}
  - {id: welfare, zh: 帮, en: Welfare}
  - {id: welfare.elder, zh: 老, en: Visits}
  - {id: welfare.elder.food, zh: 餐, en: Meals}
  - {id: sec, zh: 治, en: Police work}
  - {id: safety, zh: 安, en: Safety}
  - {id: stat, zh: 统, en: Statistics}
applications:
  - {id: app, zh: 应用, en: App, department: all, jurisdiction: 14/03/}
grants:
  - id: all
    to: {application: [app]}
    for: [pop, housing, welfare, sec, safety]
    basis: law
    rows: {Person: {}, Dwelling: {}, Inspection: {}}
    fields:
      Person: clear
      Person.provenance: clear
      Dwelling: clear
      Dwelling.hasOpenInspection: answer
      Inspection: clear
    match: [Person.phone]
    obligations: {matchDailyCap: 1000000}
  - id: counts
    to: {application: [app]}
    for: [stat]
    basis: law
    contributors: 2
    rows: {Person: {}}
    fields: {Person.gender: aggregate}
"""
ENFORCED = """
collection: enforced
reuse:
  - {id: homes, collectedFor: [housing], for: [pop, welfare, sec, safety], basis: law}
  - {id: register, collectedFor: [pop.register], for: [welfare, sec, stat, housing], basis: law}
  - {id: found, collectedFor: [safety], for: [housing], basis: law}
  - {id: too-much, collectedFor: [welfare.elder], for: [sec], basis: a mistake}
  - {id: not-police, collectedFor: [welfare], notFor: [sec], basis: law}
"""
IDS = {name: id_number("140321", dt.date(1950, 1, 1), at) for at, name in enumerate("甲乙丙丁", 1)}
PHONES = {name: f"1381111000{at}" for at, name in enumerate("甲乙丙丁")}
PEOPLE = {
    "entity": "Person", "key": "n", "identity": "idNumber",
    "fields": {"idNumber": {"column": "id", "as": "resident_id"}, "name": "name", "phone": "phone",
               "gender": {"column": "g", "values": {"M": "MALE"}}},
    "edges": {"dwellings": {"entity": "Dwelling", "column": "home"}},
}  # fmt: skip
HOMES = {"entity": "Dwelling", "key": "c", "identity": "code", "fields": {"code": {"column": "c", "as": "code"}}}
FOUND = {
    "entity": "Inspection", "key": "n", "identity": "number",
    "fields": {"number": {"column": "n", "as": "code"}, "result": {"column": "r", "values": {"F": "FAILED"}}},
    "edges": {"dwelling": {"entity": "Dwelling", "column": "home"}},
}  # fmt: skip


def person(name: str) -> str:
    """A row; 甲 and 乙 live in H1, the others in H2."""
    return f"{name},{IDS[name]},{name},{PHONES[name]},M,{'H1' if name in '甲乙' else 'H2'}"


class County:
    """Four sources in a folder, pulled into the graph; 丙 is in the register and among the visits."""

    def __init__(self, folder: Path, address: GraphAddress) -> None:
        self.folder, self.address = folder, address
        self.settings = Settings.load(home=folder / "home")
        (folder / "sources").mkdir(parents=True)
        self.declare("homes", "housing", HOMES, "c", ["H1", "H2"])
        header = "n,id,name,phone,g,home"
        self.declare("register", "pop.register", PEOPLE, header, [person(each) for each in "甲乙丙"], after=["homes"])
        visits = [person(each) for each in "丙丁"]
        self.declare("visits", "welfare.elder", PEOPLE, header, visits, after=["register"], trust=2)
        self.declare("found", "safety", FOUND, "n,r,home", ["I1,F,H1"], after=["visits"])
        self.pull()

    def declare(
        self, name: str, purpose: str, stream: dict[str, Any], header: str, rows: Sequence[str], **more: Any
    ) -> None:
        """Write a source and its rows."""
        (self.folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
        block = {
            "name": name, "kind": "csv", "where": str(self.folder / f"{name}.csv"), "collectedFor": purpose,
            "trust": 1, "limits": {"quarantined": 0.5, "vanished": 1},
            "records": [{"name": name, "full": True, **stream}], **more,
        }  # fmt: skip
        (self.folder / "sources" / f"{name}.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")

    def visited(self, names: str) -> None:
        """Pull the visits again, with these people."""
        rows = [person(each) for each in names]
        self.declare("visits", "welfare.elder", PEOPLE, "n,id,name,phone,g,home", rows, after=["register"], trust=2)
        self.pull()

    def pull(self) -> None:
        """Pull all sources."""
        run_pull(self.settings, self.folder / "sources", [], self.folder, {}, silent, address=self.address)

    def asked(self, policies: PolicySet, purpose: str, document: str) -> Asked:
        """An operation for a purpose, through every stage but HTTP."""
        who = subject(policies, "app")

        async def run(graph: Graph) -> Asked:
            return await ask(graph, policies, who, purpose, document)

        return with_graph(self.address, run)


@pytest.fixture(scope="module")
def county(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> County:
    return County(tmp_path_factory.mktemp("county"), empty_graph)


@pytest.fixture(scope="module")
def enforced(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("enforced"), POLICY + ENFORCED)


@pytest.fixture
def again(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> Iterator[County]:
    """A county that a test may change; afterwards the graph is as the other tests had it."""
    empty(graph_driver)
    yield County(tmp_path / "changed", empty_graph)
    empty(graph_driver)


def names_in(found: Asked) -> str:
    """The names of people anywhere in an answer, each once, in order."""
    text = json.dumps(found.answer.data, ensure_ascii=False, default=str)
    return "".join(each for each in "甲乙丙丁" if f'"{each}"' in text)


LIST = "{ people(first: 50) { edges { node { name } } } }"
SEEN = {
    "pop.register": "甲乙",  # its own; 丙 is partly a visitor's
    "pop": "",  # what is collected for a purpose below is not its own
    "welfare": "甲乙",
    "welfare.elder": "甲乙丙丁",
    "welfare.elder.food": "甲乙丙丁",  # below the purpose that it was collected for
    "sec": "甲乙",  # one rule opens the visits, the prohibition wins
    "safety": "",
    "housing": "甲乙",
}


@pytest.mark.parametrize("purpose", sorted(SEEN))
def test_c06_a_list_holds_what_was_collected_for_the_purpose(county: County, enforced: PolicySet, purpose: str) -> None:
    assert names_in(county.asked(enforced, purpose, LIST)) == SEEN[purpose]


def test_c06_without_the_switch_nothing_is_asked_of_records(county: County, tmp_path: Path) -> None:
    off = policy(tmp_path, POLICY)
    found = county.asked(off, "sec", LIST)
    assert names_in(found) == "甲乙丙丁"
    assert found.statement is not None and "collectedFor" not in found.statement.text


def id_of(address: GraphAddress, driver: neo4j.Driver, name: str, purpose: str) -> str:
    (row,) = rows_of(driver, "MATCH (p:Person {name: $name}) RETURN p.sid AS sid", name=name)
    return SEALS.seal_id("all", purpose, type_tag("Person"), row["sid"])


POSITIONS = {
    "a list in order": "{ people(first: 50, orderBy: [{name: DESC}]) { edges { node { name } } } }",
    "by its value": '{ people(where: {name: {in: ["甲", "丙", "丁"]}}) { edges { node { name } } } }',
    "by its home": '{ people(where: {dwellings: {some: {code: {eq: "H2"}}}}) { edges { node { name } } } }',
    "over an edge": "{ dwellings { edges { node { code residents { name } } } } }",
    "over an edge and back": "{ people { edges { node { dwellings { residents { name dwellings { code } } } } } } }",
    "over a counted edge": "{ dwellings { edges { node { code residentsList { nodes { name } } } } } }",
    "by no other": '{ people(where: {not: {name: {eq: "甲"}}}) { edges { node { name } } } }',
}


@pytest.mark.parametrize("position", sorted(POSITIONS))
def test_c06_no_position_shows_what_another_purpose_collected(
    county: County, enforced: PolicySet, tmp_path: Path, position: str
) -> None:
    every = names_in(county.asked(policy(tmp_path, POLICY), "sec", POSITIONS[position]))
    assert set(every) & set("丙丁"), "a position that shows them to nobody proves nothing"
    found = county.asked(enforced, "sec", POSITIONS[position])
    assert not set(names_in(found)) & set("丙丁")
    assert {each.origin for each in found.statement.references if each.position == "collected"} == {"policy"}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", "甲丙丁")
def test_c06_no_id_and_no_match_opens_it(
    county: County, enforced: PolicySet, graph_driver: neo4j.Driver, name: str
) -> None:
    id_ = id_of(county.address, graph_driver, name, "sec")
    for document in (
        f'{{ node(id: "{id_}") {{ ... on Person {{ name }} }} }}',
        f'{{ person(id: "{id_}") {{ name }} }}',
        f'{{ nodes(ids: ["{id_}"]) {{ ... on Person {{ name }} }} }}',
        f'{{ people(where: {{phone: {{eq: "{PHONES[name]}"}}}}) {{ edges {{ node {{ name }} }} }} }}',
    ):
        found = county.asked(enforced, "sec", document)
        assert names_in(found) == ("甲" if name == "甲" else ""), document
        assert found.codes == []


@pytest.mark.parametrize(
    ("edge", "seen"),
    [('residents: {some: {name: {eq: "丁"}}}', ""), ('residents: {none: {name: {eq: "丁"}}}', "H1H2")],
)
def test_c06_an_existence_filter_does_not_tell_of_it(county: County, enforced: PolicySet, edge: str, seen: str) -> None:
    found = county.asked(enforced, "sec", f"{{ dwellings(where: {{{edge}}}) {{ edges {{ node {{ code }} }} }} }}")
    codes = sorted(each["node"]["code"] for each in found.answer.data["dwellings"]["edges"])
    assert "".join(codes) == seen


def test_c06_counts_leave_it_out(county: County, enforced: PolicySet, tmp_path: Path) -> None:
    document = "{ peopleAggregate { count } }"
    counted = [
        county.asked(policies, purpose, document).answer.data["peopleAggregate"][0]["count"]
        for policies in (policy(tmp_path, POLICY), enforced)
        for purpose in ("sec", "stat")
    ]
    assert counted == [4, 4, 2, 2]
    document = "{ dwellings { edges { node { code residentsList { pageInfo { totalCount } } } } } }"
    nodes = [each["node"] for each in county.asked(enforced, "sec", document).answer.data["dwellings"]["edges"]]
    told = {each["code"]: each["residentsList"]["pageInfo"]["totalCount"] for each in nodes}
    assert told == {"H1": 2, "H2": 0}


def test_c06_an_answer_does_not_read_it(county: County, enforced: PolicySet) -> None:
    """What an inspection found is open to housing, and to nobody else."""
    document = "{ dwellings { edges { node { code hasOpenInspection } } } }"
    told = {}
    for purpose in ("housing", "sec"):
        edges = county.asked(enforced, purpose, document).answer.data["dwellings"]["edges"]
        told[purpose] = {each["node"]["code"]: each["node"]["hasOpenInspection"] for each in edges}
    assert told == {"housing": {"H1": True, "H2": False}, "sec": {"H1": False, "H2": False}}


def test_c06_a_rule_ends(county: County, tmp_path: Path) -> None:
    """It ends by itself, without a new version."""
    day = dt.date(2026, 6, 29)
    ended = policy(
        tmp_path, POLICY + ENFORCED.replace("welfare, sec, stat, housing], ", f"sec], valid: {{to: {day}}}, ")
    )
    assert names_in(county.asked(ended, "sec", LIST)) == ""
    assert ended.collecting is not None
    assert ended.collecting.readable(ended.purposes, "sec", day) == ("housing", "pop.register", "sec")


def test_c06_it_follows_the_records(again: County, enforced: PolicySet, graph_driver: neo4j.Driver) -> None:
    assert names_in(again.asked(enforced, "sec", LIST)) == "甲乙"
    again.visited("丁")  # what the visitors said of 丙 is taken back
    assert names_in(again.asked(enforced, "sec", LIST)) == "甲乙丙"
    again.visited("甲丁")
    assert names_in(again.asked(enforced, "sec", LIST)) == "乙丙"


def test_c06_what_no_record_vouches_for_is_not_read(
    again: County, enforced: PolicySet, graph_driver: neo4j.Driver
) -> None:
    graph_driver.execute_query("MATCH (r:SourceRecord)-[:ASSERTS]->(:Person {name: '甲'}) REMOVE r.collectedFor")
    graph_driver.execute_query("MATCH (:SourceRecord)-[a:ASSERTS]->(:Person {name: '乙'}) DELETE a")
    assert one(graph_driver, "MATCH (p:Person) RETURN count(p)") == 4
    assert names_in(again.asked(enforced, "welfare.elder", LIST)) == "丙丁"


def test_c06_a_fact_keeps_the_purpose_that_it_was_read_under(again: County, enforced: PolicySet) -> None:
    """A manifest that says otherwise relabels nothing that is there; what changes from then on is the new purpose's.

    What the policy does not know as a purpose opens nothing.
    """
    for purpose, changed, seen in (
        ("pop.register", "", "甲乙"),
        ("someone.elses", "", "甲乙"),
        ("someone.elses", "甲", "乙"),
    ):
        rows = [person(each).replace(",M,", ",," if each in changed else ",M,") for each in "甲乙丙"]
        again.declare("register", purpose, PEOPLE, "n,id,name,phone,g,home", rows, after=["homes"])
        again.pull()
        assert names_in(again.asked(enforced, "sec", LIST)) == seen
