"""Reads the form of one rule: what stood in the rule, with what the form says instead.

Only what is offered is taken; anything else refuses the whole form. What a form cannot express, and what belongs to
other departments, stays as it is. A form without a change gives the rule as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.console.refusals import PageRefused
from hub.console.rules.choices import PROHIBIT, SELECTORS, Choices, effect_of_token, effect_token
from policies.editing.rules import GRANTS
from policies.obligations import CASE, COUNTED_DAILY, NODE_CAP

ON: Final = "on"
NUMBERS: Final = ("contributors", "rounding", "buckets")
CAPS: Final = (NODE_CAP, *COUNTED_DAILY)
PERSON: Final = ".person"
"""What stands behind the name of a cap that is counted for each person."""


class RuleForm:
    """The fields of a form that was sent; each may be read once, and none may be left."""

    def __init__(self, fields: Mapping[str, str], choices: Choices, section: str) -> None:
        self._left = dict(fields)
        self._choices, self._section = choices, section

    def rule(self, start: Mapping[str, Any]) -> dict[str, Any]:
        """The rule that the form makes of `start`; PageRefused for what is not offered."""
        others = self._choices.others(self._choices.types_of(start))
        types = self._types(start)
        rule = dict(start) if others else {**start, **self._common(start)}
        if self._section == GRANTS:
            rule["rows"] = self._rows(start.get("rows", {}), types)
            rule["fields"] = self._effects(start.get("fields", {}), types)
            rule["match"] = self._matches(start.get("match", []), types)
        else:
            before = {name: PROHIBIT for name in start.get(PROHIBIT, ())}
            rule[PROHIBIT] = list(self._effects(before, types))
        if self._left:
            raise PageRefused("choice", name="form")
        return {key: value for key, value in rule.items() if value not in ({}, [], None, "")}

    def types(self, start: Mapping[str, Any]) -> list[str]:
        """The types that the form shows, beside those of the rule."""
        named = {name.removeprefix("type.") for name in self._left if name.startswith("type.")}
        named |= {self._left.get("addType", "")}
        shown = {*self._choices.types_of(start), *(each for each in named if self._choices.owns(each))}
        return [entity.name for entity in self._choices.catalogue if entity.name in shown]

    def _types(self, start: Mapping[str, Any]) -> list[str]:
        """The types of which the form may say something."""
        found = self.types(start)
        self._left.pop("addType", "")
        for each in found:
            self._left.pop(f"type.{each}", "")
        return [each for each in found if self._choices.owns(each)]

    # What concerns all types.

    def _common(self, start: Mapping[str, Any]) -> dict[str, Any]:
        common: dict[str, Any] = {"for": self._chosen("for.", start.get("for", []), self._choices.policy.purposes)}
        common["basis"] = self._text("basis")
        if self._section != GRANTS:
            return common
        offered = self._choices.selectors()
        to = {name: self._chosen(f"to.{name}.", start.get("to", {}).get(name, []), offered[name]) for name in SELECTORS}
        common["to"] = _ordered(start.get("to", {}), {name: values for name, values in to.items() if values})
        valid = {name: day for name in ("from", "to") if (day := self._day(f"valid.{name}")) is not None}
        common["valid"] = _ordered(start.get("valid", {}), valid)
        common["obligations"] = _ordered(start.get("obligations", {}), self._obligations())
        common |= {name: self._number(name) for name in NUMBERS}
        accesses = self._ticked("accesses")
        common["accesses"] = accesses if accesses or "accesses" in start else None
        return common

    def _obligations(self) -> dict[str, Any]:
        found: dict[str, Any] = {CASE: "required"} if self._ticked(CASE) else {}
        for name in CAPS:
            limit, personal = self._number(name), name in COUNTED_DAILY and self._ticked(name + PERSON)
            if limit is not None:
                found[name] = {"limit": limit, "per": "person"} if personal else limit
        return found

    # What is said type by type.

    def _rows(self, start: Mapping[str, Any], types: Iterable[str]) -> dict[str, Any]:
        rows = {entity: self._conditions(entity, start.get(entity, {})) for entity in types}
        rows |= {entity: condition for entity, condition in start.items() if entity not in rows}
        return _ordered(start, {entity: condition for entity, condition in rows.items() if condition})

    def _conditions(self, entity: str, start: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in start.items() if self._ticked(f"keep.{entity}.{key}")}
        asked = [token for token in self._choices.conditions(entity, ()) if self._ticked(f"add.{entity}.{token}")]
        asked += [token] if (token := self._left.pop(f"addRow.{entity}", "")) else []
        for token in asked:
            offered = self._choices.conditions(entity, kept)
            if token not in offered:
                raise PageRefused("choice", name="rows")
            kept |= offered[token]
        return kept

    def _effects(self, start: Mapping[str, Any], types: Iterable[str]) -> dict[str, Any]:
        found = dict(start)
        own = [name for entity in types for name in self._choices.names_of(entity)]
        for name in (*own, *(each for each in start if self._is_tag(each))):
            was = effect_token(start[name]) if name in start else ""
            if name not in own and f"what.{name}" not in self._left:
                continue  # shown as text, because it covers types of other departments
            token = self._left.pop(f"what.{name}", "")
            if token not in {*self._offered(name), was}:
                raise PageRefused("choice", name="fields")
            found[name] = start[name] if token == was and was else effect_of_token(token)
        return _ordered(start, {name: effect for name, effect in found.items() if effect})

    def _offered(self, name: str) -> list[str]:
        if not self._is_tag(name):
            return self._choices.effects(name, self._section)
        owned = not self._choices.others(self._choices.types_of({"fields": {name: ""}}))
        return [""] if owned else []

    def _is_tag(self, name: str) -> bool:
        return "." not in name and name not in self._choices.catalogue

    def _matches(self, start: list[str], types: Iterable[str]) -> list[str]:
        offered = [name for entity in types for name in self._choices.matchable(entity)]
        chosen = {name for name in offered if self._ticked(f"match.{name}")}
        chosen |= {name for name in start if name not in offered}
        return _listed(start, chosen, offered)

    # One field of the form each.

    def _chosen(self, prefix: str, start: list[str], offered: Iterable[str]) -> list[str]:
        known = list(dict.fromkeys([*start, *offered]))
        return _listed(start, {each for each in known if self._ticked(prefix + each)}, known)

    def _ticked(self, name: str) -> bool:
        value = self._left.pop(name, None)
        if value not in {None, ON}:
            raise PageRefused("choice", name=name.partition(".")[0])
        return value == ON

    def _text(self, name: str) -> str:
        return self._left.pop(name, "").strip(" ")

    def _number(self, name: str) -> int | None:
        text = self._text(name)
        if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise PageRefused("choice", name=name)
        return int(text) if text else None

    def _day(self, name: str) -> dt.date | None:
        text = self._text(name)
        try:
            return dt.date.fromisoformat(text) if text else None
        except ValueError:
            raise PageRefused("choice", name=name.partition(".")[0]) from None


def _ordered(start: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """What was there in its order, and then what is new."""
    return {name: found[name] for name in (*(each for each in start if each in found), *found)}


def _listed(start: Iterable[str], chosen: Iterable[str], offered: Iterable[str]) -> list[str]:
    wanted = set(chosen)
    return list(dict.fromkeys(each for each in (*start, *offered) if each in wanted))
