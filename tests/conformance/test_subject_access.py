"""Who saw my data: a real hub answers departments, then the resident's own application asks what it may be told."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.zone import day_of
from schema.declarations import type_tag
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import World, policy, sid

pytestmark = pytest.mark.conformance

POLICY = """
purposes:
  - {id: safety, zh: 安全, en: Safety}
  - {id: voice, zh: 民意, en: Voice, delayedDays: 30}
  - {id: voice.call, zh: 回访, en: Call back}
  - {id: covert, zh: 侦查, en: Inquiry, withheld: true}
  - {id: covert.trace, zh: 追查, en: Tracing}
  - {id: self, zh: 本人, en: The person himself}
  - {id: other, zh: 其他, en: Other}
applications:
  - {id: fire-app, zh: 消防, en: Fire, department: fire, jurisdiction: 14/}
  - {id: police-app, zh: 公安, en: Police, department: police, jurisdiction: 14/}
  - {id: resident-app, zh: 市民, en: Residents, department: service, jurisdiction: 14/01/}
grants:
  - id: look
    to: {application: [fire-app]}
    for: [safety]
    basis: law
    rows: {Person: {}, Dwelling: {}}
    fields:
      Person.name: clear
      Person.phone: {mask: "partial(3,4)"}
      Person.gender: clear
      Dwelling.region: clear
  - id: events-alone
    to: {application: [fire-app]}
    for: [voice]
    basis: law
    rows: {Event: {}}
    fields: {Event.number: clear, Event.reporterPhone: {mask: "partial(3,4)"}, Event.address: clear}
  - id: inquiry
    to: {application: [police-app]}
    for: [covert, other]
    basis: law
    rows: {Person: {}, Event: {}}
    fields: {Person.idNumber: clear, Event.number: clear, Event.reporterName: clear}
  - id: own-data
    to: {application: [resident-app]}
    for: [self]
    basis: 个人信息保护法 第四十五条
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    match: [Person.idNumber]
    obligations: {matchDailyCap: 1000000}
    accesses: true
  - id: by-telephone
    to: {application: [resident-app]}
    for: [self]
    basis: law
    rows: {Person: {}}
    match: [Person.phone]
    obligations: {matchDailyCap: 1000000}
  - id: no-accesses
    to: {application: [resident-app]}
    for: [other]
    basis: law
    rows: {Person: {}}
    fields: {Person.gender: clear}
"""
WORLD = World(
    {
        "ann": ("Person", {"name": "安", "idNumber": "110101199003070011", "phone": "13800000001", "region": "14/01/"}),
        "bob": ("Person", {"name": "鲍", "idNumber": "110101199003070038", "phone": "13800000002", "region": "14/01/"}),
        "far": ("Person", {"name": "远", "idNumber": "110101199003070054", "phone": "13800000003", "region": "14/02/"}),
        "gone": (
            "Person",
            {"name": "去", "idNumber": "110101199003070070", "region": "14/01/", "deletedAt": "2026-01-01"},
        ),
        "e1": ("Event", {"number": "E1", "reporterPhone": "13800000001", "reporterName": "安", "region": "14/01/"}),
        "e2": ("Event", {"number": "E2", "reporterPhone": "13800000003", "region": "14/02/"}),
        "d1": ("Dwelling", {"region": "14/01/"}),
    },
    [("e1", "reporter", "ann"), ("e2", "reporter", "gone"), ("ann", "dwellings", "d1")],
)
ROWS = "{ day department purpose purposeTitle kinds }"
ASK = f"query($p: String!) {{ accessesOf(where: {{idNumber: {{eq: $p}}}}) {ROWS} }}"
DAYS = {"s": "since", "u": "until"}
SEEN = '{ people(where: {name: {eq: "安"}}) { edges { node { name phone } } } }'
EVENT = '{ events(where: {number: {eq: "E1"}}) { edges { node { reporterPhone } } } }'


@pytest.fixture
def served(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        WORLD.load(writer)
    folder = tmp_path_factory.mktemp("hub")
    with serving(folder / "home", empty_graph, policy(folder / "policy", POLICY)) as running:
        yield running


def ask(served: Served, app: str, purpose: str, query: str) -> dict[str, Any]:
    response = served.ask(query, app=app, purpose=purpose)
    assert code_of(response) == "OK", response.text
    return dict(response.json()["data"])


def told(served: Served, name: str, **variables: Any) -> Any:
    """What the resident's application is told of a person."""
    head, days = (
        "".join(text.format(name, DAYS[name]) for name in variables) for text in (", ${0}: Date", ", {1}: ${0}")
    )
    ask = ASK.replace("String!)", f"String!{head})").replace("$p}})", f"$p}}}}{days})")
    response = served.ask(ask, app="resident-app", purpose="self", variables={"p": number(name), **variables})
    assert code_of(response) == "OK", response.text
    return response.json()["data"]["accessesOf"]


