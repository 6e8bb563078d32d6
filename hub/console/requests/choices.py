"""The fields of the catalogue as a page offers them: by type, narrowed to a type or a text, with those chosen kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hub.console.steward.matrix import Sensitivity, sensitivity_of
from policies.requests.sheet import wishes_of
from schema.catalogue import Catalogue
from schema.interface.languages import name_in


@dataclass(frozen=True, slots=True)
class Choice:
    """A field or an edge, in the language of the page."""

    coordinate: str
    title: str
    sensitivity: Sensitivity
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The choices of one type; `open` says whether they are shown at once."""

    name: str
    title: str
    open: bool
    choices: Sequence[Choice]


def chosen_fields(names: Collection[str], catalogue: Catalogue) -> list[str]:
    """The names that are coordinates, each once, in the order of the catalogue."""
    asked = set(names)
    return [name for name, _ in catalogue.coordinates() if name in asked]


def groups_of(catalogue: Catalogue, chosen: Collection[str], only: str, text: str, language: str) -> list[Group]:
    """The types with the coordinates that lie in the type `only` and contain a text, and with all that were chosen."""
    found: dict[str, list[Choice]] = {}
    for name, each in catalogue.coordinates():
        if not wishes_of(each):
            continue
        entity = name.partition(".")[0]
        told = f"{name} {each.zh} {each.en}".casefold()
        if name in chosen or (only in {"", entity} and text.casefold() in told):
            title = name_in(language, each)
            found.setdefault(entity, []).append(Choice(name, title, sensitivity_of(each), name in chosen))
    return [
        Group(
            each.name,
            name_in(language, each),
            bool(only or text) or any(choice.chosen for choice in found[each.name]),
            found[each.name],
        )
        for each in catalogue
        if each.name in found
    ]
