"""The answers of the sample county over HTTP agree with plain Cypher over the same graph; the tour is as expected."""

import datetime as dt
import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from audit.verify import verify
from hub.demo.tour import QUESTION, Tour, stops
from hub.home.settings import Settings
from policies.masking import age_band
from policies.text.spans import decode
from schema import SPINE
from schema.graphql import root_fields
from tests.support.county import Answer, County

pytestmark = [pytest.mark.examples, pytest.mark.slow]

COUNTY, STREET = "14/03/21/", "14/03/21/001/"
K = 10
COUNTING = [("statistics", "stat"), ("hotline-insight", "voice.analyse")]
ENTITIES = ("Region", "Building", "Dwelling", "Person", "Event")
"""The types of which the county has nodes."""


def today() -> dt.date:
    return Settings.load().now().date()


def test_the_tour_is_as_expected(county: County) -> None:
    console = Console(record=True, width=120, file=io.StringIO())
    before = verify(county.hub.settings.audit_file).size
    Tour(county.hub.settings, console, today()).take()
    verdict = verify(county.hub.settings.audit_file)
    # Three stops, a ticket twice, hot words, a resident who is listed nobody and asks who accessed their data, a count,
    # a list that is denied, four refusals: fourteen in all.
    assert (verdict.ok, verdict.size - before) == (True, 14)
    told = console.export_text()
    assert all(f"{each.application} asks for {each.purpose}" in told for each in stops(today()))


def test_the_same_question_under_a_purpose_without_a_match_finds_nobody(county: County) -> None:
    answer = county.hub.ask("statistics", "stat", QUESTION, {"idNumber": "140321195703129022"})
    assert (answer.status, answer.codes, answer.data) == (200, ["FIELD_DENIED"], {"people": None})


# Applications with aggregates only.


@pytest.mark.parametrize(("application", "purpose"), COUNTING)
@pytest.mark.parametrize("name", ENTITIES)
def test_who_only_counts_lists_nothing(county: County, application: str, purpose: str, name: str) -> None:
    entity = SPINE.entity(name)
    one, many, _ = root_fields(entity)
    known = an_id(county, name)
    document = f"""
      query($id: ID!) {{
        node(id: $id) {{ id __typename ... on {name} {{ {entity.fields[0].name} }} }}
        {one}(id: $id) {{ id {entity.fields[0].name} }}
        {many}(first: 1) {{ edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage startCursor endCursor }} }}
      }}"""
    answer = county.hub.ask(application, purpose, document, {"id": known})
    assert (answer.status, answer.data) == (200, {"node": None, one: None, many: None})
    assert set(answer.codes) == {"FIELD_DENIED"}
    assert known.encode() not in answer.raw


def an_id(county: County, name: str) -> str:
    """An id that is good for the grid desk: another department's, for those who count."""
    _, many, _ = root_fields(SPINE.entity(name))
    answer = county.hub.ask("grid-desk", "event.dispatch", f"{{ {many}(first: 1) {{ edges {{ node {{ id }} }} }} }}")
    found = answer.data[many]["edges"][0]["node"]["id"]
    assert isinstance(found, str)
    return found


def test_an_id_of_another_department_or_purpose_is_nobodys(county: County) -> None:
    known = an_id(county, "Person")
    document = "query($id: ID!) { node(id: $id) { id } person(id: $id) { id name } }"
    askers = [
        ("grid-desk", "event.dispatch", True),
        ("grid-desk", "event.callback", False),
        ("welfare-visits", "welfare.elder", False),
        ("fire-inspection", "safety.fire.rental", False),
    ]
    for application, purpose, seen in askers:
        answer = county.hub.ask(application, purpose, document, {"id": known})
        assert [answer.data[name] is not None for name in ("node", "person")] == [seen, seen], purpose
        assert answer.codes == []


