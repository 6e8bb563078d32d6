"""What a form or an address says of the edit as a whole: which rule, new or not, on which version, to do what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.console.refusals import PageRefused
from hub.console.rules.drafting import ADD, CHANGE, COPY, REMOVE, Edit, Start
from policies.editing.rules import GRANTS, SECTIONS, RuleText

LONGEST_NOTE: Final = 500
CHECK, COUNT, SHOW, CHECK_REMOVAL = "check", "count", "show", "check-removal"
"""What a form asks for, beside REMOVE and, without a word, a draft."""
ACTS: Final = ("", CHECK, COUNT, SHOW, CHECK_REMOVAL, REMOVE)
NAMES: Final = ("rule", "copy", "section", "file", "from", "base", "note", "act", "expect")
"""The fields that are not of the rule itself."""


def tried(form: Mapping[str, str]) -> Mapping[str, str]:
    """The form that tries what this one does."""
    act = form.get("act", "")
    return {**form, "act": {"": CHECK, REMOVE: CHECK_REMOVAL}.get(act, act)}


@dataclass(frozen=True, slots=True)
class Asked:
    """The edit that is asked for. `rule` is an id that is changed, `copy` one that is copied; neither: a new rule."""

    rule: str = ""
    copy: str = ""
    section: str = GRANTS
    file: str = ""
    earlier: int | None = None
    base: int | None = None
    note: str = ""
    act: str = ""
    mend_expectations: bool = False

    @property
    def does(self) -> str:
        """What becomes of the rule."""
        if self.act in {REMOVE, CHECK_REMOVAL}:
            return REMOVE
        return CHANGE if self.rule else COPY if self.copy else ADD

    def source(self, start: Start) -> RuleText | None:
        """The rule that the edit begins with, None for a new one; PageRefused if there is no such rule."""
        name = self.rule or self.copy
        found = start.rule(name) if name else None
        if (name or self.does == REMOVE) and found is None:
            raise PageRefused("choice", name="rule")
        return found

    def edit(self, start: Start, source: RuleText | None, wanted: Mapping[str, Any]) -> Edit:
        """The edit, with what the rule is to say; PageRefused for a file that is not there."""
        if source is None and self.file not in start.files:
            raise PageRefused("choice", name="file")
        section = source.section if source else self.section
        return Edit(self.does, wanted, source, self.file, section, self.mend_expectations)


def asked(fields: Mapping[str, str]) -> Asked:
    """What an address or a form asks; PageRefused for what cannot be."""
    section, act, note = fields.get("section", GRANTS), fields.get("act", ""), fields.get("note", "")
    for name, text, known in (("section", section, SECTIONS), ("act", act, ACTS)):
        if text not in known:
            raise PageRefused("choice", name=name)
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise PageRefused("note", most=str(LONGEST_NOTE))
    if fields.get("rule") and fields.get("copy"):
        raise PageRefused("choice", name="rule")
    return Asked(
        rule=fields.get("rule", ""),
        copy=fields.get("copy", ""),
        section=section,
        file=fields.get("file", ""),
        earlier=_number(fields.get("from", ""), "from"),
        base=_number(fields.get("base", ""), "base"),
        note=note,
        act=act,
        mend_expectations=bool(fields.get("expect", "")),
    )


def _number(text: str, name: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise PageRefused("choice", name=name)
    return int(text) if text else None
