"""A steward sees no row: so what a rule would show is counted in a way that tells of no single person."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.steward.estimate import Estimate, estimate_fields
from hub.steward.recorded_replay import estimates_of
from policies.decide import decide
from policies.model import PolicySet
from schema import SPINE
from tests.support.replay_policies import CURRENT, EVERYTHING
from tests.support.small_graph import TODAY, World, policy, subject

pytestmark = pytest.mark.attack

THERE, ABSENT = "140321195703129022", "140321195703129030"
KNOWN = [f"14032119600101{number:04}" for number in range(9)]
"""Nine people of whom whoever guesses knows that they are there."""
LISTED = ", ".join(f"'{number}'" for number in KNOWN)


@pytest.fixture(scope="module")
def graph(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    """Twenty-three people, one of whom is meant."""
    others = [*KNOWN, *(f"14032119700101{number:04}" for number in range(13))]
    people = {
        f"p{at}": ("Person", {"idNumber": number, "name": f"石{at}", "gender": "MALE", "region": "14/01/"})
        for at, number in enumerate([THERE, *others])
    }
    world = World({"d": ("Dwelling", {"code": "D1", "region": "14/01/"}), **people}, [("p0", "dwellings", "d")])
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        world.load(writer)
    yield empty_graph


def of_rows(folder: Path, rows: str) -> PolicySet:
    return policy(folder, CURRENT.replace(EVERYTHING, f"rows: {{Person: {rows}, Dwelling: {{}}, Event: {{}}}}"))


def told(graph: GraphAddress, folder: Path, rows: str) -> set[tuple[str, str, int | None, int | None, bool]]:
    """What is counted of a draft, for somebody whose rule showed no people so far."""
    nobody = of_rows(folder / "nobody", "{and: [{gender: {eq: MALE}}, {gender: {eq: FEMALE}}]}")
    settings = Settings.load(home=folder / "home")
    found = estimates_of(settings, graph, nobody, of_rows(folder / "draft", rows), TODAY)
    return {(each.purpose, each.entity, each.appear, each.vanish, each.pointed) for each in found}


@pytest.mark.parametrize(
    "rows",
    [
        "{idNumber: {eq: '$'}}",
        f"{{idNumber: {{in: ['$', {LISTED}]}}}}",
        f"{{or: [{{idNumber: {{eq: '$'}}}}, {{idNumber: {{in: [{LISTED}]}}}}]}}",
        "{not: {idNumber: {eq: '$'}}}",
        "{gender: {eq: MALE}, not: {not: {idNumber: {startsWith: '$'}}}}",
        "{dwellings: {some: {residents: {some: {idNumber: {eq: '$'}}}}}}",
        "{dwellings: {none: {residents: {some: {idNumber: {eq: '$'}}}}}}",
    ],
)
def test_a_count_tells_not_whether_a_person_is_there(rows: str, graph: GraphAddress, tmp_path: Path) -> None:
    there, absent = (told(graph, tmp_path / number, rows.replace("$", number)) for number in (THERE, ABSENT))
    assert there == absent
    assert {(each[1], each[4]) for each in there} == {("Person", True)}


@pytest.mark.parametrize(
    "rows", ["{birthDate: {eq: 1957-03-12}}", "{name: {eq: 石0}}", "{dwellings: {some: {code: {eq: D1}}}}"]
)
def test_what_points_at_a_person_is_not_counted(rows: str, graph: GraphAddress, tmp_path: Path) -> None:
    assert {each[2:] for each in told(graph, tmp_path, rows)} == {(None, None, True)}


def test_none_is_told_like_few_and_many_in_tens(graph: GraphAddress, tmp_path: Path) -> None:
    few = told(graph, tmp_path / "few", "{gender: {eq: MALE}, dwellings: {some: {region: {startsWith: 14/01/}}}}")
    none = told(graph, tmp_path / "none", "{gender: {eq: FEMALE}, dwellings: {some: {region: {startsWith: 14/01/}}}}")
    many = told(graph, tmp_path / "many", "{gender: {eq: MALE}, region: {startsWith: 14/01/}}")
    assert few == none
    assert {each[2:] for each in few} == {(None, None, False)}
    assert {each[2:] for each in many} == {(20, None, False)}, "twenty-three"


def of_mask(folder: Path, mask: str, rows: str) -> PolicySet:
    text = CURRENT.replace(EVERYTHING, f"rows: {{Person: {rows}, Dwelling: {{}}, Event: {{}}}}")
    return policy(folder, text.replace('Person.phone: {mask: "partial(3,4)"}', f"Person.phone: {{mask: {mask}}}"))


def told_of_masks(graph: GraphAddress, folder: Path, rows: str) -> set[tuple[str, int | None, bool]]:
    """What is counted where one mask becomes another on the same rows."""
    one, other = (of_mask(folder / mask, mask, rows) for mask in ("redact", "'partial(3,4)'"))

    async def counted() -> list[Estimate]:
        asked = Graph(graph.url, graph.user, graph.password)
        try:
            before, after = (decide(SPINE, each, subject(each, "app"), "a", TODAY) for each in (one, other))
            return await estimate_fields(asked, SPINE, before, after, 20.0)
        finally:
            await asked.close()

    return {(each.entity, each.other, each.pointed) for each in asyncio.run(counted())}


def test_another_mask_is_counted_in_tens_and_not_where_the_rows_point_at_a_person(
    graph: GraphAddress, tmp_path: Path
) -> None:
    assert told_of_masks(graph, tmp_path / "all", "{gender: {eq: MALE}}") == {("Person", 20, False)}
    assert told_of_masks(graph, tmp_path / "few", "{dwellings: {some: {}}}") == {("Person", None, False)}
    assert told_of_masks(graph, tmp_path / "none", "{gender: {eq: FEMALE}}") == {("Person", None, False)}
    assert told_of_masks(graph, tmp_path / "one", f"{{idNumber: {{eq: '{THERE}'}}}}") == {("Person", None, True)}


def test_ages_may_be_counted(graph: GraphAddress, tmp_path: Path) -> None:
    found = told(graph, tmp_path, "{birthDate: {lte: $today - 60y}}")
    assert {each[2:] for each in found} == {(None, None, False)}, "a rule by age points at nobody"
