"""Loads the policy files of a folder into one immutable `PolicySet`.

Nothing is ignored: an unknown name refuses the load, with file, line and remedy. A version is a hash of all files.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from policies import obligations
from policies.collecting.written import collecting_of
from policies.effects.granted import EffectFault, checked, expected_of
from policies.effects.named import matched, verified
from policies.effects.words import explain_expected
from policies.model import Application, Expectation, PolicySet, Purpose, delegation_fault
from policies.naming.departments import departments_of
from policies.obligations import Obligation, ObligationError
from policies.operations.registered import Operation, OperationFault, Operations, Registry
from policies.purposes import implies, parent, valid_id
from policies.rules import AGGREGATE, ANSWER, CLEAR, Effect, Grant, Prohibition, Selector, Validity
from policies.stewards import Steward, faults_of_stewards
from policies.yaml_models import (
    AnswerBlock,
    BlockAt,
    ExpectationBlock,
    GrantBlock,
    MaskBlock,
    OperationBlock,
    ProhibitionBlock,
    SelectorBlock,
    read_documents,
)
from schema.catalogue import PROVENANCE, Answer, Catalogue, CatalogueError, EdgeEnd
from schema.predicate import All, CaseHolds, Grammar, PredicateError, has_case, parse
from schema.strict_yaml import YamlFileError
from schema.yaml_blocks import raise_all
from schema.yaml_folder import yaml_paths

_Rule = TypeVar("_Rule")

EPIDEMIC = "epidemic"
"""The purpose that must end: what was allowed in an epidemic is not to outlive it."""


def load(folder: Path, catalogue: Catalogue) -> PolicySet:
    """The policy set in `folder`; raises YamlFileError at the first thing that is wrong."""
    return load_files(read_folder(folder), catalogue)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The policy files in `folder`, by name; raises YamlFileError if there is none, or a file that is not read."""
    if not folder.is_dir():
        raise YamlFileError(str(folder), "is no folder here; name one that holds *.yaml policy files")
    paths = yaml_paths(folder)
    if not paths:
        raise YamlFileError(str(folder), "no *.yaml policy file here; name the folder that holds them")
    return {path.name: path.read_bytes() for path in paths}


def load_files(files: Mapping[str, bytes], catalogue: Catalogue) -> PolicySet:
    """The policy set that files make, given by name; raises YamlFileError at the first thing that is wrong."""
    return _Loader(catalogue, files).policy_set()


