"""The YAML file that declares a source: its models, and how it is read.

A file with an unknown or missing key does not load, and the error names file, path and what is allowed. Provenance
(purpose of collection, trust) comes from here and never from the data. Secrets are named (`env:NAME`, `file:PATH`), not
written. Names of the catalogue are checked in `connectors/sources.py`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from connectors.base import ConnectorError
from connectors.manifest_forms import form_to_write
from schema import normal_forms, shapes
from schema.strict_yaml import YamlFile, YamlFileError, paths_without_content

Name = Annotated[str, Field(pattern=shapes.SHORT_NAME)]
Column = Annotated[str, Field(min_length=1, max_length=128)]
Purpose = Annotated[str, Field(pattern=shapes.PURPOSE)]
_SECRET = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)\Z")
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class ManifestError(ValueError):
    """The file of a source cannot be used. The text names file, line, path and what is allowed."""


class _Within(ValueError):
    """A fault of a block that stands at one of its keys."""

    def __init__(self, problem: str, *path: str | int) -> None:
        super().__init__(f"{'.'.join(map(str, path))}: {problem}")
        self.path, self.problem = path, problem


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


class FieldRule(_Block):
    """How one catalogue field is filled: from a column by a transform, or from the node to which an edge leads."""

    column: Column | None = None
    transform: str | None = Field(default=None, alias="as")
    required: bool = False
    format: str | None = None
    values: Mapping[str, str] | None = None
    least: float | None = Field(default=None, alias="min")
    most: float | None = Field(default=None, alias="max")
    via: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one(self) -> FieldRule:
        if (self.column is None) == (self.via is None):
            raise ValueError("a field takes either `column` or `via`")
        if self.via is not None and self.model_fields_set - {"via"}:
            raise ValueError("`via` takes no other key beside it")
        return self


class EdgeRule(_Block):
    """An edge to the node of `entity` whose identity `column` holds; `required`: no row without its target."""

    entity: str
    column: Column
    transform: str = Field(default="code", alias="as")
    required: bool = False


class Check(_Block):
    """A rule between fields of one record."""

    rule: str
    fields: tuple[str, ...] = Field(min_length=1)


class Updated(_Block):
    """The column with the time at which a record last changed at its source."""

    column: Column
    format: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given


class Stream(_Block):
    """One kind of record: its entity, the columns with its number at the source, and the field of its identity."""

    name: Name
    entity: str
    table: Annotated[str, Field(pattern=shapes.TABLE)] | None = None
    key: tuple[Column, ...] = Field(min_length=1)
    identity: str
    updated: Updated | None = None
    cursor: bool = False
    fields: Mapping[str, FieldRule] = Field(min_length=1)
    edges: Mapping[str, EdgeRule] = {}
    checks: tuple[Check, ...] = ()
    successor: Column | None = None

    @field_validator("key", mode="before")
    @classmethod
    def _one_column(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _cursor_needs_time(self) -> Stream:
        if self.cursor and self.updated is None:
            raise _Within("`cursor: true` needs the `updated` column", "cursor")
        return self

    @property
    def key_is_identity(self) -> bool:
        """Whether the record's number is also what identifies its node, so that no two records describe one node."""
        return self.key == (self.fields[self.identity].column,)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the stream reads, each once."""
        named = [
            *self.key,
            *(rule.column for rule in self.fields.values() if rule.column),
            *(rule.column for rule in self.edges.values()),
            *((self.updated.column,) if self.updated else ()),
            *((self.successor,) if self.successor else ()),
        ]
        return tuple(dict.fromkeys(named))


class Limits(_Block):
    """What is more than this is taken for a fault of the source, and stops the pull.

    Share of refused rows in a batch, size of a full read (times the last one), pages of a REST read, seconds for an
    answer, share of changed records with two values exchanged. A stream that is read by its cursor is read again from
    `overlap` hours before it, and every `compare` days from the beginning.
    """

    quarantined: float = Field(default=0.1, ge=0, le=1)
    growth: float = Field(default=10, ge=1)
    pages: int = Field(default=10_000, ge=1)
    timeout: float = Field(default=30, gt=0, le=600)
    exchanged: float = Field(default=0.5, ge=0.1, le=1)
    overlap: float = Field(default=24, ge=0, le=24 * 366)
    compare: float = Field(default=7, gt=0, le=366)


class Paging(_Block):
    """How a REST source gives its records page by page: names of parameters, and of members of the answer."""

    items: str = "items"
    page: str = "page"
    size: str = "pageSize"
    rows: int = Field(default=200, ge=1, le=1000)
    pages: str = "pages"
    total: str = "total"
    since: str | None = None


class Source(_Block):
    """One system of a department, as its YAML file declares it."""

    name: Name
    kind: Literal["csv", "sql", "rest"]
    where: str = Field(min_length=1)
    encoding: Literal["utf-8", "utf-8-sig", "gbk", "gb18030"] = "utf-8"
    delimiter: Annotated[str, Field(pattern=shapes.DELIMITER)] = ","
    multiline: bool = False
    zone: Annotated[str, Field(pattern=shapes.ZONE)] = "+08:00"
    bearer: str | None = None
    password: str | None = None
    collected_for: Purpose = Field(alias="collectedFor")
    trust: int = Field(ge=1, le=99)
    after: tuple[Name, ...] = ()
    limits: Limits = Limits()
    paging: Paging | None = None
    records: tuple[Stream, ...] = Field(min_length=1)

    @field_validator("bearer", "password")
    @classmethod
    def _reference(cls, given: str | None) -> str | None:
        if given is not None and not _SECRET.match(given):
            raise ValueError("a secret is named, not written: env:NAME or file:PATH")
        return given

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Source:
        belongs = {"csv": set(), "sql": {"password"}, "rest": {"bearer", "paging"}}[self.kind]
        given = {name for name in ("bearer", "password", "paging") if getattr(self, name) is not None}
        if self.multiline and self.kind != "csv":
            raise _Within(f"not for a {self.kind} source", "multiline")
        if given - belongs:
            raise _Within(f"not for a {self.kind} source", min(given - belongs))
        if self.kind == "rest":
            _check_url(self.where)
        if self.kind == "sql" and "://" in self.where and urlsplit(self.where).password:
            raise _Within("an address must not hold a password; use `password`", "where")
        names = [each.name for each in self.records]
        for index, each in enumerate(self.records):
            if each.name in names[:index]:
                raise _Within("two have the same name; rename one", "records", index, "name")
            if (each.table is not None) != (self.kind == "sql"):
                problem = "an sql source needs `table`, and no other source takes it"
                raise _Within(problem, "records", index, "table")
        return self

    @property
    def tzinfo(self) -> dt.timezone:
        """The zone of times that have none."""
        hours, minutes = self.zone[1:].split(":")
        offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
        return dt.timezone(-offset if self.zone[0] == "-" else offset)

    def digest(self, stream: Stream) -> str:
        """A digest of all that decides how the stream is read and written; addresses and secrets are not part of it."""
        content = stream.model_dump_json() + f"|{self.encoding}|{self.zone}|{self.trust}|{self.collected_for}"
        content += f"|{self.multiline}|{normal_forms.VERSION}"
        return hashlib.sha256(content.encode()).hexdigest()[:32]


def _check_url(where: str) -> None:
    parts = urlsplit(where)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise _Within("a plain http(s) address without user, password and query", "where")
    # Plain HTTP would show key and records to the network.
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise _Within("must be https, except on loopback", "where")


def read_yaml(path: Path) -> YamlFile:
    """The file of a source, as it is written; raises ManifestError."""
    try:
        file = YamlFile(path.name, path.read_bytes())
    except OSError:
        raise ManifestError(f"{path.name}: cannot be read") from None
    except YamlFileError as wrong:
        raise ManifestError(str(wrong)) from None
    _check_all_say_something(file)
    return file


def source_of(file: YamlFile, variables: Mapping[str, str], wanted: Collection[str] = ()) -> Source:
    """The source that a file declares; `${NAME}` stands for one of `variables`.

    If sources are `wanted`, by name, any other need not have its variables: it is checked, and cannot be read. Raises
    ManifestError.
    """
    try:
        return Source.model_validate(_fill_variables(file, variables, wanted))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        told = [_told(file, fault) for fault in faults if not _follows(fault, faults)]
        raise ManifestError("\n".join(told)) from None


def _told(file: YamlFile, fault: Any) -> str:
    within = fault.get("ctx", {}).get("error")
    if isinstance(within, _Within):
        path, problem = (*fault["loc"], *within.path), within.problem
    else:
        path, problem = fault["loc"], _problem(fault)
    return f"{file.place(path)}: {'.'.join(map(str, path)) or 'block'}: {problem}"


def _check_all_say_something(file: YamlFile) -> None:
    """An empty list, map or value is what is left of a line that was taken out: it means nothing, and is refused."""
    empty = [
        f"{file.place(path)}: {'.'.join(map(str, path))}: nothing stands here; remove the key, or say what is meant"
        for path in paths_without_content(file.content)
    ]
    if empty or not file.content:
        raise ManifestError("\n".join(empty) or f"{file.name}:1: says nothing; declare a source, or remove the file")


NOT_NEEDED: Mapping[str, str] = {
    "where": "https://not-needed.invalid",
    "bearer": "env:NOT_NEEDED",
    "password": "env:NOT_NEEDED",
}
"""What stands for a text whose variable is not set, in a source that is not pulled."""
_NESTED: Mapping[str, type[BaseModel]] = {
    "fields": FieldRule,
    "edges": EdgeRule,
    "checks": Check,
    "updated": Updated,
    "limits": Limits,
    "paging": Paging,
    "records": Stream,
}


def _problem(fault: Any) -> str:
    if fault["type"] != "extra_forbidden":
        return form_to_write(fault["type"], fault["loc"]) or shapes.fault_in_words(fault)
    owners = [_NESTED[str(part)] for part in fault["loc"][:-1] if str(part) in _NESTED]
    model = owners[-1] if owners else Source
    known = ", ".join(info.alias or name for name, info in model.model_fields.items())
    return f"unknown name; allowed: {known}"


def _follows(fault: Any, faults: Sequence[Any]) -> bool:
    """Whether a fault says only that nothing is left of a list in which another fault stands."""
    inner = (each["loc"] for each in faults if len(each["loc"]) > len(fault["loc"]))
    return fault["type"] == "too_short" and any(each[: len(fault["loc"])] == fault["loc"] for each in inner)


def _fill_variables(file: YamlFile, variables: Mapping[str, str], wanted: Collection[str]) -> dict[str, Any]:
    """The content with `${NAME}` filled in, in `where`, `bearer` and `password` only."""
    is_needed = not wanted or file.content.get("name") in wanted

    def filled(key: str, text: str) -> str:
        if not is_needed and any(name not in variables for name in _VARIABLE.findall(text)):
            return NOT_NEEDED[key]

        def value(found: re.Match[str]) -> str:
            if found.group(1) not in variables:
                known = ", ".join(sorted(variables)) or "none"
                name = found.group(1)
                raise ManifestError(
                    f"{file.place((key,))}: unknown variable {name}; give it with --set {name}=VALUE; known: {known}"
                )
            return variables[found.group(1)]

        return _VARIABLE.sub(value, text)

    return {
        key: filled(key, each) if key in {"where", "bearer", "password"} and isinstance(each, str) else each
        for key, each in file.content.items()
    }


def read_secret(source: str, reference: str, environment: Mapping[str, str]) -> SecretStr:
    """The secret that `env:NAME` or `file:PATH` names; ConnectorError if it is missing or empty."""
    kind, _, name = reference.partition(":")
    try:
        found = environment.get(name, "") if kind == "env" else Path(name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    if not found:
        if kind == "env":
            text = (
                f"environment variable {name} is missing or empty; set it for `sluicegate pull` to the source's secret"
            )
        else:
            text = "the file of the secret is missing or empty; write the secret into it, or name another file"
        raise ConnectorError(source, text)
    return SecretStr(found)
