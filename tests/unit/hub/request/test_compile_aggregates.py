"""An aggregate's cell is what its definition says, in Python and in the statement: threshold, dominance, rounding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from policies.aggregate import MAX_CELLS, cell, cells, domain, one_subject, rounded
from policies.masking import AGE_BANDS
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import Asked, World, ask, policy, prepare, subject, with_graph

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("count", "base", "shown"),
    [
        *((0, 5, 0), (2, 5, 0), (3, 5, 5), (7, 5, 5), (8, 5, 10), (4, 10, 0), (5, 10, 10), (14, 10, 10), (15, 10, 20)),
        *((7, 1, 7), (1, 2, 2), (2, 2, 2), (3, 2, 4), (10**12 + 1, 3, 10**12 + 2)),
    ],
)
def test_rounding_goes_to_the_nearest_multiple_halves_up(count: int, base: int, shown: int) -> None:
    assert rounded(count, base) == shown


def rows(*shares: int) -> list[set[str]]:
    """As many rows as the shares say, each person's own; the first share is of rows about nobody."""
    return [{f"p{person}"} if person else set() for person, share in enumerate(shares) for _ in range(share)]


@pytest.mark.parametrize(
    ("shares", "contributors", "base", "shown"),
    [
        ((0, 1, 1), 3, 1, None),
        ((0, 1, 1, 1), 3, 1, 3),
        ((9, 1, 1), 3, 1, None),
        ((9, 1, 1, 1), 3, 1, 12),
        ((0, 2, 1, 1), 3, 1, 4),
        ((0, 3, 1, 1), 3, 1, None),
        ((1, 3, 1, 1), 3, 1, 6),
        ((0, 3, 1, 1, 1), 3, 5, 5),
        ((), 2, 1, None),
    ],
)
def test_a_cell_needs_enough_people_none_of_whom_is_most_of_it(
    shares: tuple[int, ...], contributors: int, base: int, shown: int | None
) -> None:
    assert cell(rows(*shares), contributors, base, single=True) == shown


def test_which_types_tell_about_one_other_person() -> None:
    assert [entity.name for entity in SPINE if one_subject(SPINE, entity)] == ["Unit", "Event"]


def test_a_row_about_several_people_is_dominated_by_none_of_them() -> None:
    assert cell([{"a", "b"}, {"a", "c"}], 3, 1, single=False) == 2


def test_a_domain_is_the_same_whatever_was_counted() -> None:
    person, dwelling = SPINE.entity("Person"), SPINE.entity("Dwelling")
    assert domain(*person.bucket("ageBand"), None) == AGE_BANDS
    assert domain(*person.bucket("gender"), None) == ("MALE", "FEMALE")
    street = next(bucket.name for _, bucket in dwelling.buckets() if bucket.level == "STREET")
    assert domain(*dwelling.bucket(street), ["14/", "15/"]) == ("14/", "15/")
    assert cells([("a", "b"), (1,)], {("b", 1): 12, ("z", 1): 10}) == [(("a", 1), None), (("b", 1), 12), (("z", 1), 10)]
    assert cells([range(MAX_CELLS)], {}) is not None
    assert cells([range(MAX_CELLS), (0, 1)], {}) is None


POLICY = """
purposes:
  - {id: a, zh: 甲, en: A}
  - {id: a.careful, zh: 乙, en: B, contributors: 4, rounding: 10}
  - {id: b, zh: 丙, en: C}
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}]
grants:
  - id: counts
    to: {application: [app]}
    for: [a]
    basis: law
    contributors: 3
    rounding: 2
    rows: {Person: {}, Event: {}}
    fields: {Person: aggregate, Event: aggregate}
  - id: narrow
    to: {application: [app]}
    for: [a]
    basis: law
    contributors: 2
    rounding: 1
    buckets: 1
    rows: {Dwelling: {}, Event: {}}
    fields: {Dwelling: aggregate, Event: aggregate}
  - id: usage-here
    to: {application: [app]}
    for: [b]
    basis: law
    contributors: 3
    rows: {Dwelling: {region: {startsWith: 14/01/}}}
    fields: {Dwelling.usage: aggregate}
  - id: only-how-many-there
    to: {application: [app]}
    for: [b]
    basis: law
    contributors: 3
    rows: {Dwelling: {region: {startsWith: 14/02/}}}
    fields: {Dwelling.region: aggregate}
"""

