"""Finds the rules in the text of policy files, and changes, adds, copies or takes out one of them.

After a change the file holds exactly what it held with that one rule changed: it is read again and compared, and what
does not agree is refused. All bytes outside the rule stay; a rule that is taken out takes the comment above it along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.editing.rewrite import (
    apply,
    content_end,
    dash_before,
    edits,
    line_end,
    line_start,
    newline_of,
    rule_lines,
)
from policies.editing.written import EditRefused, same
from schema.strict_yaml import Piece, YamlFile

GRANTS: Final = "grants"
PROHIBITIONS: Final = "prohibitions"
SECTIONS: Final = (GRANTS, PROHIBITIONS)
"""The sections of a policy file that hold rules."""
_INDENT: Final = 2


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as its file has it: `content` is what it says in plain data, `text` its lines with their comments."""

    file: str
    section: str
    index: int
    content: Mapping[str, Any]
    text: str

    @property
    def id(self) -> str:
        """The name of the rule, which no other rule of the policy has."""
        return str(self.content["id"])


def rules_of(files: Mapping[str, bytes]) -> list[RuleText]:
    """Every rule of some policy files, in their order; YamlFileError for a file that cannot be read."""
    return [rule for name, content in sorted(files.items()) for rule in rules_in(name, content)]


def rules_in(name: str, content: bytes) -> Iterator[RuleText]:
    """Every rule of one file."""
    file, text = YamlFile(name, content), content.decode()
    for section in SECTIONS:
        items = _items(file, section)
        for index, (rule, piece) in enumerate(zip(file.content.get(section) or (), items, strict=True)):
            yield RuleText(name, section, index, rule, _lines(text, piece))


def change(content: bytes, rule: RuleText, wanted: Mapping[str, Any]) -> bytes:
    """The file with a rule that says `wanted`; EditRefused if that cannot be written without touching other things."""
    return _change(content, rule.file, rule.section, {rule.index: wanted})


def change_items(content: bytes, name: str, section: str, wanted: Mapping[int, Mapping[str, Any]]) -> bytes:
    """As `change`, for items of another section that is a list, such as `expect`, by their places; all at once."""
    return _change(content, name, section, wanted)


def copy(content: bytes, rule: RuleText, wanted: Mapping[str, Any]) -> bytes:
    """The file with a copy of a rule behind it, comments and all, that says `wanted`."""
    file, text = YamlFile(rule.file, content), content.decode()
    piece = _items(file, rule.section)[rule.index]
    dash_before(text, piece)
    place, newline = line_end(text, content_end(text, piece)), newline_of(text)
    lines = _lines(text, piece).rstrip() + newline
    between = newline if text[:place].endswith("\n") else newline * 2
    doubled = (text[:place] + between + lines + text[place:]).encode()
    changed = _change(doubled, rule.file, rule.section, {rule.index + 1: wanted})
    _expect(changed, file, rule.section, lambda rules: rules.insert(rule.index + 1, dict(wanted)))
    return changed


def add(content: bytes, name: str, section: str, wanted: Mapping[str, Any]) -> bytes:
    """The file with a new rule at the end of a section."""
    file, text = YamlFile(name, content), content.decode()
    newline, items = newline_of(text), _items(file, section)
    if items:
        place, indent = line_end(text, content_end(text, items[-1])), dash_before(text, items[-1])
        head = newline if text[:place].endswith("\n") else newline * 2
    else:
        place, indent = len(text), _INDENT
        head = f"{'' if text.endswith(newline) or not text else newline}{newline if text else ''}{section}:{newline}"
    changed = (text[:place] + head + rule_lines(wanted, indent, newline) + text[place:]).encode()
    _expect(changed, file, section, lambda rules: rules.append(dict(wanted)))
    return changed


def remove(content: bytes, rule: RuleText) -> bytes | None:
    """The file without a rule and the comment right above it; None if nothing is left that a file could say."""
    file, text = YamlFile(rule.file, content), content.decode()
    items = _items(file, rule.section)
    if len(items) == 1:
        return _without_section(file, text, rule.section)
    dash_before(text, items[rule.index])
    start, end = line_start(text, items[rule.index].start), line_end(text, content_end(text, items[rule.index]))
    start = _comment_above(text, start)
    if _is_blank(text, start - 1) and (end == len(text) or _is_blank(text, end)):
        start = line_start(text, start - 1)
    elif rule.index == 0 and end < len(text) and _is_blank(text, end):
        end = line_end(text, end)
    changed = (text[:start] + text[end:]).encode()
    _expect(changed, file, rule.section, lambda rules: rules.pop(rule.index))
    return changed


def _without_section(file: YamlFile, text: str, section: str) -> bytes | None:
    if file.content.keys() == {section}:
        return None
    entries = [(key, value) for key, value in file.pieces().inside if key is not None]
    key, value = entries[list(file.content).index(section)]
    start, end = line_start(text, key.start), line_end(text, content_end(text, value))
    changed = (text[:start] + text[end:]).encode()
    if not same(YamlFile(file.name, changed).content, {k: v for k, v in file.content.items() if k != section}):
        raise EditRefused("this section cannot be taken out by a form; edit it as text")
    return changed


def _change(content: bytes, name: str, section: str, wanted: Mapping[int, Mapping[str, Any]]) -> bytes:
    file, text = YamlFile(name, content), content.decode()
    pieces, old = _items(file, section), file.content[section]
    changes = [
        edit
        for index, rule in wanted.items()
        for edit in edits(text, pieces[index], old[index], dict(rule), pieces[index].start)
    ]
    changed = apply(text, changes).encode()

    def put(rules: list[Any]) -> None:
        for index, rule in wanted.items():
            rules[index] = dict(rule)

    _expect(changed, file, section, put)
    return changed


def _expect(changed: bytes, before: YamlFile, section: str, change_rules: Any) -> None:
    """EditRefused unless the changed file holds what it held, with the rules of a section changed so."""
    rules = list(before.content.get(section) or ())
    change_rules(rules)
    if not same(YamlFile(before.name, changed).content, {**before.content, section: rules}):
        raise EditRefused("the change would touch more than this rule; edit it as text")


def _items(file: YamlFile, section: str) -> list[Piece]:
    if section not in file.content:
        return []
    entries = file.pieces().inside
    value = entries[list(file.content).index(section)][1]
    if value.flow and value.inside:
        raise EditRefused(f"{file.name} has its {section} in brackets, which a form does not change; edit it as text")
    return [item for _, item in value.inside]


def _lines(text: str, piece: Piece) -> str:
    """The lines of an item, from its dash on."""
    return text[line_start(text, piece.start) : line_end(text, content_end(text, piece))]


def _comment_above(text: str, start: int) -> int:
    """Where the comment begins that stands right above a line; the line itself without one."""
    while start > 0:
        above = line_start(text, start - 1)
        if not text[above:start].lstrip().startswith("#") or above == 0:
            break
        start = above
    return start


def _is_blank(text: str, at: int) -> bool:
    return at >= 0 and not text[line_start(text, at) : line_end(text, at)].strip()
