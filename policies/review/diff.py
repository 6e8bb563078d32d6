"""Compares two policy versions by their decisions: what each application may see, before and after.

What is not proved to narrow counts as widening. Compared are each registered application, purpose and coordinate, on
the day given and on each later day on which a `valid` or `expires` of either version changes what holds, so that a
grant which starts next month is not overlooked. The design's section 4; LeFevre et al., "Limiting disclosure in
Hippocratic databases" (2004).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from policies.decide import decide
from policies.implication import implies, resolve
from policies.model import (
    NOTHING,
    Application,
    Decision,
    FieldDecision,
    PolicySet,
    RowSet,
    TypeDecision,
)
from policies.obligations import COUNTED_DAILY, StandingCap
from policies.purposes import covered
from policies.review.changes import Change, Diff, Kind, Shown
from policies.review.check import subject_of
from policies.review.collected import changed_collecting
from policies.review.guards import changed_guards
from policies.review.joins import new_joins
from policies.review.notes import notes
from policies.review.registered_operations import changed_operations
from policies.review.unchanged import Unchanged
from policies.rules import ANSWER, VERIFY, Asked, Subject, effect_in_words, placeholder_value, verify_in_words
from schema.catalogue import Catalogue, Field
from schema.predicate import Any_, Placeholder, Predicate, has_case

_DAY = dt.timedelta(days=1)


def diff(catalogue: Catalogue, before: PolicySet, after: PolicySet, today: dt.date) -> Diff:
    """What changes from `before` to `after`, from `today` on."""
    found: dict[Change, Change] = {}
    told: set[tuple[str, str, str, Kind]] = set()
    first, unchanged = _days(before, after, today), Unchanged(before, after)
    differ: dict[dt.date, set[tuple[str, str, str]]] = {each: set() for each in first}
    for day in sorted({*first, *_last_days(first)}):
        for change in _Comparison(catalogue, before, after, day, unchanged).changes():
            about = (change.application, change.purpose, change.thing, change.kind)
            if day in differ:
                differ[day].add(about[:3])
            if day in first or about not in told:
                found.setdefault(dataclasses.replace(change, since=today), change)
                told.add(about)
    found = {key: dataclasses.replace(each, until=_until(each, differ)) for key, each in found.items()}
    found |= {each: each for each in changed_guards(catalogue, before, after, today)}
    found |= {each: each for each in changed_operations(before, after, today)}
    found |= {each: each for each in changed_collecting(before, after, today)}
    order = list(Kind)
    changes = sorted(found.values(), key=lambda c: (order.index(c.kind), c.application, c.purpose, c.thing, c.since))
    return Diff(before.version, after.version, tuple(changes), tuple(notes(before, after)))


def _until(change: Change, differ: Mapping[dt.date, set[tuple[str, str, str]]]) -> dt.date | None:
    """The last day on which two versions differ in a thing without a break; None if they do for good."""
    about = change.application, change.purpose, change.thing
    return next((day - _DAY for day, things in differ.items() if day > change.since and about not in things), None)


def diff_with_joins(catalogue: Catalogue, before: PolicySet, after: PolicySet, today: dt.date) -> Diff:
    """What changes, with a note for each pair of purposes whose answers can be joined only then."""
    found, joined = diff(catalogue, before, after, today), new_joins(catalogue, before, after, today)
    return dataclasses.replace(found, notes=(*found.notes, *(each.text for each in joined)))


def _days(before: PolicySet, after: PolicySet, today: dt.date) -> list[dt.date]:
    """Today, and each later day on which what is in force changes by itself."""
    ends: set[dt.date | None] = set()
    starts: set[dt.date | None] = set()
    for policy in (before, after):
        starts |= {grant.valid.start for grant in policy.grants}
        ends |= {grant.valid.end for grant in policy.grants} | {each.expires for each in policy.purposes.values()}
    days = {each for each in starts if each} | {each + _DAY for each in ends if each and each < dt.date.max}
    return [today, *sorted(each for each in days if each > today)]


def _last_days(first: list[dt.date]) -> list[dt.date]:
    """The last day before each of these, and of all time: `$today` moves on between them, and bounds move with it."""
    return [*(each - _DAY for each in first[1:]), dt.date.max]


class _Comparison:
    """Two versions on one day."""

    def __init__(
        self, catalogue: Catalogue, before: PolicySet, after: PolicySet, day: dt.date, unchanged: Unchanged
    ) -> None:
        self.catalogue, self.before, self.after = catalogue, before, after
        self.day, self.unchanged = day, unchanged
        self.case = "" if catalogue.case is None else catalogue.case.entity
        self.purposes_of = [{grant.id: grant.purposes for grant in policy.grants} for policy in (before, after)]

    def changes(self) -> Iterator[Change]:
        for name in sorted({*self.before.applications, *self.after.applications}):
            old, new = self.before.applications.get(name), self.after.applications.get(name)
            if old is not None and new is not None:
                yield from self._staff(old, new)
                yield from self._jurisdictions(old, new)
            yield from self._developers(name, old, new)
            yield from self._delegations(name, old, new)
            for purpose in dict.fromkeys([*self.before.purposes, *self.after.purposes]):
                yield from self._purpose(old, new, purpose)

    def _staff(self, old: Application, new: Application) -> Iterator[Change]:
        """People, told by number: a staff number is nobody's business here."""
        if bool(old.staff) != bool(new.staff):
            kind = Kind.WIDENED if old.staff else Kind.NARROWED
            yield self._figure(new.id, "*", "staff", kind, _staff_text(old), _staff_text(new))
            return
        joined, left = len(set(new.staff) - set(old.staff)), len(set(old.staff) - set(new.staff))
        if joined:
            yield self._figure(new.id, "*", "staff", Kind.NEW, "", f"{joined} more")
        if left:
            yield self._figure(new.id, "*", "staff", Kind.GONE, f"{left} more", "")

    def _developers(self, name: str, old: Application | None, new: Application | None) -> Iterator[Change]:
        """Who may ask what it would see as another, told by number like the staff."""
        before, after = (frozenset[str]() if each is None else each.developers for each in (old, new))
        if joined := len(after - before):
            yield self._figure(name, "*", "developers", Kind.NEW, "", f"{joined} more")
        if left := len(before - after):
            yield self._figure(name, "*", "developers", Kind.GONE, f"{left} more", "")

    def _delegations(self, name: str, old: Application | None, new: Application | None) -> Iterator[Change]:
        """For the users of which applications it may act."""
        before, after = (frozenset[str]() if each is None else each.acts_for for each in (old, new))
        for other in sorted(before ^ after):
            kind = Kind.NEW if other in after else Kind.GONE
            yield self._figure(
                name, "*", "actsFor", kind, *(other if other in each else "" for each in (before, after))
            )

    def _jurisdictions(self, old: Application, new: Application) -> Iterator[Change]:
        """Places that are answered for, whether or not a grant asks for them by now; staff are told by number."""
        if old.jurisdiction != new.jurisdiction:
            kind = _moved(old.jurisdiction, new.jurisdiction)
            yield self._figure(new.id, "*", "jurisdiction", kind, old.jurisdiction, new.jurisdiction)
        both = [sub for sub in old.staff if sub in new.staff and old.staff[sub] != new.staff[sub]]
        for (before, after), count in sorted(Counter((old.staff[sub], new.staff[sub]) for sub in both).items()):
            was, will = (f"{count} answer for {path}" for path in (before, after))
            yield self._figure(new.id, "*", "staff jurisdiction", _moved(before, after), was, will)

    def _purpose(self, old: Application | None, new: Application | None, purpose: str) -> Iterator[Change]:
        some = old or new
        assert some is not None  # noqa: S101 - the name comes from one of the two registries
        if self.unchanged.decision(subject_of(some), purpose):
            return
        left = self._decided(self.before, old or some, purpose, known=old is not None)
        right = self._decided(self.after, new or some, purpose, known=new is not None)
        if left is None and right is None:
            return
        yield from self._obligations(some.id, purpose, left, right)
        for one, other in _pairs(old or some, new or some):
            if one != other or left is None or right is None or left.types != right.types:
                yield from self._types(
                    _Side(left, one, self.day, self.case), _Side(right, other, self.day, self.case), purpose
                )

    def _decided(self, policy: PolicySet, app: Application, purpose: str, *, known: bool) -> Decision | None:
        if not known:
            return None
        decision = decide(self.catalogue, policy, subject_of(app), purpose, self.day)
        return decision if decision.grants else None

    def _obligations(self, app: str, purpose: str, left: Decision | None, right: Decision | None) -> Iterator[Change]:
        if left is None or right is None:
            return
        yield from self._caps(app, purpose, left, right)
        for name in sorted({*left.obligations, *right.obligations}):
            old, new = left.obligations.get(name), right.obligations.get(name)
            if old != new and name not in COUNTED_DAILY:
                stricter = new is not None and (old is None or new.stricter(old) == new)
                kind = Kind.NARROWED if stricter else Kind.WIDENED
                yield self._figure(app, purpose, f"obligation {name}", kind, _limit_text(old), _limit_text(new))

    def _caps(self, app: str, purpose: str, left: Decision, right: Decision) -> Iterator[Change]:
        """Daily caps: one is kept by another that counts at least as much and allows no more."""
        for kind in COUNTED_DAILY:
            old, new = ([cap for cap in each.caps if cap.kind == kind] for each in (left, right))
            wider = any(not self._kept(cap, 0, new, 1) for cap in old)
            if wider or any(not self._kept(cap, 1, old, 0) for cap in new):
                before, after = (", ".join(str(cap) for cap in caps) for caps in (old, new))
                changed = Kind.WIDENED if wider else Kind.NARROWED
                yield self._figure(app, purpose, f"obligation {kind}", changed, before, after)

    def _kept(self, cap: StandingCap, side: int, others: list[StandingCap], other_side: int) -> bool:
        counted = self.purposes_of[side][cap.grant]
        return any(
            each.cap.limit <= cap.cap.limit
            and (cap.cap.personal or not each.cap.personal)
            and all(covered(self.purposes_of[other_side][each.grant], purpose) for purpose in counted)
            for each in others
        )

    def _types(self, left: _Side, right: _Side, purpose: str) -> Iterator[Change]:
        app = left.subject.application
        for entity in self.catalogue:
            old, new = left.table(entity.name), right.table(entity.name)
            if old == new and left.subject == right.subject and left.table(self.case) == right.table(self.case):
                continue
            yield from self._figures(app, purpose, entity.name, old, new)
            for name in dict.fromkeys([*old.fields, *new.fields]):
                field = self.catalogue.coordinate(f"{entity.name}.{name}")
                ladder = (*field.masks, "clear") if isinstance(field, Field) else ("clear",)
                asked = list(dict.fromkeys((*left.asked(old.of(name)), *right.asked(new.of(name)))))
                sides = (left, old), (right, new)
                kind = _kind(*(side.levels(table, table.of(name), ladder, asked) for side, table in sides))
                if kind is not None:
                    own = left.subject != right.subject
                    before, after = left.shown(old, name, own=own), right.shown(new, name, own=own)
                    yield Change(app, purpose, f"{entity.name}.{name}", kind, before, after, self.day)
            yield from self._accesses(left, right, purpose, entity.name)
            yield from self._verified(left, right, purpose, entity.name)

    def _verified(self, left: _Side, right: _Side, purpose: str, entity: str) -> Iterator[Change]:
        """What may be verified together: with other fields it is something else."""
        old, new = left.table(entity), right.table(entity)
        for names in dict.fromkeys([*old.verified, *new.verified]):
            before, after = (table.verified.get(names, frozenset()) for table in (old, new))
            thing = f"{entity} {verify_in_words(names)}"
            yield from self._capability(left, right, purpose, entity, thing, (VERIFY, before, after))

    def _accesses(self, left: _Side, right: _Side, purpose: str, entity: str) -> Iterator[Change]:
        found = "accesses", left.table(entity).accesses, right.table(entity).accesses
        yield from self._capability(left, right, purpose, entity, f"{entity} accesses", found)

    def _capability(
        self, left: _Side, right: _Side, purpose: str, entity: str, thing: str, found: tuple[str, RowSet, RowSet]
    ) -> Iterator[Change]:
        """A capability of a type: its name, and the rows that have it on either side."""
        word, *rows = found
        tables = left.table(entity), right.table(entity)
        kind = _kind([left.rows(tables[0], rows[0])], [right.rows(tables[1], rows[1])])
        if kind is not None:
            before, after = (
                (Shown(word, tuple(table.rows[each] for each in sorted(have))),) if have else ()
                for table, have in zip(tables, rows, strict=True)
            )
            yield Change(left.subject.application, purpose, thing, kind, before, after, self.day)

    def _figures(self, app: str, purpose: str, entity: str, old: TypeDecision, new: TypeDecision) -> Iterator[Change]:
        """Thresholds of aggregates; a property of the decision that is unknown here counts as widening."""
        if not (old.contributing and new.contributing):
            return
        for each in dataclasses.fields(TypeDecision):
            one, other = getattr(old, each.name), getattr(new, each.name)
            if each.name in {"rows", "visible", "contributing", "fields", "accesses", "verified"} or one == other:
                continue
            stricter = _STRICTER.get(each.name)
            kind = stricter(one, other) if stricter else Kind.CHANGED
            yield self._figure(app, purpose, f"{entity} {each.name}", kind, str(one), str(other))

    def _figure(self, app: str, purpose: str, thing: str, kind: Kind, before: str, after: str) -> Change:
        old, new = ((Shown(each),) if each else () for each in (before, after))
        return Change(app, purpose, thing, kind, old, new, self.day)