# NOISE: 3 reporters, 5 events; LEAK: one of three reporters has 3 of 5; DISPUTE: the same, but 6 rows; OTHER: 2 people.
REPORTS: dict[str, list[str | None]] = {
    "NOISE": ["p1", "p1", "p2", "p2", "p3"],
    "LEAK": ["p1", "p1", "p1", "p2", "p3"],
    "DISPUTE": ["p1", "p1", "p1", "p2", "p3", None],
    "OTHER": ["p1", "p2"],
}


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("aggregates"), POLICY)


@pytest.fixture(scope="module")
def loaded(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    made = World({f"p{n}": ("Person", {"gender": "FEMALE" if n < 8 else "MALE"}) for n in range(1, 10)})
    for kind, reporters in REPORTS.items():
        for number, reporter in enumerate(reporters):
            name = f"{kind}-{number}"
            made.nodes[name] = ("Event", {"kind": kind})
            if reporter:
                made.edges.append((name, "reporter", reporter))
    for number in range(1, 7):
        place = "14/01/" if number < 4 else "14/02/"
        made.nodes[f"d{number}"] = ("Dwelling", {"usage": "RENTED", "region": place})
        made.edges.append((f"p{number}", "dwellings", f"d{number}"))
    made.edges.append(made.edges[0])  # two records that assert the same report are one
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        made.load(writer)
    yield empty_graph


def counted(address: GraphAddress, policies: PolicySet, purpose: str, document: str) -> dict[Any, Any]:
    """Count by bucket of the document's only root."""

    ((_, found),) = asked(address, policies, purpose, document).answer.data.items()
    return {each.get("bucket"): each["count"] for each in found}


def asked(address: GraphAddress, policies: PolicySet, purpose: str, document: str, sub: str = "tester") -> Asked:
    """What `sub` gets for a document."""
    who = subject(policies, "app", sub)
    return with_graph(address, lambda graph: ask(graph, policies, who, purpose, document))


@pytest.mark.parametrize(
    ("purpose", "document", "shown"),
    [
        ("a", "{ peopleAggregate(groupBy: [GENDER]) { bucket: gender count } }", {"FEMALE": 8, "MALE": None}),
        ("a.careful", "{ peopleAggregate(groupBy: [GENDER]) { bucket: gender count } }", {"FEMALE": 10, "MALE": None}),
        ("a", "{ peopleAggregate { count } }", {None: 10}),
        ("a.careful", "{ peopleAggregate { count } }", {None: 10}),
        ("a", "{ eventsAggregate { count } }", {None: 18}),
        ("a.careful", "{ eventsAggregate { count } }", {None: None}),
        # Six dwellings are rented; of three of them that may not be counted by.
        ("b", "{ dwellingsAggregate { count } }", {None: 6}),
        ("b", "{ dwellingsAggregate(where: {usage: {eq: RENTED}}) { count } }", {None: 3}),
        (
            "b",
            "{ dwellingsAggregate(groupBy: [USAGE]) { bucket: usage count } }",
            dict.fromkeys(SPINE.entity("Dwelling").field("usage").values) | {"RENTED": 3, None: 3},
        ),
    ],
)
def test_the_statement_counts_as_defined(
    loaded: GraphAddress, policies: PolicySet, purpose: str, document: str, shown: dict[Any, Any]
) -> None:
    assert counted(loaded, policies, purpose, document) == shown


def test_a_cell_that_is_mostly_one_reporter_is_withheld(loaded: GraphAddress, policies: PolicySet) -> None:
    found = counted(loaded, policies, "a", "{ eventsAggregate(groupBy: [KIND]) { bucket: kind count } }")
    assert found == {kind: None for kind in SPINE.entity("Event").field("kind").values} | {"NOISE": 6, "DISPUTE": 6}
    defined = {
        kind: cell([{each} if each else set() for each in reporters], 3, 2, single=True)
        for kind, reporters in REPORTS.items()
    }
    assert {kind: found[kind] for kind in REPORTS} == defined


PAGES = "{{ eventsAggregate(groupBy: [{by}]{arguments}) {{ kind status count cursor }} }}"


def page(address: GraphAddress, policies: PolicySet, arguments: str, by: str = "KIND", sub: str = "tester") -> Asked:
    """A page of the events by kind, or by another bucket."""
    return asked(address, policies, "a", PAGES.format(by=by, arguments=arguments), sub)


def shown(answered: Asked) -> list[tuple[str | None, int | None]]:
    """Kind and count of each cell."""
    return [(each["kind"], each["count"]) for each in answered.answer.data["eventsAggregate"]]


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_the_pages_of_a_grouping_are_the_whole_of_it(loaded: GraphAddress, policies: PolicySet, size: int) -> None:
    found: list[tuple[str | None, int | None]] = []
    arguments = f", first: {size}"
    while cells := page(loaded, policies, arguments).answer.data["eventsAggregate"]:
        assert len(cells) <= size
        found += [(each["kind"], each["count"]) for each in cells]
        arguments = f', first: {size}, after: "{cells[-1]["cursor"]}"'
    assert found == shown(page(loaded, policies, ""))
    assert len(found) > 3


def test_a_large_grouping_is_asked_for_in_pages(
    loaded: GraphAddress, policies: PolicySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.request.respond.PAGE_CELLS", 3)
    monkeypatch.setattr("hub.request.plan.PAGE_CELLS", 3)
    with pytest.raises(HubError, match=r"`first: 3`, then `after` with the `cursor` of the last row") as refused:
        page(loaded, policies, "")
    assert refused.value.code is Code.COST_LIMIT
    first = page(loaded, policies, ", first: 3").answer.data["eventsAggregate"]
    # Without `first`, a page after a cell is as long as it may be.
    assert len(shown(page(loaded, policies, f', after: "{first[-1]["cursor"]}"'))) == len(first) == 3
    with pytest.raises(HubError, match="first takes 0 to 3") as too_long:
        page(loaded, policies, ", first: 4")
    assert too_long.value.code is Code.VALIDATION


def test_what_is_withheld_is_told_of_the_page_that_has_it(loaded: GraphAddress, policies: PolicySet) -> None:
    withheld = [page(loaded, policies, f", first: {size}").codes for size in (0, 1_000)]
    assert withheld == [[], [Code.SUPPRESSED]]


def test_a_cursor_of_cells_is_of_one_question(loaded: GraphAddress, policies: PolicySet) -> None:
    cursor = page(loaded, policies, ", first: 1").answer.data["eventsAggregate"][0]["cursor"]
    after = f', after: "{cursor}"'
    assert shown(page(loaded, policies, after))
    others = [(", where: {kind: {eq: NOISE}}" + after, "KIND", "tester"), (after, "STATUS", "tester")]
    for arguments, by, sub in [*others, (after, "KIND", "another"), (', after: "x"', "KIND", "tester")]:
        with pytest.raises(HubError) as refused:
            page(loaded, policies, arguments, by, sub)
        assert refused.value.code is Code.BAD_CURSOR


def test_an_exact_count_is_not_in_what_the_database_returns(policies: PolicySet) -> None:
    _, statement = prepare(policies, subject(policies, "app"), "a.careful", "{ peopleAggregate { count } }")
    assert statement is not None
    returned = statement.text[statement.text.index("RETURN {rows") :]
    (base,) = [name for name, value in statement.parameters.items() if value == 10]
    assert f"[(amount + ${base} / 2) / ${base} * ${base}]" in returned
    assert returned.count("amount") == 1


@pytest.mark.parametrize(
    ("document", "limit"),
    [
        ("{ eventsAggregate(groupBy: [KIND, STATUS]) { count } }", "at most 1 buckets of Event"),
        ("{ peopleAggregate(groupBy: [GENDER, RESIDENCY, AGE_BAND]) { count } }", "at most 2 buckets of Person"),
    ],
)
def test_more_buckets_than_granted_are_refused(policies: PolicySet, document: str, limit: str) -> None:
    with pytest.raises(HubError) as refused:
        prepare(policies, subject(policies, "app"), "a", document)
    assert refused.value.code is Code.COST_LIMIT
    assert limit in refused.value.public_message
