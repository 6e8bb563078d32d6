"""The policies under which every way out is tried: those of the sample county, and purposes made from the catalogue.

Between the made purposes each coordinate has each effect that it can have; one purpose denies nearly everything. An
asker is an application with one of its purposes; a purpose that no application may use has one too, who is refused.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.language import load_files, read_folder
from policies.model import PolicySet
from policies.operations.registered import document_id
from schema.catalogue import PROVENANCE, Catalogue, Entity
from schema.predicate import All, Any_, Compare, Not, Predicate, Related, has_case
from tests.support.oracle.naive_view import Sight, rules_for
from tests.support.serving import COUNTY
from tests.support.small_graph import World, subject
from tests.support.ways_out.canaries import STREET

MADE = 7
"""So many purposes are made: the longest list of effects of one field."""
WITHIN = {"region": {"startsWith": "$subject.jurisdiction"}}
MOST = 1_000_000
"""Matches and operations a day: nothing here is about the counts."""


def county_files(catalogue: Catalogue) -> dict[str, bytes]:
    """The files of the policies, without registered operations."""
    files = {name: text for name, text in read_folder(COUNTY).items() if name != "expect.yaml"}
    return {**files, "ways.yaml": json.dumps(made_rules(catalogue), ensure_ascii=False).encode()}


def made_rules(catalogue: Catalogue) -> dict[str, Any]:
    """Purposes `ways.p0` and on, and `ways.nothing`, as a policy file."""
    names = [f"ways.p{number}" for number in range(MADE)]
    purposes = [{"id": name, "zh": name, "en": name} for name in ("ways", *names, "ways.nothing")]
    registered = {"zh": "应用", "en": "Application", "jurisdiction": STREET}
    applications = [
        {"id": "ways", "department": "ways", "role": "auditor", **registered},
        {"id": "nearly-nothing", "department": "nothing", **registered},
    ]
    nothing = _grant("ways-nothing", "nearly-nothing", "ways.nothing", ["Region"], {"Region.level": "clear"})
    grants = [made_grant(catalogue, number) for number in range(MADE)]
    departments = [{"id": name, "zh": name, "en": name} for name in ("ways", "nothing")]
    made = {"purposes": purposes, "applications": applications, "grants": [*grants, nothing]}
    return {"departments": departments, **made}


def _grant(
    name: str, application: str, purpose: str, types: Iterable[str], fields: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "id": name,
        "to": {"application": [application]},
        "for": [purpose],
        "basis": "generated",
        "contributors": 3,
        "rows": {each: WITHIN for each in types},
        "fields": dict(fields),
    }


def made_grant(catalogue: Catalogue, number: int) -> dict[str, Any]:
    """What the made purpose of a number may see: of each coordinate the effect whose turn it is."""
    fields: dict[str, Any] = {}
    match: list[str] = []
    for entity in catalogue:
        for at, each in enumerate(entity.fields):
            effects = [
                "clear",
                None,
                *({"mask": mask} for mask in each.masks),
                *(["aggregate"] if each.buckets else []),
            ]
            effect = effects[(at + number) % len(effects)]
            fields |= {f"{entity.name}.{each.name}": effect} if effect else {}
            match += [f"{entity.name}.{each.name}"] if each.matchable and effect != "clear" else []
        for at, end in enumerate(entity.edges.values()):
            fields |= {end.coordinate: "clear"} if (at + number) % 3 else {}
        fields |= {f"{entity.name}.{PROVENANCE}": "clear"} if number % 2 else {}
    types = [each.name for each in catalogue if any(name.partition(".")[0] == each.name for name in fields)]
    made = _grant(f"ways-{number}", "ways", f"ways.p{number}", types, fields)
    return made | ({"match": match, "obligations": {"matchDailyCap": MOST}} if match else {})


@dataclass(frozen=True)
class Asker:
    """Who asks: an application for a purpose, perhaps with a case, and what the naive view says they see."""

    application: str
    purpose: str
    sight: Sight = field(repr=False)

    @property
    def label(self) -> str:
        """A name for messages."""
        return f"{self.application} for {self.purpose}" + (" with a case" if self.sight.case else "")

    @property
    def is_let_in(self) -> bool:
        """Whether any rule gives the asker anything."""
        return any(self.sight.rules.values())

    def readable(self) -> set[str]:
        """The coordinates that a statement of theirs may read: those given, and what conditions of grants turn on."""
        catalogue, found = self.sight.catalogue, set[str]()
        for entity in catalogue:
            for rule in self.sight.rules[entity.name]:
                found |= {f"{entity.name}.{name}" for name in (*rule.effects, *rule.match)}
                found |= {read for each in entity.answers if each.name in rule.effects for read in each.reads}
                found |= set(_turned_on(catalogue, entity, rule.where))
        return found


def _turned_on(catalogue: Catalogue, entity: Entity, where: Predicate) -> Iterator[str]:
    """What a condition of a grant reads."""
    match where:
        case All(parts) | Any_(parts):
            for each in parts:
                yield from _turned_on(catalogue, entity, each)
        case Not(part):
            yield from _turned_on(catalogue, entity, part)
        case Related(edge, _, part):
            yield from _turned_on(catalogue, catalogue.entity(entity.edge(edge).target), part)
        case Compare(name):
            yield f"{entity.name}.{name}"
        case _:  # that there is the case
            case = catalogue.case
            assert case is not None
            yield from (f"{case.entity}.{name}" for name in (case.number, case.status, case.department))


def askers(policies: PolicySet, world: World, case: str, today: dt.date) -> list[Asker]:
    """Each application with each purpose that gives it anything, and for each other purpose somebody."""
    found = []
    for purpose in policies.purposes:
        all_ = [_asker(policies, world, each, purpose, today) for each in policies.applications]
        let_in = [each for each in all_ if each.is_let_in]
        found += let_in or all_[:1]
        with_case = [_asker(policies, world, each.application, purpose, today, case) for each in let_in]
        found += [each for each in with_case if _by_case(each)]
    return found


def _by_case(asker: Asker) -> bool:
    return any(has_case(rule.where) for rules in asker.sight.rules.values() for rule in rules)


def _asker(
    policies: PolicySet, world: World, application: str, purpose: str, today: dt.date, case: str | None = None
) -> Asker:
    who = subject(policies, application)
    rules = rules_for(policies, who, purpose, today, world.catalogue)
    if case is None:  # what needs a case is no grant without one
        rules = {name: [each for each in given if not has_case(each.where)] for name, given in rules.items()}
    return Asker(application, purpose, Sight(world, rules, who, purpose, today, case))


def registering(files: Mapping[str, bytes], asked: Iterable[tuple[Asker, str]], reviewed: dt.date) -> dict[str, bytes]:
    """The files with these documents registered for these askers, reviewed by every owner."""
    owners = ("civil-affairs", "hotline", "housing", "police")
    entries = [
        f"  - {{id: '{document_id(text)}', application: {asker.application}, purpose: {asker.purpose}, document: "
        f"{json.dumps(text, ensure_ascii=False)}, reviewed: {{{', '.join(f'{each}: {reviewed}' for each in owners)}}}}}"
        for asker, text in asked
    ]
    return {**files, "operations.yaml": "\n".join(["operations:", *entries, ""]).encode()}


def loaded(files: Mapping[str, bytes], catalogue: Catalogue) -> PolicySet:
    """The policies of these files."""
    return load_files(files, catalogue)