def _moved(before: str, after: str) -> Kind:
    """How one place differs from another: what lies within it is less."""
    if after.startswith(before):
        return Kind.NARROWED
    return Kind.WIDENED if before.startswith(after) else Kind.CHANGED


def _multiple(old: int, new: int) -> Kind:
    """Counts rounded to 20 can be made of counts rounded to 10, not the other way; 15 and 10 tell each some more."""
    if new % old == 0:
        return Kind.NARROWED
    return Kind.WIDENED if old % new == 0 else Kind.CHANGED


_STRICTER: Mapping[str, Callable[[int, int], Kind]] = {
    "contributors": lambda old, new: Kind.NARROWED if new > old else Kind.WIDENED,
    "rounding": _multiple,
    "buckets": lambda old, new: Kind.NARROWED if new < old else Kind.WIDENED,
}


@dataclass(frozen=True, slots=True)
class _Side:
    """One version's decision for one subject on one day."""

    decision: Decision | None
    subject: Subject
    day: dt.date
    case: str  # The type that cases are of; empty if the catalogue has none.

    def table(self, entity: str) -> TypeDecision:
        return TypeDecision((), frozenset(), frozenset(), {}) if self.decision is None else self.decision.of(entity)

    def asked(self, effects: FieldDecision) -> dict[Asked, RowSet]:
        """The rows on which each value of an answer's argument is answered, with this subject's own values."""
        found: dict[Asked, RowSet] = {}
        for asked, rows in effects.answers:
            value = placeholder_value(asked, self.subject, self.day) if isinstance(asked, Placeholder) else asked
            found[value] = found.get(value, frozenset()) | rows
        return found

    def levels(
        self, table: TypeDecision, effects: FieldDecision, ladder: tuple[str, ...], asked: list[Asked]
    ) -> list[Predicate]:
        """For each effect from the strongest down, the rows that have it or a stronger one; aggregate; match; answers.

        `asked` are the values of an argument that either side answers.
        """
        masks = dict(effects.masks)
        rows: RowSet = effects.clear
        found = [rows | effects.aggregate, rows | effects.match, rows]
        for rung in reversed(ladder[:-1]):
            rows = rows | masks.get(rung, frozenset())
            found.append(rows)
        answered = self.asked(effects)
        found += [answered.get(each, frozenset()) for each in asked]
        return [self.rows(table, level) for level in found]

    def rows(self, table: TypeDecision, rows: RowSet) -> Predicate:
        """The rows for which one of the predicates holds, with this subject's values in them."""
        return Any_(tuple(self.resolved(table.rows[each]) for each in sorted(rows)))

    def resolved(self, rows: Predicate) -> Predicate:
        """A condition with this subject's values; a case must be an event that it sees without naming one."""
        table = self.table(self.case)
        events = (table.rows[each] for each in sorted(table.visible))
        seen = Any_(tuple(resolve(each, self.subject, self.day) for each in events if not has_case(each)))
        return resolve(rows, self.subject, self.day, seen)

    def shown(self, table: TypeDecision, name: str, *, own: bool) -> tuple[Shown, ...]:
        """The effects for a reader; with the subject's `own` values where the two sides differ in them."""
        effects = table.fields.get(name, NOTHING)
        found = [("clear", effects.clear), *effects.masks, ("aggregate", effects.aggregate), ("match", effects.match)]
        found += [(effect_in_words(ANSWER, asked), rows) for asked, rows in effects.answers]
        return tuple(
            Shown(
                effect,
                tuple(self.resolved(table.rows[each]) if own else table.rows[each] for each in sorted(rows)),
            )
            for effect, rows in found
            if rows
        )