def version_of(files: Mapping[str, bytes]) -> str:
    """The name of a policy version: a hash over its files' names and bytes."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


class _Loader:
    def __init__(self, catalogue: Catalogue, files: Mapping[str, bytes]) -> None:
        self.catalogue = catalogue
        self.version = version_of(files)
        self.documents = read_documents(files)
        self.purposes: dict[str, Purpose] = {}
        self.applications: dict[str, Application] = {}
        self.owners: dict[str, str] = {}
        self.ids: set[str] = set()
        self.faults: list[YamlFileError] = []

    def policy_set(self) -> PolicySet:
        """What the files state; raises one YamlFileError for all that is wrong with their names."""
        departments = departments_of(self.documents)
        self._read_purposes()
        self._read_applications()
        self._read_owners()
        grants, prohibitions = self._read("grants", self._grant), self._read("prohibitions", self._prohibition)
        expectations = self._read("expect", self._expectation)
        stewards, operations = self._stewards(), self._operations()
        raise_all(self.faults)
        return PolicySet(
            self.version,
            self.purposes,
            self.applications,
            grants,
            prohibitions,
            self.owners,
            stewards,
            expectations,
            operations,
            departments,
            collecting_of(self.documents, self.purposes, self.ids),
        )

    def _read(self, section: str, read: Callable[[BlockAt, Any], _Rule]) -> tuple[_Rule, ...]:
        """The rules of a section; what is wrong with one is kept, and the next is read."""
        rules = []
        for at, block in self._blocks(section):
            try:
                rules.append(read(at, block))
            except YamlFileError as wrong:
                self.faults.append(wrong)
        return tuple(rules)

    def _blocks(self, section: str) -> Iterator[tuple[BlockAt, Any]]:
        for file, document in self.documents:
            for index, block in enumerate(getattr(document, section)):
                yield BlockAt(file, (section, index)), block

    def _read_purposes(self) -> None:
        for at, block in self._blocks("purposes"):
            if not valid_id(block.id):
                raise at.wrong(f"{block.id!r} is not a dotted lower-case path such as safety.fire", "id")
            if block.id in self.purposes:
                raise at.wrong(f"purpose {block.id!r} is defined twice; remove or rename one", "id")
            if implies(EPIDEMIC, block.id) and (block.expires is None or block.purge is None):
                raise at.wrong(f"{block.id!r} must say when it `expires`, and by when its data is to `purge`")
            self.purposes[block.id] = Purpose(**block.model_dump())
        for at, block in self._blocks("purposes"):
            above = parent(block.id)
            if above and above not in self.purposes:
                raise at.wrong(f"purpose {block.id!r} has no parent: add {above!r}", "id")

    def _read_applications(self) -> None:
        for at, block in self._blocks("applications"):
            if block.id in self.applications:
                raise at.wrong(f"application {block.id!r} is defined twice; remove or rename one", "id")
            lines = {sub: at.file.place((*at.path, "staff", sub)) for sub in block.staff}
            lines[""] = at.file.place((*at.path, "jurisdiction"))
            developers = frozenset(block.developers)
            if block.staff and developers - set(block.staff):
                text = "an account here is not among `staff`, so that nobody can ask with it; list it there too"
                raise at.wrong(text, "developers")
            registered = block.model_dump() | {"developers": developers, "limits": block.limits.limits}
            registered["acts_for"] = frozenset(block.acts_for)
            self.applications[block.id] = Application(**registered, places=lines)
        for at, block in self._blocks("applications"):
            if fault := delegation_fault(self.applications, self.applications[block.id]):
                raise at.wrong(fault, "actsFor")

    def _read_owners(self) -> None:
        for file, document in self.documents:
            at = BlockAt(file, ("owners",))
            for entity, department in document.owners.items():
                if entity not in self.catalogue:
                    raise at.wrong(f"unknown type {entity!r}; known: {self._types()}", entity)
                if self.owners.setdefault(entity, department) != department:
                    raise at.wrong(f"{entity} has two owners; keep one", entity)

    def _types(self) -> str:
        return ", ".join(entity.name for entity in self.catalogue)

    def _grant(self, at: BlockAt, block: GrantBlock) -> Grant:
        self._unique(at, block.id)
        grant = Grant(
            id=block.id,
            to=self._selector(at, block.to),
            purposes=self._known_purposes(at, block.purposes),
            rows={},
            fields=self._effects(at, block),
            match=self._named(at, "match", matched, block.match),
            verify=self._named(at, "verify", verified, block.verify),
            contributors=block.contributors,
            rounding=block.rounding,
            buckets=block.buckets,
            obligations=self._obligations(at, block),
            basis=block.basis,
            valid=Validity(block.valid.start, block.valid.end),
            place=at.place,
            broad=self._broad(at, block),
            accesses=block.accesses,
        )
        guessed = "match" if grant.match else "verify" if grant.verify else ""
        if guessed and not any(name in grant.obligations for name in obligations.BOUND_A_MATCH):
            text = f"`{guessed}` without a bound lets whole numbers be guessed; add"
            raise at.wrong(f"{text} `obligations: {{matchDailyCap: 50}}`, or {{case: required}}", guessed)
        if grant.valid.start and grant.valid.end and grant.valid.end < grant.valid.start:
            raise at.wrong("`valid` ends before it begins", "valid")
        rows = self._rows(at, block)
        for coordinate in sorted(grant.coordinates):
            entity = coordinate.partition(".")[0]
            if entity not in rows:
                raise at.wrong(
                    f"{coordinate} is granted, but `rows` says nothing of {entity}: state which rows", "rows"
                )
        if grant.accesses:
            self._check_accesses(at, grant, rows)
        if obligations.CASE in grant.obligations or any(has_case(condition) for condition in rows.values()):
            grant = dataclasses.replace(grant, obligations=obligations.with_case(grant.obligations))
            rows = {entity: All((condition, CaseHolds())) for entity, condition in rows.items()}
        return dataclasses.replace(grant, rows=rows)

    def _check_accesses(self, at: BlockAt, grant: Grant, rows: Mapping[str, Any]) -> None:
        person = "" if self.catalogue.person is None else self.catalogue.person.name
        if person not in rows:
            raise at.wrong(f"`accesses` is granted, but `rows` says nothing of {person or 'people'}", "rows")
        if not any(name.startswith(f"{person}.") for name in grant.match):
            raise at.wrong(
                "`accesses` tells of one person, whom a match names; add `match:` with what identifies them, such as "
                f"[{person}.idNumber]",
                "accesses",
            )

    def _obligations(self, at: BlockAt, block: GrantBlock) -> Mapping[str, Obligation]:
        try:
            return obligations.parse(block.obligations)
        except ObligationError as wrong:
            raise at.wrong(str(wrong), "obligations", wrong.name) from None

    def _broad(self, at: BlockAt, block: GrantBlock) -> frozenset[str]:
        broad = [(name, _effect(wish)) for name, wish in block.fields.items() if "." not in name]
        return frozenset(each for name, effect in broad for each in self._granted(at, block, name, effect))

    def _unique(self, at: BlockAt, rule: str) -> None:
        if rule in self.ids:
            raise at.wrong(f"rule {rule!r} is defined twice; remove or rename one", "id")
        self.ids.add(rule)

    def _selector(self, at: BlockAt, block: SelectorBlock) -> Selector:
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
            for index, value in enumerate(values):
                if value not in known[name] or not value:
                    registered = ", ".join(sorted(known[name] - {""}))
                    problem = f"no registered application has {name} {value!r}; known: {registered}"
                    raise at.wrong(problem, "to", name, index)
        return Selector(**{name: frozenset(values) for name, values in named.items()})

    def _known_purposes(self, at: BlockAt, names: list[str], key: str = "for") -> frozenset[str]:
        for index, name in enumerate(names):
            if name not in self.purposes:
                raise at.wrong(f"unknown purpose {name!r}; add it under `purposes:` or correct it", key, index)
        return frozenset(names)

    def _rows(self, at: BlockAt, block: GrantBlock) -> Mapping[str, Any]:
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

    def _effects(self, at: BlockAt, block: GrantBlock) -> Mapping[str, Effect]:
        given: dict[str, Effect] = {}
        for name, wish in block.fields.items():
            effect = _effect(wish)
            for coordinate in self._granted(at, block, name, effect):
                effect = self._checked(at, name, coordinate, effect)
                if given.setdefault(coordinate, effect) != effect:
                    raise at.wrong(f"{coordinate} has two effects in one grant; keep one", "fields", name)
        return given

    def _granted(self, at: BlockAt, block: GrantBlock, name: str, effect: Effect) -> tuple[str, ...]:
        """Coordinates that a key of a grant's `fields` stands for; of what slices add, less than of a prohibition's."""
        named = self._expand(at, name, effect, "fields")
        if "." in name:
            return named
        covered = tuple(each for each in named if self._covers(block, name, each))
        if named and not covered:
            problem = f"{name} covers only what slices add, or provenance; name its coordinates, or types under `rows`"
            raise at.wrong(problem, "fields", name)
        return covered

    def _covers(self, block: GrantBlock, name: str, coordinate: str) -> bool:
        """Whether a grant that names a type or tag means a coordinate: a new slice must not widen what is in force.

        Which sources hold a record tells more than what the record says, and an answer more than one field, so that
        they are granted by their own names only.
        """
        owner, _, own = coordinate.partition(".")
        entity = self.catalogue.entity(owner)
        found = self.catalogue.coordinate(coordinate)
        if own == PROVENANCE or isinstance(found, Answer) or found.slice != entity.slice:
            return False
        return not entity.slice or name == entity.name or entity.name in block.rows

    def _expand(
        self, at: BlockAt, name: str, effect: Effect | None, section: str, index: int | None = None
    ) -> tuple[str, ...]:
        """Coordinates that a coordinate, a type or a tag stands for, which is a key of the section or an item of it."""
        try:
            if "." in name:
                self.catalogue.coordinate(name)
                return (name,)
            if name not in self.catalogue:
                return self.catalogue.tagged(name)
        except CatalogueError as unknown:
            raise at.wrong(str(unknown), section, name if index is None else index) from None
        entity = self.catalogue.entity(name)
        if effect == AGGREGATE:
            return tuple(dict.fromkeys(f"{name}.{field.name}" for field, _ in entity.buckets()))
        fields, answers = ([each.name for each in members] for members in (entity.fields, entity.answers))
        return tuple(f"{name}.{each}" for each in [*fields, *entity.edges, PROVENANCE, *answers])

    def _checked(self, at: BlockAt, name: str, coordinate: str, effect: Effect) -> Effect:
        try:
            return checked(coordinate, self.catalogue.coordinate(coordinate), effect)
        except EffectFault as wrong:
            raise at.wrong(str(wrong), "fields", name, *wrong.keys) from None

    def _named(
        self, at: BlockAt, key: str, read: Callable[[Catalogue, list[str]], frozenset[str]], names: list[str]
    ) -> frozenset[str]:
        """What may be named in full under a key of a grant."""
        try:
            return read(self.catalogue, names)
        except EffectFault as wrong:
            raise at.wrong(str(wrong), key, *wrong.keys) from None

    def _prohibition(self, at: BlockAt, block: ProhibitionBlock) -> Prohibition:
        self._unique(at, block.id)
        names: set[str] = set()
        for index, name in enumerate(block.prohibit):
            for coordinate in self._expand(at, name, None, "prohibit", index):
                names.add(coordinate)
                found = self.catalogue.coordinate(coordinate)
                if isinstance(found, EdgeEnd):
                    names.add(found.inverse)
        names |= {answer for name in tuple(names) for answer in self.catalogue.answers_reading(name)}
        purposes = self._known_purposes(at, block.purposes)
        return Prohibition(block.id, purposes, frozenset(names), block.basis, at.place)

    def _stewards(self) -> dict[str, Steward]:
        blocks = [(at, block.steward()) for at, block in self._blocks("stewards")]
        for position, key, problem in faults_of_stewards(steward for _, steward in blocks):
            raise blocks[position][0].wrong(problem, key)
        known = sorted({*self.owners.values()})
        for at, steward in blocks:
            for index, owner in enumerate(steward.owns):
                if owner not in known:
                    problem = f"{owner!r} owns no type; owners: {', '.join(known) or 'none are named'}"
                    raise at.wrong(problem, "owns", index)
        return {steward.account: steward for _, steward in blocks}

    def _operations(self) -> Operations:
        registry = Registry(self.catalogue, self.applications, self.purposes, self.owners)

        def register(at: BlockAt, block: OperationBlock) -> None:
            try:
                registry.register(Operation(name="", place=at.place, **block.model_dump()))
            except OperationFault as wrong:
                raise at.wrong(str(wrong), *wrong.path) from None

        self._read("operations", register)
        return registry.operations

    def _expectation(self, at: BlockAt, block: ExpectationBlock) -> Expectation:
        if block.app not in self.applications:
            raise at.wrong(f"unknown application {block.app!r}; known: {', '.join(self.applications)}", "app")
        self._known_purposes(at, [block.purpose], "purpose")
        try:
            field = self.catalogue.coordinate(block.coordinate)
        except CatalogueError as unknown:
            raise at.wrong(str(unknown), "coordinate") from None
        known = expected_of(field, block.effects)
        for index, effect in enumerate(block.effects):
            if effect not in known:
                raise at.wrong(explain_expected(block.coordinate, effect, known), "effects", index)
        return Expectation(block.app, block.purpose, block.coordinate, tuple(sorted(block.effects)), at.place)


def _effect(wish: str | MaskBlock | AnswerBlock) -> Effect:
    """The effect that a grant writes, not checked yet."""
    if isinstance(wish, MaskBlock):
        return Effect("mask", wish.mask)
    if isinstance(wish, AnswerBlock):
        return Effect(ANSWER, None, tuple(wish.answer))
    return {"clear": CLEAR, "aggregate": AGGREGATE}.get(wish) or Effect(ANSWER, None, (None,))
