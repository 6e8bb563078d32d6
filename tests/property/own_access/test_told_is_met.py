"""What `myAccess` tells is what an operation meets, for generated policies, over every purpose, with a case or not.

Operations are prepared as the hub prepares them. And what is told does not depend on what others are granted.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.errors import Code, HubError
from hub.home.settings import Settings
from hub.request.answers.access import access_of
from hub.request.auth import Identified, registered
from hub.request.decision_cache import DecisionCache
from hub.request.endpoint import Arrival, read
from hub.request.own_access.table import AccessTable, Asker, table_of
from hub.request.own_access.told import Told
from hub.request.own_access.why import why
from hub.request.prepared.prepare import Parts, Prepared, denial_errors, prepare
from hub.request.record import Trail
from hub.request.respond import respond
from policies.model import PolicySet
from policies.rules import Subject
from schema import SPINE
from schema.catalogue import PROVENANCE, Answer, Entity, Scalar
from tests.support.oracle.random_worlds import APPLICATIONS, PURPOSES, TICKETS, ZONE, policies
from tests.support.small_graph import SCHEMA, SEALS, TODAY

pytestmark = [pytest.mark.property, pytest.mark.wide]

POLICIES = int(os.environ.get("TOLD_POLICIES", "4"))
NOW = dt.datetime.combine(TODAY, dt.time(9), ZONE)


@dataclasses.dataclass(frozen=True)
class Scene:
    """An asker under a generated policy, who names a case or none, and their table."""

    parts: Parts
    policy: PolicySet
    subject: Subject
    case: str | None
    table: AccessTable

    def asked(self, purpose: str, query: str) -> Prepared | HubError:
        """The operation as the hub prepares it, or the refusal of its stages."""
        case = (("case-reference", self.case),) if self.case else ()
        headers = (("content-type", "application/json"), ("access-purpose", purpose), *case)
        arrival = Arrival("test", NOW, 0, "POST", "/graphql", headers, orjson.dumps({"query": query}))
        identified = Identified(read(arrival, self.parts.settings), self.policy, self.subject)
        try:
            return prepare(self.parts, Trail(arrival, self.policy), identified, NOW)
        except HubError as refusal:
            return refusal

    def code(self, purpose: str, query: str) -> Code | None:
        found = self.asked(purpose, query)
        return found.code if isinstance(found, HubError) else None

    def told(self, purpose: str) -> dict[str, dict[str, Any]]:
        """By type."""
        return {each["type"]: each for each in self.table.type_access(purpose)}


def scenes(rng: random.Random, folder: Path) -> Iterator[Scene]:
    for number in range(POLICIES):
        policy = policies(rng, folder / str(number))
        for application in APPLICATIONS:
            for case in (None, rng.choice(TICKETS)):
                subject = registered(policy, application, "tester")
                assert subject is not None
                parts = Parts(Settings(home=folder), SPINE, SCHEMA, SEALS, DecisionCache(), {}, "")
                asker = Asker(policy, subject, TODAY, case is not None)
                yield Scene(parts, policy, subject, case, table_of(SPINE, parts.decisions, {}, asker))


def members(entity: Entity, told: Mapping[str, Any]) -> dict[str, str]:
    """By name of each field, edge and answer: how it is selected; an answer with a value that is answered."""
    fields = {each.name: each.name for each in entity.fields}
    edges = {name: f"{name} {{ id }}" for name in entity.edges}
    answers = {each.name: question(each, told[f"{entity.name}.{each.name}"]["asked"]) for each in entity.answers}
    return {**fields, **edges, PROVENANCE: f"{PROVENANCE} {{ source }}", **answers}


def question(answer: Answer, asked: Sequence[str]) -> str:
    """An answer, asked with the first of the values that are told, or with any if there is none."""
    if answer.argument is None:
        return answer.name
    if answer.argument.scalar is Scalar.INT:
        return f"{answer.name}({answer.argument.name}: {next(iter(asked), '1')})"
    return f'{answer.name}({answer.argument.name}: "{next(iter(asked), "14/")}")'


def met_by(found: Prepared, parts: Parts) -> dict[str, Any]:
    """What the client of an operation without rows is told of what it hides."""
    planned = found.planned
    errors = denial_errors(parts, found)
    empty: dict[str, list[Any]] = {column: [] for column in planned.parts}
    return access_of(planned, respond(planned, empty, {}, SPINE, SEALS, errors, 1 << 20), errors, None) or {}


def opened_by_a_case(hidden: dict[str, Any]) -> set[str]:
    """The coordinates of which an answer says that a case would open more, or that it opens them at all."""
    denied = {each["coordinate"] for each in hidden.get("denied", ()) if "with a case only" in each["reason"]}
    return denied | set(hidden.get("needsCase", ()))


def test_an_effect_is_what_a_selection_meets(rng: random.Random, tmp_path: Path) -> None:
    met = {"CLEAR": 0, "MASKED": 0, "ANSWERED": 0, "DENIED": 0, "case": 0, "refused": 0}
    for scene in scenes(rng, tmp_path):
        for purpose in PURPOSES:
            if purpose not in scene.table.decisions:
                assert scene.code(purpose, "{ __typename }") is Code.PURPOSE_DENIED
                continue
            needs_case = scene.code(purpose, "{ __typename }") is Code.CASE_REQUIRED
            assert needs_case == (purpose in scene.table.case_required and scene.case is None)
            for name, told in scene.told(purpose).items():
                entity = SPINE.entity(name)
                effects = {each["coordinate"]: each for each in told["coordinates"]}
                selected = members(entity, effects)
                assert set(effects) == {f"{name}.{each}" for each in selected}
                if needs_case:
                    assert {each["effect"] for each in effects.values()} == {"DENIED"}
                    met["refused"] += 1
                    continue
                query = f"{{ {entity.plural} {{ edges {{ node {{ {' '.join(selected.values())} }} }} }} }}"
                found = scene.asked(purpose, query)
                assert isinstance(found, Prepared)
                used, hidden = found.planned.coordinates, met_by(found, scene.parts)
                masks = {each["coordinate"]: each["masks"] for each in hidden.get("masked", ())}
                denied = set(used.denied)
                assert told["listed"] == (name not in denied)
                for coordinate, each in effects.items():
                    met[each["effect"]] += 1
                    met["case"] += each["needsCase"]
                    if each["effect"] == "ANSWERED" and not told["listed"]:
                        continue  # of a node that a match finds
                    assert (each["effect"] == "DENIED") == bool({coordinate, name} & denied), (purpose, each)
                    assert (each["effect"] == "CLEAR") == (coordinate in used.clear), (purpose, each)
                    assert (each["effect"] == "ANSWERED") == (coordinate in used.answered), (purpose, each)
                    assert each["masks"] == masks.get(coordinate, []), (purpose, each)
                    if told["listed"]:
                        assert each["needsCase"] == (coordinate in opened_by_a_case(hidden)), (purpose, each)
    assert min(met.values()) > 5, met


def asks(entity: Entity, name: str) -> dict[str, list[str]]:
    """Operations that filter, order and group by a field or edge; one that is planned shows that it may be done."""
    plural = entity.plural
    if name in entity.edges:
        target = SPINE.entity(entity.edges[name].target)
        conditions = [f"{name}: {{some: {{{each.name}: {{isNull: false}}}}}}" for each in target.fields]
        return {"filter": [f"{{ {plural}(where: {{{each}}}) {{ __typename }} }}" for each in conditions]}
    named = [
        "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in bucket.name)
        for of, bucket in entity.buckets()
        if of.name == name
    ]
    return {
        "filter": [f"{{ {plural}(where: {{{name}: {{isNull: false}}}}) {{ __typename }} }}"],
        "order": [f"{{ {plural}(orderBy: [{{{name}: ASC}}]) {{ __typename }} }}"],
        **{f"group {each}": [f"{{ {plural}Aggregate(groupBy: [{each}]) {{ count }} }}"] for each in named},
    }


def compares_something(scene: Scene, purpose: str, name: str) -> bool:
    fields = {f"{name}.{each.name}" for each in SPINE.entity(name).fields}
    return any(each["filter"] for each in scene.told(purpose)[name]["coordinates"] if each["coordinate"] in fields)


def may(scene: Scene, purpose: str, queries: list[str]) -> bool:
    """Whether one of the operations is planned without a denial."""
    found = [scene.asked(purpose, each) for each in queries]
    return any(isinstance(each, Prepared) and not each.planned.denials for each in found)


def test_what_may_be_done_is_what_an_operation_may_do(rng: random.Random, tmp_path: Path) -> None:
    done = {(what, allowed): 0 for what in ("filter", "order", "group", "match") for allowed in (True, False)}
    for scene in scenes(rng, tmp_path):
        for purpose in rng.sample(sorted(scene.table.decisions), min(2, len(scene.table.decisions))):
            for name, told in scene.told(purpose).items():
                entity = SPINE.entity(name)
                for each in rng.sample(told["coordinates"], 3):
                    field = each["coordinate"].partition(".")[2]
                    if field == PROVENANCE:
                        assert not (each["filter"] or each["order"] or each["groupBy"] or each["match"])
                        continue
                    for what, queries in asks(entity, field).items():
                        kind, _, bucket = what.partition(" ")
                        allowed = (bucket in each["groupBy"]) if bucket else each[kind]
                        if bucket and not told["buckets"]:
                            continue  # no count of the type may be grouped at all
                        if field in entity.edges:
                            # A condition over it compares something at its other end.
                            allowed = allowed and compares_something(scene, purpose, entity.edges[field].target)
                        assert may(scene, purpose, queries) == allowed, (purpose, what, each)
                        done[kind, allowed] += 1
                    if field in told["matchedBy"] and each["effect"] != "CLEAR":
                        query = f'{{ {entity.plural}(where: {{{field}: {{eq: "x"}}}}) {{ __typename }} }}'
                        found = scene.asked(purpose, query)
                        assert isinstance(found, Prepared) and len(found.planned.matches) == 1 and each["match"]
                    assert each["match"] == (field in told["matchedBy"])
                    done["match", each["match"]] += 1
    assert min(done.values()) > 5, done


def test_what_may_be_verified_is_what_is_told(rng: random.Random, tmp_path: Path) -> None:
    verified = 0
    for scene in scenes(rng, tmp_path):
        for purpose in scene.table.decisions:
            told = scene.told(purpose)["Person"]
            together = told["verifiedBy"]
            for each in told["coordinates"]:
                assert each["verify"] == any(each["coordinate"].partition(".")[2] in names for names in together)
            for names in together:
                where = [f'{field}: {{eq: "x"}}' for field in names]
                assert may(scene, purpose, [f"{{ verify(where: {{{', '.join(where)}}}) }}"])
                assert not may(scene, purpose, [f"{{ verify(where: {{{where[0]}}}) }}"])
            verified += len(together)
    assert verified > 5


def test_a_reason_is_that_of_a_denied_selection(rng: random.Random, tmp_path: Path) -> None:
    denied = elsewhere = 0
    for scene in scenes(rng, tmp_path):
        for purpose in scene.table.decisions:
            for coordinate in rng.sample([name for name, _ in SPINE.coordinates()], 8):
                entity = SPINE.entity(coordinate.partition(".")[0])
                effects = {each["coordinate"]: each for each in scene.told(purpose)[entity.name]["coordinates"]}
                selection = members(entity, effects)[coordinate.partition(".")[2]]
                found = scene.asked(purpose, f"{{ {entity.plural} {{ edges {{ node {{ {selection} }} }} }} }}")
                told = why(scene.table, purpose, coordinate, None)
                assert told is not None
                own = {grant.id for grant in scene.policy.grants if grant.to.selects(scene.subject)}
                own |= {rule.id for rule in scene.policy.prohibitions}
                assert {each["rule"] for each in told["rules"]} <= own
                if not isinstance(found, Prepared):
                    assert told["missing"] is not None
                    continue
                if not scene.told(purpose)[entity.name]["listed"]:
                    continue  # there the whole type is denied, and the refusal speaks of it
                if told["missing"] is None:
                    assert not found.planned.denials
                    continue
                (entry,) = met_by(found, scene.parts)["denied"]
                assert (told["missing"], told["owner"]) == (entry["reason"], entry["owner"])
                assert told["purposesThatWould"] == entry["purposesThatWould"]
                for other in told["purposesThatWould"]:
                    again = why(scene.table, other, coordinate, None)
                    assert again is not None and again["missing"] is None, "an answer leads in a circle"
                denied += 1
                elsewhere += bool(told["purposesThatWould"])
    assert denied > 100 and elsewhere > 10, (denied, elsewhere)


def test_nothing_of_what_others_are_granted_is_told(rng: random.Random, tmp_path: Path) -> None:
    left_out = 0
    for scene in scenes(rng, tmp_path):
        policy, subject = scene.policy, scene.subject
        own = tuple(each for each in policy.grants if each.to.selects(subject))
        alone = {name: each for name, each in policy.applications.items() if name == subject.application}
        without = dataclasses.replace(policy, grants=own, applications=alone)
        asker = dataclasses.replace(scene.table.asker, policy=without)

        def decide(who: Asker) -> AccessTable:
            return table_of(SPINE, DecisionCache(), {}, who)

        other = decide(asker)
        assert list(other.decisions) == list(scene.table.decisions)
        coordinate = rng.choice([name for name, _ in SPINE.coordinates()])
        purposes = tuple(other.decisions)
        assert Told(other, decide).whole(purposes, coordinate) == Told(scene.table, decide).whole(purposes, coordinate)
        left_out += len(policy.grants) - len(own)
    assert left_out > 5
