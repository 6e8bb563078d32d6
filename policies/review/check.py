"""The findings of `sluicegate policy check` on a policy set that loaded.

Each names file and line and says what to do. A failed expectation (`expect:`) is an error; rules that contradict
another, repeat another or reach nobody are warnings, which the second steward reads before approving.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from policies.decide import decide
from policies.model import Application, Decision, FieldDecision, PolicySet
from policies.purposes import covered, implies, prohibited_for
from policies.review.collected import faults_of_collecting
from policies.review.joins import joins
from policies.review.registered_operations import faults_of_operations
from policies.review.undecided import undecided
from policies.rules import ANSWER, VERIFY, Effect, Grant, Selector, Subject, effect_in_words
from schema.answers.conditions import read_by
from schema.catalogue import Catalogue, EdgeEnd, Field
from schema.predicate import All, Any_, Compare, Not, Predicate, Related, conjuncts
from schema.region_paths import fault_of_path

ERROR, WARNING = "error", "warning"
KEPT_DECISIONS = 100
"""Decisions that are kept while a policy set is checked: each takes all grants, and many rules ask for the same one."""
Decided = Callable[[str, str], Decision]
"""What an application may see for a purpose."""
_STRENGTH = {"aggregate": 0, "mask": 1, "clear": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: its level, the kind of finding (`rule`), where it stands, and what to do.

    `names` are the names in the text, by what they are, for pages that say it in other words.
    """

    level: str
    rule: str
    place: str
    text: str
    names: Mapping[str, str] = field(default_factory=dict, compare=False)


def subject_of(application: Application) -> Subject:
    """The subject that an application's token makes, for a person whom its staff list does not name."""
    return Subject(
        application.id, application.department, application.role, application.level, application.jurisdiction, ""
    )


def check(catalogue: Catalogue, policy: PolicySet, today: dt.date) -> list[Finding]:
    """Everything there is to say about a policy set that loaded, errors first."""
    decided = decisions_of(catalogue, policy, today)
    findings = [
        *_failed_expectations(policy, decided),
        *(finding for grant in policy.grants for finding in _check_grant(catalogue, policy, grant, today, decided)),
        *_shadowed(policy, catalogue),
        *_seen_by_nobody(catalogue, policy, today),
        *_expired_purposes(policy, today),
        *_odd_places(policy),
        *(Finding(WARNING, "operation", *fault) for fault in faults_of_operations(policy, subject_of, today)),
        *(finding for grant in policy.grants for finding in _odd_regions(grant)),
        *(Finding(WARNING, "reuse", *fault) for fault in faults_of_collecting(policy, today)),
        *(Finding(WARNING, "join", "applications", each.text) for each in joins(catalogue, policy, today)),
    ]
    return sorted(findings, key=lambda each: (each.level, each.place, each.text))


def decisions_of(catalogue: Catalogue, policy: PolicySet, today: dt.date) -> Decided:
    """What each application of a policy set may see for a purpose, decided once if it is soon asked again."""

    @lru_cache(KEPT_DECISIONS)
    def decided(application: str, purpose: str) -> Decision:
        return decide(catalogue, policy, subject_of(policy.applications[application]), purpose, today)

    return decided


# Expectations.


def effects_of(decision: FieldDecision) -> tuple[str, ...]:
    """The effects on a coordinate, as an expectation writes them, sorted."""
    found = [rung for rung, _ in decision.masks]
    found += [name for name in ("clear", "aggregate", "match") if getattr(decision, name)]
    found += [effect_in_words(ANSWER, asked) for asked, _ in decision.answers]
    return tuple(sorted(found))


def _failed_expectations(policy: PolicySet, decided: Decided) -> Iterator[Finding]:
    for expectation in policy.expectations:
        found = effects_of_expectation(decided(expectation.application, expectation.purpose), expectation.coordinate)
        if found != expectation.effects:
            text = (
                f"{expectation.application} for {expectation.purpose} has {_listed(found)} on {expectation.coordinate}"
            )
            names = {
                "application": expectation.application,
                "purpose": expectation.purpose,
                "field": expectation.coordinate,
                "found": _listed(found),
                "expected": _listed(expectation.effects),
            }
            yield Finding(ERROR, "expectation", expectation.place, f"{text}; expected {names['expected']}", names)


