"""Random small graphs and policies; the same `random.Random` gives the same ones.

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
from schema.catalogue import Entity, Field, Kind, RegionLevel, Scalar
from schema.strict_yaml import YamlFileError
from tests.support.oracle.free_texts import PROSES, beside
from tests.support.small_graph import World

ZONE = dt.timezone(dt.timedelta(hours=8))
PURPOSES = ("safety", "safety.fire", "safety.fire.rental", "event", "event.call", "stat")
APPLICATIONS = ("desk", "county")
NAMES = ("张三", "李四", "欧阳修", "王", "司马光明", "𠮷田", "José", "")
TEXTS = ("甲", "乙", "丙", "A1", "A2", "B1", "", "138")
PHONES = ("13800001111", "13800002222", "0391-555", "12", "13900003333")
IDS = ("140321195703011234", "140321200002291239", "14032119900101", "1403", "140321198812120018")
DATES = tuple(dt.date(y, m, d) for y, m, d in ((1920, 1, 1), (1957, 6, 30), (1957, 7, 1), (2000, 2, 29), (2026, 12, 1)))
MOMENTS = tuple(dt.datetime(2026, 6, d, h, 30, tzinfo=ZONE) for d in (1, 15, 29) for h in (0, 9))
ADDRESSES = ("平定县榆关街道学门街12号", "榆关街道阳光小区3号楼2单元501", "陽泉市平定縣冠山鎮", "路", "12号", "")
TICKETS = ("E1", "E2", "E3")
DEPARTMENTS = ("grid", "fire", "fire", "police")
NUMBERS = (0, 1, 6, 18, 33, 2001)
SIZES = (0.5, 48.0, 60.25, 90.0, 120.0)
STREETS = ("14/03/21/001/", "14/03/21/002/", "14/03/22/001/")
GRIDS = tuple(f"{street}00{community}/00{grid}/" for street in STREETS for community in (1, 2) for grid in (1, 2))
PLACES = ("14/03/21/", "14/", "", *STREETS, *GRIDS, "14/03/21/001/001/", "14/03/21/00")


def value_of(rng: random.Random, each: Field) -> Any:
    """A value such as the field may hold in the graph, never null."""
    pools: Mapping[str, tuple[Any, ...]] = {
        "name": NAMES,
        "reporterName": NAMES,
        "idNumber": IDS,
        "phone": PHONES,
        "number": TICKETS,
        "text": tuple(each.text for each in PROSES),
        "handlingDepartment": DEPARTMENTS,
    }
    if each.kind is Kind.ADDRESS:
        return rng.choice(ADDRESSES)
    by_scalar: Mapping[Scalar, tuple[Any, ...]] = {
        Scalar.STRING: TEXTS,
        Scalar.ENUM: each.values,
        Scalar.INT: NUMBERS,
        Scalar.FLOAT: SIZES,
        Scalar.DATE: DATES,
        Scalar.DATETIME: MOMENTS,
        Scalar.REGION: PLACES,
    }
    return rng.choice(pools.get(each.name) or by_scalar[each.scalar])


# Worlds.


def world(rng: random.Random) -> World:
    """About fifty nodes of the types that most rules are about, a few of each other type, and all kinds of edges."""
    made = World()
    regions = _regions(made)
    buildings = _scatter(rng, made, "Building", rng.randint(2, 6))
    dwellings = _scatter(rng, made, "Dwelling", rng.randint(4, 10))
    people = _scatter(rng, made, "Person", rng.randint(8, 22))
    events = _scatter(rng, made, "Event", rng.randint(8, 16))
    grids = [name for name in regions if made.nodes[name][1]["level"] == RegionLevel.GRID.value]
    _join(rng, made, buildings, "grid", grids, (0, 1))
    _join(rng, made, dwellings, "building", buildings, (0, 1, 1, 1))
    _join(rng, made, people, "dwellings", dwellings, (0, 1, 1, 2, 3))
    _join(rng, made, events, "grid", grids, (0, 1, 1))
    _join(rng, made, events, "reporter", people, (0, 1, 1, 1))
    many = {"Region": regions, "Building": buildings, "Dwelling": dwellings, "Person": people, "Event": events}
    few = {each.name: _scatter(rng, made, each.name, rng.randint(1, 5)) for each in SPINE if each.name not in many}
    for edge in SPINE.edges:
        if edge.source in few or edge.target in few:
            degrees = (0, 1, 1, 2) if edge.many else (0, 1, 1)
            _join(rng, made, (many | few)[edge.source], edge.name, (many | few)[edge.target], degrees)
    return made


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


def _scatter(rng: random.Random, made: World, entity: str, count: int) -> list[str]:
    names = [f"{entity}-{index}" for index in range(count)]
    for name in names:
        properties = {each.name: value_of(rng, each) for each in SPINE.entity(entity).fields if rng.random() > 0.15}
        properties["region"] = rng.choice((None, *GRIDS, *GRIDS[:4], STREETS[0]))
        if rng.random() < 0.06:
            properties["deletedAt"] = MOMENTS[0]
        if entity == "Event" and "text" in properties:
            properties |= beside(rng, properties["text"])
        made.nodes[name] = (entity, {key: value for key, value in properties.items() if value is not None})
    return names


def _join(
    rng: random.Random, made: World, sources: list[str], edge: str, targets: list[str], degrees: tuple[int, ...]
) -> None:
    for source in sources:
        for target in rng.sample(targets, min(rng.choice(degrees), len(targets))):
            made.edges.append((source, edge, target))


# Policies.


def policies(rng: random.Random, folder: Path) -> PolicySet:
    """A policy set that the loader accepts, written to `folder` and read back."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        text = yaml.safe_dump(raw_policy(rng), allow_unicode=True)
        (folder / "policy.yaml").write_text(text, encoding="utf-8")
        try:
            return load(folder, SPINE)
        except YamlFileError:
            continue  # two effects in one grant, or a mask off a ladder: drawn again


