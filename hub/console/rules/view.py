"""What the page of one rule shows: every choice with whether it is chosen, and the rule as one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.departments import shown_with_id
from hub.console.rules.choices import PROHIBIT, Choices, effect_token
from hub.console.rules.form import CAPS, NUMBERS, PERSON
from hub.console.steward.in_words import Spoken
from hub.console.steward.matrix import Sensitivity, sensitivity_of
from hub.console.words import Words
from policies.editing.rules import GRANTS
from policies.editing.written import same
from policies.obligations import CASE, COUNTED_DAILY
from schema.catalogue import EdgeEnd
from schema.interface.languages import CHINESE, Named, name_in
from schema.predicate import Grammar, PredicateError, parse


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: its name in the form, what is shown, and whether it is chosen."""

    name: str
    shown: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A coordinate, or a whole type or tag: its words, how it is protected, and the effects to choose from."""

    name: str
    shown: str
    sensitivity: str
    effects: Sequence[Option]
    match: Option | None = None
    inverse: str = ""
    """Of an edge: the same edge from its other end, which a prohibition covers too."""

    @property
    def effect(self) -> str:
        """The effect that is chosen, in words; empty for none."""
        return next((each.shown for each in self.effects if each.chosen and each.name), "")


@dataclass(frozen=True, slots=True)
class TypeView:
    """A type of the rule: what of it, and which rows. `owner` is who else answers for it: then it is only shown."""

    name: str
    shown: str
    owner: str
    lines: Sequence[Line]
    conditions: Sequence[Option]
    addable: Sequence[Option]


@dataclass(frozen=True, slots=True)
class RuleView:
    """The whole form; `others` are the types that the person may not change, each with its owner."""

    others: Mapping[str, str]
    who: Mapping[str, Sequence[Option]]
    purposes: Sequence[Option]
    types: Sequence[TypeView]
    tags: Sequence[Line]
    more_types: Sequence[Option]
    values: Mapping[str, str]
    ticks: Mapping[str, bool]
    sentence: Mapping[str, str]


class Viewer:
    """Makes the view of a rule in one language."""

    def __init__(self, choices: Choices, section: str, words: Words, language: str) -> None:
        self._choices, self._section, self._words, self._language = choices, section, words, language
        self._spoken = Spoken(choices.catalogue, choices.policy, words, language)

    def view(self, rule: Mapping[str, Any], start: Mapping[str, Any], types: Sequence[str]) -> RuleView:
        """What is shown of `rule`, which was made of `start`; with these types."""
        shown = [self._type(rule, start, entity) for entity in types]
        own = [each.name for each in self._choices.catalogue if self._choices.owns(each.name)]
        return RuleView(
            others=self._choices.others(self._choices.types_of(start)),
            who=self._who(rule),
            purposes=self._purposes(rule),
            types=shown,
            tags=[self._line(rule, name) for name in self._named(rule) if self._is_tag(name)],
            more_types=[Option(each, self._type_words(each)) for each in own if each not in types],
            values=_values(rule),
            ticks={
                name: _ticked(rule, name) for name in (CASE, "accesses", *(each + PERSON for each in COUNTED_DAILY))
            },
            sentence=self._sentence(rule, shown),
        )

    def _words_of(self, thing: Named) -> str:
        return name_in(self._language, thing)

    def _type_words(self, entity: str) -> str:
        return f"{self._words_of(self._choices.catalogue.entity(entity))} {entity}"

    def _who(self, rule: Mapping[str, Any]) -> dict[str, list[Option]]:
        to = rule.get("to", {})
        return {
            name: [
                Option(
                    f"to.{name}.{each}",
                    self._subject(name, each),
                    each in to.get(name, ()),
                )
                for each in values
            ]
            for name, values in self._choices.selectors().items()
        }

    def _subject(self, attribute: str, value: str) -> str:
        """A value of an attribute of subjects, with its name if it has one."""
        policy = self._choices.policy
        if attribute == "application":
            return f"{self._words_of(policy.applications[value])} {value}"
        return shown_with_id(policy, value, self._language) if attribute == "department" else value

    def _purposes(self, rule: Mapping[str, Any]) -> list[Option]:
        chosen = rule.get("for", ())
        return [
            Option(f"for.{each.id}", f"{self._words_of(each)} {each.id}", each.id in chosen)
            for each in self._choices.policy.purposes.values()
        ]

    # Types.

    def _named(self, rule: Mapping[str, Any]) -> dict[str, str]:
        """What the rule says of each name, as the form has it."""
        if self._section != GRANTS:
            return {name: PROHIBIT for name in rule.get(PROHIBIT, ())}
        return {name: effect_token(effect) for name, effect in rule.get("fields", {}).items()}

    def _is_tag(self, name: str) -> bool:
        return "." not in name and name not in self._choices.catalogue

    def _type(self, rule: Mapping[str, Any], start: Mapping[str, Any], entity: str) -> TypeView:
        conditions = rule.get("rows", {}).get(entity, {})
        addable = self._choices.conditions(entity, conditions) if self._section == GRANTS else {}
        return TypeView(
            entity,
            self._type_words(entity),
            "" if self._choices.owns(entity) else self._choices.policy.owners[entity],
            [self._line(rule, name) for name in self._choices.names_of(entity)],
            list(self._conditions(entity, conditions, start.get("rows", {}).get(entity, {}))),
            [Option(token, self._condition(entity, part)) for token, part in addable.items()],
        )

    def _line(self, rule: Mapping[str, Any], name: str) -> Line:
        chosen = self._named(rule).get(name, "")
        if self._is_tag(name):
            covered = self._choices.others(self._choices.types_of({"fields": {name: ""}}))
            offered = [] if covered else ["", chosen]
            return Line(
                name, name, "", [Option(each, self._effect(each), each == chosen) for each in offered or [chosen]]
            )
        offered = self._choices.effects(name, self._section)
        if chosen not in offered:
            offered.append(chosen)
        effects = [Option(each, self._effect(each), each == chosen) for each in offered]
        if "." not in name:
            return Line(name, self._words["rule_whole_type"], "", effects)
        coordinate = self._choices.catalogue.coordinate(name)
        matchable = self._section == GRANTS and name in self._choices.matchable(name.partition(".")[0])
        match = (
            Option(f"match.{name}", self._words["effect_match"], name in rule.get("match", ())) if matchable else None
        )
        sensitivity = sensitivity_of(coordinate)
        tag = "" if sensitivity is Sensitivity.OTHER else str(sensitivity)
        inverse = coordinate.inverse if isinstance(coordinate, EdgeEnd) else ""
        return Line(name, self._words_of(coordinate), tag, effects, match, inverse)

    def _effect(self, token: str) -> str:
        if token.startswith("mask:"):
            return self._words("rule_masked", mask=self._spoken.effect(token.removeprefix("mask:")))
        if token.startswith("answer:"):
            return self._spoken.effect(f"answer({token.removeprefix('answer:')})")
        names = {"": "rule_nothing", PROHIBIT: "rule_prohibited"}
        return self._words[names.get(token, f"effect_{token}")]

    def _conditions(self, entity: str, now: Mapping[str, Any], start: Mapping[str, Any]) -> Iterator[Option]:
        for key, value in start.items():
            chosen = key in now and same(now[key], value)
            yield Option(f"keep.{entity}.{key}", self._condition(entity, {key: value}), chosen)
        for key, value in now.items():
            if key not in start or not same(start[key], value):
                token = self._choices.token_of(entity, key, value)
                yield Option(f"add.{entity}.{token}", self._condition(entity, {key: value}), True)

    def _condition(self, entity: str, part: Mapping[str, Any]) -> str:
        """A condition in words; as it stands, if this catalogue cannot read it."""
        catalogue = self._choices.catalogue
        try:
            rows = parse(Grammar(catalogue, placeholders=True), catalogue.entity(entity), part)
            return self._spoken.rows(rows, entity)
        except PredicateError:
            ((key, value),) = part.items()
            return f"{key}: {value}"

    # The sentence.

    @property
    def _comma(self) -> str:
        return "、" if self._language == CHINESE else ", "

    def _so(self, effect: str) -> str:
        return f"（{effect}）" if self._language == CHINESE else f" ({effect})"

    def _sentence(self, rule: Mapping[str, Any], types: Sequence[TypeView]) -> dict[str, str]:
        """The parts of the rule in words, in the order in which they are read."""
        words, joined = self._words, self._comma
        who = [each.shown for options in self._who(rule).values() for each in options if each.chosen]
        purposes = [each.shown for each in self._purposes(rule) if each.chosen]
        what = [f"{line.shown}{self._so(line.effect)}" for line in _said(types)]
        what += [f"{line.shown}{self._so(line.match.shown)}" for line in _matched(types) if line.match]
        what += [f"{joined.join(self._together(rule))}{self._so(words['effect_verify'])}"] if rule.get("verify") else []
        rows = [
            f"{each.shown}: {joined.join(option.shown for option in each.conditions if option.chosen)}"
            for each in types
            if any(option.chosen for option in each.conditions)
        ]
        until = rule.get("valid", {}).get("to")
        return {
            "who": joined.join(who) or words["rule_nobody"],
            "for": joined.join(purposes) or words["rule_not_yet"],
            "what": joined.join(what) or words["rule_not_yet"],
            "rows": "; ".join(rows) or words["rule_not_yet"],
            "basis": rule.get("basis", "") or words["rule_not_yet"],
            "until": str(until) if until else words["rule_no_end"],
            "duties": joined.join(self._duties(rule)) or words["rule_no_duties"],
        }

    def _together(self, rule: Mapping[str, Any]) -> list[str]:
        """What a rule verifies, all of it together; the form keeps it, and changes nothing of it."""
        return [self._words_of(self._choices.catalogue.coordinate(name)) for name in rule["verify"]]

    def _duties(self, rule: Mapping[str, Any]) -> list[str]:
        found = [self._words["rule_case"]] if _ticked(rule, CASE) else []
        for name in CAPS:
            if limit := _values(rule)[name]:
                each = self._words["rule_per_person"] if _ticked(rule, name + PERSON) else ""
                found.append(f"{self._words[f'rule_{name}']} {limit} {each}".strip())
        return found


def _said(types: Sequence[TypeView]) -> list[Line]:
    return [line for each in types for line in each.lines if line.effect]


def _matched(types: Sequence[TypeView]) -> list[Line]:
    return [line for each in types for line in each.lines if line.match and line.match.chosen]


def _values(rule: Mapping[str, Any]) -> dict[str, str]:
    """The texts of the form by the names of their fields."""
    valid, obligations = rule.get("valid", {}), rule.get("obligations", {})
    limits = {name: obligations.get(name) for name in CAPS}
    found = {
        "id": rule.get("id"),
        "basis": rule.get("basis"),
        "valid.from": valid.get("from"),
        "valid.to": valid.get("to"),
        **{name: cap["limit"] if isinstance(cap, dict) else cap for name, cap in limits.items()},
        **{name: rule.get(name) for name in NUMBERS},
    }
    return {name: "" if value is None else str(value) for name, value in found.items()}


def _ticked(rule: Mapping[str, Any], name: str) -> bool:
    if name == "accesses":
        return bool(rule.get(name, False))
    if name == CASE:
        return CASE in rule.get("obligations", {})
    return isinstance(rule.get("obligations", {}).get(name.removesuffix(PERSON)), dict)
