"""A policy that names anything unknown does not load; nothing in it is ever ignored.

Reads every `*.yaml` file of a folder as one set and makes the immutable `PolicySet` of it. Sections: `purposes`,
`applications`, `owners`, `grants`, `prohibitions`. Each error names file and line and what to write instead.
The version is the hash of all files' names and bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policies import masking
from policies.model import (
    AGGREGATE,
    CLEAR,
    DEFAULT_CONTRIBUTORS,
    Application,
    Effect,
    Grant,
    PolicySet,
    Prohibition,
    Purpose,
    Selector,
    Validity,
)
from policies.purposes import parent, valid_id
from policies.source import PolicyFile, PolicyFileError
from schema.catalogue import Catalogue, CatalogueError, EdgeEnd
from schema.catalogue import Field as CatalogueField
from schema.predicate import Grammar, PredicateError, parse

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
Jurisdiction = Annotated[str, StringConstraints(pattern=r"^([0-9A-Za-z-]+/)+$", max_length=100)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PurposeBlock(_Block):
    """A purpose: `id`, its titles, and the W3C DPV purpose it corresponds to."""

    id: str
    zh: str
    en: str
    dpv: str = ""


class ApplicationBlock(_Block):
    """A registered application; `staff` maps a person (`sub`) to the jurisdiction he answers for."""

    id: Name
    zh: str
    en: str
    department: Name
    jurisdiction: Jurisdiction
    role: Name | Literal[""] = ""
    level: Name | Literal[""] = ""
    staff: dict[str, Jurisdiction] = Field(default_factory=dict)


class SelectorBlock(_Block):
    """To whom: each attribute that is named must be among those listed."""

    application: list[str] | None = None
    department: list[str] | None = None
    role: list[str] | None = None
    level: list[str] | None = None


class MaskBlock(_Block):
    """`{mask: "partial(3,4)"}`: a rung of the coordinate's mask ladder."""

    mask: str


class ValidityBlock(_Block):
    """First and last day in force."""

    start: dt.date | None = Field(default=None, alias="from")
    end: dt.date | None = Field(default=None, alias="to")


class GrantBlock(_Block):
    """Who may see what for which purposes, on which rows, on which legal basis."""

    id: Name
    to: SelectorBlock
    purposes: list[str] = Field(alias="for")
    rows: dict[str, Any]
    fields: dict[str, Literal["clear", "aggregate"] | MaskBlock]
    match: list[str] = Field(default_factory=list)
    contributors: int = Field(default=DEFAULT_CONTRIBUTORS, ge=2)
    basis: Annotated[str, StringConstraints(min_length=1)]
    valid: ValidityBlock = ValidityBlock()


class ProhibitionBlock(_Block):
    """What nobody may see for these purposes, those below and those above."""

    id: Name
    prohibit: list[str]
    purposes: list[str] = Field(alias="for")
    basis: Annotated[str, StringConstraints(min_length=1)]


class PolicyDocument(_Block):
    """One policy file."""

    purposes: list[PurposeBlock] = Field(default_factory=list)
    applications: list[ApplicationBlock] = Field(default_factory=list)
    owners: dict[str, Name] = Field(default_factory=dict)
    grants: list[GrantBlock] = Field(default_factory=list)
    prohibitions: list[ProhibitionBlock] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Read:
    """A block with its file and the path that leads to it."""

    file: PolicyFile
    path: tuple[str | int, ...]

    @property
    def place(self) -> str:
        return self.file.place(self.path)

    def wrong(self, problem: str, *deeper: str | int) -> PolicyFileError:
        return PolicyFileError(self.file.place((*self.path, *deeper)), problem)


def load(folder: Path, catalogue: Catalogue) -> PolicySet:
    """The policy set in `folder`; raises PolicyFileError at the first thing that is wrong."""
    paths = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not paths:
        raise PolicyFileError(str(folder.name), "no *.yaml policy file here; name the folder that holds them")
    return _Loader(catalogue, paths).policy_set()


