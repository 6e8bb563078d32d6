"""A cursor tells nothing outside its own list, and the words of a few cannot be had by taking counts from each other.

The reader pages through events; the counter counts words of texts that it may not read, for the county, for one grid,
and for all but that grid.
"""

from __future__ import annotations

import base64
from collections import Counter
from itertools import product

import pytest

from hub.errors import Code
from policies.model import PolicySet
from tests.support.inference_county import GRIDS, WORDS, Attacker, Truth
from tests.support.small_graph import policy

pytestmark = [pytest.mark.attack, pytest.mark.slow]

BASE, K = 10, 8
POLICY = f"""
purposes:
  - {{id: event, zh: 事件, en: Events}}
  - {{id: event.again, zh: 再, en: Again}}
  - {{id: voice, zh: 民意, en: Voice}}
applications:
  - {{id: reader, zh: 甲, en: Reader, department: grid, jurisdiction: 14/03/21/}}
  - {{id: other, zh: 乙, en: Other, department: fire, jurisdiction: 14/03/21/}}
  - {{id: counter, zh: 统计, en: Counter, department: stat, jurisdiction: 14/03/21/}}
grants:
  - id: events
    to: {{application: [reader, other]}}
    for: [event]
    basis: law
    rows: {{Event: {{}}, Person: {{}}}}
    fields: {{Event.kind: clear, Event.region: clear, Person.gender: clear}}
  - id: words
    to: {{application: [counter]}}
    for: [voice]
    basis: law
    contributors: {K}
    rounding: {BASE}
    rows: {{Event: {{}}}}
    fields: {{Event.text: aggregate, Event.region: aggregate, Event.kind: aggregate}}
"""
PAGE = "query($a: String) {{ {root}(first: 3, after: $a{arguments}) {{ edges {{ cursor node {{ id }} }} }} }}"
OTHERS = [
    ("reader", "event", "people", ""),
    ("reader", "event", "events", ", where: {kind: {eq: NOISE}}"),
    ("reader", "event", "events", ", orderBy: [{kind: ASC}]"),
    ("reader", "event.again", "events", ""),
    ("other", "event", "events", ""),
]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("cursors"), POLICY)


@pytest.mark.parametrize(("application", "purpose", "root", "arguments"), OTHERS, ids=str)
def test_a_cursor_is_of_no_use_in_another_list(
    truth: Truth, policies: PolicySet, application: str, purpose: str, root: str, arguments: str
) -> None:
    edges = Attacker(truth, policies, "reader", "event").ask(PAGE.format(root="events", arguments=""))["events"][
        "edges"
    ]
    other, document = Attacker(truth, policies, application, purpose), PAGE.format(root=root, arguments=arguments)
    assert other.ask(document)[root]["edges"]
    refusals = [other.refusal(document, {"a": edge["cursor"]}) for edge in edges]
    assert [each and each.code for each in refusals] == [Code.BAD_CURSOR] * 3


def test_a_cursor_holds_nothing_that_can_be_read(truth: Truth, policies: PolicySet) -> None:
    """Neither the value by which the list is sorted, nor the key of the node; of two alike, no part is alike."""
    reader = Attacker(truth, policies, "reader", "event")
    page = reader.ask(PAGE.format(root="events", arguments=", orderBy: [{kind: ASC}]"))["events"]["edges"]
    opened = [base64.urlsafe_b64decode(edge["cursor"] + "==") for edge in page]
    kinds = {each["kind"] for each in truth.of("Event").values()}
    assert not [kind for kind, content in product(kinds, opened) if kind.encode() in content]
    assert not [key for key in truth.by_sid if any(key.encode() in each for each in opened)]
    assert len({each[1:9] for each in opened}) == len(opened)


def shown(counter: Attacker, where: str = "") -> dict[str, int | None]:
    """The count of each word that is shown for these events."""
    document = f"{{ eventsAggregate(groupBy: [WORD]{where}) {{ word count }} }}"
    return {row["word"]: row["count"] for row in counter.ask(document)["eventsAggregate"]}


def test_what_few_said_in_one_grid_is_not_the_county_less_all_other_grids(truth: Truth, policies: PolicySet) -> None:
    """Each count lies within half a base of what is shown; a cell is recovered if one number alone is possible."""
    counter = Attacker(truth, policies, "counter", "voice")
    truly = Counter((each["region"], word) for each in truth.of("Event").values() for word in each["textWords"])
    whole = shown(counter)
    assert set(whole) == set(WORDS)
    recovered = hidden = 0
    for grid in GRIDS[:12]:
        rest = shown(counter, f', where: {{not: {{regionGrid: {{eq: "{grid}"}}}}}}')
        here = shown(counter, f', where: {{regionGrid: {{eq: "{grid}"}}}}')
        for word in WORDS:
            if here.get(word) is not None:
                continue
            hidden += 1
            all_of_it, others = whole[word], rest.get(word)
            if all_of_it is None or others is None:
                continue
            possible = {n for n in range(60) if abs(all_of_it - others - n) <= BASE // 2 * 2}
            assert truly[grid, word] in possible
            recovered += len(possible) == 1
    print(f"recovered {recovered} of {hidden} words of one grid that are not shown")
    assert hidden > 50
    assert recovered == 0
