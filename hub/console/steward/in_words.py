"""Says effects, masks, conditions on rows and obligations of a policy in the language of a page.

The text of the policy stands beside it where it matters: that alone decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hub.console.mask_words import mask_in_words
from hub.console.steward.prohibited import is_prohibition, prohibited
from hub.console.words import Words, all_words
from hub.request.own_access.row_words import predicate_in_words
from hub.request.running import Hub
from policies import masking
from policies.model import PolicySet
from policies.obligations import Cap, Obligation
from policies.review.changes import Change, Diff, Shown
from policies.rules import ANSWER, VERIFY
from schema.catalogue import Catalogue
from schema.declarations import Field
from schema.interface.languages import Named, name_in
from schema.predicate import All, Any_, CaseHolds, Compare, IsCase, Not, Op, Placeholder, Predicate, Related, conjuncts

EXPECTATION: Final = "expectation of "
PLAIN: Final = ("clear", "aggregate", "match", "verify", "nothing")
OTHER: Final = {"prohibited": "rule_prohibited", "accesses": "rule_accesses"}


def spoken_in(hub: Hub, language: str) -> Spoken:
    """The words of a language for the catalogue and the version in force of a hub."""
    return Spoken(hub.catalogue, hub.policy, all_words()[language], language)


class Spoken:
    """The words of one language for what a policy says of the catalogue; `policy` names its applications."""

    def __init__(self, catalogue: Catalogue, policy: PolicySet, words: Words, language: str) -> None:
        self._catalogue, self._policy, self._words, self._language = catalogue, policy, words, language
        self._coordinates = dict(catalogue.coordinates())

    # Names. What the version in force or the catalogue does not have is told by its id alone.

    def application(self, name: str) -> str:
        """What an application is called; empty if the version in force does not register it."""
        return self._named(self._policy.applications.get(name))

    def purpose(self, name: str) -> str:
        """What a purpose is called; empty if the version in force does not have it."""
        return self._named(self._policy.purposes.get(name))

    def thing(self, name: str) -> str:
        """What a type, a field or an edge is called; empty for anything else."""
        if name.startswith(EXPECTATION):
            return self._words("words_expectation", thing=self.thing(name.removeprefix(EXPECTATION)))
        return self._named(self._catalogue.entity(name) if name in self._catalogue else self._coordinates.get(name))

    def prohibitions(self, found: Diff) -> list[str]:
        """A sentence for each prohibition that a comparison of versions finds to come or to go."""
        comma = self._words["words_list"]
        return [
            self._words(
                "words_prohibited" if each.is_new else "words_not_prohibited",
                rules=comma.join(each.rules),
                purposes=comma.join(f"{self.purpose(name)} {name}".strip() for name in each.purposes),
                things=comma.join(f"{self.thing(name)} {name}".strip() for name in each.coordinates),
            )
            for each in prohibited(found)
        ]

    def finding(self, kind: str, names: Mapping[str, str]) -> str:
        """What `policy check` found, in a sentence with its names; empty for a kind that has none."""
        key = f"rule_found_{kind.replace('-', '_')}"
        if not names or self._words.get(key) is None:
            return ""
        shown = {name: f"{self._called(name, value)} {value}".strip() for name, value in names.items()}
        return self._words(key, **shown)

    def _called(self, kind: str, name: str) -> str:
        of = {"field": self.thing, "purpose": self.purpose, "application": self.application}
        return of[kind](name) if kind in of else ""

    def other_changes(self, found: Diff) -> list[Change]:
        """The changes that `prohibitions` does not tell, as a table has them."""
        return [each for each in found.changes if not is_prohibition(each)]

    def _named(self, thing: Named | None) -> str:
        return self._title(thing) if thing is not None else ""

    # Effects.

    def effect(self, name: str) -> str:
        """An effect or a mask (`clear`, `partial(3,4)`); whatever else it is, as it stands."""
        if name in PLAIN:
            return self._words[f"effect_{name}"]
        if name in OTHER:
            return self._words[OTHER[name]]
        method, _, inside = name.partition("(")
        if method == VERIFY:
            return self._words["effect_verify"]
        if method == ANSWER:
            asked = self._words["words_subject_jurisdiction"] if inside.startswith("$") else inside.removesuffix(")")
            return self._words("effect_answer_to", asked=asked) if asked else self._words["effect_answer"]
        return mask_in_words(name, self._words) if method in masking.METHODS else name

    def effects(self, shown: Sequence[Shown], thing: str = "") -> str:
        """What a comparison of versions says of a thing, before or after: each effect, and on which rows."""
        entity = thing.partition(".")[0].partition(" ")[0]
        found = [self._on_rows(self.effect(each.effect), self._either(each.rows, entity)) for each in shown]
        return "; ".join(found) or self._words["effect_nothing"]

    def _on_rows(self, effect: str, rows: str) -> str:
        return self._words("words_on_rows", effect=effect, rows=rows) if rows else effect

    def _either(self, rows: Iterable[Predicate], entity: str) -> str:
        kept = _widest(list(rows))
        said = [self.rows(each, entity) for each in kept]
        if "" in said:
            return ""
        parts = zip(kept, said, strict=True)
        return self._words["words_or"].join(self._grouped(each, text, len(said) > 1) for each, text in parts)

    def _grouped(self, rows: Predicate, said: str, beside_others: bool) -> str:
        """In brackets, where “and” would stand beside “or” without them."""
        mixed = beside_others and isinstance(rows, All) and len(rows.parts) > 1
        return self._words("words_group", rows=said) if mixed else said

    # Rows.

    def rows(self, rows: Predicate | None, entity: str) -> str:
        """A condition on the rows of a type; empty if it holds for all of them, its syntax if there is no such type."""
        if rows is None or rows == All(()):
            return ""
        return self._condition(rows, entity) if entity in self._catalogue else predicate_in_words(rows)

    def _condition(self, rows: Predicate, entity: str) -> str:
        words = self._words
        match rows:
            case All(parts):
                return words["words_and"].join(self._condition(each, entity) for each in parts) or words["words_all"]
            case Any_(parts):
                each_said = [(each, self._condition(each, entity)) for each in parts]
                said = words["words_or"].join(self._grouped(*each, len(parts) > 1) for each in each_said)
                return words("words_group", rows=said) if parts else words["words_no_rows"]
            case Not(part):
                return words("words_not", rows=self._condition(part, entity))
            case Related(edge, some, where):
                end = self._catalogue.entity(entity).edges[edge]
                rest = self._condition(where, end.target)
                return words("words_some" if some else "words_none", edge=self._title(end), rows=rest)
            case IsCase():
                return words["rule_is_case"]
            case CaseHolds():
                return words["words_case_holds"]
            case Compare():
                return self._compared(rows, entity)

    def _compared(self, leaf: Compare, entity: str) -> str:
        if leaf == Compare("region", Op.STARTS_WITH, Placeholder("subject.jurisdiction")):
            return self._words["rule_in_jurisdiction"]
        field = self._field(entity, leaf.field)
        shown = self._title(field) if field else leaf.field
        if leaf.op is Op.IS_NULL:
            return self._words("words_is_null" if leaf.value else "words_is_not_null", field=shown)
        return self._words(f"words_op_{leaf.op.name.lower()}", field=shown, value=self._value(leaf.value, field))

    def _value(self, value: object, field: Field | None) -> str:
        if isinstance(value, tuple):
            return self._words["words_list"].join(self._value(each, field) for each in value)
        if isinstance(value, Placeholder):
            if value.years_ago:
                return self._words("words_years_ago", years=str(value.years_ago))
            return self._words[f"words_{value.name.replace('.', '_')}"]
        named = {each.name: each for each in field.value_words} if field else {}
        return self._title(named[str(value)]) if str(value) in named else str(value)

    def _field(self, entity: str, name: str) -> Field | None:
        return next((each for each in self._catalogue.entity(entity).fields if each.name == name), None)

    def _title(self, thing: Named) -> str:
        return name_in(self._language, thing)

    # Obligations.

    def duty(self, name: str, duty: Obligation) -> str:
        """An obligation: an open case, or a cap with its number."""
        if not isinstance(duty, Cap):
            return self._words["rule_case"]
        each = self._words["rule_per_person"] if duty.personal else ""
        return f"{self._words[f'rule_{name}']} {duty.limit} {each}".strip()


def _widest(rows: list[Predicate]) -> list[Predicate]:
    """Those of some conditions that add rows to the rest: one that demands all that another demands adds none."""
    demands = [conjuncts(each) for each in rows]
    return [
        each
        for at, each in enumerate(rows)
        if not any(
            other < demands[at] or (other == demands[at] and before < at) for before, other in enumerate(demands)
        )
    ]
