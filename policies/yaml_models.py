"""The shape of a policy file, as pydantic models, and how files are read into them.

Every key is known and nothing else is accepted. All faults of all files are told at once, each with file, line and what
to write; what is left of a line that was taken out (an empty list, map or key) is one of them, and never means "any".
The JSON Schema that editors complete from and the vocabulary page are made from these models; `policies/language.py`
checks the names in a file against the catalogue and against each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from policies.effects.words import explain_effect
from policies.model import DEFAULT_BUCKETS, DEFAULT_CONTRIBUTORS, Department, Purpose, Rate, RateLimits
from policies.stewards import Role, Steward
from schema import shapes
from schema.region_paths import path_meant
from schema.signs import is_invisible
from schema.strict_yaml import YamlFile, YamlFileError
from schema.yaml_blocks import Block, Told, YamlPath, explain_fault, raise_all, read_block

Name = Annotated[str, StringConstraints(pattern=shapes.NAME, max_length=64)]
Jurisdiction = Annotated[str, StringConstraints(pattern=shapes.JURISDICTION, max_length=100)]


MOST_UNITS = 1_000_000_000
MOST_ASKED = 20
"""Most values of an argument that one grant lets be answered: with many, a value is walked to."""
LEAST_BURST = 100
"""What the cheapest request costs: with less nobody could ask anything."""
LONGEST_LINE = 200
RoleName = Literal["steward", "approver", "auditor", "operator", "developer"]


def _in_one_line(text: str) -> str:
    """The text, which pages show beside others' names: it cannot break their lines or look like nothing."""
    if not text.strip() or not text.isprintable() or any(map(is_invisible, text)):
        raise ValueError("write one line of text, with plain blanks and without characters that nobody sees")
    return text


Line = Annotated[str, StringConstraints(max_length=LONGEST_LINE), AfterValidator(_in_one_line)]


class PurposeBlock(Block):
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


class ContactBlock(Block):
    """How to reach a department, in both languages."""

    zh: Line
    en: Line


class DepartmentBlock(Block):
    """A department: `id`, its name in both languages, and how to reach it: a telephone, an office, an address.

    `contact` is one line, or one in each language. It names an office and no person, because residents and applications
    are told it. Where a policy has this section, every department that it names must stand here.
    """

    id: Name
    zh: Line
    en: Line
    contact: Line | ContactBlock | None = None

    @property
    def department(self) -> Department:
        """What it says, as plain data."""
        told = self.contact
        contact = (told.zh, told.en) if isinstance(told, ContactBlock) else (told or "", told or "")
        return Department(self.id, self.zh, self.en, *contact)


class RateBlock(Block):
    """How much may be asked for: `burst` units of cost at once, and `rate` units a second from then on."""

    rate: int = Field(ge=1, le=MOST_UNITS)
    burst: int = Field(ge=LEAST_BURST, le=MOST_UNITS)

    @property
    def limit(self) -> Rate:
        """What it says, as plain data."""
        return Rate(self.rate, self.burst)


class LimitsBlock(Block):
    """Rate limits: of an application with all its persons, and of each of them; settings say what is left out."""

    application: RateBlock | None = None
    person: RateBlock | None = None

    @model_validator(mode="after")
    def _check_person(self) -> Self:
        whole, own = self.application, self.person
        if whole and own and (own.rate > whole.rate or own.burst > whole.burst):
            raise ValueError(
                "of one person neither rate nor burst may be larger than of the application; write at most as much"
            )
        return self

    @property
    def limits(self) -> RateLimits:
        """What they say, as plain data."""
        application, person = (each.limit if each else None for each in (self.application, self.person))
        return RateLimits(application, person)


class ApplicationBlock(Block):
    """A registered application; `staff` maps a person (`sub`) to the jurisdiction they answer for.

    `developers` are the persons who may also ask what it would see with another role or level. With `documents:
    registered` it may ask nothing but its registered operations: what a hub in production should say. With
    `dpop: required` its tokens must be bound to a key that their sender shows (RFC 9449).
    `actsFor` names applications of its department for whose users it may act.
    """

    id: Name
    zh: str
    en: str
    department: Name
    jurisdiction: Jurisdiction
    role: Name | Literal[""] = ""
    level: Name | Literal[""] = ""
    limits: LimitsBlock = Field(default_factory=LimitsBlock)
    staff: dict[str, Jurisdiction] = Field(default_factory=dict)
    developers: list[Annotated[str, StringConstraints(min_length=1)]] = Field(default_factory=list)
    documents: Literal["any", "registered"] = "any"
    dpop: Literal["accepted", "required"] = "accepted"
    acts_for: list[Name] = Field(default_factory=list, alias="actsFor")