def number(name: str) -> str:
    """The whole number of a person, or one that nobody has."""
    return str(WORLD.nodes.get(name, ("", {}))[1].get("idNumber", "110101199003070097"))


def day_of_last(served: Served) -> dt.date:
    """The day of the newest record: the suite may run past midnight, so it is not the day of now."""
    return day_of(served.records()[-1].time, served.hub.settings.zone)


def row(served: Served, purpose: str, title: str, kinds: list[str], department: str = "fire") -> dict[str, Any]:
    """What is told of an access that was just recorded."""
    day = day_of_last(served).isoformat()
    return {"day": day, "department": department, "purpose": purpose, "purposeTitle": title, "kinds": kinds}


def own(served: Served) -> dict[str, Any]:
    return row(served, "self", "本人 The person himself", [], "service")


def fire(served: Served) -> dict[str, Any]:
    return row(served, "safety", "安全 Safety", ["name", "phone"])


def test_day_department_purpose_and_kinds(served: Served) -> None:
    assert told(served, "ann") == []
    ask(served, "fire-app", "safety", SEEN)
    ask(served, "fire-app", "safety", SEEN)
    # The application's own look is one too; two looks of a day are told as one.
    assert told(served, "ann") == [fire(served), own(served)]
    assert told(served, "bob") == []


def test_what_an_event_tells_touches_its_reporter(served: Served) -> None:
    """The edge is not selected, and neither visible to who asks."""
    ask(served, "police-app", "other", '{ events(where: {number: {eq: "E1"}}) { edges { node { reporterName } } } }')
    record = served.records()[-1]
    assert record.subjects == (served.hub.digester.digest("person", sid("ann")),)
    assert told(served, "ann") == [row(served, "other", "其他 Other", ["name"], "police")]
    assert told(served, "bob") == []


@pytest.mark.parametrize(
    ("query", "touched"),
    [
        ('{ events(where: {number: {eq: "E1"}}) { edges { node { number } } } }', ()),
        ('{ events(where: {number: {eq: "E1"}}) { edges { node { number reporterPhone } } } }', ("ann",)),
        ('{ events(where: {number: {eq: "E1"}}) { edges { node { a: address } } } }', ("ann",)),
        ('{ events(where: {number: {eq: "E2"}}) { edges { node { reporterPhone } } } }', ("gone",)),
        ("{ events(first: 0) { edges { node { reporterPhone } } } }", ()),
    ],
)
def test_whom_an_answer_touches(served: Served, query: str, touched: tuple[str, ...]) -> None:
    """A person who is deleted is one still; where no personal cell is read nobody is touched."""
    data = ask(served, "fire-app", "voice", query)
    assert served.records()[-1].subjects == tuple(served.hub.digester.digest("person", sid(each)) for each in touched)
    assert not any(sid(name) in json.dumps(data) for name in WORLD.nodes)


def test_a_dwelling_without_personal_cells_touches_nobody(served: Served) -> None:
    ask(served, "fire-app", "safety", "{ dwellings { edges { node { region } } } }")
    assert served.records()[-1].subjects == ()


@pytest.mark.parametrize(
    ("app", "purpose", "query"),
    [
        ("police-app", "covert", "{ people { edges { node { idNumber } } } }"),
        ("police-app", "covert.trace", "{ people { edges { node { idNumber } } } }"),
        ("fire-app", "voice", EVENT),
        ("fire-app", "voice.call", EVENT),
    ],
)
def test_what_is_withheld_leaves_no_trace(served: Served, app: str, purpose: str, query: str) -> None:
    """The answer is the same bytes as if nobody had looked, and withheld classes hold for descendants."""
    ask(served, "fire-app", "safety", SEEN)
    told(served, "ann")
    before = json.dumps(told(served, "ann"))
    for _ in range(3):
        ask(served, app, purpose, query)
    assert served.hub.digester.digest("person", sid("ann")) in served.records()[-1].subjects
    assert json.dumps(told(served, "ann")) == before


