"""What counts alone still tell about one person, however small cells are withheld and counts rounded (D02, D05).

An attacker who may only count knows where somebody lives, his age band and sex, and that nobody else there shares them.
He wants to know one thing more: is this person a lodger? Each attack asks for two sets that differ by that person at
most, and reasons from what is shown, with intervals where counts are rounded or withheld, so that "derived" means
certain. Run `pytest tests/attacks/test_tracker.py -s` for the table; docs/policy-language.md holds it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.masking import AGE_BANDS, age_band
from policies.model import PolicySet
from tests.support.small_graph import TODAY, World, ask, policy, subject

pytestmark = [pytest.mark.attack, pytest.mark.slow]

SEED, PEOPLE, TARGETS = 20260630, 400, 12
GRIDS = tuple(f"14/03/21/001/001/{number:03}/" for number in range(1, 13))
SEXES = ("MALE", "FEMALE")
SETTINGS = ((2, 1), (10, 1), (10, 5), (10, 10), (20, 20))
"""Contributor threshold k and rounding base."""

POLICY = """
purposes: [{{id: stat, zh: 统计, en: Statistics}}]
applications: [{{id: app, zh: 统计, en: Statistics, department: statistics, jurisdiction: 14/}}]
grants:
  - id: counts
    to: {{application: [app]}}
    for: [stat]
    basis: law
    contributors: {contributors}
    rounding: {base}
    rows: {{Person: {{}}}}
    fields: {{Person: aggregate}}
  - id: dwellings
    to: {{application: [app]}}
    for: [stat]
    basis: law
    contributors: {contributors}
    rounding: {base}
    rows: {{Person: {{region: {{startsWith: 15/}}}}, Dwelling: {{}}}}
    fields: {{Person.dwellings: clear, Dwelling.roomNo: clear}}
