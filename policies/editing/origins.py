"""Finds since which version each rule says what it says now.

A comment or another layout is no change of a rule; a change of anything that it says is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

from policies.editing.rules import RuleText, rules_in
from policies.editing.written import EditRefused, same
from schema.strict_yaml import YamlFileError

MOST_READ: Final = 64
"""Files that are kept as they were read: reading one of 60 KB takes a second, and it has hundreds of rules."""
Reading = Callable[[str, bytes], Mapping[tuple[str, str], RuleText]]


def origins(rules: Iterable[RuleText], versions: Iterable[tuple[int, Mapping[str, bytes]]]) -> dict[str, int]:
    """By the id of a rule: the first of the versions, without a gap from the newest on, in which it says the same.

    `versions` are those that were made from one another, the newest first, with their files; no more of them are asked
    for than are needed.
    """
    looked_for, found, read = {rule.id: rule for rule in rules}, dict[str, int](), lru_cache(MOST_READ)(_rules_in)
    for number, files in versions:
        looked_for = {
            name: there for name, rule in looked_for.items() if (there := _there(rule, files, read)) is not None
        }
        found.update(dict.fromkeys(looked_for, number))
        if not looked_for:
            break
    return found


def _there(rule: RuleText, files: Mapping[str, bytes], read: Reading) -> RuleText | None:
    """The rule as a version has it, if it says the same there; `read` reads a file once for all its rules."""
    lines = f"\n{rule.text}".encode()
    if lines in b"\n" + files.get(rule.file, b""):
        return rule  # sign for sign: nothing has to be read
    for name, content in files.items():
        if rule.id.encode() in content:
            other = read(name, content).get((rule.section, rule.id))
            if other is not None:
                return other if same(dict(other.content), dict(rule.content)) else None
    return None


def _rules_in(name: str, content: bytes) -> Mapping[tuple[str, str], RuleText]:
    """The rules of a file by their sections and ids; none if it cannot be read."""
    try:
        return {(rule.section, rule.id): rule for rule in reversed(list(rules_in(name, content)))}
    except (YamlFileError, EditRefused):
        return {}
