"""An example query of what an application may see, and two answers laid side by side, field by field.

A row of a list stands beside the row of the same id; rows without an id stand beside each other by their place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.steward.preview import Preview
from policies.model import Decision
from schema.catalogue import Catalogue
from schema.declarations import Entity

ROWS: Final = 5
"""How many rows an example asks for."""
MOST_LINES: Final = 300
"""Lines of a comparison on a page."""


@dataclass(frozen=True, slots=True)
class Line:
    """One place of an answer and what stands there before and after; None: nothing does."""

    place: str
    before: str | None
    after: str | None

    @property
    def differs(self) -> bool:
        """Whether the change is seen here."""
        return self.before != self.after


def example_query(catalogue: Catalogue, decisions: Sequence[Decision]) -> str:
    """A query of the fields that one of the decisions shows of a type; empty if none shows anything.

    It is of the type on which the decisions differ most.
    """
    found = [(entity, _shown(entity, decisions)) for entity in catalogue]
    seen = [(entity, names) for entity, names in found if names]
    if not seen:
        return ""
    entity, names = max(seen, key=lambda each: _differing(each[0], each[1], decisions))
    fields = "\n".join(f"        {name}" for name in ("id", *(name for name in names if name != "id")))
    return f"{{\n  {entity.plural}(first: {ROWS}) {{\n    edges {{\n      node {{\n{fields}\n      }}\n    }}\n  }}\n}}"


def _shown(entity: Entity, decisions: Sequence[Decision]) -> tuple[str, ...]:
    return tuple(
        field.name for field in entity.fields if any(each.of(entity.name).of(field.name).shown for each in decisions)
    )


def _differing(entity: Entity, names: Sequence[str], decisions: Sequence[Decision]) -> int:
    def shown(decision: Decision, name: str) -> object:
        table = decision.of(entity.name)
        found = table.of(name)
        return [{table.rows[each] for each in rows} for rows in (found.clear, *(rows for _, rows in found.masks))]

    return sum(any(shown(each, name) != shown(decisions[0], name) for each in decisions) for name in names)


def effects(before: Preview | None, after: Preview | None, say: Callable[[str], str] = str) -> list[Line]:
    """The effects on each coordinate that a query reads, before and after; `say` gives the words for an effect."""
    return _merged(*(_effects_of(each, say) for each in (before, after)))


def answers(before: Preview | None, after: Preview | None) -> list[Line]:
    """Two answers field by field, with the codes of what was refused."""
    return _merged(*(_values_of(each) for each in (before, after)))


def _merged(before: Mapping[str, str], after: Mapping[str, str]) -> list[Line]:
    return [Line(place, before.get(place), after.get(place)) for place in dict.fromkeys([*before, *after])]


def _effects_of(preview: Preview | None, say: Callable[[str], str]) -> dict[str, str]:
    if preview is None or preview.explanation is None:
        return {}
    said: dict[str, list[str]] = {}
    for line in preview.explanation.lines:
        said.setdefault(line.coordinate, []).append(
            f"{say(line.effect)} ({line.rows})" if line.rows else say(line.effect)
        )
    return {coordinate: "; ".join(each) for coordinate, each in said.items()}


def _values_of(preview: Preview | None) -> dict[str, str]:
    if preview is None:
        return {}
    found = dict(_flat("", preview.answer.get("data")))
    for error in preview.answer.get("errors", ()):
        place = ".".join(str(each) for each in error.get("path", ())) or str(preview.status)
        found[f"{error.get('extensions', {}).get('code', '')} {place}"] = str(error.get("message", ""))
    return found


def _flat(place: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, each in value.items():
                yield from _flat(f"{place}.{name}".lstrip("."), each)
        case list():
            for index, each in enumerate(value):
                yield from _flat(f"{place}[{_row_name(each) or index}]", each)
        case None if not place:
            return
        case _:
            yield place, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _row_name(row: Any) -> str:
    """The id of a row, short enough to read: it is the same in two answers for one purpose."""
    held = row.get("node", row) if isinstance(row, dict) else {}
    name = held.get("id") if isinstance(held, dict) else None
    return name[-8:] if isinstance(name, str) else ""