def effects_of_expectation(decision: Decision, coordinate: str) -> tuple[str, ...]:
    """The effects that a decision has where an expectation says what they should be, as it writes them."""
    entity, _, name = coordinate.partition(".")
    found = effects_of(decision.of(entity).of(name))
    return tuple(sorted((*found, VERIFY))) if decision.of(entity).verified_with(name) else found


def _listed(effects: tuple[str, ...]) -> str:
    return ", ".join(effects) or "nothing"


# Each grant.


def _check_grant(
    catalogue: Catalogue, policy: PolicySet, grant: Grant, today: dt.date, decided: Decided
) -> Iterator[Finding]:
    yield from _dead(policy, grant, today)
    yield from _conflicts(policy, grant)
    yield from _clear_by_tag(catalogue, grant)
    yield from _reads_hidden(catalogue, policy, grant, decided)


def _dead(policy: PolicySet, grant: Grant, today: dt.date) -> Iterator[Finding]:
    subjects = [each for each in policy.applications.values() if grant.to.selects(subject_of(each))]
    reasons = {
        "selects no registered application": not subjects,
        "gives nothing": not grant.coordinates,
        "has expired": grant.valid.end is not None and grant.valid.end < today,
    }
    for reason, dead in reasons.items():
        if dead:
            yield Finding(
                WARNING, "dead", grant.place, f"{grant.id} {reason}; remove it or correct it", {"grant": grant.id}
            )


def _conflicts(policy: PolicySet, grant: Grant) -> Iterator[Finding]:
    for rule in policy.prohibitions:
        purposes = sorted(each for each in grant.purposes if prohibited_for(rule.purposes, each))
        for name in sorted(grant.coordinates & rule.coordinates):
            if purposes:
                text = f"{grant.id} grants {name}, but {rule.id} ({rule.place}) prohibits it for {', '.join(purposes)}"
                yield Finding(
                    WARNING,
                    "conflict",
                    grant.place,
                    f"{text}; the prohibition wins: remove the grant's line",
                    {"grant": grant.id, "field": name, "prohibition": rule.id},
                )


def _clear_by_tag(catalogue: Catalogue, grant: Grant) -> Iterator[Finding]:
    for name in sorted(grant.broad):
        if grant.fields.get(name) == Effect("clear") and catalogue.coordinate(name).personal:
            text = f"{grant.id} gives the personal {name} in clear through a type or tag; if that is intended, name it"
            yield Finding(WARNING, "clear-by-tag", grant.place, text, {"grant": grant.id, "field": name})


def _reads_hidden(catalogue: Catalogue, policy: PolicySet, grant: Grant, decided: Decided) -> Iterator[Finding]:
    """Row conditions read raw values: where they read what the grantee may not see, the answer tells a little of it."""
    read = {
        name: None
        for entity, condition in grant.rows.items()
        for name in read_by(catalogue, catalogue.entity(entity), condition)
        # The jurisdiction is the subject's own: it tells them nothing new.
        if not name.endswith(".region") or isinstance(catalogue.coordinate(name), EdgeEnd)
    }
    if not read:
        return
    decisions = [
        decided(application.id, purpose)
        for application in policy.applications.values()
        if grant.to.selects(subject_of(application))
        for purpose in sorted(grant.purposes)
    ]
    for name in read:
        if any(not _is_clear(decision, name) for decision in decisions):
            text = f"{grant.id} chooses rows by {name}, which its grantee may not see in clear: the rows tell of it"
            yield Finding(WARNING, "reads-hidden", grant.place, text, {"grant": grant.id, "field": name})


def _is_clear(decision: Decision, coordinate: str) -> bool:
    entity, _, name = coordinate.partition(".")
    return bool(decision.of(entity).of(name).clear)


# The set as a whole.


def _shadowed(policy: PolicySet, catalogue: Catalogue) -> Iterator[Finding]:
    for grant in policy.grants:
        by = next((each for each in policy.grants if each is not grant and _covers(catalogue, each, grant)), None)
        if by is not None and not (_covers(catalogue, grant, by) and grant.id < by.id):
            text = f"{grant.id} adds nothing to {by.id} ({by.place}); remove it"
            yield Finding(WARNING, "shadowed", grant.place, text, {"grant": grant.id, "other": by.id})


