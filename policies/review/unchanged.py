"""Which decisions of two policies are the same because the rules behind them are: these need not be compared.

Most of what a draft leaves as it was is found so, at the cost of a look into the index of rules.
"""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from policies.model import PolicySet
from policies.rule_index import lineage
from policies.rules import Grant, Prohibition, Subject

_Rule = TypeVar("_Rule", Grant, Prohibition)


class Unchanged:
    """What a decision is made of, in two policies: it is a pure function of that, of the catalogue and of the day."""

    def __init__(self, before: PolicySet, after: PolicySet) -> None:
        self._before, self._after = before, after
        self._rules = _same(before.grants, after.grants) | _same(before.prohibitions, after.prohibitions)
        self._known: dict[tuple[str, str], bool] = {}

    def decision(self, subject: Subject, purpose: str) -> bool:
        """Whether the same rules decide on a purpose of a subject, whose application is registered alike in both.

        False does not say that the decision differs.
        """
        asked = (subject.application, purpose)
        if asked not in self._known:
            self._known[asked] = self._is_same(subject, purpose)
        return self._known[asked]

    def _is_same(self, subject: Subject, purpose: str) -> bool:
        one, other = (each.applications.get(subject.application) for each in (self._before, self._after))
        if one is None or one != other:
            return False
        if any(self._before.purposes.get(each) != self._after.purposes.get(each) for each in lineage(purpose)):
            return False
        old, new = (
            [each.id for rules in (index.grants(subject, purpose), index.prohibitions(purpose)) for each in rules]
            for index in (self._before.index, self._after.index)
        )
        return old == new and self._rules.issuperset(old)


def _same(before: tuple[_Rule, ...], after: tuple[_Rule, ...]) -> set[str]:
    """The ids of rules that are in both, wherever in the files they stand."""
    known = {each.id: each for each in before}
    return {
        each.id for each in after if each.id in known and dataclasses.replace(known[each.id], place=each.place) == each
    }
