"""Whole numbers cannot be guessed: few matches in an operation, few that find nobody in a day, and then none at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from policies.store import PolicyStore
from schema import SPINE
from tests.support.policy_stores import FILES, KEY, in_file
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import World

pytestmark = pytest.mark.attack

GRANTS = """
  - id: desk
    to: {application: [app]}
    for: [a, b]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    match: [Person.idNumber]
    obligations: {matchDailyCap: 1000000}
    accesses: true
"""
PURPOSES = "purposes: [{id: b, zh: 乙, en: B}]\n"
CAPPED = {"policy.yaml": FILES["policy.yaml"] + GRANTS.encode(), "more.yaml": PURPOSES.encode()}
HERE, FAR, NOBODY = "110101199003070011", "110101199003070054", "110101199003070097"
WORLD = World(
    {
        "here": ("Person", {"name": "安", "idNumber": HERE, "region": "14/01/"}),
        "far": ("Person", {"name": "远", "idNumber": FAR, "region": "14/02/"}),
    },
    [],
)
OF_PERSON, OF_APPLICATION = 4, 7


@pytest.fixture(scope="module")
def graph(empty_graph: GraphAddress) -> GraphAddress:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        WORLD.load(writer)
    return empty_graph


@contextmanager
def hubs(folder: Path, graph: GraphAddress, number: int) -> Iterator[list[Served]]:
    """Hubs that share one version store, as the workers of an installation do."""
    limits: dict[str, Any] = {"failed_matches": OF_PERSON, "failed_matches_of_application": OF_APPLICATION}
    with ExitStack() as stack:
        store = stack.enter_context(closing(PolicyStore(in_file(folder), KEY, SPINE)))
        store.make(lambda: CAPPED)
        yield [stack.enter_context(serving(folder / f"home{at}", graph, store=store, **limits)) for at in range(number)]


@pytest.fixture
def served(tmp_path: Path, graph: GraphAddress) -> Iterator[Served]:
    with hubs(tmp_path, graph, 1) as (only,):
        yield only


def query(numbers: Sequence[str], root: str = "people", shown: str = "{ edges { cursor } }") -> str:
    roots = (f'm{at}: {root}(where: {{idNumber: {{eq: "{each}"}}}}) {shown}' for at, each in enumerate(numbers))
    return f"{{ {' '.join(roots)} }}"


def codes(served: Served, *numbers: str, purpose: str = "a", person: str = "one") -> list[str]:
    return [code_of(served.ask(query([each]), app="app", purpose=purpose, person=person)) for each in numbers]


@pytest.mark.parametrize(("root", "shown"), [("people", "{ edges { cursor } }"), ("accessesOf", "{ day }")])
def test_case_1_07_few_matches_in_one_operation(served: Served, root: str, shown: str) -> None:
    asked = {number: query([HERE] * number, root, shown) for number in (5, 6, 80)}
    found = {number: served.ask(text, app="app", purpose="a") for number, text in asked.items()}
    assert {number: code_of(response) for number, response in found.items()} == {
        5: "OK",
        6: "COST_LIMIT",
        80: "COST_LIMIT",
    }
    assert "finds more than 5 people" in found[6].text


def test_case_1_07_matches_that_find_nobody_are_counted_and_then_none_is_answered(served: Served) -> None:
    """Found ones cost nothing, who lives elsewhere counts like nobody, and the refusal is the same whoever is there."""
    assert codes(served, HERE, NOBODY, HERE, FAR, HERE, HERE, HERE, HERE) == ["OK"] * 8
    assert code_of(served.ask(query([NOBODY, HERE, FAR]), app="app", purpose="a", person="one")) == "OK"
    refused = [served.ask(query([each]), app="app", purpose="a", person="one") for each in (HERE, FAR, NOBODY)]
    told = [each.json()["errors"][0] for each in refused]
    assert [(each.status_code, error["extensions"]["code"]) for each, error in zip(refused, told, strict=True)] == [
        (429, "DAILY_CAP")
    ] * 3
    assert len({error["message"] for error in told}) == 1
    assert f"name {OF_PERSON} people a day" in told[0]["message"]
    assert all(0 < int(each.headers["Retry-After"]) <= 90_000 for each in refused)
    assert codes(served, HERE, purpose="b") == ["DAILY_CAP"], "no purpose gives more guesses"
    assert code_of(served.ask(query([HERE], "accessesOf", "{ day }"), app="app", purpose="a", person="one")) == (
        "DAILY_CAP"
    )
    assert codes(served, HERE, person="two") == ["OK"], "a colleague works on"


def test_case_1_07_an_answer_that_would_pass_the_limit_is_not_told(served: Served) -> None:
    """Otherwise the last guesses would be free: a known wrong number beside each would tell whether it was right."""
    assert codes(served, *[NOBODY] * 3) == ["OK"] * 3
    both = served.ask(query([NOBODY, FAR]), app="app", purpose="a", person="one")
    assert (code_of(both), both.json().get("data")) == ("DAILY_CAP", None)
    assert codes(served, HERE, NOBODY) == ["DAILY_CAP"] * 2


def test_case_1_07_an_application_has_a_limit_of_its_own(served: Served) -> None:
    people = [codes(served, *[NOBODY] * 3, person=person) for person in ("one", "two", "three")]
    assert people == [["OK"] * 3, ["OK"] * 3, ["OK", "DAILY_CAP", "DAILY_CAP"]]
    assert "this application may name" in served.ask(query([HERE]), app="app", purpose="a", person="four").text


def test_case_1_07_hubs_that_share_a_store_share_the_limit(tmp_path: Path, graph: GraphAddress) -> None:
    """However many guess at once, no more wrong guesses are answered than one after the other."""
    with hubs(tmp_path, graph, 2) as both, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: codes(both[at % 2], NOBODY)[0], range(40)))
    assert sorted(found) == ["DAILY_CAP"] * (40 - OF_PERSON) + ["OK"] * OF_PERSON


def test_case_1_07_from_the_limit_on_the_graph_is_not_asked(tmp_path: Path, graph: GraphAddress) -> None:
    """The time that it takes would tell whether somebody was found. One of these hubs has no graph."""
    with (
        hubs(tmp_path, graph, 1) as (served,),
        closing(PolicyStore(in_file(tmp_path), KEY, SPINE)) as store,
        serving(tmp_path / "without", store=store, failed_matches=OF_PERSON) as without,
    ):
        assert codes(without, NOBODY) == ["GRAPH_UNAVAILABLE"], "which counts nothing"
        assert codes(served, *[NOBODY] * OF_PERSON) == ["OK"] * OF_PERSON
        assert codes(without, NOBODY) == ["DAILY_CAP"]


def test_case_1_07_what_cannot_be_counted_is_not_answered(tmp_path: Path, served: Served) -> None:
    (tmp_path / "policy.db").rename(tmp_path / "away")
    assert codes(served, HERE) == ["POLICY_UNAVAILABLE"]


def test_case_1_07_no_person_stands_in_the_counts(tmp_path: Path, served: Served) -> None:
    codes(served, NOBODY, person="CANARY-PERSON")
    assert not any(b"CANARY-PERSON" in path.read_bytes() for path in tmp_path.glob("policy.db*"))
