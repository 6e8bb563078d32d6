"""Reads the rules of a version, and tries or drafts it with one of them changed; blocks, for a thread.

A draft goes the way of `policy draft`: the store decides who may draft what, and the record is durable before it is.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.console.steward.versions import changes_of, loaded
from hub.request.running import Hub
from hub.steward.actor import Actor
from policies.editing.rules import RuleText, add, change, change_items, copy, remove, rules_in
from policies.model import PolicySet
from policies.review.changes import Diff
from policies.review.check import ERROR, check, decisions_of, effects_of_expectation
from policies.review.diff import diff_with_joins
from policies.rules import CLEAR
from policies.versions import Version
from schema.catalogue import Catalogue
from schema.declarations import Field
from schema.strict_yaml import YamlFile

EXPECTED: Final = "expect"
CHANGE, COPY, ADD, REMOVE = "change", "copy", "add", "remove"
"""What is done with a rule."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where an edit begins: the version in force, and the files with earlier edits of the same person, if there are."""

    base: Version
    in_force: Mapping[str, bytes]
    files: Mapping[str, bytes]
    earlier: int | None = None
    """The number of the draft that the files are of."""

    def rule(self, name: str) -> RuleText | None:
        """The rule of this name; None if there is none."""
        # Files in which the name stands come first: reading one of 100 KB takes 0.2 s. It may be written with escapes.
        likely = sorted(self.files, key=lambda each: name.encode("utf-8", "replace") not in self.files[each])
        return next((rule for each in likely for rule in rules_in(each, self.files[each]) if rule.id == name), None)


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be done: with which rule, or in which file and section, and what the rule is to say."""

    act: str
    wanted: Mapping[str, Any]
    rule: RuleText | None = None
    file: str = ""
    section: str = ""
    mend_expectations: bool = False

    @property
    def name(self) -> str:
        """The id of the rule that results, or that goes."""
        return self.rule.id if self.act == REMOVE and self.rule else str(self.wanted.get("id", ""))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: its kind, the text, where it stands, and whether it stops the draft."""

    kind: str
    text: str
    place: str
    stops: bool = False
    names: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What the finding is about, by what it is: a rule, a field, a purpose."""


@dataclass(frozen=True, slots=True)
class TriedEdit:
    """What an edit would do: findings that were not there before, decisions and lines that change."""

    findings: Sequence[Finding]
    decisions: Diff
    lines: Sequence[str]
    coordinates: int
    """Fields and edges on which a decision changes."""

    @property
    def failing_expectations(self) -> bool:
        """Whether tests of the policy stop the draft."""
        return any(each.kind == "expectation" for each in self.findings)


def start_of(hub: Hub, base: int | None, earlier: int | None, actor: Actor) -> Start | None:
    """The files that an edit begins with; None if there is no such version, or no such draft of this person.

    `base` is the version that was in force when the form was opened, by default the one that is.
    """
    with changes_of(hub) as changes:
        known = {past.version.number: past for past in changes.store.history()}
        current = known.get(changes.store.in_force().version.number if base is None else base)
        if current is None:
            return None
        in_force = changes.store.files(current.version.number)
        if earlier is None:
            return Start(current.version, in_force, in_force)
        past = known.get(earlier)
        if past is None or past.version.author != actor.account or past.version.base != current.version.number:
            return None
        return Start(current.version, in_force, changes.store.files(earlier), earlier)


def edited(hub: Hub, start: Start, edit: Edit) -> dict[str, bytes]:
    """All files after the edit; YamlFileError or EditRefused if it cannot be done."""
    files = {**start.files, **_edited_file(start, edit)}
    if edit.act == REMOVE and edit.rule and not files[edit.rule.file]:
        del files[edit.rule.file]
    return _with_expectations(hub.catalogue, hub, files) if edit.mend_expectations else files


def _edited_file(start: Start, edit: Edit) -> dict[str, bytes]:
    if edit.rule is None:
        return {edit.file: add(start.files.get(edit.file, b""), edit.file, edit.section, edit.wanted)}
    content = start.files[edit.rule.file]
    if edit.act == REMOVE:
        return {edit.rule.file: remove(content, edit.rule) or b""}
    return {edit.rule.file: (copy if edit.act == COPY else change)(content, edit.rule, edit.wanted)}


def _with_expectations(catalogue: Catalogue, hub: Hub, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with each expectation that fails saying what is so now."""
    decided, mended = decisions_of(catalogue, loaded(hub, files), hub.now().date()), dict(files)
    for name, content in files.items():
        wanted = dict[int, Mapping[str, Any]]()
        for index, item in enumerate(YamlFile(name, content).content.get(EXPECTED, ())):
            found = effects_of_expectation(decided(item["app"], item["purpose"]), item["coordinate"])
            if sorted(item["effects"]) != sorted(found):
                wanted[index] = {**item, "effects": list(found)}
        if wanted:
            # At once: a file is read two times for each change, and one of 60 KB takes a second.
            mended[name] = change_items(content, name, EXPECTED, wanted)
    return mended


