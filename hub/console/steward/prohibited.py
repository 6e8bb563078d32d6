"""What a comparison of versions says of prohibitions, each told once: which rule, for which purposes, which fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policies.review.changes import Change, Diff
from policies.review.guards import PROHIBITION


@dataclass(frozen=True, slots=True)
class Prohibited:
    """Fields that are prohibited newly, or no longer: by which rules, for which purposes."""

    is_new: bool
    rules: tuple[str, ...]
    purposes: Sequence[str]
    coordinates: Sequence[str]


def prohibited(found: Diff) -> list[Prohibited]:
    """The prohibitions that came or went; those of the same rules for the same purposes together."""
    purposes: dict[tuple[bool, tuple[str, ...], str], list[str]] = {}
    for each in found.changes:
        if is_prohibition(each):
            rules = tuple(shown.effect for shown in (each.after or each.before))
            key = bool(each.after), rules, each.thing.removeprefix(PROHIBITION)
            purposes.setdefault(key, []).append(each.purpose)
    together: dict[tuple[bool, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (is_new, rules, coordinate), names in purposes.items():
        together.setdefault((is_new, rules, tuple(sorted(names))), []).append(coordinate)
    return [Prohibited(is_new, rules, names, fields) for (is_new, rules, names), fields in together.items()]


def is_prohibition(change: Change) -> bool:
    """Whether a change tells of a prohibition, and not of what an application may see."""
    return change.thing.startswith(PROHIBITION)
