"""The sums of a replay agree with a naive count, which plans each operation again and writes down each pair.

The log is a real hub's, over a real graph; the naive count reads the queries as they were sent, not their records.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from audit.log import AuditLog
from audit.record import Digester, Record
from hub.cli.main import app
from hub.errors import HubError
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.seals import load_key
from hub.home.settings import Settings
from hub.request import auth
from hub.steward.compare_decisions import Outcome, ReplayInputs
from hub.steward.recorded_replay import estimates_of
from hub.steward.replay import Replay, replay
from policies.decide import applicable
from policies.model import PolicySet
from schema import SPINE
from tests.support.replay_policies import CURRENT, DRAFT, EVERYTHING
from tests.support.serving import Served, serving
from tests.support.small_graph import SCHEMA, TODAY, World, policy, prepare

pytestmark = pytest.mark.conformance
ZONE = ZoneInfo("Asia/Shanghai")
DAY = dt.datetime.now(ZONE)


WORLD = World(
    {
        "d": ("Dwelling", {"code": "D1", "region": "14/01/"}),
        "e": ("Dwelling", {"code": "D2", "region": "14/01/"}),
        **{
            f"p{number}": (
                "Person",
                {
                    "name": f"张三{number}",
                    "gender": "MALE",
                    "phone": f"1390000000{number}",
                    "idNumber": f"11010119900307{number:04}",
                    "region": "14/01/",
                },
            )
            for number in range(7)
        },
    },
    [(f"p{number}", "dwellings", "d" if number < 4 else "e") for number in range(6)],
)


@dataclass(frozen=True)
class Asked:
    """One query as it was sent."""

    query: str
    variables: dict[str, Any] | None = None
    app: str = "app"
    purpose: str = "a"
    person: str = "s-1"


def people(fields: str, first: int = 3, where: str = "") -> str:
    return f"{{ people(first: {first}{where}) {{ edges {{ node {{ {fields} }} }} }} }}"


BY_GENDER = "query($w: PersonWhere) { people(where: $w) { edges { node { phone } } } }"
ASKED = [
    Asked(people("name phone")),
    Asked(people("name phone", 5)),
    Asked(people("x: name ...F").removesuffix("}") + "} fragment F on Person { gender birthDate }"),
    Asked(
        "query($p: Boolean!) { people(first: 2) { edges { node { gender phone @include(if: $p) } } } }", {"p": False}
    ),
    Asked("query($p: Boolean!) { people(first: 2) { edges { node { gender phone @include(if: $p) } } } }", {"p": True}),
    Asked("{ dwellings { edges { node { code residents { name phone } } } } }"),
    Asked("{ dwellings { edges { node { code residents(orderBy: [{name: ASC}]) { gender } } } } }"),
    Asked(people("gender", 4, ', where: {name: {eq: "张三1"}}')),
    Asked(people("phone", 4, ", orderBy: [{name: DESC}]")),
    Asked(BY_GENDER, {"w": {"gender": {"eq": "MALE"}}}),
    Asked(BY_GENDER, {"w": {"or": [{"gender": {"eq": "MALE"}}, {"name": {"in": ["张三1", "张三2"]}}]}}),
    Asked(BY_GENDER, {"w": {"dwellings": {"some": {"code": {"eq": "D1"}}}}}),
    Asked(BY_GENDER, {"w": {"idNumber": {"eq": "110101199003070003"}}}),
    Asked(people("name", 4, ', where: {idNumber: {eq: "110101199003070002"}}')),
    Asked("{ peopleAggregate(groupBy: [RESIDENCY]) { residency count } }"),
    Asked("query($g: [PersonBucket!]) { peopleAggregate(groupBy: $g) { residency count } }", {"g": ["RESIDENCY"]}),
    Asked("query($g: [PersonBucket!]) { peopleAggregate(groupBy: $g) { count } }", {"g": ["RESIDENCY"]}),
    Asked("query($g: [PersonBucket!] = [RESIDENCY]) { peopleAggregate(groupBy: $g) { count } }"),
    Asked("{ peopleAggregate { count } }"),
    Asked("{ events { edges { node { number } } } people(first: 1) { edges { node { phone } } } }"),
    Asked(people("name gender phone", 6), app="desk"),
    Asked(people("name phone", 6), purpose="b"),
    Asked(people("name"), purpose="c"),
    Asked(people("gender", 4, ', where: {phone: {eq: "13900000001"}}')),
    Asked(people("gender", 4, ', where: {birthDate: {lt: "1990-01-01"}}')),
    Asked(people("name phone", 2), app="staffed"),
    Asked(people("name phone", 4), app="staffed", person="s-2"),
    Asked("{ __typename }"),
]


BROKEN = {
    "filter on Person.name": 3,
    "filter on Person.dwellings": 1,
    "filter on Person.residency": 4,
    "match on Person.idNumber": 2,
}


@pytest.fixture(scope="module")
def served(
    empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, list[Record]]]:
    folder = tmp_path_factory.mktemp("replay")
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        WORLD.load(writer)
    with serving(folder / "home", empty_graph, policy(folder / "current", CURRENT)) as hub:
        for each in ASKED:
            hub.ask(each.query, app=each.app, person=each.person, purpose=each.purpose, variables=each.variables)
        records = hub.records()
        assert len(records) == len(ASKED)
        yield hub, records


@pytest.fixture(scope="module")
def big(empty_graph: GraphAddress, served: tuple[Served, list[Record]]) -> GraphAddress:
    """The graph with more people in it than a threshold hides; the served hub has been asked all it will be."""
    count = 43
    people = {f"p{number}": ("Person", {"name": f"张三{number}", "region": "14/"}) for number in range(count)}
    world = World(
        {"d": ("Dwelling", {"code": "D1", "region": "14/"}), **people},
        [(f"p{number}", "dwellings", "d") for number in range(count - 3)],
    )
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        world.load(writer)
    return empty_graph


def setting(served: Served, draft: PolicySet, **changed: Any) -> ReplayInputs:
    current = served.hub.policy
    versions = {current.version: current}
    digester = Digester(load_key(served.hub.settings.keys_folder / "digest.key"))
    found = ReplayInputs(SPINE, SCHEMA, draft, current, versions.get, digester, DAY.date(), ZONE)
    return replace(found, **changed)


def run(served: Served, draft: PolicySet, **changed: Any) -> Replay:
    return replay(served.hub.settings.audit_file, setting(served, draft, **changed), DAY - dt.timedelta(days=1))


def planned(policies: PolicySet, asked: Asked) -> tuple[dict[str, str], bool]:
    """Coordinate → `clear` or its mask, as the planner itself says; and whether the whole operation is refused."""
    who = auth.registered(policies, asked.app, asked.person)
    if who is None or not applicable(policies, who, asked.purpose, TODAY):
        return {}, True
    try:
        found, _ = prepare(policies, who, asked.purpose, asked.query, asked.variables)
    except HubError:
        return {}, True
    account = found.coordinates
    masks = {
        name: found.decision.of(name.partition(".")[0]).of(name.partition(".")[2]).masks[0][0]
        for name in account.masked
    }
    return masks | dict.fromkeys(account.clear, "clear"), False


def naive(records: list[Record], before: PolicySet, after: PolicySet) -> tuple[dict[Any, Any], dict[Any, int]]:
    """(application, purpose, outcome) → set of pairs; (application, purpose) → operations that break."""
    pairs: dict[Any, set[tuple[str, str]]] = defaultdict(set)
    broken: Counter[Any] = Counter()
    for asked, record in zip(ASKED, records, strict=True):
        if record.kind != "query":
            continue
        old, _ = planned(before, asked)
        new, refused = planned(after, asked)
        broken[asked.app, asked.purpose] += refused
        coordinates = {*record.decision.clear, *record.decision.masked, *record.decision.denied}
        for name in coordinates:
            outcome = verdict(old.get(name), new.get(name))
            if outcome is not None:
                pairs[asked.app, asked.purpose, outcome.value] |= {(person, name) for person in record.subjects}
    return pairs, broken


def verdict(old: str | None, new: str | None) -> Outcome | None:
    if old == new:
        return None
    if new is None:
        return Outcome.WITHHELD_CLEAR if old == "clear" else Outcome.WITHHELD_MASKED
    if new == "clear":
        return Outcome.DISCLOSED_CLEAR
    return Outcome.COARSENED if old == "clear" else Outcome.DISCLOSED_MASKED


def test_sums_are_those_of_a_naive_count(served: tuple[Served, list[Record]], tmp_path: Path) -> None:
    hub, records = served
    draft = policy(tmp_path, DRAFT)
    found = run(hub, draft)
    pairs, broken = naive(records, hub.hub.policy, draft)
    told = {
        (group.application, group.purpose, outcome): count
        for group in found.groups
        for outcome, count in group.pairs.items()
    }
    assert told == {key: len(each) for key, each in pairs.items() if each}
    assert {key[2] for key in told} == set(Outcome)
    assert {(each.application, each.purpose): each.breaks for each in found.groups if each.operations} == dict(broken)
    assert found.operations == sum(record.kind == "query" for record in records) == found.recorded
    for outcome in Outcome:
        assert found.total(outcome) == sum(len(each) for key, each in pairs.items() if key[2] == outcome.value)


def test_what_breaks_says_why_and_what_opens_says_what_it_was(
    served: tuple[Served, list[Record]], tmp_path: Path
) -> None:
    found = {(each.application, each.purpose): each for each in run(served[0], policy(tmp_path, DRAFT)).groups}
    assert found["desk", "a"].broken == {"application gone": 1}
    assert found["app", "b"].broken == {"purpose denied": 1}
    assert found["staffed", "a"].broken == {"person not listed": 1}
    assert found["app", "c"].opened == {"PURPOSE_DENIED": 1}
    assert found["app", "a"].broken == BROKEN
    # `phone` becomes clear, so a filter by it would be allowed; one by `birthDate`, which stays masked, would not.
    assert found["app", "a"].opened == {"FIELD_NOT_FILTERABLE": 1}


def test_a_draft_like_the_policy_in_force_changes_nothing(served: tuple[Served, list[Record]], tmp_path: Path) -> None:
    found = run(served[0], policy(tmp_path, CURRENT + "# a comment\n"))
    assert [(each.pairs, each.broken, each.opened, each.changed) for each in found.groups] == [({}, {}, {}, 0)] * 4


def test_a_version_that_cannot_be_had_is_replaced_by_the_one_in_force(
    served: tuple[Served, list[Record]], tmp_path: Path
) -> None:
    hub, draft = served[0], policy(tmp_path, DRAFT)
    other = policy(tmp_path / "other", CURRENT + "# another\n")
    found = run(hub, draft, current=other, versions=lambda version: None)
    assert (found.recorded, found.in_force) == (0, found.operations)
    assert found.groups == run(hub, draft).groups


def test_caps_of_the_draft_break_what_is_over_them(served: tuple[Served, list[Record]], tmp_path: Path) -> None:
    capped = CURRENT.replace("{matchDailyCap: 1000000}", "{nodeCap: 5, dailyCap: 7}")
    group = next(each for each in run(served[0], policy(tmp_path, capped)).groups if each.purpose == "a")
    records = [each for each in served[1] if each.kind == "query" and (each.application, each.purpose) == ("app", "a")]
    assert group.application == "app"
    # `{ __typename }` asks the graph for nothing, and is the last of them.
    counted = records[:-1]
    assert group.broken == {
        "over dailyCap": len(counted) - 7,
        "over nodeCap": sum(each.nodes > 5 for each in counted[:7]),
    }


# Rows: on the graph, as an estimate.


@pytest.mark.parametrize(
    ("rows", "appear", "vanish"),
    [
        ("{}", 0, 0),
        ("{dwellings: {some: {usage: {eq: RENTED}}}}", None, 40),
        ("{region: {startsWith: 15/}}", None, 40),
        ("{region: {startsWith: 14/}}", None, None),
    ],
)
def test_rows_that_appear_and_vanish_are_counted_on_the_graph(
    big: GraphAddress, tmp_path: Path, rows: str, appear: int | None, vanish: int | None
) -> None:
    everyone, fewer = (
        policy(
            tmp_path / name, CURRENT.replace(EVERYTHING, f"rows: {{Person: {condition}, Dwelling: {{}}, Event: {{}}}}")
        )
        for name, condition in (("one", "{}"), ("other", rows))
    )
    settings = Settings.load(home=tmp_path / "home")
    there = estimates_of(settings, big, everyone, fewer, DAY.date())
    back = estimates_of(settings, big, fewer, everyone, DAY.date())
    expected = {("Person", appear, vanish)} - {("Person", 0, 0)}
    assert {(each.entity, each.appear, each.vanish) for each in there} == expected
    assert {(each.entity, each.vanish, each.appear) for each in back} == expected


def test_an_application_that_is_struck_off_loses_its_rows(big: GraphAddress, tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    found = estimates_of(
        settings, big, policy(tmp_path / "one", CURRENT), policy(tmp_path / "other", DRAFT), DAY.date()
    )
    desk = {(each.purpose, each.vanish) for each in found if (each.application, each.entity) == ("desk", "Person")}
    assert desk == {("a", 40), ("b", 40)}
    assert {(each.purpose, each.appear) for each in found if each.application == "app" and each.appear} == {("c", 40)}


# The command.


def test_f13_the_command_tells_the_sums_for_machines_and_leaves_a_record(
    served: tuple[Served, list[Record]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = served[0]
    policy(tmp_path / "draft", DRAFT)
    policy(tmp_path / "current", CURRENT)
    monkeypatch.setenv("SLUICEGATE_HOME", str(hub.hub.settings.home))
    monkeypatch.setenv("SLUICEGATE_LOCAL_STEWARDS", "1")
    monkeypatch.setenv("SLUICEGATE_POLICIES", str(tmp_path / "current"))
    done = CliRunner().invoke(
        app, ["policy", "replay", str(tmp_path / "draft"), "--since", "1d", "--json", "--steward", "zhang"]
    )
    assert done.exit_code == 0, done.output
    told, found = json.loads(done.stdout), run(hub, policy(tmp_path / "draft", DRAFT))
    assert told["personsTimesFields"] == {outcome.name: found.total(outcome) for outcome in Outcome}
    assert told["comparedWith"] == {"recordedVersion": found.recorded, "inForce": 0}
    assert (told["breaks"]["desk"], told["estimates"]) == ("1 of 1", None)
    last = hub.records()[-1]
    assert (last.kind, last.policy_version, last.operation_name) == ("replay", found.draft, "policy replay")


@pytest.mark.parametrize("since", ["7", "yesterday", "1w"])
def test_a_time_that_is_none_is_refused(since: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    AuditLog.open(tmp_path / "audit.db").close()
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path))
    monkeypatch.setenv("SLUICEGATE_LOCAL_STEWARDS", "1")
    done = CliRunner().invoke(app, ["policy", "replay", str(tmp_path), "--since", since, "--steward", "zhang"])
    assert done.exit_code == 1
    assert "--since takes 7d" in done.output