def test_refusals_are_no_looks(served: Served) -> None:
    response = served.ask("{ people { edges { node { name } } } }", app="fire-app", purpose="covert")
    assert code_of(response) == "PURPOSE_DENIED"
    assert told(served, "ann") == []


def test_without_the_grant_it_is_denied(served: Served) -> None:
    response = served.ask(ASK, app="resident-app", purpose="other", variables={"p": number("ann")})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"], error["path"]) == (200, "FIELD_DENIED", ["accessesOf"])
    assert error["extensions"]["access"]["purposesThatWould"] == ["self"]
    assert response.json()["data"] == {"accessesOf": None}
    assert served.records()[-1].decision.denied == ("Person",)


def test_hidden_and_missing_are_the_same(served: Served) -> None:
    ask(served, "fire-app", "safety", "{ people { edges { node { name } } } }")
    assert [told(served, name) for name in ("far", "gone", "nobody")] == [None] * 3
    # Nor does such a question count as a look at them.
    assert served.records()[-1].subjects == ()


LISTS = (
    ("{ people(first: 1) { edges { node { id } } } }", "people"),
    ("{ people { pageInfo { hasNextPage startCursor } } }", "people"),
    ("{ people { edges { cursor } } }", "people"),
    ('{ people(where: {idNumber: {startsWith: "1101"}}) { edges { node { id } } } }', "people"),
    ('{ people(where: {idNumber: {in: ["110101199003070011"]}}) { edges { node { id } } } }', "people"),
    ('{ people(where: {not: {idNumber: {eq: "110101199003070038"}}}) { edges { node { id } } } }', "people"),
    (
        "{ people(where: {and: [{idNumber: {isNull: false}}]}, orderBy: [{region: ASC}]) { edges { cursor } } }",
        "people",
    ),
    ("{ peopleAggregate { count } }", "peopleAggregate"),
    ("{ peopleAggregate(groupBy: [GENDER]) { count gender } }", "peopleAggregate"),
    ("{ dwellings { edges { node { residents { id } } } } }", "dwellings"),
    ("{ events(first: 1) { edges { node { reporter { id } } } } }", "events"),
)


@pytest.mark.parametrize(("query", "root"), LISTS)
def test_case_1_21_a_match_alone_lists_nobody(served: Served, query: str, root: str) -> None:
    response = served.ask(query, app="resident-app", purpose="self")
    assert (response.status_code, response.json()["data"]) == (200, {root: None})
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "FIELD_DENIED"
    assert ("people(where: {idNumber: {eq: …}})" in error["message"]) == root.startswith("people")
    record = served.records()[-1]
    assert (record.subjects, record.nodes, record.decision.matched) == ((), 0, ())


def test_case_1_21_whom_one_names_is_there_and_shows_nothing_else(served: Served) -> None:
    """The match says that the person is there; neither their id nor an edge leads any further."""
    query = """query($n: String!) { people(where: {idNumber: {eq: $n}}) { pageInfo { hasNextPage }
        edges { node { id __typename name gender region dwellings { id residents { id } } reports { id } } } } }"""
    response = served.ask(query, app="resident-app", purpose="self", variables={"n": number("ann")})
    (edge,) = response.json()["data"]["people"]["edges"]
    found = edge["node"].pop("id")
    hidden = dict.fromkeys(("name", "gender", "region", "dwellings", "reports"))
    assert edge == {"node": {"__typename": "Person", **hidden}}
    assert code_of(response) == "FIELD_DENIED"
    assert served.records()[-1].subjects == (served.hub.digester.digest("person", sid("ann")),)
    assert ask(served, "resident-app", "self", f'{{ node(id: "{found}") {{ id }} }}') == {"node": None}
    one = served.ask(f'{{ person(id: "{found}") {{ id }} }}', app="resident-app", purpose="self")
    assert (code_of(one), one.json()["data"]) == ("FIELD_DENIED", {"person": None})


def test_case_1_21_each_match_reaches_the_rows_of_its_own_grant(served: Served) -> None:
    """By their telephone people of other places are found, by their number they are not, and of neither is told."""
    ask(served, "fire-app", "safety", "{ people { edges { node { name } } } }")

    def answers(name: str, field: str) -> tuple[int, bool]:
        where = f'where: {{{field}: {{eq: "{WORLD.nodes[name][1][field]}"}}}}'
        query = f"{{ people({where}) {{ edges {{ cursor }} }} accessesOf({where}) {{ day }} }}"
        data = ask(served, "resident-app", "self", query)
        return len(data["people"]["edges"]), data["accessesOf"] is not None

    assert (answers("ann", "idNumber"), answers("ann", "phone")) == ((1, True), (1, True))
    assert (answers("far", "idNumber"), answers("far", "phone")) == ((0, False), (1, False))


