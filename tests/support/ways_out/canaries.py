"""A small graph in which each stored value of each node is a canary, and which of them one asker may see in clear.

Values of enums cannot be told apart and are no canaries: answers are compared with the oracle for them. What may be
seen is asked of the naive view (`tests/support/oracle/naive_view.py`), never of the hub's own plan.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from schema.catalogue import Catalogue, Entity, Field, Kind, Scalar
from tests.support.leak_search import Sought, escapes
from tests.support.oracle.free_texts import DETECTOR, written
from tests.support.oracle.naive_view import Sight
from tests.support.small_graph import World

ZONE = dt.timezone(dt.timedelta(hours=8))
STREET, NEXT, DISTRICT, FAR = "14/03/21/001/", "14/03/21/002/", "14/03/21/", "14/03/22/001/"
CROWDED = f"{STREET}900/901/"
"""The grid of a crowd, which is no canary: enough people live there to be counted."""
PLACES: Mapping[str, str] = {"here": STREET, "here-2": STREET, "next": NEXT, "far": FAR, "gone": STREET}
"""The nodes that each type has, and in which street; `gone` is a tombstone."""
CROWD = 11
TOGETHER = (("here", "here-2"), ("here-2", "next"), ("next", "here"), ("far", "far"), ("gone", "gone"))
"""Which nodes an edge joins, at most one at either end."""
BESIDE = (("here", "next"), ("here", "far"), ("here", "gone"), ("here", "here"))
"""Which it joins as well, where it leads to several and comes from several."""
RARE = 0x9B00
"""Where characters begin that no other text here holds."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One stored value."""

    node: str
    field: str


@dataclass
class Canaries:
    """The graph, and where each canary stands."""

    world: World
    texts: dict[str, set[Cell]] = field(default_factory=dict)
    """The cells that hold a text, as an answer in clear would write it."""
    _count: int = 0

    @property
    def catalogue(self) -> Catalogue:
        """What the graph is made of."""
        return self.world.catalogue

    @cached_property
    def sought(self) -> Sought:
        """Each canary by the bytes that would show it in an answer, a line or a record: as it is, or escaped."""
        return {text: tuple({text.encode(), *escapes(text)}) for text in self.texts}

    def number(self) -> int:
        """Another number."""
        self._count += 1
        return self._count

    def put(self, cell: Cell, *texts: str) -> None:
        """Note what shows a cell."""
        for text in texts:
            self.texts.setdefault(text, set()).add(cell)

    def name(self, entity: Entity, index: int = 0) -> str:
        """The name of a living node of a type that lies in the first street."""
        return f"{entity.name}:{[*PLACES][index]}"

    def value(self, entity: Entity, name: str, field_: str) -> Any:
        """What one of the nodes of a type holds."""
        return self.world.nodes[f"{entity.name}:{name}"][1].get(field_)

    def denied(self, sight: Sight) -> Sought:
        """The canaries that one asker may not be shown."""
        open_cells = {text for text, cells in self.texts.items() if any(_clear(sight, each) for each in cells)}
        told = divisions(sight) if counts_places(sight) else set()
        return {text: shapes for text, shapes in self.sought.items() if text not in open_cells | told}


def _clear(sight: Sight, cell: Cell) -> bool:
    effect = sight.effect(cell.node, cell.field) if sight.alive(cell.node) and sight.visible(cell.node) else None
    return effect is not None and effect.name == "clear"


def counts_places(sight: Sight) -> bool:
    """Whether an aggregate may be grouped by place: then the divisions are told, whoever lives there."""
    return any(sight.gives(each.name, "region", "clear", "aggregate") for each in sight.catalogue if each.located)


def divisions(sight: Sight) -> set[str]:
    """The paths of divisions within the asker's jurisdiction."""
    found = (sight.value(name, "region") for name in sight.names(sight.catalogue.entity("Region")))
    return {each for each in found if each is not None and each.startswith(sight.who.jurisdiction)}


def canaries(catalogue: Catalogue) -> Canaries:
    """The graph of a catalogue: each type in each place, a crowd of people and of events, and every edge."""
    made = Canaries(World(catalogue=catalogue))
    for entity in catalogue:
        for index, (name, street) in enumerate(PLACES.items()):
            _node(made, entity, f"{entity.name}:{name}", index, street)
    for edge in catalogue.edges:
        pairs = [*TOGETHER, *(BESIDE if edge.many and edge.inverse_many else ())]
        for source, target in pairs if edge.source != edge.target else TOGETHER[:2]:
            made.world.edges.append((f"{edge.source}:{source}", edge.name, f"{edge.target}:{target}"))
    _crowds(made)
    _open_case(made)
    return made


