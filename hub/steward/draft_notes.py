"""Tells the author of a draft what they may not have meant: that it says the same as a version that is there already.

A draft is stored all the same; nothing here refuses one.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.store import PolicyStore
from policies.versions import Version
from schema.strict_yaml import YamlFile


def notes_on_draft(store: PolicyStore, draft: Version, files: Mapping[str, bytes]) -> list[str]:
    """What to tell of a new draft with these files, a line each."""
    same = [past for past in store.history() if past.version.hash == draft.hash and past.version.number != draft.number]
    if same:
        return [f"version {same[-1].version.number} has the very same content; its state: {same[-1].state}"]
    if draft.base is not None and _meaning(store.files(draft.base)) == _meaning(files):
        return [f"it says the same as version {draft.base}: only comments, layout, order or names of files differ"]
    return []


def _meaning(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """What files say together, whichever of them says it: the entries of each section, in one order."""
    found: dict[str, list[str]] = {}
    for name, content in files.items():
        for section, entries in YamlFile(name, content).content.items():
            each = entries.items() if isinstance(entries, dict) else entries
            found.setdefault(section, []).extend(repr(entry) for entry in each)
    return {section: sorted(entries) for section, entries in found.items()}
