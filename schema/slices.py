"""Loads slices: YAML files that declare types, edges, and fields added to types of others.

The slices of the spine and those of an installation become one catalogue. What is wrong in any of them refuses all, and
is told with file, line and what to write. The order in which files are read changes nothing that is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schema.answers.conditions import catalogue_of
from schema.catalogue import Answer, Catalogue, CatalogueError, Edge, Entity, Fault, Field
from schema.nearest_name import nearest_name
from schema.slice_models import EntityBlock, ExtensionBlock, SliceDocument
from schema.strict_yaml import YamlFile, YamlFileError
from schema.yaml_blocks import YamlPath, raise_all, read_block
from schema.yaml_folder import yaml_paths

SPINE_FOLDER = Path(__file__).parent / "spine"
SPINE_FILES = (
    "places", "addresses", "housing", "people", "households", "units", "events", "parts", "tenancies", "inspections",
)  # fmt: skip
"""The slices of the spine, in the order in which their types are listed everywhere."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A file that has the shape of a slice; `own` is its name, empty for one of the spine."""

    file: YamlFile
    document: SliceDocument
    own: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A catalogue, and where each of its declarations is written."""

    catalogue: Catalogue
    places: Mapping[str, tuple[YamlFile, YamlPath]]

    def raise_faults(self, faults: Iterable[Fault]) -> None:
        """Raises one YamlFileError for faults of the catalogue, if there are any."""
        raise_all(_located(faults, self.places))


def read_spine() -> tuple[Slice, ...]:
    """The slices that every hub has."""
    return tuple(_read(SPINE_FOLDER / f"{name}.yaml", is_spine=True) for name in SPINE_FILES)


def read_slices(folder: Path) -> tuple[Slice, ...]:
    """The slices of an installation, by name of file; raises one YamlFileError for all that cannot be read."""
    if not folder.is_dir():
        raise YamlFileError(str(folder), "is no folder here; name one that holds *.yaml slices")
    paths = yaml_paths(folder)
    if not paths:
        raise YamlFileError(str(folder), "no *.yaml slice here; name the folder that holds them, or unset the setting")
    read, faults = [], []
    for path in paths:
        try:
            read.append(_read(path, is_spine=False))
        except YamlFileError as wrong:
            faults.append(wrong)
    raise_all(faults)
    return tuple(read)


def _read(path: Path, *, is_spine: bool) -> Slice:
    file = YamlFile(path.name, path.read_bytes())
    document = read_block(
        file,
        SliceDocument,
        says_nothing="says nothing; remove the file, or write `slice:` and a section such as `entities:`",
    )
    return Slice(file, document, "" if is_spine else document.slice)


def compose(slices: Sequence[Slice]) -> Composed:
    """The catalogue that slices make together; raises one YamlFileError for all that is wrong with them."""
    composer = _Composer(slices)
    raise_all(composer.faults())
    try:
        return Composed(composer.catalogue(), composer.places)
    except CatalogueError as wrong:
        raise_all(_located(wrong.faults, composer.places))
        raise


def _located(faults: Iterable[Fault], places: Mapping[str, tuple[YamlFile, YamlPath]]) -> Iterator[YamlFileError]:
    found = [(*places[each.thing], each) for each in faults]
    for file, path, fault in sorted(found, key=lambda each: (each[0].name, each[0].line((*each[1], *each[2].keys)))):
        yield YamlFileError(file.place((*path, *fault.keys)), f"{fault.thing}: {fault.problem}")


class _Composer:
    """Slices beside each other. `places` tells where each entity, coordinate and relationship is declared."""

    def __init__(self, slices: Sequence[Slice]) -> None:
        self.slices = slices
        self.places: dict[str, tuple[YamlFile, YamlPath]] = {}
        self.entities: dict[str, tuple[Slice, EntityBlock]] = {}

    def faults(self) -> Iterator[YamlFileError]:
        """What two slices may not do at once, and what only the spine may."""
        names: dict[str, YamlFile] = {}
        for each in self.slices:
            first = names.setdefault(each.document.slice, each.file)
            if first is not each.file:
                problem = f"slice: {each.document.slice} is the name of {first.name} too; rename one"
                yield YamlFileError(each.file.place(("slice",)), problem)
            for name, block in each.document.entities.items():
                yield from self._claim(name, each, ("entities", name))
                self.entities.setdefault(name, (each, block))
                yield from self._claim_members(name, block, each, ("entities", name))
            for relationship in each.document.edges:
                yield from self._claim(relationship, each, ("edges", relationship))
        for each in self.slices:
            yield from self._of_extensions(each)
            yield from self._of_spine(each)

    def _claim(self, thing: str, by: Slice, path: YamlPath) -> Iterator[YamlFileError]:
        file, first = self.places.setdefault(thing, (by.file, path))
        if (file, first) != (by.file, path):
            yield YamlFileError(by.file.place(path), f"{thing} is declared in {file.place(first)} too; keep one")

    def _claim_members(
        self, name: str, block: EntityBlock | ExtensionBlock, by: Slice, path: YamlPath
    ) -> Iterator[YamlFileError]:
        for section in ("fields", "answers"):
            for each in getattr(block, section):
                yield from self._claim(f"{name}.{each}", by, (*path, section, each))

    def _of_extensions(self, each: Slice) -> Iterator[YamlFileError]:
        for name, block in each.document.extends.items():
            path = ("extends", name)
            if name not in self.entities:
                near = nearest_name(name, self.entities)
                hint = f"did you mean {near}? " if near else ""
                problem = f"unknown type {name!r}; {hint}known: {', '.join(self.entities)}"
                yield YamlFileError(each.file.place(path), problem)
                continue
            owner, extended = self.entities[name]
            if owner is each:
                problem = f"{name} is a type of this slice; write the fields there"
                yield YamlFileError(each.file.place(path), problem)
            elif not extended.extensible:
                open_ones = ", ".join(name for name, (_, block) in self.entities.items() if block.extensible)
                problem = f"{name} takes no fields from other slices; a type says `extensible: true`: {open_ones}"
                yield YamlFileError(each.file.place(path), problem)
            yield from self._claim_members(name, block, each, path)

    def _of_spine(self, each: Slice) -> Iterator[YamlFileError]:
        """What only a slice of the spine may say."""
        if each.document.case is not None:
            if each.own or "case" in self.places:
                yield YamlFileError(each.file.place(("case",)), "the case is that of the spine; remove this block")
            self.places.setdefault("case", (each.file, ("case",)))
        for name, block in each.document.entities.items() if each.own else ():
            if block.subjects == "self":
                problem = f"{name}: people are those of the spine; write the path of edges that leads to them"
                yield YamlFileError(each.file.place(("entities", name, "subjects")), problem)

    def catalogue(self) -> Catalogue:
        """All of it together; raises CatalogueError."""
        cases = [each.document.case.case() for each in self.slices if each.document.case is not None]
        entities = tuple(self._entities())
        return catalogue_of(entities, tuple(self._edges()), cases[0] if cases else None)

    def _entities(self) -> Iterator[Entity]:
        fields: dict[str, tuple[Field, ...]] = {}
        answers: dict[str, tuple[Answer, ...]] = {}
        for each in self.slices:
            for name, extension in each.document.extends.items():
                added = tuple(block.field(field, each.own) for field, block in extension.fields.items())
                fields[name] = fields.get(name, ()) + added
                asked = tuple(block.answer(answer, each.own) for answer, block in extension.answers.items())
                answers[name] = answers.get(name, ()) + asked
        for name, (owner, block) in self.entities.items():
            yield block.entity(name, owner.own, fields.get(name, ()), answers.get(name, ()))

    def _edges(self) -> Iterator[Edge]:
        for each in self.slices:
            for relationship, block in each.document.edges.items():
                yield block.edge(relationship, each.own)