def try_edit(hub: Hub, start: Start, edit: Edit) -> TriedEdit:
    """What the edit would do to the version in force; raises as `edited`, and YamlFileError if it does not load."""
    return try_files(hub, start.in_force, edited(hub, start, edit), edit.name)


def try_files(hub: Hub, in_force: Mapping[str, bytes], files: Mapping[str, bytes], name: str) -> TriedEdit:
    """What files with another rule of this name would do; YamlFileError if they do not load."""
    today = hub.now().date()
    before, after = (loaded(hub, each) for each in (in_force, files))
    known = {each.text for each in check(hub.catalogue, before, today)}
    found = [
        Finding(each.rule, each.text, each.place, each.level == ERROR, each.names)
        for each in check(hub.catalogue, after, today)
        if (each.text not in known or each.level == ERROR or name in each.text.split())
        and not (each.rule == "nobody" and each.names["field"] in _prohibited(after, name))
    ]
    decisions = diff_with_joins(hub.catalogue, before, after, today)
    touched = {each.thing for each in decisions.changes if "." in each.thing and " " not in each.thing}
    return TriedEdit(
        [*found, *_sensitive(hub.catalogue, after, name)], decisions, _lines(in_force, files), len(touched)
    )


def _prohibited(policy: PolicySet, name: str) -> frozenset[str]:
    """The fields that a rule of this name prohibits: that nobody sees them then is what it is for."""
    return frozenset(each for rule in policy.prohibitions if rule.id == name for each in rule.coordinates)


def _sensitive(catalogue: Catalogue, policy: PolicySet, name: str) -> list[Finding]:
    """Sensitive personal information that a rule gives in clear."""
    grant = next((each for each in policy.grants if each.id == name), None)
    if grant is None:
        return []
    clear = [each for each, effect in sorted(grant.fields.items()) if effect == CLEAR]
    found = [(each, catalogue.coordinate(each)) for each in clear]
    named = [each for each, what in found if isinstance(what, Field) and what.sensitive]
    return (
        [Finding("sensitive", ", ".join(named), grant.place, names={"rule": name, "field": ", ".join(named)})]
        if named
        else []
    )


def draft_edit(hub: Hub, actor: Actor, start: Start, edit: Edit, note: str) -> Version:
    """Draft the edit on the version in force; raises as `edited` and as PolicyStore.draft."""
    files = edited(hub, start, edit)
    with changes_of(hub) as changes:
        return changes.draft(files, actor, start.base.number, note)


def _lines(in_force: Mapping[str, bytes], files: Mapping[str, bytes]) -> list[str]:
    """The lines that go and come, file by file, with three around them."""
    lines: list[str] = []
    for name in sorted({*in_force, *files}):
        old, new = (each.get(name, b"").decode().splitlines() for each in (in_force, files))
        lines += difflib.unified_diff(old, new, name, name, lineterm="")
    return lines