GROUPED = [
    pytest.param("statistics", "people", ("REGION_GRID", "AGE_BAND"), id="people by grid and age"),
    pytest.param("statistics", "people", ("GENDER", "RESIDENCY"), id="people by sex and residency"),
    pytest.param("statistics", "people", ("REGION_COMMUNITY",), id="people by community"),
    pytest.param("statistics", "dwellings", ("REGION_GRID", "USAGE"), id="dwellings by grid and use"),
    pytest.param("statistics", "buildings", ("REGION_GRID",), id="buildings by grid"),
    pytest.param("hotline-insight", "events", ("KIND", "STATUS"), id="events by kind and status"),
    pytest.param("hotline-insight", "events", ("REGION_STREET", "KIND"), id="events by street and kind"),
]
# Of each type: its nodes, and for each node the people whom a count of it is about.
PLAIN = {
    "people": "MATCH (n:Person) RETURN n, [n.sid] AS about",
    "dwellings": "MATCH (n:Dwelling) RETURN n, [(n)<-[:LIVES_IN]-(p) | p.sid] AS about",
    "buildings": "MATCH (n:Building) RETURN n, [(n)<-[:IN_BUILDING]-()<-[:LIVES_IN]-(p) | p.sid] AS about",
    "events": "MATCH (n:Event) RETURN n, [(n)-[:REPORTED_BY]->(p) | p.sid] AS about",
}
LEVELS = {"REGION_STREET": 4, "REGION_COMMUNITY": 5, "REGION_GRID": 6}
NAMES = {
    "REGION_STREET": "regionStreet",
    "REGION_COMMUNITY": "regionCommunity",
    "REGION_GRID": "regionGrid",
    "AGE_BAND": "ageBand",
}


def cell(node: Any, bucket: str) -> str | None:
    """In which cell a node falls, worked out from its plain properties."""
    if bucket in LEVELS:
        return "".join(f"{part}/" for part in node["region"].split("/")[: LEVELS[bucket]])
    if bucket == "AGE_BAND":
        return age_band(node["birthDate"].to_native(), today()) if "birthDate" in node else None
    found: str | None = node.get(bucket.lower())
    return found


@pytest.mark.parametrize(("application", "plural", "group_by"), GROUPED)
def test_each_cell_is_the_plain_count_or_null_below_k(
    county: County, application: str, plural: str, group_by: tuple[str, ...]
) -> None:
    nodes: Counter[tuple[str | None, ...]] = Counter()
    about: dict[tuple[str | None, ...], Counter[str]] = {}
    for row in county.cypher(PLAIN[plural]):
        if row["n"].get("region", "").startswith(COUNTY):
            key = tuple(cell(row["n"], bucket) for bucket in group_by)
            nodes[key] += 1
            about.setdefault(key, Counter()).update(row["about"])
    purpose = dict(COUNTING)[application]
    names = [NAMES.get(bucket, bucket.lower()) for bucket in group_by]
    root = f"{plural}Aggregate"
    answer = county.hub.ask(
        application, purpose, f"{{ {root}(groupBy: [{', '.join(group_by)}]) {{ {' '.join(names)} count }} }}"
    )
    found = {tuple(row[name] for name in names): row["count"] for row in answer.data[root]}
    shown = {key: count for key, count in found.items() if count is not None}
    assert shown == {key: nodes[key] for key, people in about.items() if shows(plural, nodes[key], people)}
    assert ("SUPPRESSED" in answer.codes) == (len(shown) < len(found))
    assert len(answer.data[root]) == len(found)


def shows(plural: str, count: int, people: Counter[str]) -> bool:
    """Whether a cell may be shown: about ten people, and, of events, not mostly one reporter's."""
    return len(people) >= K and (plural != "events" or 2 * max(people.values()) <= count)


def test_hot_words_are_those_of_enough_people_outside_all_that_is_personal(county: County) -> None:
    rows = county.cypher(
        "MATCH (e:Event) WHERE e.region STARTS WITH $county "
        "RETURN e.text AS text, e.textSpans AS spans, e.textWords AS words, [(e)-[:REPORTED_BY]->(p) | p.sid] AS about",
        county=COUNTY,
    )
    texts: Counter[str] = Counter()
    about: dict[str, Counter[str]] = {}
    for row in rows:
        spans = decode(row["spans"], len(row["text"]))
        outside = "".join(
            "\n" if any(each.start <= at < each.end for each in spans) else character
            for at, character in enumerate(row["text"])
        )
        assert [word for word in row["words"] if word not in outside] == []
        for word in set(row["words"]):
            texts[word] += 1
            about.setdefault(word, Counter()).update(row["about"])
    told = {word: count for word, count in texts.items() if shows("events", count, about[word])}
    answer = county.hub.ask("hotline-insight", "voice.analyse", "{ eventsAggregate(groupBy: [WORD]) { word count } }")
    assert answer.codes == []
    found = [(row["word"], row["count"]) for row in answer.data["eventsAggregate"]]
    assert found == sorted(told.items(), key=lambda each: (-each[1], each[0]))
    assert 0 < len(found) < len(texts)


