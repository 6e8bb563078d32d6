"""Says effects, masks, conditions on rows and obligations of a policy in the language of a page.

The text of the policy stands beside it where it matters: that alone decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from hub.console.mask_words import mask_in_words
from hub.console.words import Words, all_words
from hub.request.own_access.row_words import predicate_in_words
from hub.request.pipeline import Hub
from policies import masking
from policies.model import PolicySet
from policies.obligations import Cap, Obligation
from policies.review.changes import Shown
from policies.rules import ANSWER, VERIFY
from schema.catalogue import Catalogue
from schema.declarations import Field
from schema.interface.languages import CHINESE
from schema.predicate import All, Any_, CaseHolds, Compare, IsCase, Not, Op, Placeholder, Predicate, Related

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
        return self._named(self._catalogue.entity(name) if name in self._catalogue else self._coordinates.get(name))

    def _named(self, thing: object) -> str:
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
        said = [self.rows(each, entity) for each in rows]
        return "" if "" in said else self._words["words_or"].join(said)

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
                said = words["words_or"].join(self._condition(each, entity) for each in parts)
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

    def _title(self, thing: object) -> str:
        return str(getattr(thing, "zh" if self._language == CHINESE else "en"))

    # Obligations.

    def duty(self, name: str, duty: Obligation) -> str:
        """An obligation: an open case, or a cap with its number."""
        if not isinstance(duty, Cap):
            return self._words["rule_case"]
        each = self._words["rule_per_person"] if duty.personal else ""
        return f"{self._words[f'rule_{name}']} {duty.limit} {each}".strip()