"""

Where = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """Sets whose sizes, `plus` added and `minus` taken away, make 1 if the target is a lodger and 0 if not."""

    attack: str
    plus: tuple[Where, ...]
    minus: tuple[Where, ...]


@dataclass(frozen=True)
class Target:
    """What the attacker knows of a person, and what he wants to know."""

    name: str
    grid: str
    band: str
    sex: str
    lodger: bool


def county(rng: random.Random) -> World:
    """People, each alone in a dwelling of his own."""
    made = World()
    for number in range(PEOPLE):
        person = {
            "region": rng.choice(GRIDS),
            "gender": rng.choice(SEXES),
            "birthDate": dt.date(2026 - rng.randrange(5, 95), 1, 1),
            "residency": rng.choice(("PERMANENT", "PERMANENT", "MIGRANT", "LODGER")),
        }
        made.nodes[f"p{number}"] = ("Person", person)
        made.nodes[f"d{number}"] = ("Dwelling", {"roomNo": f"room-{number}"})
        made.edges.append((f"p{number}", "dwellings", f"d{number}"))
    return made


def targets(made: World) -> list[Target]:
    """People whom grid, age band and sex single out: half of them lodgers, half not."""
    known: dict[tuple[str, str, str], list[Target]] = {}
    for name, (entity, person) in made.nodes.items():
        if entity == "Person":
            band = age_band(person["birthDate"], TODAY) or ""
            key = (person["region"], band, person["gender"])
            known.setdefault(key, []).append(Target(name, *key, person["residency"] == "LODGER"))
    alone = [found[0] for found in known.values() if len(found) == 1]
    halves = ([each for each in alone if each.lodger is lodger][: TARGETS // 2] for lodger in (True, False))
    return list(chain.from_iterable(halves))


LODGER: Where = {"residency": {"eq": "LODGER"}}
EVERYONE: Where = {}


def both(*parts: Where) -> Where:
    return {"and": list(parts)}


def either(*parts: Where) -> Where:
    return {"or": list(parts)}


def band(*names: str) -> Where:
    return {"ageBand": {"in": list(names)}}


def grid(*paths: str) -> Where:
    return {"regionGrid": {"in": list(paths)}}


def sex(name: str) -> Where:
    return {"gender": {"eq": name}}


def questions(target: Target) -> Iterator[Question]:
    """Each attack on one person."""
    person = both(grid(target.grid), band(target.band), sex(target.sex))
    others: Where = {"not": person}
    wanted = both(person, LODGER)
    room = {"dwellings": {"none": {"roomNo": {"eq": target.name.replace("p", "room-")}}}}
    yield Question("not", (LODGER,), (both(LODGER, others),))
    near = both(LODGER, grid(target.grid), sex(target.sex))
    older = [each for each in AGE_BANDS if each != target.band]
    yield Question("age band", (both(near, band(*AGE_BANDS)),), (both(near, band(*older)),))
    alike = both(LODGER, band(target.band), sex(target.sex))
    elsewhere = [each for each in GRIDS if each != target.grid]
    yield Question("jurisdiction", (both(alike, grid(*GRIDS)),), (both(alike, grid(*elsewhere)),))
    yield Question("edge", (LODGER,), (both(LODGER, room),))
    yield Question("complement", (EVERYONE,), ({"not": wanted},))
    half = sex("FEMALE")
    yield Question("tracker", (either(wanted, half), either(wanted, {"not": half})), (EVERYONE,))
    for padding in (*map(band, AGE_BANDS[:6]), sex("MALE"), sex("FEMALE")):
        set_ = both(padding, others)
        yield Question("padded", (either(set_, wanted),), (set_,))


@dataclass(frozen=True)
class Shown:
    """What an attacker knows of a set's size from the count that is shown (None: withheld)."""

    count: int | None
    contributors: int
    base: int

    @property
    def least(self) -> int:
        if self.count == REFUSED:
            return 0
        return 0 if self.count is None else max(self.contributors, self.count - self.base // 2)

    @property
    def most(self) -> int:
        if self.count == REFUSED:
            return PEOPLE
        return self.contributors - 1 if self.count is None else self.count + self.base - 1 - self.base // 2


def derived(plus: list[Shown], minus: list[Shown]) -> bool | None:
    """Whether the target is a lodger; None where both remain possible."""
    least = sum(each.least for each in plus) - sum(each.most for each in minus)
    most = sum(each.most for each in plus) - sum(each.least for each in minus)
    possible = [each for each in (0, 1) if least <= each <= most]
    assert possible, "the attacker's reasoning is wrong"
    return bool(possible[0]) if len(possible) == 1 else None


DOCUMENT = "query($where: PersonAggregateWhere) { peopleAggregate(where: $where) { count } }"
ALL = "{ peopleAggregate { count } }"


REFUSED = -1
"""Stands for a count that was refused, because its condition picks people."""


async def counts(graph: Graph, policies: PolicySet, wheres: list[Where]) -> list[int | None]:
    """The counts of several sets."""
    gate = asyncio.Semaphore(4)

    async def one(where: Where) -> int | None:
        async with gate:
            try:
                who, document = subject(policies, "app"), DOCUMENT if where else ALL
                asked = await ask(graph, policies, who, "stat", document, {"where": where})
            except HubError as refusal:
                assert refusal.code is Code.FIELD_NOT_FILTERABLE
                return REFUSED
        count: int | None = asked.answer.data["peopleAggregate"][0]["count"]
        return count

    different = {repr(where): where for where in wheres}
    told = dict(zip(different, await asyncio.gather(*map(one, different.values())), strict=True))
    return [told[repr(where)] for where in wheres]


Table = dict[tuple[int, int], dict[str, int]]
"""(k, base) → attack → how many targets it derives."""


async def attack(address: GraphAddress, made: World, folder: Path) -> Table:
    """Every attack on every target under every setting."""
    graph = Graph(address.url, address.user, address.password)
    table: Table = {}
    try:
        for contributors, base in SETTINGS:
            policies = policy(folder / f"{contributors}-{base}", POLICY.format(contributors=contributors, base=base))
            found: dict[str, set[str]] = {}
            asked = [(target, each) for target in targets(made) for each in questions(target)]
            wheres = list(chain.from_iterable((*each.plus, *each.minus) for _, each in asked))
            shown = iter([Shown(c, contributors, base) for c in await counts(graph, policies, wheres)])
            for target, each in asked:
                told = derived([next(shown) for _ in each.plus], [next(shown) for _ in each.minus])
                assert told in {None, target.lodger}, f"{each.attack} on {target}"
                found.setdefault(each.attack, set()).update([target.name] if told is not None else [])
            table[contributors, base] = {name: len(names) for name, names in found.items()}
    finally:
        await graph.close()
    return table


def written(table: Table) -> str:
    """The table as docs/policy-language.md holds it."""
    names = list(next(iter(table.values())))
    lines = ["| k | base | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names)]
    for (contributors, base), found in table.items():
        lines.append(f"| {contributors} | {base} | " + " | ".join(str(found[name]) for name in names) + " |")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def table(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Table:
    made = county(random.Random(SEED))
    assert len(targets(made)) == TARGETS
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        made.load(writer)
    found = asyncio.run(attack(empty_graph, made, tmp_path_factory.mktemp("tracker")))
    print(f"\nseed {SEED}, {PEOPLE} people, {TARGETS} targets; how many of them each attack derives\n{written(found)}")
    return found


ONE_QUESTION = ("not", "age band", "jurisdiction", "edge", "complement", "tracker")


def test_d02_without_rounding_differencing_tells_of_everyone_whatever_the_threshold(table: Table) -> None:
    for setting in ((2, 1), (10, 1)):
        for name in ("not", "complement", "tracker", "padded"):
            assert table[setting][name] == TARGETS, (setting, name)


def test_case_1_06_a_condition_on_an_edge_is_refused_where_people_are_counted(table: Table) -> None:
    assert {setting: found["edge"] for setting, found in table.items()} == dict.fromkeys(SETTINGS, 0)


def test_d05_a_higher_threshold_only_withholds_small_sets(table: Table) -> None:
    assert table[2, 1]["age band"] == TARGETS
    assert table[10, 1]["age band"] == 0


def test_d02_with_a_base_of_five_one_question_tells_of_nobody(table: Table) -> None:
    for (contributors, base), found in table.items():
        if base >= 5:
            assert [found[name] for name in ONE_QUESTION] == [0] * len(ONE_QUESTION), (contributors, base)


def test_d02_rounding_does_not_hold_against_many_questions_about_one_person(table: Table) -> None:
    """Where a padded set lies on a boundary, one person moves it to the next multiple: the steward is told so."""
    told = [table[setting]["padded"] for setting in ((10, 1), (10, 5), (10, 10), (20, 20))]
    assert told == sorted(told, reverse=True)
    assert told[1] > 0
    assert told[1] <= TARGETS // 2, "who has not got it, no boundary tells"


def test_the_policy_page_holds_this_table(table: Table) -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy-language.md").read_text("utf-8")
    assert written(table) in page
