"""A policy set and a decision, as plain frozen data.

A policy set is one immutable version, already checked: `policies/language.py` makes it from YAML and refuses what it
does not know. `policies/decide.py` turns it, a subject and a purpose into a `Decision`. The design's section 4, after
Byun & Li (purpose trees, 2008) and LeFevre et al. (cell-level limited disclosure, 2004).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.obligations import Obligation, StandingCap
from policies.operations.registered import Operations
from policies.reuse import Collecting
from policies.rule_index import RuleIndex
from policies.rules import Asked, Grant, Prohibition, Subject
from policies.stewards import Steward
from schema.predicate import Predicate, conjuncts

DEFAULT_CONTRIBUTORS = 10
"""Contributor threshold *k*: an aggregate cell about fewer data subjects is null."""

DEFAULT_BUCKETS = 2
"""How many buckets an aggregate may be grouped by, where its grant does not say."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """One node of the purpose tree; `id` is its dotted path."""

    id: str
    zh: str
    en: str
    dpv: str = ""
    basis: str = ""
    expires: dt.date | None = None
    """Last day on which anything may be asked for it or below it."""
    purge: dt.date | None = None
    """Day by which the data collected for it must be deleted."""
    contributors: int = 0
    """Least contributor threshold of aggregates for it or below it; a grant may only ask for more."""
    rounding: int = 1
    """Least base to which counts for it or below it are rounded."""
    withheld: bool = False
    """Whether residents who ask who saw their data are not told of what was seen for it or below it."""
    delayed_days: int = 0
    """How many days later residents are told, for it or below it."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department under its name in each language, and how to reach it; the contact is empty if nothing is known."""

    id: str
    zh: str
    en: str
    contact_zh: str = ""
    contact_en: str = ""

    def name(self, language: str) -> str:
        """Its name in a language, `zh` or `en`."""
        return {"zh": self.zh, "en": self.en}[language]

    def contact(self, language: str) -> str:
        """How to reach it, in a language, `zh` or `en`."""
        return {"zh": self.contact_zh, "en": self.contact_en}[language]


@dataclass(frozen=True, slots=True)
class Rate:
    """How much may be asked for: `burst` units of cost at once, and `rate` units a second from then on."""

    rate: int
    burst: int


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What an application may ask for with all its persons together, and each of them; None where the hub says it."""

    application: Rate | None = None
    person: Rate | None = None


DOCUMENTS_REGISTERED = "registered"
"""What `documents` of an application says if it may ask its registered operations alone."""
KEY_REQUIRED = "required"
"""What `dpop` of an application says if it takes no token without a key."""


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application: who it is, whatever its token claims."""

    id: str
    zh: str
    en: str
    department: str
    jurisdiction: str
    role: str = ""
    level: str = ""
    limits: RateLimits = RateLimits()
    staff: Mapping[str, str] = field(default_factory=dict)
    """`sub` → jurisdiction path, for staff who answer for less than the whole application does."""
    developers: frozenset[str] = frozenset()
    """Who of those that may act for it (`sub`) may ask what it would see with another role or level."""
    documents: str = "any"
    """Which documents it may ask: `any`, or its `registered` operations alone."""
    dpop: str = "accepted"
    """Whether its tokens must be bound to a key that their sender shows: `accepted` or `required`."""
    acts_for: frozenset[str] = frozenset()
    """Applications of its department for whose users it may act (delegation)."""
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """`file:line` of the jurisdiction of each of `staff`; of the application's own under the empty text."""


def delegation_fault(applications: Mapping[str, Application], actor: Application) -> str | None:
    """What is wrong with the applications for whose users an application may act, and what to write instead."""
    for name in sorted(actor.acts_for):
        other = applications.get(name)
        if other is None or other is actor:
            others = ", ".join(sorted(applications.keys() - {actor.id})) or "none"
            return f"{name!r} is no other registered application; there are: {others}"
        if other.department != actor.department:
            return f"{name!r} is of another department, for whose users nobody else acts; grant this one what it needs"
    return None


@dataclass(frozen=True, slots=True)
class PolicySet:
    """One version, named by the hash of its content."""

    version: str
    purposes: Mapping[str, Purpose]
    applications: Mapping[str, Application]
    grants: tuple[Grant, ...]
    prohibitions: tuple[Prohibition, ...]
    owners: Mapping[str, str]
    """Department that answers for each type's data: whom a refusal tells to ask."""
    stewards: Mapping[str, Steward] = field(default_factory=dict)
    """By account: who keeps the policy or reads the log; two accounts of one person count as one."""
    expectations: tuple[Expectation, ...] = ()
    operations: Operations = field(default_factory=dict)
    departments: Mapping[str, Department] = field(default_factory=dict)
    """By id, under which the rest names them; empty if the policy says no names. No decision depends on it."""
    collecting: Collecting | None = None
    """What may be read of what was collected for other purposes; None where that is not enforced."""
    index: RuleIndex = field(init=False, repr=False, compare=False)

    def department_name(self, department: str, language: str) -> str:
        """The name of a department in a language; its id where the policy says no name."""
        known = self.departments.get(department)
        return department if known is None else known.name(language)

    def may_act(self, actor: str, application: str) -> bool:
        """Whether one application may act for the users of another."""
        known = self.applications.get(actor)
        return known is not None and application in known.acts_for

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", RuleIndex(self.grants, self.prohibitions))