class _Loader:
    def __init__(self, catalogue: Catalogue, paths: list[Path]) -> None:
        self.catalogue = catalogue
        self.version = _hash(paths)
        self.documents = [(file, _document(file)) for file in (PolicyFile(path, path.name) for path in paths)]
        self.purposes: dict[str, Purpose] = {}
        self.applications: dict[str, Application] = {}
        self.owners: dict[str, str] = {}
        self.ids: set[str] = set()

    def policy_set(self) -> PolicySet:
        self._read_purposes()
        self._read_applications()
        self._read_owners()
        grants = tuple(self._grant(at, block) for at, block in self._blocks("grants"))
        prohibitions = tuple(self._prohibition(at, block) for at, block in self._blocks("prohibitions"))
        return PolicySet(self.version, self.purposes, self.applications, grants, prohibitions, self.owners)

    def _blocks(self, section: str) -> Iterator[tuple[_Read, Any]]:
        for file, document in self.documents:
            for index, block in enumerate(getattr(document, section)):
                yield _Read(file, (section, index)), block

    def _read_purposes(self) -> None:
        for at, block in self._blocks("purposes"):
            if not valid_id(block.id):
                raise at.wrong(f"{block.id!r} is not a dotted lower-case path such as safety.fire", "id")
            if block.id in self.purposes:
                raise at.wrong(f"purpose {block.id!r} stands twice", "id")
            self.purposes[block.id] = Purpose(block.id, block.zh, block.en, block.dpv)
        for at, block in self._blocks("purposes"):
            above = parent(block.id)
            if above and above not in self.purposes:
                raise at.wrong(f"purpose {block.id!r} hangs in the air: add {above!r}", "id")

    def _read_applications(self) -> None:
        for at, block in self._blocks("applications"):
            if block.id in self.applications:
                raise at.wrong(f"application {block.id!r} stands twice", "id")
            self.applications[block.id] = Application(**block.model_dump())

    def _read_owners(self) -> None:
        for file, document in self.documents:
            at = _Read(file, ("owners",))
            for entity, department in document.owners.items():
                if entity not in self.catalogue:
                    raise at.wrong(f"unknown type {entity!r}; known: {self._types()}", entity)
                if self.owners.setdefault(entity, department) != department:
                    raise at.wrong(f"{entity} has two owners", entity)

    def _types(self) -> str:
        return ", ".join(entity.name for entity in self.catalogue)

    def _grant(self, at: _Read, block: GrantBlock) -> Grant:
        self._unique(at, block.id)
        grant = Grant(
            id=block.id,
            to=self._selector(at, block.to),
            purposes=self._known_purposes(at, block.purposes),
            rows={},
            fields=self._effects(at, block),
            match=self._matches(at, block),
            contributors=block.contributors,
            basis=block.basis,
            valid=Validity(block.valid.start, block.valid.end),
            place=at.place,
        )
        if grant.valid.start and grant.valid.end and grant.valid.end < grant.valid.start:
            raise at.wrong("`valid` ends before it begins", "valid")
        rows = self._rows(at, block)
        for coordinate in sorted({*grant.fields, *grant.match}):
            entity = coordinate.partition(".")[0]
            if entity not in rows:
                raise at.wrong(f"{coordinate} is granted, but `rows` says nothing of {entity}: add which rows", "rows")
        return Grant(**{**{name: getattr(grant, name) for name in Grant.__slots__}, "rows": rows})

    def _unique(self, at: _Read, rule: str) -> None:
        if rule in self.ids:
            raise at.wrong(f"rule {rule!r} stands twice", "id")
        self.ids.add(rule)

    def _selector(self, at: _Read, block: SelectorBlock) -> Selector:
        known = {
            "application": set(self.applications),
            "department": {each.department for each in self.applications.values()},
            "role": {each.role for each in self.applications.values()},
            "level": {each.level for each in self.applications.values()},
        }
        named = {name: values for name, values in block.model_dump().items() if values is not None}
        if not named:
            raise at.wrong("`to` names nobody: say application, department, role or level", "to")
        for name, values in named.items():
            for value in values:
                if value not in known[name] or not value:
                    registered = ", ".join(sorted(known[name] - {""}))
                    raise at.wrong(f"no registered application has {name} {value!r}; known: {registered}", "to", name)
        return Selector(**{name: frozenset(values) for name, values in named.items()})

    def _known_purposes(self, at: _Read, names: list[str]) -> frozenset[str]:
        for name in names:
            if name not in self.purposes:
                raise at.wrong(f"unknown purpose {name!r}; add it under `purposes:` or correct it", "for")
        return frozenset(names)

    def _rows(self, at: _Read, block: GrantBlock) -> Mapping[str, Any]:
        grammar = Grammar(self.catalogue, placeholders=True)
        rows = {}
        for entity, condition in block.rows.items():
            if entity not in self.catalogue:
                raise at.wrong(f"unknown type {entity!r}; known: {self._types()}", "rows", entity)
            try:
                rows[entity] = parse(grammar, self.catalogue.entity(entity), condition)
            except PredicateError as wrong:
                raise at.wrong(str(wrong), "rows", entity, *wrong.path) from None
        return rows

    def _effects(self, at: _Read, block: GrantBlock) -> Mapping[str, Effect]:
        given: dict[str, Effect] = {}
        for name, wish in block.fields.items():
            effect = _effect(wish)
            for coordinate in self._expand(at, name, effect, "fields"):
                self._check_effect(at, name, coordinate, effect)
                if given.setdefault(coordinate, effect) != effect:
                    raise at.wrong(f"{coordinate} gets two effects in one grant; say each once", "fields", name)
        return given

    def _expand(self, at: _Read, name: str, effect: Effect | None, section: str) -> tuple[str, ...]:
        """Coordinates that a coordinate, a type or a tag stands for."""
        try:
            if "." in name:
                self.catalogue.coordinate(name)
                return (name,)
            if name not in self.catalogue:
                return self.catalogue.tagged(name)
        except CatalogueError as unknown:
            raise at.wrong(str(unknown), section, name) from None
        entity = self.catalogue.entity(name)
        if effect == AGGREGATE:
            return tuple(dict.fromkeys(f"{name}.{field.name}" for field, _ in entity.buckets()))
        return tuple(f"{name}.{each}" for each in [*(field.name for field in entity.fields), *entity.edges])

    def _check_effect(self, at: _Read, name: str, coordinate: str, effect: Effect) -> None:
        field = self.catalogue.coordinate(coordinate)
        if effect == CLEAR:
            return
        if isinstance(field, EdgeEnd):
            raise at.wrong(f"{coordinate} is an edge: it is `clear` or not granted", "fields", name)
        if effect == AGGREGATE and not field.buckets:
            raise at.wrong(f"{coordinate} has no bucket in the catalogue, so it cannot be aggregated", "fields", name)
        if effect.mask is not None and effect.mask not in field.masks:
            ladder = " < ".join(field.masks) or "none"
            raise at.wrong(f"{effect.mask!r} is not on the mask ladder of {coordinate}: {ladder}", "fields", name)

    def _matches(self, at: _Read, block: GrantBlock) -> frozenset[str]:
        for name in block.match:
            try:
                field = self.catalogue.coordinate(name)
            except CatalogueError as unknown:
                raise at.wrong(str(unknown), "match") from None
            if not isinstance(field, CatalogueField) or not field.matchable:
                raise at.wrong(f"{name} cannot be matched: it does not identify one person", "match")
        return frozenset(block.match)

    def _prohibition(self, at: _Read, block: ProhibitionBlock) -> Prohibition:
        self._unique(at, block.id)
        names: set[str] = set()
        for name in block.prohibit:
            for coordinate in self._expand(at, name, None, "prohibit"):
                names.add(coordinate)
                found = self.catalogue.coordinate(coordinate)
                if isinstance(found, EdgeEnd):
                    names.add(found.inverse)
        purposes = self._known_purposes(at, block.purposes)
        return Prohibition(block.id, purposes, frozenset(names), block.basis, at.place)