def _kind(before: list[Predicate], after: list[Predicate]) -> Kind | None:
    """How two lists of row conditions, level by level, differ; None where they are proved to be the same."""
    wider = any(not implies(new, old) for old, new in zip(before, after, strict=True))
    narrower = any(not implies(old, new) for old, new in zip(before, after, strict=True))
    if wider and narrower:
        return Kind.CHANGED
    if wider:
        return Kind.WIDENED if any(_some(each) for each in before) else Kind.NEW
    if narrower:
        return Kind.NARROWED if any(_some(each) for each in after) else Kind.GONE
    return None


def _some(rows: Predicate) -> bool:
    return not (isinstance(rows, Any_) and not rows.parts)


def _pairs(old: Application, new: Application) -> list[tuple[Subject, Subject]]:
    """The subjects to compare: one for the application, or one for each pair of places that its staff answers for."""
    one, other = subject_of(old), subject_of(new)
    if old.staff and new.staff:
        places = {(old.staff[sub], new.staff[sub]) for sub in old.staff if sub in new.staff}
    elif old.staff:
        places = {(place, new.jurisdiction) for place in old.staff.values()}
    elif new.staff:
        places = {(old.jurisdiction, place) for place in new.staff.values()}
    else:
        places = {(old.jurisdiction, new.jurisdiction)}
    return [
        (dataclasses.replace(one, jurisdiction=left), dataclasses.replace(other, jurisdiction=right))
        for left, right in sorted(places)
    ]


def _staff_text(app: Application) -> str:
    return f"{len(app.staff)} listed" if app.staff else "anyone"


def _limit_text(obligation: object) -> str:
    return "" if obligation is None else str(getattr(obligation, "limit", "required"))