@pytest.mark.parametrize("selected", ["__typename", "pageInfo { startCursor }", "edges { cursor }"])
def test_whom_a_match_finds_is_on_record_whatever_is_selected(served: Served, selected: str) -> None:
    query = f'{{ people(where: {{idNumber: {{eq: "{number("bob")}"}}}}) {{ {selected} }} }}'
    ask(served, "resident-app", "self", query)
    assert served.records()[-1].subjects == (served.hub.digester.digest("person", sid("bob")),)


@pytest.mark.parametrize("purpose", ["self", "other"])
def test_case_1_21_accesses_are_told_of_one_person_named_in_full(served: Served, purpose: str) -> None:
    """By a part of the number, by a name, by several numbers, or by an id of another answer nobody's are told."""
    for where in (
        '{idNumber: {startsWith: "110101"}}',
        '{idNumber: {in: ["110101199003070011"]}}',
        "{idNumber: {isNull: false}}",
        '{name: {eq: "安"}}',
        '{or: [{idNumber: {eq: "110101199003070011"}}, {idNumber: {eq: "110101199003070038"}}]}',
        '{dwellings: {some: {region: {startsWith: "14/"}}}}',
    ):
        response = served.ask(f"{{ accessesOf(where: {where}) {{ day }} }}", app="resident-app", purpose=purpose)
        wanted = "FIELD_NOT_FILTERABLE" if purpose == "self" else "FIELD_DENIED"
        assert (code_of(response), (response.json().get("data") or {}).get("accessesOf")) == (wanted, None), where
    sealed = served.hub.seals.seal_id("service", "self", type_tag("Person"), sid("ann"))
    for argument in (f'person: "{sealed}"', f'id: "{sealed}"', "where: null", ""):
        text = f"{{ accessesOf({argument}) {{ day }} }}".replace("()", "")
        assert code_of(served.ask(text, app="resident-app", purpose=purpose)) == "VALIDATION", argument


def test_the_look_itself_is_recorded(served: Served) -> None:
    told(served, "ann")
    record = served.records()[-1]
    assert record.subjects == (served.hub.digester.digest("person", sid("ann")),)
    assert (record.kind, record.application, record.purpose) == ("query", "resident-app", "self")


def test_days_bound_what_is_told(served: Served) -> None:
    ask(served, "fire-app", "safety", SEEN)
    told_is, day = fire(served), day_of_last(served)
    after, before = ((day + dt.timedelta(days=each)).isoformat() for each in (1, -1))
    assert told(served, "ann", s=day.isoformat(), u=day.isoformat()) == [told_is]
    assert told(served, "ann", s=after) == told(served, "ann", u=before) == []


@pytest.mark.parametrize("days", [{"s": "0001-01-01"}, {"u": "9999-12-31"}, {"s": "0001-01-01", "u": "9999-12-31"}])
def test_case_2_05_the_first_and_the_last_day_bound_nothing(served: Served, days: dict[str, str]) -> None:
    ask(served, "fire-app", "safety", SEEN)
    told_is = fire(served)
    assert told_is in told(served, "ann", **days)
    assert told(served, "ann", s="9999-12-31") == told(served, "ann", u="0001-01-01") == []


def test_aliases_and_typenames(served: Served) -> None:
    ask(served, "fire-app", "safety", SEEN)
    query = (
        f'{{ a: accessesOf(where: {{idNumber: {{eq: "{number("ann")}"}}}}) {{ __typename d: department }} '
        f'b: accessesOf(where: {{idNumber: {{eq: "{number("nobody")}"}}}}) {{ day }} }}'
    )
    assert ask(served, "resident-app", "self", query) == {"a": [{"__typename": "Access", "d": "fire"}], "b": None}


def test_it_waits_for_no_index_that_cannot_be_had(served: Served) -> None:
    (served.hub.settings.home / "audit.index.db").write_bytes(b"no index" * 1_000)
    response = served.ask(ASK, app="resident-app", purpose="self", variables={"p": number("ann")})
    assert (response.status_code, code_of(response)) == (503, "AUDIT_UNAVAILABLE")
    assert response.json().get("data") is None