def _node(made: Canaries, entity: Entity, node: str, index: int, street: str) -> None:
    properties: dict[str, Any] = {}
    for each in entity.fields:
        properties |= _value(made, each, Cell(node, each.name), index, street)
    if node.endswith(":gone"):
        properties["deletedAt"] = dt.datetime(2026, 1, 1, tzinfo=ZONE)
    made.world.nodes[node] = (entity.name, properties)


def _value(made: Canaries, each: Field, cell: Cell, index: int, street: str) -> dict[str, Any]:
    """The properties of one field."""
    number = made.number()
    if each.text_properties:
        return _free_text(made, each, cell, number)
    value = _plain(each, number, index, street)
    if each.scalar is not Scalar.ENUM:
        made.put(cell, *_as_answered(value))
    return {each.name: value}


def _free_text(made: Canaries, each: Field, cell: Cell, number: int) -> dict[str, Any]:
    kept = each.text_properties
    assert kept is not None
    who, call = f"张{chr(RARE + number)}鹪", f"158{number:08d}"
    prose = written(f"<姓名|{who}>反映楼上漏水第{number}次，<电话|{call}>", "漏水")
    made.put(cell, prose.text, who, call)
    return {each.name: prose.text, kept.spans: prose.stored, kept.words: ["漏水"], kept.detector: DETECTOR}


def _plain(each: Field, number: int, index: int, street: str) -> Any:
    of_scalar: Mapping[Scalar, Any] = {
        Scalar.ENUM: each.values[min(index, 1) % len(each.values)] if each.values else None,
        Scalar.INT: 1_900_000_000 + number,
        Scalar.FLOAT: 1_800_000_000.5 + number,
        Scalar.BOOLEAN: bool(number % 2),
        # Of the first nodes long ago, so that grants to elders hold for them.
        Scalar.DATE: dt.date(1920 if index != 1 else 1990, 1, 1) + dt.timedelta(days=number),
        Scalar.DATETIME: dt.datetime(2021, 1, 1, 3, tzinfo=ZONE) + dt.timedelta(minutes=number),
        Scalar.REGION: f"{street}{number % 900:03d}/{number // 900 + 1:03d}/",
    }
    if each.scalar is not Scalar.STRING:
        return of_scalar[each.scalar]
    of_kind: Mapping[Kind, str] = {
        Kind.NAME: f"张{chr(RARE + number)}鸾",
        Kind.ID_NUMBER: _id_number(number),
        Kind.PHONE: f"139{number:08d}",
        Kind.ADDRESS: f"榆关街道砚山街{number:05d}号3号楼2单元501",
    }
    return of_kind.get(each.kind, f"ZQ{number:05d}KX")


def _id_number(number: int) -> str:
    """A resident id number with the right check digit (GB 11643), of somebody who was born in 1950 or later."""
    day = dt.date(1950, 1, 1) + dt.timedelta(days=number)
    digits = f"140321{day:%Y%m%d}{number % 1000:03d}"
    total = sum(int(digit) * 2 ** (17 - at) for at, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


def _as_answered(value: Any) -> Iterator[str]:
    """A value as JSON shows it, and as text would."""
    if isinstance(value, dt.datetime):
        yield value.isoformat()[:19]
        yield value.astimezone(dt.UTC).isoformat()[:19]
    elif isinstance(value, dt.date):
        yield value.isoformat()
    elif not isinstance(value, bool):
        yield str(value)


def _crowds(made: Canaries) -> None:
    """People of one grid, and an event that each of them reported: enough to be counted."""
    person, event = made.catalogue.entity("Person"), made.catalogue.entity("Event")
    reporter = next(each for each in made.catalogue.edges if (each.source, each.target) == ("Event", "Person"))
    for number in range(CROWD):
        for entity in (person, event):
            node = f"{entity.name}:crowd-{number}"
            _node(made, entity, node, 0, STREET)
            _put_into(made, node, "region", CROWDED)
        made.world.edges.append((f"Event:crowd-{number}", reporter.name, f"Person:crowd-{number}"))


def _open_case(made: Canaries) -> None:
    """All divisions are grids; the fire department works on the first event, and it is open."""
    for name in PLACES:
        _put_into(made, f"Region:{name}", "level", "GRID")
    case = made.catalogue.case
    assert case is not None
    _put_into(made, f"{case.entity}:here", case.department, "fire")
    _put_into(made, f"{case.entity}:here", case.status, case.open[0])


def _put_into(made: Canaries, node: str, name: str, value: Any) -> None:
    """Put a value that is no canary into a cell."""
    made.world.nodes[node][1][name] = value
    for cells in made.texts.values():
        cells.discard(Cell(node, name))
    made.texts = {text: cells for text, cells in made.texts.items() if cells}