class SelectorBlock(Block):
    """To whom: each attribute that is named must be among those listed."""

    application: list[str] | None = None
    department: list[str] | None = None
    role: list[str] | None = None
    level: list[str] | None = None


class MaskBlock(Block):
    """`{mask: "partial(3,4)"}`: a rung of the coordinate's mask ladder."""

    mask: str


class AnswerBlock(Block):
    """`{answer: [18, 60]}`: the values of an answer's argument that are answered, and no others.

    A region may be `$subject.jurisdiction`.
    """

    answer: Annotated[list[int | str], Field(max_length=MOST_ASKED)]


class ValidityBlock(Block):
    """First and last day in force."""

    start: dt.date | None = Field(default=None, alias="from")
    end: dt.date | None = Field(default=None, alias="to")


class GrantBlock(Block):
    """Who may see what for which purposes, on which rows, on which legal basis.

    `match` lets the grantee find one node that they name in full, and lists nothing. With `accesses` they may also ask
    who saw the data of a person whom they name so. With `verify` they learn whether all of these values agree for a
    person whom they name by them: yes, no, or that it cannot be said.
    """

    id: Name
    to: SelectorBlock
    purposes: list[str] = Field(alias="for")
    rows: dict[str, Any]
    fields: dict[str, Literal["clear", "aggregate", "answer"] | MaskBlock | AnswerBlock] = Field(default_factory=dict)
    match: list[str] = Field(default_factory=list)
    verify: list[str] = Field(default_factory=list)
    accesses: bool = False
    contributors: int = Field(default=DEFAULT_CONTRIBUTORS, ge=2)
    rounding: int = Field(default=1, ge=1)
    buckets: int = Field(default=DEFAULT_BUCKETS, ge=0, le=4)
    obligations: dict[str, Any] = Field(default_factory=dict)
    basis: Annotated[str, StringConstraints(min_length=1)]
    valid: ValidityBlock = ValidityBlock()


class ProhibitionBlock(Block):
    """What nobody may see for these purposes, for those below them and for those above them."""

    id: Name
    prohibit: list[str]
    purposes: list[str] = Field(alias="for")
    basis: Annotated[str, StringConstraints(min_length=1)]


class ReuseBlock(Block):
    """What was collected for some purposes may be read `for` others, or is never read for those `notFor` names.

    It means records whose source says so under `collectedFor`. What `notFor` says holds also for what was collected for
    a purpose below, and wins.
    """

    id: Name
    collected: list[str] = Field(alias="collectedFor")
    purposes: list[str] = Field(default_factory=list, alias="for")
    prohibited: list[str] = Field(default_factory=list, alias="notFor")
    basis: Annotated[str, StringConstraints(min_length=1)]
    valid: ValidityBlock = ValidityBlock()

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if bool(self.purposes) == bool(self.prohibited):
            raise ValueError("write either `for`, or `notFor`: a rule opens reuse or prohibits it")
        if self.prohibited and (self.valid.start or self.valid.end):
            raise ValueError("a prohibition has no end; take out `valid`")
        return self


class StewardBlock(Block):
    """A person with a role: who drafts and approves policies, reads the log, runs the hub, or develops applications.

    `person` is the human being, so that nobody approves their own draft; `subject` is the `sub` under which the OpenID
    provider `issuer` signs them in. A steward changes the types whose owner is among those they answer for (`owns`). A
    developer works on the applications that name their `subject` under `developers`.
    """

    account: Name
    person: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    roles: list[RoleName] = ["steward", "approver"]  # noqa: RUF012 - pydantic copies it
    owns: list[Name] = Field(default_factory=list)
    issuer: Annotated[str, StringConstraints(pattern=shapes.WEB_ADDRESS, max_length=256)] | None = None

    def steward(self) -> Steward:
        """The person as plain data."""
        roles = tuple(Role(each) for each in self.roles)
        return Steward(self.account, self.person, self.subject, roles, tuple(self.owns), self.issuer)


