"""Random small graphs and policies; the same `random.Random` gives the same ones.

They follow from a catalogue: no type, field or edge of it is known here but the spine's divisions, of which paths are
made.
The graphs are crowded with what goes wrong: nulls, ties, tombstones, neighbouring streets, people without a region,
events without a reporter, people with several dwellings. Policies overlap, mask, prohibit, expire, and turn on a case.
Documents are valid against the schema; about one in eight holds something that must be refused.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from policies.language import load
from policies.model import PolicySet
from schema import SPINE
from schema.catalogue import Answer, Catalogue, Edge, Entity, Field, Kind, RegionLevel, Scalar
from schema.strict_yaml import YamlFileError
from tests.support.oracle.free_texts import PROSES, beside
from tests.support.oracle.naive_verifications import drawn_together
from tests.support.oracle.random_reuse import rules_of_reuse
from tests.support.small_graph import World

ZONE = dt.timezone(dt.timedelta(hours=8))
PURPOSES = ("safety", "safety.fire", "safety.fire.rental", "event", "event.call", "stat")
APPLICATIONS = ("desk", "county")
NAMES = ("张三", "李四", "欧阳修", "王", "司马光明", "𠮷田", "José", "")
SIGNS = ("甲", "乙", "丙", "A1", "A2", "B1", "", "138")
PHONES = ("13800001111", "13800002222", "0391-555", "12", "13900003333")
IDS = ("140321195703011234", "140321200002291239", "14032119900101", "1403", "140321198812120018")
DATES = tuple(dt.date(y, m, d) for y, m, d in ((1920, 1, 1), (1957, 6, 30), (1957, 7, 1), (2000, 2, 29), (2026, 12, 1)))
MOMENTS = tuple(dt.datetime(2026, 6, d, h, 30, tzinfo=ZONE) for d in (1, 15, 29) for h in (0, 9))
ADDRESSES = ("平定县榆关街道学门街12号", "榆关街道阳光小区3号楼2单元501", "陽泉市平定縣冠山鎮", "路", "12号", "")
SHOPS = ("东街便利店", "东街ABC便利店", "abc东街 Wifi101", "便利", "東街便利𠮷野家", "the Theatre", "138店", "")
PARTS = (
    *(
        "便利",
        "东街",
        "街便",
        "便利店",
        "𠮷野",
        "abc",
        "ABC",
        "wifi",
        "Wifi10",
        "138",
        "theatre",
        "Theatre",
        "the",
        "店",
    ),
    *('便利" OR *:*', "东街* AND NOT", "漏水", "小区", "扰民", "榆关街道", "~~", "**", "欧阳修", "0000"),
)
"""What is searched for: parts of texts, and some that no index can find, which are refused."""
TICKETS = ("E1", "E2", "E3")
DEPARTMENTS = ("grid", "fire", "fire", "police")
NUMBERS = (0, 1, 6, 18, 33, 2001)
SIZES = (0.5, 48.0, 60.25, 90.0, 120.0)
STREETS = ("14/03/21/001/", "14/03/21/002/", "14/03/22/001/")
GRIDS = tuple(f"{street}00{community}/00{grid}/" for street in STREETS for community in (1, 2) for grid in (1, 2))
PLACES = ("14/03/21/", "14/", "", *STREETS, *GRIDS, "14/03/21/001/001/", "14/03/21/00")


PLACE = "Region"
"""The type of divisions: their paths are a tree."""
OF_KIND: Mapping[Kind, tuple[Any, ...]] = {
    Kind.NAME: NAMES,
    Kind.ID_NUMBER: IDS,
    Kind.PHONE: PHONES,
    Kind.ADDRESS: ADDRESSES,
    Kind.FREE_TEXT: tuple(each.text for each in PROSES),
}
"""Texts such as a field of a kind holds."""


def _of_case() -> Mapping[Field, tuple[str, ...]]:
    case = SPINE.case
    assert case is not None
    entity = SPINE.entity(case.entity)
    return {entity.field(case.number): TICKETS, entity.field(case.department): DEPARTMENTS}


OF_CASE = _of_case()
"""What the fields hold by which a case is known; the case is the spine's in each catalogue."""