def raw_policy(rng: random.Random) -> dict[str, Any]:
    """A policy as plain data; not every one loads."""
    registry = [
        {"id": "desk", "zh": "台", "en": "Desk", "department": "grid", "role": "worker", "jurisdiction": STREETS[0]},
        {"id": "county", "zh": "縣", "en": "County", "department": "fire", "level": "top", "jurisdiction": "14/03/21/"},
    ]
    return {
        "purposes": [_purpose(rng, each) for each in PURPOSES],
        "applications": registry,
        "grants": [_grant(rng, f"g{index}") for index in range(rng.randint(2, 5))],
        "prohibitions": [_prohibition(rng, f"p{index}") for index in range(rng.choice((0, 0, 0, 1, 2)))],
    }


def _purpose(rng: random.Random, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "zh": name, "en": name}
    if rng.random() < 0.1:
        made["expires"] = rng.choice((dt.date(2026, 6, 29), dt.date(2026, 6, 30)))
    if rng.random() < 0.15:
        made |= {"contributors": rng.randint(0, 4), "rounding": rng.choice((1, 2, 3))}
    return made


def _grant(rng: random.Random, name: str) -> dict[str, Any]:
    entities = [each for each in SPINE if rng.random() < 0.7] or [SPINE.entity("Person")]
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
        "rows": {entity.name: _rows(rng, entity, 2) for entity in entities},
        "fields": fields,
    }
    if any(entity.name == "Person" for entity in entities) and rng.random() < 0.5:
        grant["match"] = rng.sample(["Person.idNumber", "Person.phone"], rng.randint(1, 2))
        if rng.random() < 0.3:  # it finds one person and lists nobody
            grant["fields"] = {name: effect for name, effect in fields.items() if name.partition(".")[0] != "Person"}
    if rng.random() < 0.1:
        grant["obligations"] = {"case": "required"}
    elif "match" in grant:
        grant["obligations"] = {"matchDailyCap": 1000}
    if rng.random() < 0.2:
        grant["valid"] = {rng.choice(("from", "to")): rng.choice((dt.date(2026, 6, 30), dt.date(2026, 7, 1)))}
    return grant


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
    if mood == "mixed":
        given |= {end.coordinate: rng.choice(("clear", "clear", "clear", None)) for end in entity.edges.values()}
    return {coordinate: effect for coordinate, effect in given.items() if effect is not None}


_OF_CASE: Mapping[str, dict[str, Any]] = {
    "Event": {"number": {"eq": "$case"}},
    "Person": {"reports": {"some": {"number": {"eq": "$case"}}}},
}


def _rows(rng: random.Random, entity: Entity, depth: int, *, within: bool = False, case: bool = True) -> dict[str, Any]:
    """A condition; `within` another it says something, and `case` says whether the case may stand in it."""
    draw = rng.random()
    if draw < 0.25 and not within:
        return {}
    if draw < 0.5:
        return {"region": {"startsWith": "$subject.jurisdiction"}}
    if draw < 0.55 and case and entity.name in _OF_CASE:
        return _OF_CASE[entity.name]
    if draw < 0.65 and depth:
        end, some = rng.choice(list(entity.edges.values())), rng.random() < 0.5
        inner = _rows(rng, SPINE.entity(end.target), depth - 1, case=case and some)
        return {end.name: {"some" if some else "none": inner}}
    if draw < 0.8 and depth:
        kind = rng.choice(("and", "or", "not"))
        parts = [_rows(rng, entity, depth - 1, within=True, case=case and kind != "not") for _ in range(2)]
        return {kind: parts[0] if kind == "not" else parts}
    return leaf(rng, rng.choice(entity.fields), policy=True)


def leaf(rng: random.Random, each: Field, *, policy: bool = False) -> dict[str, Any]:
    """One comparison, as plain data; dates and times as text."""
    operators = {
        Scalar.STRING: ("eq", "in", "startsWith", "isNull"),
        Scalar.REGION: ("startsWith", "startsWith", "eq", "in", "isNull"),
        Scalar.ENUM: ("eq", "in", "isNull"),
    }.get(each.scalar, ("eq", "in", "lt", "lte", "gt", "gte", "isNull"))
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


def _prohibition(rng: random.Random, name: str) -> dict[str, Any]:
    names = [coordinate for coordinate, _ in SPINE.coordinates()]
    names += ["sensitive", "kind:phone", "edge", "kind:birth"]
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
