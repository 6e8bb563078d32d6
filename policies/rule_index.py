"""Finds the rules for a subject and a purpose, at a cost that does not grow with the rules of others.

It is made once with a policy set and never changes. A grant stands under one attribute of its selector (the most
selective one) and under each of its purposes; a prohibition stands under its purposes and those above them. So the
index is as large as the rules, however many applications there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from policies.rules import Grant, Prohibition, Selector, Subject

_T = TypeVar("_T")
_Key = tuple[str, str, str]
"""Attribute, its value, purpose."""

_ATTRIBUTES = ("application", "department", "role", "level")
"""From the one that singles out most to the one that singles out least."""


class RuleIndex:
    """The rules of one policy set, by whom and what they are for."""

    __slots__ = ("_above_or_at", "_at", "_grants")

    def __init__(self, grants: tuple[Grant, ...], prohibitions: tuple[Prohibition, ...]) -> None:
        found: dict[_Key, list[tuple[int, Grant]]] = {}
        for place, grant in enumerate(grants):
            for attribute, value in _standing(grant.to):
                for purpose in grant.purposes:
                    found.setdefault((attribute, value, purpose), []).append((place, grant))
        at: dict[str, list[tuple[int, Prohibition]]] = {}
        above_or_at: dict[str, list[tuple[int, Prohibition]]] = {}
        for place, rule in enumerate(prohibitions):
            for purpose in rule.purposes:
                at.setdefault(purpose, []).append((place, rule))
                for each in lineage(purpose):
                    above_or_at.setdefault(each, []).append((place, rule))
        self._grants: Mapping[_Key, list[tuple[int, Grant]]] = MappingProxyType(found)
        self._at: Mapping[str, list[tuple[int, Prohibition]]] = MappingProxyType(at)
        self._above_or_at: Mapping[str, list[tuple[int, Prohibition]]] = MappingProxyType(above_or_at)

    def grants(self, subject: Subject, purpose: str) -> Iterator[Grant]:
        """Grants for the purpose, or one above it, that may be to the subject, each once, in the policy's order.

        The caller asks each whether it selects the subject: here only one attribute was compared.
        """
        keys = [
            (attribute, value, each)
            for each in lineage(purpose)
            for attribute, value in (*((name, getattr(subject, name)) for name in _ATTRIBUTES), ("", ""))
        ]
        return _each_once(pair for key in keys for pair in self._grants.get(key, ()))

    def prohibitions(self, purpose: str) -> Iterator[Prohibition]:
        """Prohibitions for the purpose, one above it or one below it, each once, in the policy's order."""
        above = (pair for each in lineage(purpose) for pair in self._at.get(each, ()))
        return _each_once((*above, *self._above_or_at.get(purpose, ())))


def lineage(purpose: str) -> tuple[str, ...]:
    """The purpose and those above it, root first, as its dotted path says."""
    steps = purpose.split(".")
    return tuple(".".join(steps[:count]) for count in range(1, len(steps) + 1))


def _standing(to: Selector) -> list[tuple[str, str]]:
    """The attribute values under which a selector's grant is looked up; none for a selector that selects nobody."""
    for attribute in _ATTRIBUTES:
        allowed: frozenset[str] | None = getattr(to, attribute)
        if allowed is not None:
            return [(attribute, value) for value in sorted(allowed)]
    return [("", "")]


def _each_once(pairs: Iterable[tuple[int, _T]]) -> Iterator[_T]:
    found = dict(pairs)
    return (found[place] for place in sorted(found))
