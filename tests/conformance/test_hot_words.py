"""Hot words tell what many people say, and nothing that few, or mostly one of them, said (semantics 10)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import parse, validate

from hub.errors import Code, HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.request.respond import Answer, respond
from policies.aggregate import MAX_WORDS, frequent_words
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import SCHEMA, SEALS, World, compiled, denial_errors, policy, prepare, subject

pytestmark = pytest.mark.conformance

NOW, BEFORE = "detector-now", "detector-before"
K = 3
POLICY = f"""
purposes:
  - {{id: v, zh: 民意, en: Voice}}
  - {{id: v.rough, zh: 約數, en: Rough, rounding: 5}}
  - {{id: v.here, zh: 本地, en: Here only}}
  - {{id: n, zh: 無, en: None}}
applications: [{{id: app, zh: 應用, en: App, department: hotline, jurisdiction: 14/}}]
grants:
  - id: hot-words
    to: {{application: [app]}}
    for: [v]
    basis: law
    contributors: {K}
    rows: {{Event: {{region: {{startsWith: $subject.jurisdiction}}}}}}
    fields: {{Event.text: aggregate, Event.region: aggregate, Event.kind: aggregate}}
  - id: no-words
    to: {{application: [app]}}
    for: [n]
    basis: law
    rows: {{Event: {{}}}}
    fields: {{Event.kind: aggregate}}