@dataclass(frozen=True, slots=True)
class Expectation:
    """A unit test of the policy itself: what an application must see of a coordinate for a purpose."""

    application: str
    purpose: str
    coordinate: str
    effects: tuple[str, ...]
    """`clear`, `partial(3,4)`, `aggregate`, `match`, or nothing at all; all of them, and no other."""
    place: str


# What a decision is.

RowSet = frozenset[int]
"""Indexes into `TypeDecision.rows`; the rows for which at least one of those predicates holds."""


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """Effects on one coordinate. `masks` is most revealing first, each with the rows it is granted on."""

    clear: RowSet = frozenset()
    masks: tuple[tuple[str, RowSet], ...] = ()
    aggregate: RowSet = frozenset()
    match: RowSet = frozenset()
    answers: tuple[tuple[Asked, RowSet], ...] = ()
    """For each value of the argument that is answered (None: there is no argument), the rows on which it is."""

    @property
    def shown(self) -> bool:
        """Whether some row shows it, in clear or masked."""
        return bool(self.clear or self.masks)

    @property
    def told(self) -> bool:
        """Whether some row shows it or, if it is an answer, answers it."""
        return self.shown or bool(self.answers)

    @property
    def comparable(self) -> bool:
        """Whether a request may compare, sort and page by it: masked values are never compared."""
        return bool(self.clear)

    @property
    def countable(self) -> bool:
        """Whether counts may be grouped and narrowed by its buckets."""
        return bool(self.clear or self.aggregate)


NOTHING = FieldDecision()


@dataclass(frozen=True, slots=True)
class TypeDecision:
    """What a subject may see of one type. A node outside `visible` is in no list, count or edge, and no id opens it.

    A match reaches the rows of its own grants, visible or not, and shows of what it found what other grants show.
    """

    rows: tuple[Predicate, ...]
    visible: RowSet
    contributing: RowSet
    """Rows that aggregates may count: the visible ones and those of grants that only give `aggregate`."""
    fields: Mapping[str, FieldDecision]
    contributors: int = DEFAULT_CONTRIBUTORS
    rounding: int = 1
    buckets: int = DEFAULT_BUCKETS
    accesses: RowSet = frozenset()
    """Rows of people of whom it may be asked who saw their data; whoever asks names one of them by a match."""
    verified: Mapping[tuple[str, ...], RowSet] = field(default_factory=dict)
    """By the fields, by name, that are verified together: the rows of people of whom it is told whether they agree."""

    def of(self, name: str) -> FieldDecision:
        """The decision on a field or edge; nothing where no grant names it."""
        return self.fields.get(name, NOTHING)

    @property
    def matchable(self) -> tuple[str, ...]:
        """The fields by a whole value of which some row may be found, by name."""
        return tuple(sorted(name for name, effects in self.fields.items() if effects.match))

    def verified_with(self, name: str) -> dict[tuple[str, ...], RowSet]:
        """What is verified of which a field is part."""
        return {names: rows for names, rows in self.verified.items() if name in names}

    @property
    def lists_all_it_counts(self) -> bool:
        """Whether each row that an aggregate may count is one that a list may show, whatever the data."""
        listed = [conjuncts(self.rows[row]) for row in self.visible]
        return all(any(less <= conjuncts(self.rows[row]) for less in listed) for row in self.contributing)


NO_TYPE = TypeDecision((), frozenset(), frozenset(), {})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a coordinate has an effect: the rule, what it gives (`prohibited` if it takes away), on which rows."""

    rule: str
    effect: str
    rows: Predicate | None
    place: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything a subject may see for one purpose under one policy version; pure data."""

    version: str
    subject: Subject
    purpose: str
    today: dt.date
    types: Mapping[str, TypeDecision]
    grants: tuple[str, ...]
    obligations: Mapping[str, Obligation] = field(default_factory=dict)
    reasons: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    caps: tuple[StandingCap, ...] = ()
    """Daily caps, each counted where it stands; all of them hold."""
    collected: tuple[str, ...] | None = None
    """The collecting purposes whose records may be read; None where the policy does not enforce them."""
    case: str | None = field(default=None, repr=False)
    """The case that the request names, if any; whether it holds, the graph says."""

    def of(self, entity: str) -> TypeDecision:
        """The decision on a type; nothing where no grant names it."""
        return self.types.get(entity, NO_TYPE)
