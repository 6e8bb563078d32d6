"""Values at the edge of what can be written or stored are answered or refused by name: never a fault, never lost."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from tests.support.small_graph import World, ask, policy, subject, with_graph

pytestmark = pytest.mark.property

POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}]
grants:
  - {id: g, to: {application: [app]}, for: [a], basis: law, rows: {Event: {}, Person: {}, Dwelling: {}, Building: {}},
     fields: {Event: clear, Person: clear, Dwelling: clear, Building: clear}}
"""
CHINA = dt.timezone(dt.timedelta(hours=8))
MOMENTS = [
    dt.datetime(1, 1, 2, tzinfo=CHINA),
    dt.datetime(2026, 6, 30, 8, tzinfo=CHINA),
    dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=CHINA),
    None,
]
TEXTS = ["短", "长" * 1_400, "长" * 1_400 + "尾", "长" * 25_000, "x" * 70_000, "😀" * 300, '"\\\n' * 200, None]
DAYS = [dt.date(1, 1, 1), dt.date(1900, 2, 28), dt.date(9999, 12, 31), None]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


@pytest.fixture(scope="module")
def address(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    nodes: dict[str, tuple[str, dict[str, Any]]] = {}
    for number, text in enumerate(TEXTS):
        moment = MOMENTS[number % len(MOMENTS)]
        nodes[f"e{number}"] = ("Event", {"number": f"E{number}", "text": text, "address": text, "reportedAt": moment})
    nodes |= {f"p{n}": ("Person", {"name": f"甲{n}", "birthDate": day}) for n, day in enumerate(DAYS)}
    nodes |= {"d": ("Dwelling", {"code": "D", "area": 60.5})}
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        World(nodes).load(writer)
    yield empty_graph


ZONES = ("Z", "+08:00", "+14:00", "-12:00", "+23:59", "-23:59", "+08:00:30")
TIMES = [f"{day}T{time}{zone}" for zone in ZONES for day, time in (
    ("0001-01-01", "00:00:00"), ("9999-12-31", "23:59:59.999999"), ("2024-02-29", "24:00:00"), ("1600-02-29", "00:00"),
)]  # fmt: skip
BAD_TIMES = ["10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-06-30T08:00:00+24:00", "2026-13-01T00:00:00Z", "0"]
DAYS_ASKED = ["0001-01-01", "9999-12-31", "10000-01-01", "0000-01-01", "2026-02-30", "-1", "1957-W09-5", "1" * 400]
FLOATS = ["1e308", "-1e308", "5e-324", "1e400", "-1e400", "0", "-0.0", "9" * 400, "1" + "0" * 5_000, "0." + "3" * 400]
STRINGS = ["\x00", "a\x00b", "\ufeff", "\uffff", "😀", "\u202e", "'", "\\", "x" * 10_000, "\x7f", " ", "\u3000"]
CONDITIONS = [
    *(("Event", f'{{reportedAt: {{{op}: "{time}"}}}}') for op in ("eq", "lt", "gte") for time in TIMES + BAD_TIMES),
    *(("Event", f'{{not: {{reportedAt: {{in: ["{time}"]}}}}}}') for time in TIMES[:4]),
    *(("Person", f'{{birthDate: {{{op}: "{day}"}}}}') for op in ("eq", "lt", "gte") for day in DAYS_ASKED),
    *(("Dwelling", f"{{area: {{{op}: {number}}}}}") for op in ("eq", "gt") for number in FLOATS),
    *(
        ("Building", f"{{floors: {{lt: {number}}}}}")
        for number in ("2147483647", "-2147483648", "2147483648", "9" * 5_000)
    ),
    *(("Person", f"{{name: {{{op}: {json.dumps(text)}}}}}") for op in ("eq", "startsWith") for text in STRINGS),
    *(("Person", f"{{phone: {{{op}: {json.dumps(text)}}}}}") for op in ("eq", "startsWith") for text in STRINGS),
]
PLURALS = {"Event": "events", "Person": "people", "Dwelling": "dwellings", "Building": "buildings"}


def test_case_2_05_extreme_values_of_a_filter_are_answered_or_refused(
    address: GraphAddress, policies: PolicySet
) -> None:
    async def work(graph: Graph) -> dict[str, str]:
        outcomes: dict[str, str] = {}
        for entity, condition in CONDITIONS:
            document = f"{{ {PLURALS[entity]}(where: {condition}) {{ edges {{ node {{ id }} }} }} }}"
            try:
                await ask(graph, policies, subject(policies, "app"), "a", document)
                outcomes[condition] = "OK"
            except AssertionError:
                outcomes[condition] = "VALIDATION"  # by graphql-core: the helper asserts that a document is valid
            except HubError as refusal:
                outcomes[condition] = str(refusal.code)
        return outcomes

    outcomes = with_graph(address, work)
    assert {key: code for key, code in outcomes.items() if code not in {"OK", "VALIDATION"}} == {}
    assert all(outcomes[f'{{reportedAt: {{lt: "{time}"}}}}'] == "OK" for time in TIMES if "24:00" not in time)
    assert all(outcomes[f'{{reportedAt: {{lt: "{time}"}}}}'] == "VALIDATION" for time in BAD_TIMES)


def test_case_2_05_the_first_and_the_last_moment_bound_everything(address: GraphAddress, policies: PolicySet) -> None:
    async def numbers(graph: Graph, condition: str) -> int:
        document = f"{{ events(where: {{reportedAt: {condition}}}) {{ edges {{ node {{ number }} }} }} }}"
        asked = await ask(graph, policies, subject(policies, "app"), "a", document)
        return len(asked.answer.data["events"]["edges"])

    async def work(graph: Graph) -> list[int]:
        conditions = (
            '{lte: "9999-12-31T23:59:59Z"}',
            '{gte: "0001-01-01T00:00:00+14:00"}',
            '{gt: "9999-12-31T23:59:59Z"}',
        )
        return [await numbers(graph, each) for each in conditions]

    stored = sum(MOMENTS[number % len(MOMENTS)] is not None for number in range(len(TEXTS)))
    assert with_graph(address, work) == [stored, stored, 0]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize(
    ("root", "keys", "size"),
    [
        ("events", ["text"], len(TEXTS)),
        ("events", ["address", "reportedAt"], len(TEXTS)),
        ("events", ["text", "address", "reportedAt", "number"], len(TEXTS)),
        ("events", ["reportedAt"], len(TEXTS)),
        ("people", ["birthDate"], len(DAYS)),
    ],
)
def test_case_2_11_pages_go_on_whatever_stands_in_the_sort_keys(
    address: GraphAddress, policies: PolicySet, root: str, keys: list[str], size: int, direction: str
) -> None:
    order = ", ".join(f"{{{key}: {direction}}}" for key in keys)
    shown = "number" if root == "events" else "name"
    page = f"{root}(first: 1, after: $c, orderBy: [{order}]) {{ edges {{ cursor node {{ {shown} }} }} }}"
    document = f"query($c: String) {{ {page} }}"

    async def work(graph: Graph) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            asked = await ask(graph, policies, subject(policies, "app"), "a", document, {"c": cursor})
            edges = asked.answer.data[root]["edges"]
            if not edges:
                return found
            cursor = edges[0]["cursor"]
            assert len(cursor) <= 4_096
            found.append(edges[0]["node"][shown])

    found = with_graph(address, work)
    assert len(found) == len(set(found)) == size


def test_case_2_11_a_page_is_sorted_by_four_keys_at_most(address: GraphAddress, policies: PolicySet) -> None:
    order = ", ".join(f"{{{key}: ASC}}" for key in ("number", "text", "address", "reportedAt", "status"))
    document = f"{{ events(orderBy: [{order}]) {{ edges {{ node {{ number }} }} }} }}"
    with pytest.raises(HubError, match="at most 4") as caught:
        with_graph(address, lambda graph: ask(graph, policies, subject(policies, "app"), "a", document))
    assert caught.value.code is Code.VALIDATION
