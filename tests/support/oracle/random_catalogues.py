"""Random catalogues: slices in YAML beside the spine, with types, fields and edges that nobody has seen before.

The same `random.Random` gives the same ones. They come through the loader of an installation, and hold each kind of
field with ladders and buckets, two free texts in a type, fields added to types of others, edges in both directions and
of each degree, and types about nobody, about people over one path, or over several.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from schema import SPINE
from schema.catalogue import Catalogue, Grade, RegionLevel
from schema.declared_faults import SEARCHABLE
from schema.strict_yaml import YamlFileError

Raw = dict[str, Any]
TRIES = 30
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "ke", "lo", "mi", "nu", "pa", "re", "so", "tu", "vy", "wo", "xi", "zu")
LONGEST_PATH = 3
"""So many edges lead to the people that a type tells about, at most."""


@dataclass(frozen=True)
class Form:
    """What fields of one type and kind may have: `masks` is the longest ladder, `bucket` a way to coarsen them."""

    type: str
    kind: str
    masks: tuple[str, ...]
    bucket: str = ""
    matchable: bool = False


LEVELS = (RegionLevel.CITY, RegionLevel.DISTRICT, RegionLevel.STREET, RegionLevel.COMMUNITY, RegionLevel.GRID)
REGION = Form("RegionPath", "region", ("redact", *(f"region({level})" for level in LEVELS[:-1])), "region")
TEXT = Form("String", "free_text", ("redact", "text", "text(surname)", "text(phone4)", "text(surname,phone4)"), "words")
FORMS = (
    Form("String", "name", ("redact", "pseudonym", "initial", "surname")),
    Form("String", "id_number", ("redact", "pseudonym", "partial(0,4)", "partial(6,4)"), matchable=True),
    Form("String", "phone", ("redact", "partial(0,4)", "partial(3,4)"), matchable=True),
    Form("String", "address", ("redact", "address(street)", "address(estate)")),
    TEXT,
    Form("String", "code", ("redact", "pseudonym", "partial(1,0)"), matchable=True),
    Form("Enum", "status", ("redact",), "value"),
    Form("Enum", "code", ("redact",), "value"),
    Form("Boolean", "status", ("redact",)),
    Form("Date", "birth", ("redact", "age_band", "year"), "age_band"),
    Form("Date", "time", ("redact", "age_band", "year")),
    Form("DateTime", "time", ("redact",)),
    Form("Int", "quantity", ("redact", "round(50)", "round(10)", "round(1)")),
    Form("Float", "quantity", ("redact", "round(50)", "round(10)", "round(1)")),
)


def generated_catalogue(rng: random.Random, folder: Path) -> Catalogue:
    """The spine and one to three slices, written to `folder` and read as an installation's are."""
    folder.mkdir(parents=True)
    refused: YamlFileError | None = None
    for _ in range(TRIES):
        for each in folder.iterdir():
            each.unlink()
        for name, content in _Drawing(rng).slices().items():
            text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        try:
            return catalogue_of(Settings(slices=folder))
        except YamlFileError as wrong:
            refused = wrong  # two names alike, or one that the hub keeps: drawn again
    raise AssertionError(f"{TRIES} catalogues were refused, the last one: {refused}")


