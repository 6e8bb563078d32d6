"""The shape of a policy file, as pydantic models, and how files are read into them.

Every key is known and nothing else is accepted. All faults of all files are told at once, each with file, line and what
to write; what is left of a line that was taken out (an empty list, map or key) is one of them, and never means "any".
The JSON Schema that editors complete from and the vocabulary page are made from these models; `policies/language.py`
checks the names in a file against the catalogue and against each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policies.effect_words import explain_effect
from policies.model import DEFAULT_BUCKETS, DEFAULT_CONTRIBUTORS
from policies.stewards import Role, Steward
from schema import shapes
from schema.nearest_name import nearest_name
from schema.region_paths import path_meant
from schema.strict_yaml import YamlFile, YamlFileError, paths_without_content

Name = Annotated[str, StringConstraints(pattern=shapes.NAME, max_length=64)]
Jurisdiction = Annotated[str, StringConstraints(pattern=shapes.JURISDICTION, max_length=100)]


RoleName = Literal["steward", "approver", "auditor", "operator"]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PurposeBlock(_Block):
    """A purpose: `id`, its titles, the W3C DPV purpose it corresponds to, its legal basis, and how long it lasts.

    `contributors` and `rounding` are lower bounds for aggregates for it. `epidemic` and what is below it
    must say when they end (`expires`) and by when their data is deleted (`purge`). Residents who ask who saw their data
    are not told of a purpose that is `withheld`, and of others `delayedDays` later; both hold for what is below it.
    """

    id: str
    zh: str
    en: str
    dpv: str = ""
    basis: str = ""
    expires: dt.date | None = None
    purge: dt.date | None = None
    contributors: int = Field(default=0, ge=0)
    rounding: int = Field(default=1, ge=1)
    withheld: bool = False
    delayed_days: int = Field(default=0, ge=0, le=36_500, alias="delayedDays")


class ApplicationBlock(_Block):
    """A registered application; `staff` maps a person (`sub`) to the jurisdiction they answer for."""

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
    """Who may see what for which purposes, on which rows, on which legal basis.

    `match` lets the grantee find one node that they name in full, and lists nothing. With `accesses` they may also ask
    who saw the data of a person whom they name so.
    """

    id: Name
    to: SelectorBlock
    purposes: list[str] = Field(alias="for")
    rows: dict[str, Any]
    fields: dict[str, Literal["clear", "aggregate"] | MaskBlock] = Field(default_factory=dict)
    match: list[str] = Field(default_factory=list)
    accesses: bool = False
    contributors: int = Field(default=DEFAULT_CONTRIBUTORS, ge=2)
    rounding: int = Field(default=1, ge=1)
    buckets: int = Field(default=DEFAULT_BUCKETS, ge=0, le=4)
    obligations: dict[str, Any] = Field(default_factory=dict)
    basis: Annotated[str, StringConstraints(min_length=1)]
    valid: ValidityBlock = ValidityBlock()


class ProhibitionBlock(_Block):
    """What nobody may see for these purposes, for those below them and for those above them."""

    id: Name
    prohibit: list[str]
    purposes: list[str] = Field(alias="for")
    basis: Annotated[str, StringConstraints(min_length=1)]


class StewardBlock(_Block):
    """A person with a role: who drafts and approves policies, reads the log, or runs the hub.

    `person` is the human being, so that nobody approves their own draft; `subject` is the `sub` under which the OpenID
    provider `issuer` signs them in. A steward changes the types whose owner is among those they answer for (`owns`).
    """

    account: Name
    person: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    roles: list[RoleName] = ["steward", "approver"]
    owns: list[Name] = Field(default_factory=list)
    issuer: Annotated[str, StringConstraints(pattern=shapes.WEB_ADDRESS, max_length=256)] | None = None

    def steward(self) -> Steward:
        """The person as plain data."""
        roles = tuple(Role(each) for each in self.roles)
        return Steward(self.account, self.person, self.subject, roles, tuple(self.owns), self.issuer)


class ExpectationBlock(_Block):
    """A test: `effects` are all that the application must have on the coordinate for the purpose."""

    app: str
    purpose: str
    coordinate: str
    effects: list[str]


class PolicyDocument(_Block):
    """One policy file."""

    purposes: list[PurposeBlock] = Field(default_factory=list)
    applications: list[ApplicationBlock] = Field(default_factory=list)
    owners: dict[str, Name] = Field(default_factory=dict)
    grants: list[GrantBlock] = Field(default_factory=list)
    prohibitions: list[ProhibitionBlock] = Field(default_factory=list)
    stewards: list[StewardBlock] = Field(default_factory=list)
    expect: list[ExpectationBlock] = Field(default_factory=list)


# Reading files.

UNKNOWN = "unknown key; the policy language does not have it"
LIKE = 0.7
"""How like an unknown key must be to one that is proposed: `parent` is no slip of `purge`."""

_Path = tuple[str | int, ...]
_Error = tuple[_Path, Mapping[str, Any]]


def stewards_of(files: Mapping[str, bytes]) -> dict[str, Steward]:
    """By account: the people of a version. Asks no catalogue: they must be able to mend one that loads no longer."""
    documents = (PolicyDocument.model_validate(YamlFile(name, content).content) for name, content in files.items())
    return {each.account: each.steward() for document in documents for each in document.stewards}


def read_documents(files: Mapping[str, bytes]) -> list[tuple[YamlFile, PolicyDocument]]:
    """Each file with its model, by name; raises one YamlFileError for all that is wrong."""
    read: list[tuple[YamlFile, PolicyDocument]] = []
    faults: list[YamlFileError] = []
    for name, content in sorted(files.items()):
        try:
            file = YamlFile(name, content)
            read.append((file, _document(file)))
        except YamlFileError as wrong:
            faults.append(wrong)
    raise_all(faults)
    return read


def raise_all(faults: Iterable[YamlFileError]) -> None:
    """Raises one YamlFileError that tells all of them, a line each; nothing where there is none."""
    told = list(dict.fromkeys((each.place, each.problem) for each in faults))
    if told:
        (place, problem), *others = told
        raise YamlFileError(place, "\n".join([problem, *(": ".join(each) for each in others)]))


def _document(file: YamlFile) -> PolicyDocument:
    faults: dict[_Path, str] = {}
    unknown: dict[_Path, str] = {}
    try:
        document = PolicyDocument.model_validate(file.content)
    except ValidationError as wrong:
        errors = [(tuple(fault["loc"]), fault) for fault in wrong.errors(include_url=False)]
        unknown, told = _unknown_keys(file, errors)
        for path, problem in (_fault(file, path, fault) for path, fault in errors if path not in told):
            faults.setdefault(path, unknown.get(path, problem))
    for path, problem in _empty(file):
        if path not in unknown and not any(path[:length] in faults for length in range(1, len(path))):
            faults[path] = problem
    raise_all(
        YamlFileError(file.place(path), f"{_dotted(path)}: {problem}" if path else problem)
        for path, problem in sorted(faults.items(), key=lambda each: file.line(each[0]))
    )
    return document


def _empty(file: YamlFile) -> Iterator[tuple[_Path, str]]:
    """Where nothing stands, though a key says that something does."""
    if not file.content:
        yield (), "says nothing; remove the file, or write a section such as `grants:`"
    for path in paths_without_content(file.content):
        if not _may_be_empty(path):
            yield path, "nothing stands here; remove the key, or say what is meant"


def _may_be_empty(path: _Path) -> bool:
    """`effects: []` means no effect, `to: {}` and conditions are looked at where they are read."""
    match path:
        case ("expect", _, "effects") | ("grants", _, "to") | ("grants", _, "rows", _, *_):
            return True
    return False


def _unknown_keys(file: YamlFile, errors: Iterable[_Error]) -> tuple[dict[_Path, str], set[_Path]]:
    """What to say of each unknown key, by its path; and which missing keys are told with one of them."""
    missing = {path for path, fault in errors if fault["type"] == "missing"}
    unknown: dict[_Path, str] = {}
    told: set[_Path] = set()
    for path in (path for path, fault in errors if fault["type"] == "extra_forbidden"):
        *above, written = path
        known = _known_keys(above)
        present: Mapping[str, Any] = reduce(_step, above, file.content) if known else {}
        near = nearest_name(str(written), (each for each in known if each not in present), LIKE)
        unknown[path] = UNKNOWN
        if near is not None:
            meant = (*above, near)
            same = near.lower() == str(written).lower()
            hint = f"the nearest is {near}{', which is missing here' if meant in missing else ''}"
            unknown[path] = f"unknown key; write it in these letters: {near}" if same else f"{UNKNOWN}; {hint}"
            told.add(meant)
    return unknown, told & missing


def _step(content: Any, step: str | int) -> Any:
    return content[step]


def _known_keys(path: Iterable[str | int]) -> list[str]:
    """The keys that a block may have; none where every key is allowed, or the block is one of several."""
    block: type[_Block] | None = PolicyDocument
    for step in path:
        if isinstance(step, str) and block is not None:
            annotation = next(
                each.annotation for name, each in block.model_fields.items() if step == (each.alias or name)
            )
            inner = (annotation, *get_args(annotation))
            block = next((each for each in inner if isinstance(each, type) and issubclass(each, _Block)), None)
    return [] if block is None else [each.alias or name for name, each in block.model_fields.items()]


def _fault(file: YamlFile, path: _Path, fault: Mapping[str, Any]) -> tuple[_Path, str]:
    """Where one fault in the shape of a file is, and what to write instead."""
    match path:
        case ("grants", index, "fields", coordinate, _, *_):
            return path[:4], explain_effect(coordinate, file.content["grants"][index]["fields"][coordinate])
        case ("applications", _, "role" | "level", _):
            path = path[:3]  # pydantic names what it tried: a name, or none
        case ("applications", _, "jurisdiction") | ("applications", _, "staff", _) if fault["type"] == "string_type":
            meant = path_meant(fault["input"])
            if meant is not None:
                return path, f"put quotes around a path, and write it so: {meant}"
    return path, _explain(fault)


def _dotted(path: _Path) -> str:
    return ".".join(str(step) for step in path)


def _explain(fault: Mapping[str, Any]) -> str:
    kind = str(fault["type"])
    if kind == "extra_forbidden":
        return UNKNOWN
    if kind == "string_type":
        if isinstance(fault["input"], list | dict):
            return "expected one text, not a list or a block"
        return "expected text; put quotes around it, or YAML takes it for a number, a date or true and false"
    if kind.startswith("date"):
        return "write a day such as 2026-02-28, without quotes"
    message = shapes.fault_in_words(fault)
    return message[0].lower() + message[1:]
