"""E: a free text under the mask `text` is cut wherever and however it is asked for, and cannot be taken apart."""

from __future__ import annotations

import json
import re

import pytest

from hub.errors import HubError
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from tests.support.attack_scene import HERE, Scene
from tests.support.oracle.free_texts import DETECTOR, OLDER, written
from tests.support.small_graph import Asked, World, policy

pytestmark = pytest.mark.attack
POLICY = """
purposes: [{id: call, zh: 電, en: Calls}, {id: voice, zh: 民意, en: Voice}]
applications: [{id: desk, zh: 台, en: Desk, department: grid, jurisdiction: 14/03/21/}]
grants:
  - id: calls
    to: {application: [desk]}
    for: [call]
    basis: law
    rows: {Event: {}, Person: {}, Region: {}}
    fields:
      Event.number: clear
      Event.text: {mask: "text(surname,phone4)"}
      Event.reporter: clear
      Event.grid: clear
      Person.reports: clear
      Region.events: clear
  - id: words
    to: {application: [desk]}
    for: [voice]
    basis: law
    contributors: 3
    rows: {Event: {}}
    fields: {Event.text: aggregate, Event.region: aggregate}
"""
SAID = written("<姓名|祁慧兰>称漏水，电话<电话|138-1174-0003>，补<电话|CANARY12>", "漏水")
SECRETS = ("慧兰", "1174", "CANARY")
SHOWN = "【姓祁】称漏水，电话【电话尾号0003】，补【电话】"
BESIDE = {"textSpans": SAID.stored, "textWords": ["漏水"], "textDetector": DETECTOR}


def _event(name: str, **more: object) -> tuple[str, dict[str, object]]:
    return "Event", {"number": name, "text": SAID.text, "region": HERE, **BESIDE, **more}


WORLD = World(
    nodes={
        **{name: _event(name) for name in ("E1", "E2", "E3")},
        "E4": _event("E4", textDetector=OLDER),
        "E5": _event("E5", textSpans=None),
        "E6": _event("E6", textWords=["CANARY"]),
        **{f"P{number}": ("Person", {"name": f"P{number}", "region": HERE}) for number in range(1, 7)},
        "grid": ("Region", {"code": "001", "level": "GRID", "region": HERE}),
    },
    edges=[
        *((f"E{number}", "reporter", f"P{number}") for number in range(1, 7)),
        *((f"E{number}", "grid", "grid") for number in range(1, 7)),
    ],
)


@pytest.fixture(scope="module")
def said(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        WORLD.load(writer)
    return Scene(empty_graph, policy(tmp_path_factory.mktemp("said"), POLICY))


def told(asked: Asked) -> str:
    return json.dumps([asked.answer.data, [each.public_message for each in asked.answer.errors]], ensure_ascii=False)


@pytest.mark.parametrize(
    "document",
    [
        "{ events { edges { node { text } } } }",
        "{ events { edges { node { a: text b: text ... on Event { c: text } } } } }",
        "{ events { edges { node { ...f } } } } fragment f on Event { number ... on Node { ...g } } "
        "fragment g on Event { text }",
        "{ people { edges { node { reports(first: 5) { text } } } } }",
        "{ regions { edges { node { events(first: 9, orderBy: [{number: DESC}]) { text reporter { reports { text } } } "
        "} } } }",
        "query($y: Boolean! = true) { events { edges { node { text @include(if: $y) t: text @skip(if: false) } } } }",
    ],
)
def test_e01_a_text_is_cut_by_any_path(said: Scene, document: str) -> None:
    answer = told(said.ask("desk", "call", document))
    assert not [each for each in SECRETS if each in answer]
    assert SHOWN in answer
    assert '"***"' in answer


def test_e08_a_number_or_name_too_short_leaves_no_part(said: Scene) -> None:
    shown = re.findall("【[^】]*】", told(said.ask("desk", "call", "{ events { edges { node { text } } } }")))
    assert set(shown) == {"【姓祁】", "【电话尾号0003】", "【电话】"}


@pytest.mark.parametrize("purpose", ["call", "voice"])
@pytest.mark.parametrize(
    "arguments",
    [
        'where: {text: {startsWith: "祁"}}',
        'where: {text: {eq: "祁慧兰称漏水"}}',
        'where: {text: {in: ["祁慧兰"]}}',
        "where: {text: {isNull: false}}",
        'where: {not: {text: {startsWith: "【姓祁】"}}}',
        "orderBy: [{text: ASC}]",
    ],
)
def test_e12_a_masked_text_is_not_taken_apart_by_filter_or_order(said: Scene, purpose: str, arguments: str) -> None:
    nodes = "edges { node { number } }" if purpose == "call" else "count"
    root = "events" if purpose == "call" else "eventsAggregate"
    if root == "eventsAggregate" and "orderBy" in arguments:
        root, nodes = "events", "edges { node { number } }"
        assert said.ask("desk", purpose, f"{{ {root}({arguments}) {{ {nodes} }} }}").codes == ["FIELD_DENIED"]
        return
    with pytest.raises(HubError) as refused:
        said.ask("desk", purpose, f"{{ {root}({arguments}) {{ {nodes} }} }}")
    assert refused.value.code == "FIELD_NOT_FILTERABLE"
    assert not [each for each in SECRETS if each in refused.value.public_message]


def test_e16_words_are_counted_after_what_is_personal_is_out(said: Scene) -> None:
    rows = said.ask("desk", "voice", "{ eventsAggregate(groupBy: [WORD]) { word count } }").answer.data
    # Those of E4 and E5 were found by nobody who is trusted, and one person alone said E6's.
    assert rows == {"eventsAggregate": [{"word": "漏水", "count": 3}]}
