"""Finds since which version each rule says what it says now.

A comment or another layout is no change of a rule; a change of anything that it says is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policies.editing.rules import RuleText, rules_in
from policies.editing.written import EditRefused, same
from schema.strict_yaml import YamlFileError


def origins(rules: Iterable[RuleText], versions: Iterable[tuple[int, Mapping[str, bytes]]]) -> dict[str, int]:
    """By the id of a rule: the first of the versions, without a gap from the newest on, in which it says the same.

    `versions` are those that were made from one another, the newest first, with their files; no more of them are asked
    for than are needed.
    """
    looked_for, found = {rule.id: rule for rule in rules}, dict[str, int]()
    for number, files in versions:
        looked_for = {name: there for name, rule in looked_for.items() if (there := _there(rule, files)) is not None}
        found.update(dict.fromkeys(looked_for, number))
        if not looked_for:
            break
    return found


def _there(rule: RuleText, files: Mapping[str, bytes]) -> RuleText | None:
    """The rule as a version has it, if it says the same there."""
    lines = f"\n{rule.text}".encode()
    if lines in b"\n" + files.get(rule.file, b""):
        return rule  # sign for sign: nothing has to be read
    for name, content in files.items():
        if rule.id.encode() in content:
            for other in _rules_in(name, content):
                if other.id == rule.id and other.section == rule.section:
                    return other if same(dict(other.content), dict(rule.content)) else None
    return None


def _rules_in(name: str, content: bytes) -> list[RuleText]:
    try:
        return list(rules_in(name, content))
    except (YamlFileError, EditRefused):
        return []