def _covers(catalogue: Catalogue, wide: Grant, narrow: Grant) -> bool:
    """Whether `wide` gives all that `narrow` gives: to as many, for as much, on as many rows, as strongly."""
    if not all(covered(wide.purposes, each) for each in narrow.purposes) or not _selects_all(wide.to, narrow.to):
        return False
    if dict(wide.obligations) != dict(narrow.obligations) or not narrow.match <= wide.match:
        return False
    if (narrow.accesses and not wide.accesses) or narrow.verify not in {frozenset(), wide.verify}:
        return False
    starts = wide.valid.start is None or (narrow.valid.start is not None and wide.valid.start <= narrow.valid.start)
    ends = wide.valid.end is None or (narrow.valid.end is not None and narrow.valid.end <= wide.valid.end)
    if not (starts and ends and set(narrow.rows) <= set(wide.rows)):
        return False
    rows = all(conjuncts(wide.rows[each]) <= conjuncts(narrow.rows[each]) for each in narrow.rows)
    return rows and all(_as_strong(catalogue, wide, name, effect) for name, effect in narrow.fields.items())


def _selects_all(wide: Selector, narrow: Selector) -> bool:
    for name in ("application", "department", "role", "level"):
        allowed, wanted = getattr(wide, name), getattr(narrow, name)
        if allowed is not None and (wanted is None or not wanted <= allowed):
            return False
    return True


def _as_strong(catalogue: Catalogue, wide: Grant, name: str, effect: Effect) -> bool:
    given = wide.fields.get(name)
    if given is None:
        return False
    if given.mask is not None and effect.mask is not None:
        field = catalogue.coordinate(name)
        ladder = field.masks if isinstance(field, Field) else ()
        return ladder.index(given.mask) >= ladder.index(effect.mask)
    if effect.name == ANSWER:
        return set(effect.asked) <= set(given.asked)
    return given == effect or (effect.name != "aggregate" and _STRENGTH[given.name] > _STRENGTH[effect.name])


def _seen_by_nobody(catalogue: Catalogue, policy: PolicySet, today: dt.date) -> Iterator[Finding]:
    used: set[str] = set()
    for application in policy.applications.values():
        for purpose in policy.purposes:
            decision = decide(catalogue, policy, subject_of(application), purpose, today)
            used |= {f"{entity}.{name}" for entity, table in decision.types.items() for name in table.fields}
    used |= {*undecided(catalogue, policy)}  # these are listed apart
    for name, _ in catalogue.coordinates():
        if name not in used:
            yield Finding(
                WARNING,
                "nobody",
                "catalogue",
                f"{name} is open to nobody for any purpose, though a rule names it; ask whether it is needed",
                {"field": name},
            )


def _odd_places(policy: PolicySet) -> Iterator[Finding]:
    """Jurisdictions that no division can have: nothing lies there, so nothing would be shown. Staff are not named."""
    for application in policy.applications.values():
        paths = {"": application.jurisdiction, **application.staff}
        for sub, path in paths.items():
            problem = fault_of_path(path)
            if problem:
                whose = "a jurisdiction of the staff" if sub else "the jurisdiction"
                text = f"{whose} of {application.id} is {path}: {problem}"
                yield Finding(WARNING, "jurisdiction", application.places.get(sub, "applications"), text)


def _odd_regions(grant: Grant) -> Iterator[Finding]:
    """The same for paths that stand in the rows of a grant."""
    for condition in grant.rows.values():
        for path in dict.fromkeys(_paths(condition)):
            problem = fault_of_path(path)
            if problem:
                text = f"{grant.id} chooses rows by the path {path}: {problem}"
                yield Finding(WARNING, "jurisdiction", grant.place, text)


def _paths(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _paths(part)
        case Not(part) | Related(_, _, part):
            yield from _paths(part)
        case Compare("region", _, value):
            yield from (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, str))
        case _:
            return


def _expired_purposes(policy: PolicySet, today: dt.date) -> Iterator[Finding]:
    for purpose in policy.purposes.values():
        if purpose.expires is not None and purpose.expires < today:
            below = ", ".join(each for each in policy.purposes if implies(purpose.id, each))
            text = f"{purpose.id} expired on {purpose.expires}: nothing is answered for {below}"
            yield Finding(WARNING, "expired", "purposes", text, {"purpose": purpose.id, "day": str(purpose.expires)})
        if purpose.purge is not None and purpose.purge < today:
            text = f"data collected for {purpose.id} had to be deleted by {purpose.purge}; delete it"
            yield Finding(WARNING, "purge", "purposes", text, {"purpose": purpose.id, "day": str(purpose.purge)})
