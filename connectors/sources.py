"""Loads the sources of a folder and checks every name in them against the catalogue.

No row is read from a source that names an unknown field, edge, transform or check, or that would store biometrics or
travel tracks. Each error says where it stands and what is allowed there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from connectors.days import sorts_by_day
from connectors.manifest import ManifestError, read_yaml, source_of
from connectors.quarantine import Unfit
from connectors.shape import CHECKS, constant_of
from connectors.source_model import EdgeRule, FieldRule, Source, Stream
from connectors.transforms import BOOLEANS, FITTING, TRANSFORMS, Context
from schema.catalogue import Catalogue, CatalogueError, Entity, Field, Scalar
from schema.never_store import NEVER_STORED, names_never_stored
from schema.strict_yaml import YamlFile, YamlFileError
from schema.yaml_folder import yaml_paths

NONE = ("",)
"""As the sources that are wanted: those whose files are read, and which are not pulled."""


def load_sources(
    folder: Path, catalogue: Catalogue, variables: Mapping[str, str], wanted: Collection[str] = ()
) -> tuple[Source, ...]:
    """The sources that the files of a folder declare, checked, in the order in which to pull them.

    If some are `wanted`, by name, only they need their variables. Raises ManifestError, also for a file that is not
    read.
    """
    try:
        files = yaml_paths(folder)
    except YamlFileError as wrong:
        raise ManifestError(str(wrong)) from None
    if not files:
        raise ManifestError(f"{folder.name}: there is no *.yaml file that declares a source")
    sources: list[tuple[YamlFile, Source]] = []
    for path in files:
        file = read_yaml(path)
        source = source_of(file, variables, wanted)
        for index, stream in enumerate(source.records):
            _StreamCheck(file, index, catalogue, source, stream).check()
        sources.append((file, source))
    return _in_order(sources)


def _in_order(sources: Sequence[tuple[YamlFile, Source]]) -> tuple[Source, ...]:
    """The sources, each with its file, in the order of `after`, else of their names.

    Raises ManifestError for a name that stands twice or is unknown, and for a circle.
    """
    byname: dict[str, Source] = {}
    for file, source in sources:
        if source.name in byname:
            raise ManifestError(
                f"{file.place(('name',))}: name: another file declares a source {source.name} too; give it another name"
            )
        byname[source.name] = source
    done: dict[str, Source] = {}
    for file, source in sources:
        for index, name in enumerate(source.after):
            if name not in byname:
                place = file.place(("after", index))
                raise ManifestError(f"{place}: after: unknown source {name}; known: {', '.join(byname)}")
    while len(done) < len(byname):
        ready = [n for n in sorted(byname) if n not in done and set(byname[n].after) <= set(done)]
        if not ready:
            left = [(file, each) for file, each in sources if each.name not in done]
            circle = ", ".join(sorted(each.name for _, each in left))
            place = left[0][0].place(("after",))
            raise ManifestError(f"{place}: after: a circle among {circle}; take one `after` out")
        done[ready[0]] = byname[ready[0]]
    return tuple(done.values())


class _StreamCheck:
    """Checks one stream against the catalogue."""

    def __init__(self, file: YamlFile, index: int, catalogue: Catalogue, source: Source, stream: Stream) -> None:
        self._file, self._index = file, index
        self._catalogue, self._source, self._stream = catalogue, source, stream

    def check(self) -> None:
        """Raise ManifestError for the first fault."""
        try:
            entity = self._catalogue.entity(self._stream.entity)
        except CatalogueError as error:
            hint = "a type of your own is known where SLUICEGATE_SLICES names the folder of its slice"
            raise self._error("entity", f"{error}; {hint}") from None
        self._check_never_store()
        for name, rule in self._stream.fields.items():
            self._check_field(entity, name, rule)
        self._check_identity()
        for name, edge in self._stream.edges.items():
            self._check_edge(entity, name, edge)
        self._check_checks()
        self._check_cursor()
        if self._stream.successor and entity.name != "Region":
            raise self._error("successor", "only Region records have a successor")

    def _check_field(self, entity: Entity, name: str, rule: FieldRule) -> None:
        try:
            field = entity.field(name)
        except CatalogueError as error:
            raise self._error(f"fields.{name}", str(error)) from None
        if rule.via is not None:
            if name != "region" or rule.via not in self._stream.edges:
                known = ", ".join(self._stream.edges) or "none"
                raise self._error(f"fields.{name}", f"only region is taken via an edge of this stream: {known}", "via")
            return
        if rule.value is not None:
            self._check_constant(field, name, rule.value)
            return
        fitting = FITTING[field.scalar]
        if rule.transform is not None and rule.transform not in fitting:
            raise self._error(f"fields.{name}.as", f"{field.scalar} takes {', '.join(fitting)}")
        if field.scalar in {Scalar.ENUM, Scalar.BOOLEAN}:
            words = field.values or BOOLEANS
            values = rule.values or ({"": ""} if field.values else {})
            wrong = next((each for each in values if values[each] not in words), None)
            if wrong is not None:
                raise self._error(f"fields.{name}.values", f"must lead to {', '.join(words)}", wrong)
        elif rule.values is not None:
            raise self._error(f"fields.{name}.values", "only an enum and a Boolean have values")
        if field.scalar is Scalar.REGION and rule.transform is None:
            raise self._error(f"fields.{name}.as", f"say which of {', '.join(fitting)}")

    def _check_constant(self, field: Field, name: str, value: str | int | float) -> None:
        try:
            constant_of(value, field, Context({}, self._source.tzinfo, dt.date.min))
        except Unfit as unfit:
            raise self._error(f"fields.{name}.value", unfit.reason) from None

    def _check_edge(self, entity: Entity, name: str, rule: EdgeRule) -> None:
        try:
            end = entity.edge(name)
        except CatalogueError as error:
            raise self._error(f"edges.{name}", str(error)) from None
        if rule.entity != end.target:
            raise self._error(f"edges.{name}.entity", f"the edge leads to {end.target}")
        if rule.transform not in TRANSFORMS or rule.transform not in FITTING[Scalar.STRING]:
            raise self._error(f"edges.{name}.as", f"takes {', '.join(FITTING[Scalar.STRING])}")
        if rule.required and end.target == entity.name:
            raise self._error(f"edges.{name}.required", "an edge to its own type cannot be required")
        if not end.many and not self._stream.key_is_identity:
            raise self._error(f"edges.{name}", f"leads to one {end.target}: the key must be the identity")

    def _check_identity(self) -> None:
        identity = self._stream.fields.get(self._stream.identity)
        if identity is None or identity.column is None:
            known = ", ".join(n for n, rule in self._stream.fields.items() if rule.column)
            raise self._error("identity", f"must be a field of this stream: {known}")
        field = self._catalogue.entity(self._stream.entity).field(self._stream.identity)
        if field.scalar is not Scalar.STRING:
            raise self._error("identity", "must be a text field")
        # People are matched by a valid id number and by nothing weaker: names and phones are shared.
        if self._stream.entity == "Person" and (
            self._stream.identity != "idNumber" or identity.transform != "resident_id"
        ):
            raise self._error("identity", "a Person is identified by idNumber, as resident_id")

    def _check_checks(self) -> None:
        taken = {name for name, rule in self._stream.fields.items() if rule.column is not None}
        for i, each in enumerate(self._stream.checks):
            if each.rule not in CHECKS:
                raise self._error(f"checks.{i}.rule", f"known: {', '.join(CHECKS)}")
            wrong = [at for at, name in enumerate(each.fields) if name not in taken]
            if len(each.fields) != 2 or wrong:
                raise self._error(f"checks.{i}.fields", "two fields of this stream, with a column each", *wrong[:1])

    def _check_cursor(self) -> None:
        """A table is read from a time on by comparing texts, so the texts must sort by their day."""
        updated = self._stream.updated
        form = updated.format if updated is not None else None
        if self._source.kind == "sql" and self._stream.cursor and form is not None and not sorts_by_day(form):
            raise self._error(
                "updated.format",
                f"texts of the form {form!r} do not sort by time, so `cursor: true` would skip rows: leave it out, "
                "or take a column that begins with year, month and day",
            )

    def _check_never_store(self) -> None:
        for path, column in self._columns():
            if names_never_stored(column):
                raise self._error("columns", NEVER_STORED, *path)

    def _columns(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Each column that the stream reads, with the path to where it is named."""
        stream = self._stream
        yield from ((("key", at), column) for at, column in enumerate(stream.key))
        yield from ((("fields", name, "column"), rule.column) for name, rule in stream.fields.items() if rule.column)
        yield from ((("edges", name, "column"), rule.column) for name, rule in stream.edges.items())
        if stream.updated is not None:
            yield ("updated", "column"), stream.updated.column
        if stream.successor is not None:
            yield ("successor",), stream.successor

    def _error(self, path: str, problem: str, *deeper: str | int) -> ManifestError:
        """The fault at a dotted path in the stream; `deeper` leads on to the very line."""
        steps = () if path == "columns" else path.split(".")
        where = self._file.place(("records", self._index, *steps, *deeper))
        return ManifestError(f"{where}: records.{self._stream.name}.{path}: {problem}")