"""
HERE, THERE = "14/03/21/001/001/001/", "14/03/21/002/001/001/"
# Each event: who reported it, where, and the words beside its text.
EVENTS: list[tuple[str | None, str, list[str], str | None]] = [
    ("p1", HERE, ["噪音", "烧烤", "油烟"], NOW),
    ("p2", HERE, ["噪音", "烧烤"], NOW),
    ("p3", HERE, ["噪音", "油烟"], NOW),
    ("p4", THERE, ["噪音", "烧烤"], NOW),
    # 路灯: two people only. 停车: three people, but one of them said it in four of six.
    ("p1", HERE, ["路灯"], NOW),
    ("p2", HERE, ["路灯"], NOW),
    *(("p5", THERE, ["停车"], NOW),) * 4,
    ("p6", THERE, ["停车"], NOW),
    ("p7", THERE, ["停车"], NOW),
    # 漏水: three people found by the detector of yesterday, and one text that no detector has read.
    *((f"p{number}", HERE, ["漏水"], BEFORE) for number in (1, 2, 3)),
    ("p4", HERE, ["漏水"], None),
    # 井盖: four people, one of them outside the jurisdiction, one who is nobody's.
    *((f"p{number}", HERE, ["井盖"], NOW) for number in (1, 2)),
    ("p3", "15/01/", ["井盖"], NOW),
    (None, HERE, ["井盖"], NOW),
]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("hot-words"), POLICY)


@pytest.fixture(scope="module")
def loaded(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    made = World({f"p{number}": ("Person", {"name": "甲"}) for number in range(1, 8)})
    for level, path in (("STREET", "14/03/21/001/"), ("STREET", "14/03/21/002/")):
        made.nodes[path] = ("Region", {"code": path, "level": level, "region": path})
    for number, (reporter, region, words, detector) in enumerate(EVENTS):
        beside = {"text": "，".join(words), "textSpans": [], "textWords": words, "textDetector": detector}
        made.nodes[f"e{number}"] = ("Event", {"kind": "NOISE", "region": region, **beside})
        if reporter:
            made.edges.append((f"e{number}", "reporter", reporter))
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        made.load(writer)
    yield empty_graph


def asked(address: GraphAddress, policies: PolicySet, document: str, purpose: str = "v", detector: str = NOW) -> Answer:
    planned, _ = prepare(policies, subject(policies, "app"), purpose, document)
    statement = compiled(planned, detector)
    assert statement is not None

    async def run() -> list[dict[str, Any]]:
        graph = Graph(address.url, address.user, address.password)
        try:
            return await graph.fetch(statement.text, statement.parameters, deadline_seconds=30, byte_cap=1_000_000)
        finally:
            await graph.close()

    (row,) = asyncio.run(run())
    return respond(planned, row, {}, SPINE, SEALS, denial_errors(policies, planned), 1_000_000)


WORDS = "{ eventsAggregate(groupBy: [WORD]) { word count } }"


def words(answer: Answer) -> list[tuple[str, int]]:
    return [(each["word"], each["count"]) for each in answer.data["eventsAggregate"]]


def test_a_word_of_enough_people_is_told_the_most_frequent_first(loaded: GraphAddress, policies: PolicySet) -> None:
    answer = asked(loaded, policies, WORDS)
    # Below k, dominated, of another detector, outside the jurisdiction: absent, and nothing says that they are.
    assert words(answer) == [("噪音", 4), ("烧烤", 3)]
    assert answer.errors == ()


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("油烟", "two people"),
        ("路灯", "two people"),
        ("停车", "one person said it more often than all others together"),
        ("漏水", "found by another detector, or by none"),
        ("井盖", "two people of the jurisdiction, and a caller whom nobody knows"),
    ],
)
def test_a_word_that_may_not_be_told_is_absent(loaded: GraphAddress, policies: PolicySet, word: str, why: str) -> None:
    assert word not in dict(words(asked(loaded, policies, WORDS))), why


def test_texts_of_an_old_detector_count_again_once_they_are_read_anew(
    loaded: GraphAddress, policies: PolicySet
) -> None:
    assert words(asked(loaded, policies, WORDS, detector=BEFORE)) == [("漏水", 3)]
    assert words(asked(loaded, policies, WORDS, detector="")) == []


def test_counts_of_words_are_rounded_in_the_database(loaded: GraphAddress, policies: PolicySet) -> None:
    # Rounded to 5 both are as frequent: then the word decides.
    assert words(asked(loaded, policies, WORDS, "v.rough")) == [("噪音", 5), ("烧烤", 5)]


def test_words_by_street_are_told_street_by_street(loaded: GraphAddress, policies: PolicySet) -> None:
    document = "{ eventsAggregate(groupBy: [WORD, REGION_STREET]) { word regionStreet count } }"
    found = asked(loaded, policies, document).data["eventsAggregate"]
    assert found == [{"word": "噪音", "regionStreet": "14/03/21/001/", "count": 3}]


def test_words_within_a_street_are_counted_within_it(loaded: GraphAddress, policies: PolicySet) -> None:
    document = '{ eventsAggregate(where: {regionStreet: {eq: "14/03/21/001/"}}, groupBy: [WORD]) { word count } }'
    assert words(asked(loaded, policies, document)) == [("噪音", 3)]


@pytest.mark.parametrize("where", ['word: {eq: "停车"}', 'word: {in: ["停车"]}', "words: {isNull: false}"])
def test_no_filter_on_a_word_exists(where: str) -> None:
    document = f"{{ eventsAggregate(where: {{{where}}}, groupBy: [KIND]) {{ kind count }} }}"
    assert [each for each in validate(SCHEMA, parse(document)) if "unknown field" in each.message]


def test_a_filter_on_the_text_is_refused(policies: PolicySet) -> None:
    document = '{ eventsAggregate(where: {text: {startsWith: "停"}}, groupBy: [WORD]) { word count } }'
    with pytest.raises(HubError) as refused:
        prepare(policies, subject(policies, "app"), "v", document)
    assert refused.value.code is Code.FIELD_NOT_FILTERABLE


def test_words_need_a_grant_of_their_own(policies: PolicySet) -> None:
    with pytest.raises(HubError) as refused:
        prepare(policies, subject(policies, "app"), "n", WORDS)
    assert refused.value.code is Code.FIELD_NOT_FILTERABLE


def test_at_most_two_hundred_words_are_listed_in_a_fixed_order() -> None:
    counted = {(f"w{number:03}",): number // 2 for number in range(2 * MAX_WORDS)}
    found = frequent_words(counted)
    assert len(found) == MAX_WORDS
    assert [count for _, count in found] == sorted(counted.values(), reverse=True)[:MAX_WORDS]
    assert found[:3] == [(("w398",), 199), (("w399",), 199), (("w396",), 198)]
    assert frequent_words(dict(reversed(counted.items()))) == found
