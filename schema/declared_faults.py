"""Finds what is wrong with the declarations of a catalogue, before one is made of them.

Every fault is found, not only the first. Names are checked for what is derived from them: labels, properties and
indexes of the graph, and types and fields of the GraphQL schema, none of which may be claimed twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from schema import derived_names as derived
from schema.classification import Kind, Scalar
from schema.declarations import BUCKETS, Answer, Bucket, Case, Edge, Entity, Fault, Field
from schema.nearest_name import nearest_name
from schema.never_store import NEVER_STORED, names_never_stored

MAX_NAME = 64
"""Longest name, in letters."""

SEARCHABLE = frozenset({Kind.FREE_TEXT, Kind.NAME, Kind.ADDRESS, Kind.CODE})
"""The kinds of texts that may be searched for what they contain: no telephones, and no numbers of people."""
ARGUMENTS = frozenset({Scalar.INT, Scalar.STRING, Scalar.REGION})
"""What an answer may be asked with."""
_Claims = dict[str, str]
_TYPE = re.compile(r"[A-Z][A-Za-z0-9]*\Z", re.ASCII)
_MEMBER = re.compile(r"[a-z][A-Za-z0-9]*\Z", re.ASCII)
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*\Z", re.ASCII)
_MASK = re.compile(r"[a-z_]+(\((-?[A-Za-z0-9]+)(,-?[A-Za-z0-9]+)*\))?\Z")
_FORMS: Mapping[re.Pattern[str], str] = {
    _TYPE: "ASCII letters and digits, beginning with a capital, such as Person",
    _MEMBER: "ASCII letters and digits, beginning with a small letter, such as birthDate",
    _CAPITALS: "ASCII capitals, digits and single underscores, such as LIVES_IN",
}
_BUCKETED: Mapping[str, tuple[Scalar, Kind | None]] = {
    "value": (Scalar.ENUM, None),
    "age_band": (Scalar.DATE, Kind.BIRTH),
    "region": (Scalar.REGION, Kind.REGION),
    "words": (Scalar.STRING, Kind.FREE_TEXT),
}
"""Which fields each kind of bucket is for."""


def faults_of(entities: Iterable[Entity], edges: Iterable[Edge], case: Case | None) -> tuple[Fault, ...]:
    """What is wrong, in the order of the declarations; nothing where a catalogue can be made of them."""
    return tuple(dict.fromkeys(_Check(tuple(entities), tuple(edges)).faults(case)))


class _Check:
    def __init__(self, entities: tuple[Entity, ...], edges: tuple[Edge, ...]) -> None:
        self.declared, self.edges = entities, edges
        self.entities = {each.name: each for each in entities}
        self.targets: dict[str, dict[str, str]] = {name: {} for name in self.entities}
        for edge in edges:
            self.targets.get(edge.source, {})[edge.name] = edge.target
            self.targets.get(edge.target, {})[edge.inverse] = edge.source

    def faults(self, case: Case | None) -> Iterator[Fault]:
        yield from self._claimed_twice()
        for entity in self.declared:
            yield from self._of_entity(entity)
            for each in entity.fields:
                yield from _of_field(entity, each)
            for answer in entity.answers:
                yield from _of_answer(entity, answer)
        for edge in self.edges:
            yield from self._of_edge(edge)
        yield from self._of_members()
        if case is not None:
            yield from self._of_case(case)

    # Names that two declarations lay claim to.

    def _claimed_twice(self) -> Iterator[Fault]:
        types: _Claims = {name.lower(): "the hub" for name in derived.OWN_TYPES | derived.OWN_LABELS}
        roots: _Claims = dict.fromkeys(derived.OWN_ROOTS, "the hub")
        tags: dict[int, str] = {}
        for entity in self.declared:
            for name, field in derived.type_names(entity):
                thing = entity.name if field is None else f"{entity.name}.{field.name}"
                # Names of constraints are in small letters, and so are compared types.
                yield from _claim(types, name, name.lower(), thing, "type")
            for name in derived.root_fields(entity):
                yield from _claim(roots, name, name, entity.name, "query field")
            if tags.setdefault(entity.tag, entity.name) != entity.name:
                yield Fault(entity.name, f"its id tag is that of {tags[entity.tag]} by chance; rename one of them")
        relationships: _Claims = dict.fromkeys(derived.OWN_RELATIONSHIPS, "the hub")
        for edge in self.edges:
            # A relationship alone must tell what stands at its ends (`hub/request/cypher.py`).
            if relationships.setdefault(edge.relationship, edge.name) == "the hub":
                yield Fault(edge.relationship, "the hub keeps this relationship for itself; choose another name")
        names = [each.relationship for each in self.edges]
        for name in sorted({each for each in names if names.count(each) > 1}):
            yield Fault(name, "two edges share a relationship; give each its own")

    # Entities.

    def _of_entity(self, entity: Entity) -> Iterator[Fault]:
        yield from _name(entity.name, entity.name, _TYPE)
        yield from _name(entity.name, entity.plural, _MEMBER, "plural")
        yield from _words(entity.name, entity.zh)
        yield from self._of_subjects(entity)
        for each in entity.fields if entity.subjects == () else ():
            if not each.personal:
                yield Fault(f"{entity.name}.{each.name}", "what is said of people is `personal: true`")

    def _of_subjects(self, entity: Entity) -> Iterator[Fault]:
        if entity.subjects is None:
            for each in entity.fields:
                if each.personal and each.buckets:
                    problem = f"is personal and has a bucket, but {entity.name} tells about nobody: no cell of it has "
                    yield Fault(
                        f"{entity.name}.{each.name}", f"{problem}a threshold; name its `subjects`", ("buckets",)
                    )
            return
        yield from _twice(entity.name, "subjects", tuple(".".join(path) for path in entity.subjects))
        for at, path in enumerate(entity.subjects):
            yield from self._of_path(entity, path, ("subjects", at))

    def _of_path(self, entity: Entity, path: tuple[str, ...], keys: tuple[str | int, ...]) -> Iterator[Fault]:
        here = entity.name
        for step in path:
            if step not in self.targets.get(here, {}):
                yield Fault(entity.name, _unknown("edge", step, self.targets.get(here, ()), f"{here} has"), keys)
                return
            here = self.targets[here][step]
        end = self.entities.get(here)
        if end is not None and end.subjects != ():
            problem = f"leads to {here}, which is no person; go on, with a dot and an edge, to a type of people"
            yield Fault(entity.name, problem, keys)

    def _of_members(self) -> Iterator[Fault]:
        """Names within one type: fields, edges, buckets, and what is kept beside a free text."""
        for entity in self.declared:
            own = derived.OWN_PROPERTIES | derived.OWN_MEMBERS | derived.OWN_CONDITIONS
            claimed: _Claims = {name.lower(): "the hub" for name in own}
            for each in entity.fields:
                yield from _claim(claimed, each.name, each.name.lower(), f"{entity.name}.{each.name}", "field")
            for each in entity.fields:
                for name in each.text_properties.names if each.text_properties else ():
                    claimed.setdefault(name.lower(), f"what is kept beside {each.name}")
                    if claimed[name.lower()].startswith(f"{entity.name}."):
                        problem = f"is the name of a property that is kept beside {each.name}; rename it"
                        yield Fault(claimed[name.lower()], problem)
            for answer in entity.answers:
                yield from _claim(claimed, answer.name, answer.name.lower(), f"{entity.name}.{answer.name}", "field")
            for edge in self.edges:
                yield from self._ends(entity, edge, claimed)
            yield from _of_buckets(entity, claimed)

    def _ends(self, entity: Entity, edge: Edge, claimed: _Claims) -> Iterator[Fault]:
        for owner, edge_name, many, key in (
            (edge.source, edge.name, edge.many, "from"),
            (edge.target, edge.inverse, edge.inverse_many, "to"),
        ):
            end = f"{edge.relationship} ({key})"
            for name in (edge_name, derived.list_field(edge_name)) if many else (edge_name,):
                if owner == entity.name and claimed.setdefault(name.lower(), end) != end:
                    yield Fault(edge.relationship, f"{owner}.{name} is declared twice; rename one", (key, "name"))

    # Edges and case.

    def _of_edge(self, edge: Edge) -> Iterator[Fault]:
        thing = edge.relationship
        yield from _name(thing, thing, _CAPITALS)
        for owner, name, zh, key in (
            (edge.source, edge.name, edge.zh, "from"),
            (edge.target, edge.inverse, edge.inverse_zh, "to"),
        ):
            if owner not in self.entities:
                yield Fault(thing, _unknown("entity", owner, self.entities), (key, "entity"))
            elif self.entities[owner].subjects == () and not edge.personal:
                yield Fault(thing, f"an edge of {owner} tells about people, so it is `personal: true`")
            yield from _name(thing, name, _MEMBER, key, "name")
            yield from _words(thing, zh, key)

    def _of_case(self, case: Case) -> Iterator[Fault]:
        entity = self.entities.get(case.entity)
        if entity is None:
            yield Fault("case", _unknown("entity", case.entity, self.entities), ("entity",))
            return
        fields = {each.name: each for each in entity.fields}
        for key in ("number", "status", "department"):
            if getattr(case, key) not in fields:
                yield Fault("case", _unknown("field", getattr(case, key), fields, f"{entity.name} has"), (key,))
        status = fields.get(case.status)
        for at, value in enumerate(case.open if status else ()):
            if status and value not in status.values:
                yield Fault("case", _unknown("value", value, status.values, f"{case.status} has"), ("open", at))


# One field.


def _of_field(entity: Entity, each: Field) -> Iterator[Fault]:
    thing = f"{entity.name}.{each.name}"
    yield from _name(thing, each.name, _MEMBER)
    yield from _words(thing, each.zh)
    if (each.scalar is Scalar.ENUM) != bool(each.values):
        yield Fault(thing, "an enum, and only an enum, lists its `values`")
    for at, value in enumerate(each.values):
        yield from _name(thing, value, _CAPITALS, "values", at)
    for key in ("values", "masks"):
        yield from _twice(thing, key, getattr(each, key))
    for at, mask in enumerate(each.masks):
        if not _MASK.match(mask):
            yield Fault(thing, f"{mask!r} is not a mask such as `redact` or `partial(3,4)`", ("masks", at))
    yield from _of_classification(thing, each)
    for bucket in each.buckets:
        yield from _of_bucket(thing, each, bucket)


def _of_classification(thing: str, each: Field) -> Iterator[Fault]:
    """Whether type, kind and what may be done with it belong together."""
    if (each.name == "region") != (each.scalar is Scalar.REGION):
        yield Fault(thing, "a RegionPath is called `region`, and nothing else is: a type lies in one jurisdiction")
    if (each.kind is Kind.REGION) != (each.scalar is Scalar.REGION):
        yield Fault(thing, "a RegionPath, and nothing else, is of the kind `region`", ("kind",))
    if each.kind is Kind.FREE_TEXT and each.scalar is not Scalar.STRING:
        yield Fault(thing, "a free text is a String", ("kind",))
    if each.matchable and each.scalar is not Scalar.STRING:
        yield Fault(thing, "only a String can be matched", ("matchable",))
    if each.searchable and (each.scalar is not Scalar.STRING or each.kind not in SEARCHABLE):
        kinds = ", ".join(sorted(SEARCHABLE))
        yield Fault(thing, f"only a String of a kind that is searched for words can be: {kinds}", ("searchable",))
    if each.sensitive and not each.personal:
        yield Fault(thing, "what is `sensitive` is `personal: true` too", ("sensitive",))


def _of_answer(entity: Entity, each: Answer) -> Iterator[Fault]:
    thing = f"{entity.name}.{each.name}"
    yield from _name(thing, each.name, _MEMBER)
    yield from _words(thing, each.zh)
    if entity.subjects == () and not each.personal:
        yield Fault(thing, "what is said of people is `personal: true`")
    if each.sensitive and not each.personal:
        yield Fault(thing, "what is `sensitive` is `personal: true` too", ("sensitive",))
    for value in each.values:
        yield from _name(thing, value, _CAPITALS, "values", value)
    if each.argument is not None:
        yield from _name(thing, each.argument.name, _MEMBER, "argument", "name")
        if each.argument.scalar not in ARGUMENTS:
            known = ", ".join(sorted(ARGUMENTS))
            yield Fault(thing, f"an answer is asked with one of: {known}", ("argument", "type"))
        if each.argument.name in {"today", "case", "subject"}:
            yield Fault(thing, f"${each.argument.name} means something else; rename the argument", ("argument", "name"))


def _of_bucket(thing: str, each: Field, bucket: Bucket) -> Iterator[Fault]:
    at = ("buckets", bucket.name)
    yield from _name(thing, bucket.name, _MEMBER, *at)
    if bucket.kind not in BUCKETS or (bucket.kind == "region") != (bucket.level is not None):
        known = "value, age_band, words, or region(LEVEL) such as region(GRID)"
        yield Fault(thing, f"bucket {bucket.name!r} has an unknown kind or no level; write {known}", at)
        return
    scalar, kind = _BUCKETED[bucket.kind]
    if each.scalar is not scalar or kind not in {None, each.kind}:
        meant = f"{scalar} of the kind {kind}" if kind else str(scalar)
        yield Fault(thing, f"a bucket `{bucket.kind}` is for a {meant}", at)
    elif bucket.kind == "value" and bucket.name != each.name:
        yield Fault(thing, f"a `value` bucket has its field's own name: {each.name}: value", at)


def _of_buckets(entity: Entity, claimed: _Claims) -> Iterator[Fault]:
    """Buckets beside the fields and edges of their type, and beside each other."""
    own: _Claims = dict.fromkeys(derived.OWN_CELLS, "the hub")
    for each, bucket in entity.buckets():
        thing, at = f"{entity.name}.{each.name}", ("buckets", bucket.name)
        if bucket.kind != "value" and bucket.name.lower() in claimed:
            yield Fault(thing, f"bucket {bucket.name!r} hides {claimed[bucket.name.lower()]}; rename it", at)
        elif own.setdefault(bucket.name.lower(), thing) != thing:
            yield Fault(thing, f"bucket {bucket.name!r} is that of {own[bucket.name.lower()]} too; rename it", at)


# Words for all of them.


def _name(thing: str, name: str, form: re.Pattern[str], *keys: str | int) -> Iterator[Fault]:
    if not form.match(name):
        yield Fault(thing, f"{name[:MAX_NAME]!r} is not a plain name; write {_FORMS[form]}", keys)
    elif len(name) > MAX_NAME:
        yield Fault(thing, f"the name is longer than {MAX_NAME} letters; shorten it", keys)
    elif names_never_stored(name):
        yield Fault(thing, f"{NEVER_STORED}; leave {name} out", keys)


def _words(thing: str, zh: str, *keys: str | int) -> Iterator[Fault]:
    if names_never_stored(zh):
        yield Fault(thing, f"{NEVER_STORED}; leave {zh} out", (*keys, "zh"))


def _twice(thing: str, key: str, listed: tuple[str, ...]) -> Iterator[Fault]:
    for at, each in enumerate(listed):
        if each in listed[:at]:
            yield Fault(thing, f"{each} stands twice; remove one", (key, at))


def _claim(claims: _Claims, name: str, form: str, thing: str, what: str) -> Iterator[Fault]:
    if form in claims:
        whose = claims[form]
        problem = f"the {what} {name} is kept for the hub" if whose == "the hub" else f"{whose} has a {what} {name} too"
        yield Fault(thing, f"{problem}; rename it")
    claims.setdefault(form, thing)


def _unknown(what: str, name: str, known: Iterable[str], owner: str = "known") -> str:
    names = list(known)
    near = nearest_name(name, names)
    listed = f"{owner}: {', '.join(names) or 'none'}"
    return f"unknown {what} {name!r}; {f'did you mean {near}? ' if near else ''}{listed}"