def value_of(rng: random.Random, each: Field) -> Any:
    """A value such as the field may hold in the graph, never null."""
    if each in OF_CASE:
        return rng.choice(OF_CASE[each])
    by_scalar: Mapping[Scalar, tuple[Any, ...]] = {
        Scalar.STRING: OF_KIND.get(each.kind, SHOPS if each.searchable else SIGNS),
        Scalar.ENUM: each.values,
        Scalar.BOOLEAN: (True, False),
        Scalar.INT: NUMBERS,
        Scalar.FLOAT: SIZES,
        Scalar.DATE: DATES,
        Scalar.DATETIME: MOMENTS,
        Scalar.REGION: PLACES,
    }
    return rng.choice(by_scalar[each.scalar])


# Worlds.


def world(rng: random.Random, catalogue: Catalogue = SPINE) -> World:
    """A hundred nodes or so: many people, cases, and of what slices add, a few of each other type, and all edges."""
    made = World(catalogue=catalogue)
    by_type = {PLACE: _regions(made)}
    for entity in catalogue:
        if entity.name != PLACE:
            by_type[entity.name] = _scatter(rng, made, entity, rng.randint(*_crowd(catalogue, entity)))
    grids = [name for name in by_type[PLACE] if made.nodes[name][1]["level"] == RegionLevel.GRID.value]
    for edge in catalogue.edges:
        if edge.slice or edge.source != PLACE:  # what the spine says of divisions is made with them
            targets = grids if edge.target == PLACE and not edge.slice else by_type[edge.target]
            _join(rng, made, edge, by_type[edge.source], targets)
    return made


def _crowd(catalogue: Catalogue, entity: Entity) -> tuple[int, int]:
    """How many nodes of a type there are, at least and at most."""
    if entity.subjects == ():
        return 8, 22
    if catalogue.case is not None and entity.name == catalogue.case.entity:
        return 8, 16
    if entity.slice:
        return 5, 14
    homes = any(end.many and catalogue.entity(end.target).subjects == () for end in entity.edges.values())
    return (4, 10) if homes else (1, 5)


def _regions(made: World) -> list[str]:
    paths = sorted({"/".join(grid.split("/")[:depth]) + "/" for grid in GRIDS for depth in range(3, 7)})
    for path in paths:
        depth = path.count("/")
        level = list(RegionLevel)[depth - 1]
        code = path.replace("/", "")
        made.nodes[path] = ("Region", {"region": path, "code": code, "level": level.value, "name": level.value})
        above = path[: path.rstrip("/").rfind("/") + 1]
        if above in made.nodes:
            made.edges.append((path, "parent", above))
    return paths


def _scatter(rng: random.Random, made: World, entity: Entity, count: int) -> list[str]:
    names = [f"{entity.name}-{index}" for index in range(count)]
    for name in names:
        properties = {each.name: value_of(rng, each) for each in entity.fields if rng.random() > 0.15}
        if entity.located:
            properties["region"] = rng.choice((None, *GRIDS, *GRIDS[:4], STREETS[0]))
        if rng.random() < 0.06:
            properties["deletedAt"] = MOMENTS[0]
        for each in entity.fields:
            if each.text_properties and each.name in properties:
                properties |= beside(rng, properties[each.name], each.text_properties)
        made.nodes[name] = (entity.name, {key: value for key, value in properties.items() if value is not None})
    return names


def _join(rng: random.Random, made: World, edge: Edge, sources: list[str], targets: list[str]) -> None:
    """What an edge joins: each to none, one or several, at either end as many as it leads to from there."""
    left = list(targets)
    for source in sources:
        degree = rng.choice((0, 1, 1, 2, 3) if edge.many else (0, 1, 1, 1))
        for target in rng.sample(left, min(degree, len(left))):
            made.edges.append((source, edge.name, target))
            if not edge.inverse_many:
                left.remove(target)


# Policies.