def test_a_third_bucket_is_refused(county: County) -> None:
    document = "{ peopleAggregate(groupBy: [REGION_GRID, GENDER, RESIDENCY]) { count } }"
    answer = county.hub.ask("statistics", "stat", document)
    assert (answer.status, answer.codes) == (400, ["COST_LIMIT"])


def test_a_count_beside_a_filter_is_null_below_k(county: County) -> None:
    grids = [row["g"] for row in county.cypher("MATCH (r:Region {level: 'GRID'}) RETURN r.region AS g")]
    document = "query($g: String!) { peopleAggregate(where: {regionGrid: {eq: $g}, gender: {eq: FEMALE}}) { count } }"
    for grid in [*grids, "14/03/21/999/999/999/"]:
        plain = county.cypher("MATCH (n:Person {gender: 'FEMALE', region: $g}) RETURN count(n) AS c", g=grid)[0]["c"]
        answer = county.hub.ask("statistics", "stat", document, {"g": grid})
        assert answer.data["peopleAggregate"] == [{"count": plain if plain >= K else None}], grid


# The grid desk of one street.

SEEN = [("people", "name"), ("dwellings", "code"), ("buildings", "code"), ("events", "number"), ("regions", "code")]
LABELS = {root_fields(entity)[1]: entity.name for entity in SPINE}


@pytest.mark.parametrize(("plural", "field"), SEEN)
def test_the_grid_desk_sees_its_street_and_no_more(county: County, plural: str, field: str) -> None:
    answers = list(pages(county, plural, f"id region {field}"))
    nodes = [edge["node"] for answer in answers for edge in answer.data[plural]["edges"]]
    plain = county.cypher(
        f"MATCH (n:{LABELS[plural]}) WHERE n.region STARTS WITH $street RETURN n.{field} AS f, n.region AS r",
        street=STREET,
    )
    everywhere = county.cypher(f"MATCH (n:{LABELS[plural]}) RETURN count(n) AS c")[0]["c"]
    assert 0 < len(plain) < everywhere
    assert Counter((node[field], node["region"]) for node in nodes) == Counter((row["f"], row["r"]) for row in plain)
    assert len({node["id"] for node in nodes}) == len(nodes)


def pages(county: County, plural: str, selection: str) -> Iterator[Answer]:
    """All pages of a connection, of 50 nodes each."""
    document = f"""
      query($after: String) {{
        {plural}(first: 50, after: $after, orderBy: [{{region: ASC}}]) {{
          edges {{ node {{ {selection} }} }} pageInfo {{ hasNextPage endCursor }}
        }}
      }}"""
    after = None
    while True:
        answer = county.hub.ask("grid-desk", "event.dispatch", document, {"after": after})
        assert answer.codes == []
        yield answer
        info = answer.data[plural]["pageInfo"]
        if not info["hasNextPage"]:
            return
        after = info["endCursor"]


PATHS = [
    "people(first: 50) { edges { node { dwellings(first: 3) { residents { region } } } } }",
    "dwellings(first: 20) { edges { node { residents(first: 5) { dwellings(first: 3) { residents { region } } } } } }",
    "buildings { edges { node { dwellings { residents(first: 10) { region } } } } }",
    "regions(first: 5) { edges { node { buildings { dwellings { residents(first: 5) { region } } } } } }",
    "events { edges { node { reporter { region reports { reporter { region } } } } } }",
    "regions(first: 5) { edges { node { parent { children { events { reporter { region } } } } } } }",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_the_street(county: County, path: str) -> None:
    answer = county.hub.ask("grid-desk", "event.dispatch", f"{{ {path} }}")
    regions = list(values(answer.data, "region"))
    assert answer.status == 200
    assert regions
    assert all(region.startswith(STREET) for region in regions)


def values(found: Any, name: str) -> Iterator[Any]:
    """Every value that stands under `name`, at any depth."""
    if isinstance(found, list):
        for each in found:
            yield from values(each, name)
    elif isinstance(found, dict):
        for key, each in found.items():
            if key == name:
                yield each
            yield from values(each, name)