def _effect(wish: str | MaskBlock) -> Effect:
    if isinstance(wish, MaskBlock):
        return Effect("mask", wish.mask)
    return CLEAR if wish == "clear" else AGGREGATE


def _document(file: PolicyFile) -> PolicyDocument:
    try:
        return PolicyDocument.model_validate(file.content)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        path = tuple(first["loc"])
        where = ".".join(str(step) for step in path)
        raise PolicyFileError(file.place(path), f"{where}: {_explain(first['type'], first['msg'])}") from None


def _explain(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "unknown key; the policy language does not have it"
    if kind == "string_type":
        return "expected text; quote it, because YAML reads yes, no, on, off and numbers as something else"
    return message[0].lower() + message[1:]


def _hash(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def check_ladders(catalogue: Catalogue) -> None:
    """Each mask on each ladder is registered and fits its field; raises MaskError naming the coordinate."""
    for coordinate, field in catalogue.coordinates():
        if isinstance(field, EdgeEnd):
            continue
        for text in field.masks:
            try:
                mask = masking.parse(text)
            except masking.MaskError as wrong:
                raise masking.MaskError(f"{coordinate}: {wrong}") from None
            if field.scalar not in mask.scalars:
                raise masking.MaskError(f"{coordinate}: {text!r} cannot mask a {field.scalar}")
