"""Random pairs of policies: one, and the same after a few changes of every kind that a steward makes.

The same `random.Random` gives the same pair; both sides load.
"""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from policies.language import load_files
from policies.model import PolicySet
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.oracle import random_worlds
from tests.support.oracle.random_worlds import GRIDS, STREETS
from tests.support.small_graph import World

Raw = dict[str, Any]
DAYS = (*(dt.date(2026, 6, day) for day in (28, 29, 30)), dt.date(2026, 7, 1), dt.date(2027, 6, 30))


def policy_pair(rng: random.Random) -> tuple[PolicySet, PolicySet, tuple[str, ...]]:
    """A policy, a changed one, and the names of the changes."""
    while True:
        before = _registered(rng, random_worlds.raw_policy(rng))
        after, names = copy.deepcopy(before), []
        for _ in range(rng.randint(1, 3)):
            name = rng.choice(sorted(CHANGES))
            CHANGES[name](rng, after)
            names.append(name)
        try:
            return _loaded(before), _loaded(after), tuple(names)
        except YamlFileError:
            continue  # two effects in one grant, or a mask off a ladder: drawn again


def _loaded(raw: Raw) -> PolicySet:
    given = {key: value for key, value in raw.items() if value}
    return load_files({"policy.yaml": yaml.safe_dump(given, allow_unicode=True).encode()}, SPINE)


def _registered(rng: random.Random, raw: Raw) -> Raw:
    """With stewards, staff and caps, which worlds alone do not need."""
    raw["stewards"] = [{"account": name, "person": f"P-{name}"} for name in ("ana", "bo")]
    if rng.random() < 0.5:
        rng.choice(raw["applications"])["staff"] = _staff(rng)
    for grant in raw["grants"]:
        if rng.random() < 0.4:
            _caps(rng, grant)
    return raw


def _staff(rng: random.Random) -> dict[str, str]:
    return {f"s-{number}": rng.choice((*STREETS, *GRIDS, "14/03/21/")) for number in range(rng.randint(1, 3))}


def _caps(rng: random.Random, grant: Raw) -> None:
    kind, limit = rng.choice(("nodeCap", "dailyCap", "matchDailyCap")), rng.choice((5, 10, 20))
    personal = kind != "nodeCap" and rng.random() < 0.4
    grant.setdefault("obligations", {})[kind] = {"limit": limit, "per": "person"} if personal else limit


def _any_grant(change: Callable[[random.Random, Raw], None]) -> Callable[[random.Random, Raw], None]:
    return lambda rng, raw: change(rng, rng.choice(raw["grants"])) if raw["grants"] else None


def _fresh(*keys: str) -> Callable[[random.Random, Raw], None]:
    """Some keys of a grant as another grant has them."""

    def change(rng: random.Random, grant: Raw) -> None:
        other = random_worlds.raw_policy(rng)["grants"][0]
        for key in keys:
            grant.pop(key, None)
            if key in other:
                grant[key] = other[key]

    return _any_grant(change)


def _drop(section: str) -> Callable[[random.Random, Raw], None]:
    def change(rng: random.Random, raw: Raw) -> None:
        if raw.get(section):
            raw[section].remove(rng.choice(raw[section]))

    return change


def _rows(rng: random.Random, grant: Raw) -> None:
    """Other rows, or the same ones and one condition more or less."""
    entity = rng.choice(sorted(grant["rows"]))
    leaf = random_worlds.leaf(rng, rng.choice(SPINE.entity(entity).fields), policy=True)
    rows = grant["rows"][entity]
    grant["rows"][entity] = rng.choice(
        ({}, leaf, {"and": [rows or leaf, leaf]}, {"or": [rows or leaf, leaf]}, {"not": leaf})
    )


def _fields(rng: random.Random, grant: Raw) -> None:
    if not grant["fields"]:
        return
    coordinate = rng.choice(sorted(grant["fields"]))
    _, _, name = coordinate.partition(".")
    ladder = [{"mask": mask} for mask in getattr(SPINE.coordinate(coordinate), "masks", ())] if name else []
    effect = rng.choice(["clear", None, *ladder])
    grant["fields"][coordinate] = effect
    if effect is None and len(grant["fields"]) > 1:
        del grant["fields"][coordinate]


def _purpose(rng: random.Random, raw: Raw) -> None:
    purpose = rng.choice(raw["purposes"])
    key = rng.choice(("expires", "contributors", "rounding", "gone"))
    purpose.pop(key, None)
    if key == "expires" and rng.random() < 0.5:
        purpose["expires"] = rng.choice(DAYS)
    elif key in {"contributors", "rounding"}:
        purpose[key] = rng.randint(1, 6)


def _application(rng: random.Random, raw: Raw) -> None:
    application = rng.choice(raw["applications"])
    match rng.choice(("staff", "no staff", "place", "role", "department")):
        case "staff":
            application["staff"] = {**application.get("staff", {}), **_staff(rng)}
        case "no staff":
            application.pop("staff", None)
        case "place":
            application["jurisdiction"] = rng.choice((*STREETS, "14/03/21/", "14/"))
        case "role":
            application["role"] = "worker"
        case _:
            application["department"] = rng.choice(("grid", "fire"))


def _validity(rng: random.Random, grant: Raw) -> None:
    grant.pop("valid", None)
    if rng.random() < 0.7:
        grant["valid"] = {rng.choice(("from", "to")): rng.choice(DAYS)}


def _obligations(rng: random.Random, grant: Raw) -> None:
    grant.pop("obligations", None)
    if rng.random() < 0.7:
        _caps(rng, grant)
    if rng.random() < 0.2:
        grant.setdefault("obligations", {})["case"] = "required"


def _stewards(rng: random.Random, raw: Raw) -> None:
    if rng.random() < 0.5:
        raw["stewards"].append({"account": "cy", "person": "P-cy"})
    else:
        raw["stewards"][0]["person"] = "P-other"


CHANGES: Mapping[str, Callable[[random.Random, Raw], None]] = {
    "a grant removed": _drop("grants"),
    "a prohibition removed": _drop("prohibitions"),
    "rows": _any_grant(_rows),
    "all rows and fields": _fresh("rows", "fields", "match", "verify", "obligations"),
    "an effect": _any_grant(_fields),
    "whom": _fresh("to"),
    "purposes of a grant": _fresh("for"),
    "a purpose": _purpose,
    "an application": _application,
    "validity": _any_grant(_validity),
    "obligations": _any_grant(_obligations),
    "thresholds": _fresh("contributors", "rounding", "buckets"),
    "stewards": _stewards,
}
"""What changes: name → the change, made in place."""


def small_world(rng: random.Random) -> World:
    """A few nodes of each type, joined: enough that each kind of condition holds somewhere and fails elsewhere."""
    whole = random_worlds.world(rng)
    kept: list[str] = []
    for entity in (each.name for each in SPINE):
        names = [name for name, (label, _) in whole.nodes.items() if label == entity]
        kept += rng.sample(names, min(3, len(names)))
    world = World()
    world.nodes.update({name: whole.nodes[name] for name in kept})
    world.edges.extend(edge for edge in whole.edges if edge[0] in world.nodes and edge[2] in world.nodes)
    return world