def policies(rng: random.Random, folder: Path, catalogue: Catalogue = SPINE, *, collecting: bool = False) -> PolicySet:
    """A policy set that the loader accepts, written to `folder` and read back; `collecting`: with rules of reuse."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        reuse = rules_of_reuse(rng, PURPOSES) if collecting else {}
        text = yaml.safe_dump({**raw_policy(rng, catalogue), **reuse}, allow_unicode=True)
        (folder / "policy.yaml").write_text(text, encoding="utf-8")
        try:
            return load(folder, catalogue)
        except YamlFileError:
            continue  # two effects in one grant, or a mask off a ladder: drawn again


def raw_policy(rng: random.Random, catalogue: Catalogue = SPINE) -> dict[str, Any]:
    """A policy as plain data; not every one loads."""
    registry = [
        {"id": "desk", "zh": "台", "en": "Desk", "department": "grid", "role": "worker", "jurisdiction": STREETS[0]},
        {"id": "county", "zh": "縣", "en": "County", "department": "fire", "level": "top", "jurisdiction": "14/03/21/"},
    ]
    return {
        "purposes": [_purpose(rng, each) for each in PURPOSES],
        "applications": registry,
        "grants": [_grant(rng, f"g{index}", catalogue) for index in range(rng.randint(2, 5))],
        "prohibitions": [_prohibition(rng, f"p{index}", catalogue) for index in range(rng.choice((0, 0, 0, 1, 2)))],
    }


def _purpose(rng: random.Random, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "zh": name, "en": name}
    if rng.random() < 0.1:
        made["expires"] = rng.choice((dt.date(2026, 6, 29), dt.date(2026, 6, 30)))
    if rng.random() < 0.15:
        made |= {"contributors": rng.randint(0, 4), "rounding": rng.choice((1, 2, 3))}
    return made


def _grant(rng: random.Random, name: str, catalogue: Catalogue) -> dict[str, Any]:
    entities = [each for each in catalogue if rng.random() < 0.7] or [next(iter(catalogue))]
    fields: dict[str, Any] = {}
    for entity in entities:
        fields |= _effects(rng, entity)
        fields |= {f"{entity.name}.provenance": "clear"} if rng.random() < 0.5 else {}
    grant: dict[str, Any] = {
        "id": name,
        "to": rng.choice(({"application": [*APPLICATIONS]}, {"department": ["grid", "fire"]}, {"role": ["worker"]})),
        "for": rng.choice((["safety", "event", "stat"], ["safety.fire", "event"], ["safety", "event.call"])),
        "basis": "generated",
        "contributors": rng.randint(2, 4),
        "rounding": rng.choice((1, 1, 2, 3, 5)),
        "buckets": rng.choice((0, 1, 2, 2, 2, 3)),
        "rows": {entity.name: _rows(rng, catalogue, entity, 2) for entity in entities},
        "fields": fields,
    }
    keys = {entity.name: [each.name for each in matchable(entity)] for entity in entities if matchable(entity)}
    if keys and rng.random() < 0.5:
        owner = rng.choice(sorted(keys))
        names = rng.sample(keys[owner], rng.randint(1, min(2, len(keys[owner]))))
        grant["match"] = [f"{owner}.{each}" for each in names]
        if rng.random() < 0.3:  # it finds one node and lists none
            grant["fields"] = {name: effect for name, effect in fields.items() if name.partition(".")[0] != owner}
    person = catalogue.person
    if person in entities and (names := drawn_together(rng, person)) and rng.random() < 0.6:
        grant["verify"] = [f"{person.name}.{each}" for each in names]
    if rng.random() < 0.1:
        grant["obligations"] = {"case": "required"}
    elif "match" in grant or "verify" in grant:
        grant["obligations"] = {"matchDailyCap": 1000}
    if rng.random() < 0.2:
        grant["valid"] = {rng.choice(("from", "to")): rng.choice((dt.date(2026, 6, 30), dt.date(2026, 7, 1)))}
    return grant


def matchable(entity: Entity) -> list[Field]:
    """The fields by whose whole value a node may be found."""
    return [each for each in entity.fields if each.matchable]


def _effects(rng: random.Random, entity: Entity) -> dict[str, Any]:
    mood = rng.choice(("mixed", "mixed", "mixed", "clear", "aggregate"))
    if mood == "clear":
        return {entity.name: "clear"}
    given: dict[str, Any] = {}
    for each in entity.fields:
        choices: list[Any] = ["clear", "clear", None] if mood == "mixed" else [None]
        choices += (
            [{"mask": mask} for mask in each.masks] * (2 if each.text_properties else 1) if mood == "mixed" else []
        )
        choices += ["aggregate"] * (4 if each.text_properties else 2) if each.buckets else []
        given[f"{entity.name}.{each.name}"] = rng.choice(choices)
    given |= {f"{entity.name}.{each.name}": _answered(rng, each) for each in entity.answers}
    if mood == "mixed":
        given |= {end.coordinate: rng.choice(("clear", "clear", "clear", None)) for end in entity.edges.values()}
    return {coordinate: effect for coordinate, effect in given.items() if effect is not None}


ASKED: Mapping[Scalar, tuple[Any, ...]] = {
    Scalar.INT: (1, 69),
    Scalar.REGION: ("14/03/", STREETS[0]),
    Scalar.STRING: ("甲", "A1"),
}
"""What answers are asked with."""


def _answered(rng: random.Random, answer: Answer) -> Any:
    """How a grant gives an answer, if it does."""
    if rng.random() < 0.4:
        return None
    if answer.argument is None:
        return "answer"
    listed = rng.sample(ASKED[answer.argument.scalar], rng.randint(1, 2))
    own = answer.argument.scalar is Scalar.REGION and rng.random() < 0.5
    return {"answer": [*listed, *(["$subject.jurisdiction"] if own else [])]}


def _by_case(catalogue: Catalogue, entity: Entity) -> dict[str, Any]:
    """That a node is the case, or that an edge leads to it; empty where neither can be."""
    case = catalogue.case
    assert case is not None
    is_case = {case.number: {"eq": "$case"}}
    if entity.name == case.entity:
        return is_case
    ends = [end.name for end in entity.edges.values() if end.target == case.entity]
    return {ends[0]: {"some": is_case}} if ends else {}


def _rows(
    rng: random.Random, catalogue: Catalogue, entity: Entity, depth: int, *, within: bool = False, case: bool = True
) -> dict[str, Any]:
    """A condition; `within` another it says something, and `case` says whether the case may stand in it."""
    draw = rng.random()
    if draw < 0.25 and not within:
        return {}
    if draw < 0.5 and entity.located:
        return {"region": {"startsWith": "$subject.jurisdiction"}}
    if draw < 0.55 and case and (found := _by_case(catalogue, entity)):
        return found
    if draw < 0.65 and depth and entity.edges:
        end, some = rng.choice(list(entity.edges.values())), rng.random() < 0.5
        inner = _rows(rng, catalogue, catalogue.entity(end.target), depth - 1, case=case and some)
        return {end.name: {"some" if some else "none": inner}}
    if draw < 0.8 and depth:
        kind = rng.choice(("and", "or", "not"))
        inside = case and kind != "not"
        parts = [_rows(rng, catalogue, entity, depth - 1, within=True, case=inside) for _ in range(2)]
        return {kind: parts[0] if kind == "not" else parts}
    return leaf(rng, rng.choice(entity.fields), policy=True)


def leaf(rng: random.Random, each: Field, *, policy: bool = False) -> dict[str, Any]:
    """One comparison, as plain data; dates and times as text."""
    operators = {
        Scalar.STRING: ("eq", "in", "startsWith", "isNull"),
        Scalar.REGION: ("startsWith", "startsWith", "eq", "in", "isNull"),
        Scalar.ENUM: ("eq", "in", "isNull"),
        Scalar.BOOLEAN: ("eq", "eq", "isNull"),
    }.get(each.scalar, ("eq", "in", "lt", "lte", "gt", "gte", "isNull"))
    if each.searchable and not policy and rng.random() < 0.5:
        return {each.name: {"contains": rng.choice(PARTS)}}
    operator = rng.choice(operators)
    if operator == "isNull":
        return {each.name: {operator: rng.random() < 0.5}}
    if policy and each.scalar is Scalar.DATE and operator != "in":
        return {each.name: {operator: rng.choice(("$today", "$today - 60y", "$today - 18y"))}}
    values = [written(value_of(rng, each), each) for _ in range(rng.randint(1, 3))]
    one = written(value_of(rng, each), each)
    if policy:  # YAML knows no Word
        values, one = [_bare(value) for value in values], _bare(one)
    return {each.name: {operator: values if operator == "in" else one}}


def _bare(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def _prohibition(rng: random.Random, name: str, catalogue: Catalogue) -> dict[str, Any]:
    known = dict(catalogue.coordinates())
    tags = sorted({tag for each in known.values() for tag in each.tags})
    names = [*known, *rng.sample(tags, 4)]  # few: a tag may take away most of a policy
    return {"id": name, "prohibit": rng.sample(names, 2), "for": [rng.choice(PURPOSES)], "basis": "generated"}


# Documents.


class Word(str):
    """An enum value: bare in a document, a string in variables."""


def written(value: Any, each: Field) -> Any:
    """A value as a document or a policy writes it."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return Word(value) if each.scalar is Scalar.ENUM else value


def literal(value: Any) -> str:
    """A GraphQL literal."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Word():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(literal(each) for each in value) + "]"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return str(value)