class ExpectationBlock(Block):
    """A test: `effects` are all that the application must have on the coordinate for the purpose."""

    app: str
    purpose: str
    coordinate: str
    effects: list[str]


class OperationBlock(Block):
    """A registered operation: a document that the application asks by its id, for this purpose.

    `id` is `sha256:` with the digest of the text of `document`; `reviewed` says for each department whose data it reads
    on which day it agreed.
    """

    id: Annotated[str, StringConstraints(pattern=shapes.DOCUMENT_ID)]
    application: str
    purpose: str
    reviewed: dict[str, dt.date]
    document: Annotated[str, StringConstraints(min_length=1)]


class PolicyDocument(Block):
    """One policy file."""

    departments: list[DepartmentBlock] = Field(default_factory=list)
    purposes: list[PurposeBlock] = Field(default_factory=list)
    applications: list[ApplicationBlock] = Field(default_factory=list)
    owners: dict[str, Name] = Field(default_factory=dict)
    grants: list[GrantBlock] = Field(default_factory=list)
    prohibitions: list[ProhibitionBlock] = Field(default_factory=list)
    collection: Literal["enforced"] | None = None
    reuse: list[ReuseBlock] = Field(default_factory=list)
    stewards: list[StewardBlock] = Field(default_factory=list)
    expect: list[ExpectationBlock] = Field(default_factory=list)
    operations: list[OperationBlock] = Field(default_factory=list)


Documents = Sequence[tuple[YamlFile, PolicyDocument]]
"""The files of a policy, each with its model."""


# Reading files.


@dataclass(frozen=True, slots=True)
class BlockAt:
    """A block with its file and the path that leads to it."""

    file: YamlFile
    path: tuple[str | int, ...]

    @property
    def place(self) -> str:
        """`file:line` of the block."""
        return self.file.place(self.path)

    def wrong(self, problem: str, *deeper: str | int) -> YamlFileError:
        """What is wrong with the block, or deeper in it."""
        return YamlFileError(self.file.place((*self.path, *deeper)), problem)


UNKNOWN = "unknown key; the policy language does not have it"


def stewards_of(files: Mapping[str, bytes]) -> dict[str, Steward]:
    """By account: the people of a version. Asks no catalogue: they must be able to mend one that loads no longer."""
    documents = (PolicyDocument.model_validate(YamlFile(name, content).content) for name, content in files.items())
    return {each.account: each.steward() for document in documents for each in document.stewards}


def purposes_of(files: Mapping[str, bytes]) -> dict[str, Purpose]:
    """The purposes of a version, by id. Asks no catalogue: a version that loads no longer has ends all the same."""
    documents = (PolicyDocument.model_validate(YamlFile(name, content).content) for name, content in files.items())
    return {each.id: Purpose(**each.model_dump()) for document in documents for each in document.purposes}


def read_documents(files: Mapping[str, bytes]) -> Documents:
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


def _document(file: YamlFile) -> PolicyDocument:
    return read_block(
        file,
        PolicyDocument,
        says_nothing="says nothing; remove the file, or write a section such as `grants:`",
        unknown_key=UNKNOWN,
        may_be_empty=_may_be_empty,
        explain=_fault,
    )


def _may_be_empty(path: YamlPath) -> bool:
    """`effects: []` means no effect, `to: {}` and conditions are looked at where they are read."""
    match path:
        case ("expect", _, "effects") | ("grants", _, "to") | ("grants", _, "rows", _, *_):
            return True
    return False


_CONTACT = f'write one line of at most {LONGEST_LINE} characters, or one in each language: {{zh: "…", en: "…"}}'


def _fault(file: YamlFile, path: YamlPath, fault: Mapping[str, Any]) -> Told:
    """Where one fault in the shape of a file is, and what to write instead."""
    match path:
        case ("grants", index, "fields", coordinate, _, *_):
            return path[:4], explain_effect(coordinate, file.content["grants"][index]["fields"][coordinate])
        case ("applications", _, "role" | "level", _):
            path = path[:3]  # pydantic names what it tried: a name, or none
        case ("departments", _, "contact", _, *_):
            return path[:3], _CONTACT
        case ("applications", _, "jurisdiction") | ("applications", _, "staff", _) if fault["type"] == "string_type":
            meant = path_meant(fault["input"])
            if meant is not None:
                return path, f"put quotes around a path, and write it so: {meant}"
    return explain_fault(file, path, fault)