@dataclass
class _Drawing:
    rng: random.Random
    owners: dict[str, str] = field(default_factory=dict)
    """New types, and the slice of each."""
    targets: dict[str, dict[str, str]] = field(
        default_factory=lambda: {each.name: {end.name: end.target for end in each.edges.values()} for each in SPINE}
    )
    """Where the edges of each type lead."""

    def slices(self) -> dict[str, Raw]:
        """File → content."""
        files = [self.member() for _ in range(self.rng.choice((1, 2, 2, 3)))]
        made: dict[str, Raw] = {name: {"slice": name, "entities": {}, "edges": {}, "extends": {}} for name in files}
        for _ in range(self.rng.randint(2, 5)):
            name = self.member().capitalize()
            self.owners[name] = self.rng.choice(files)
            self.targets[name] = {}
        for name, owner in self.owners.items():
            for _ in range(self.rng.choice((1, 2, 2, 3))):
                made[owner]["edges"] |= self.edge(name)
        for name, owner in self.owners.items():
            made[owner]["entities"][name] = self.entity(name)
        for owner in files:
            made[owner]["extends"] = self.extensions(owner)
        told = {name: _told(content) for name, content in made.items()}
        return {name: content for name, content in told.items() if len(content) > 1}

    def member(self) -> str:
        """A name in small letters, hardly ever drawn twice."""
        return "".join(self.rng.choice(SYLLABLES) for _ in range(4))

    def titles(self) -> Raw:
        return {"zh": f"新{self.member()}", "en": f"New {self.member()}"}

    # Edges.

    def edge(self, name: str) -> Raw:
        """An edge between a new type and any type, itself too, in either direction."""
        there = "Person" if self.rng.random() < 0.35 else self.rng.choice([*self.targets, *self.owners, *self.owners])
        ends = [name, there] if self.rng.random() < 0.5 else [there, name]
        names = [self.member(), self.member()]
        blocks = [
            {"entity": end, "name": called, "many": self.rng.random() < 0.5, **self.titles()}
            for end, called in zip(ends, names, strict=True)
        ]
        for end, called, other in zip(ends, names, reversed(ends), strict=True):
            self.targets[end][called] = other
        personal = "Person" in ends or self.rng.random() < 0.3
        return {f"HAS_{names[0].upper()}": {"from": blocks[0], "to": blocks[1], "personal": personal}}

    def paths(self, name: str, left: int = LONGEST_PATH) -> Iterator[str]:
        """Ways over edges to people."""
        for step, target in self.targets[name].items():
            if target == "Person":
                yield step
            elif left > 1:
                yield from (f"{step}.{rest}" for rest in self.paths(target, left - 1))

    # Types.

    def entity(self, name: str) -> Raw:
        paths = sorted(self.paths(name))
        near = [each for each in paths if each.count(".") == min(path.count(".") for path in paths)]
        chosen = {self.rng.choice(near), self.rng.choice(paths)} if paths else set()
        if self.rng.random() < 0.5:
            chosen = set(sorted(chosen, key=len)[:1])
        nobody = not chosen or self.rng.random() < 0.15
        fields = dict(self.named(self.rng.choice(FORMS), nobody=nobody) for _ in range(self.rng.randint(2, 7)))
        fields |= dict(self.named(TEXT, nobody=nobody) for _ in range(self.rng.choice((0, 1, 1, 2))))
        if self.rng.random() < 0.7:
            fields["region"] = self.field("region", REGION, nobody=nobody)
        return _told(
            {
                "plural": self.member(),
                **self.titles(),
                "subjects": "nobody" if nobody else sorted(chosen),
                "extensible": self.rng.random() < 0.6,
                "fields": fields,
                "answers": {self.member(): self.answer(name, fields) for _ in range(self.rng.choice((0, 1, 1, 2)))},
            }
        )

    # Answers.

    def answer(self, name: str, fields: Raw) -> Raw:
        """A question about the fields of a type, or about the people that an edge of it leads to."""
        made: Raw = {**self.titles(), "grade": "general-2", "personal": True, "sensitive": True}
        argument = self.rng.choice(("Int", "RegionPath", "String", None, None))
        asked = self.member()
        asking = [when for each, block in fields.items() for when in self.asking(each, block, argument, asked)]
        if argument and asking:
            made["argument"] = {"name": asked, "type": argument, **self.titles()}
            return {**made, "when": self.over_an_edge(name, self.rng.choice(asking), argument)}
        conditions = [self.condition(each, block) for each, block in fields.items()]
        if self.rng.random() < 0.4:
            values = {self.member().upper(): {**self.titles(), "when": each} for each in conditions[:3]}
            return {**made, "values": values}
        return {**made, "when": self.joined(conditions)}

    def joined(self, conditions: list[Raw]) -> Raw:
        one, other = self.rng.choice(conditions), self.rng.choice(conditions)
        return self.rng.choice((one, {"not": one}, {"and": [one, other]}, {"or": [one, {"not": other}]}))

    def over_an_edge(self, name: str, when: Raw, argument: str) -> Raw:
        """The same, or what the people at the end of an edge are asked."""
        people = [step for step, target in self.targets[name].items() if target == "Person"]
        if argument != "Int" or not people or self.rng.random() < 0.5:
            return when
        (asked,) = [text.split("$")[-1] for text in str(when).split("'") if "$" in text][:1]
        return {people[0]: {self.rng.choice(("some", "none")): {"birthDate": {"lte": f"$today - ${asked}"}}}}

    def asking(self, name: str, block: Raw, argument: str | None, asked: str) -> Iterator[Raw]:
        """Conditions on a field that name the argument."""
        if block["type"] == "Date" and argument == "Int":
            yield {name: {self.rng.choice(("lte", "gt")): f"$today - ${asked}"}}
        elif argument is not None and block["type"] == argument:
            operator = {"Int": "gte", "RegionPath": "startsWith", "String": "eq"}[argument]
            yield {name: {operator: f"${asked}"}}

    def condition(self, name: str, block: Raw) -> Raw:
        """A condition on a field, of any type."""
        known: Raw = {
            "Enum": {"eq": next(iter(block.get("values", [""])))},
            "Boolean": {"eq": True},
            "Date": {"lte": "$today - 26y"},
            "Int": {"gte": 18},
        }
        return {name: known.get(block["type"], {"isNull": self.rng.random() < 0.5})}

    def extensions(self, owner: str) -> Raw:
        """Fields that a slice adds to types of others, some of which refuse it."""
        others = [name for name, slice_name in self.owners.items() if slice_name != owner and self.rng.random() < 0.2]
        spine = [each.name for each in SPINE if each.extensible and self.rng.random() < 0.3]
        made: Raw = {}
        for name in (*spine, *others):
            people = name == "Person"
            fields = [self.named(self.rng.choice(FORMS), personal=people) for _ in range(self.rng.randint(1, 2))]
            made[name] = {"fields": dict(fields)}
        return made

    # Fields.

    def named(self, form: Form, *, nobody: bool = False, personal: bool = False) -> tuple[str, Raw]:
        name = self.member()
        return name, self.field(name, form, nobody=nobody, personal=personal)

    def field(self, name: str, form: Form, *, nobody: bool = False, personal: bool = False) -> Raw:
        """A field; of a type about nobody, what is personal has no bucket."""
        personal = personal or self.rng.random() < 0.5
        made: Raw = {
            "type": form.type,
            **self.titles(),
            "kind": form.kind,
            "grade": str(self.rng.choice(tuple(Grade))),
            "personal": personal,
            "sensitive": personal and self.rng.random() < 0.2,
            "masks": [each for each in form.masks if self.rng.random() < 0.75],
            "matchable": form.matchable and self.rng.random() < 0.6,
            "indexed": form.kind != "free_text" and self.rng.random() < 0.4,
            "searchable": form.type == "String" and form.kind in SEARCHABLE and self.rng.random() < 0.6,
        }
        if form.type == "Enum":
            made["values"] = [self.member().upper() for _ in range(self.rng.randint(1, 4))]
        if form.bucket and not (nobody and personal) and self.rng.random() < 0.8:
            made["buckets"] = dict(self.buckets(name, form.bucket))
        return _told(made)

    def buckets(self, name: str, kind: str) -> Iterator[tuple[str, str]]:
        if kind == "region":
            for level in self.rng.sample(LEVELS, self.rng.randint(1, 3)):
                yield self.member(), f"region({level})"
        else:
            yield (name if kind == "value" else self.member()), kind


def _told(block: Raw) -> Raw:
    """Without sections that hold nothing, which a slice leaves out."""
    return {key: value for key, value in block.items() if value or not isinstance(value, dict | list)}


def summary(made: Catalogue) -> Mapping[str, int]:
    """How much of each is new in it, for a word about a run."""
    types = [each for each in made if each.slice]
    added = [each for entity in made for each in entity.fields if each.slice]
    return {"types": len(types), "fields": len(added), "edges": sum(bool(each.slice) for each in made.edges)}
