"""Reads and changes the version store for a page; blocks, for a thread.

Every change goes the way of the commands `policy draft`, `approve` and `activate`: the store decides who may do what,
and the record is durable before the change is.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from hub.request.pipeline import Hub
from hub.steward.actor import Actor
from hub.steward.changes import Changes, changes_recorded_in
from policies.language import load_files, version_of
from policies.model import PolicySet
from policies.requests.model import AccessRequest
from policies.requests.store import request_of_version
from policies.review.changes import Diff
from policies.review.check import ERROR, check
from policies.review.diff import diff_with_joins
from policies.versions import Past, Version
from schema.strict_yaml import YamlFileError

Load = Callable[[Mapping[str, bytes]], PolicySet]
"""Loads the files of a version; YamlFileError if they do not load with the catalogue of today."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Two contents side by side: the decisions that change, and the text, file by file.

    `unread` says why the decisions are not there: one of the two does not load with the catalogue of today.
    """

    decisions: Diff | None
    texts: Mapping[str, Sequence[str]]
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Compared(Beside):
    """A version beside the one that it was made from; `current` is in force by now.

    `request` is the request for access that it was drafted of, if it was.
    """

    request: AccessRequest | None = field(kw_only=True)
    past: Past = field(kw_only=True)
    base: Version | None = field(kw_only=True)
    current: int = field(kw_only=True)

    @property
    def is_overtaken(self) -> bool:
        """Whether another version came into force since it was drafted, so that it cannot any more."""
        waiting = self.past.state in {"draft", "approved"}
        return waiting and self.base is not None and self.base.number != self.current


@dataclass(frozen=True, slots=True)
class Tried:
    """What a new text would do before it is drafted: what `policy check` says of it, and the decisions that change."""

    errors: Sequence[str]
    warnings: Sequence[str]
    decisions: Diff


def changes_of(hub: Hub) -> AbstractContextManager[Changes]:
    """The store of the hub, whose changes go to the hub's own log."""
    return changes_recorded_in(hub.log, hub.digester, hub.settings, hub.catalogue)


def history(hub: Hub) -> list[Past]:
    """Every version, the newest first."""
    with changes_of(hub) as changes:
        return changes.store.history()[::-1]


def compared(hub: Hub, number: int) -> Compared | None:
    """A version beside its base; None if there is no such version."""
    with changes_of(hub) as changes:
        known = {past.version.number: past for past in changes.store.history()}
        past = known.get(number)
        if past is None:
            return None
        base = known[past.version.base].version if past.version.base in known else None
        after, current = changes.store.files(number), changes.store.standing().version
        before = changes.store.files(base.number) if base else {}
        request = request_of_version(changes.store.engine, number)
    found = beside(hub, before, after) if base else Beside(None, dict(text_changes(before, after)))
    return Compared(found.decisions, found.texts, found.unread, request=request, past=past, base=base, current=current)


def loader(hub: Hub) -> Load:
    """Loads each content once, and the policy in force not at all: reading the files is most of what a page costs."""
    known = {hub.policy.version: hub.policy}

    def load(files: Mapping[str, bytes]) -> PolicySet:
        content = version_of(files)
        if content not in known:
            known[content] = load_files(files, hub.catalogue)
        return known[content]

    return load


def beside(hub: Hub, before: Mapping[str, bytes], after: Mapping[str, bytes], load: Load | None = None) -> Beside:
    """The files of two versions side by side; a page that compares more than two gives its `loader`."""
    texts, load = dict(text_changes(before, after)), load or loader(hub)
    try:
        old, new = load(before), load(after)
    except YamlFileError as wrong:
        return Beside(None, texts, str(wrong))
    return Beside(diff_with_joins(hub.catalogue, old, new, hub.now().date()), texts)


def files_in_force(hub: Hub) -> tuple[Version, Mapping[str, bytes]]:
    """The version in force and its files."""
    with changes_of(hub) as changes:
        found = changes.store.in_force()
        return found.version, found.files


def try_out(hub: Hub, files: Mapping[str, bytes], texts: Mapping[str, str]) -> Tried:
    """What a version with these files would be with other texts in some; YamlFileError if it would not load."""
    load = loader(hub)
    old, new = load(files), load({**files, **_encoded(texts)})
    today = hub.now().date()
    found = check(hub.catalogue, new, today)
    said = [(each.level == ERROR, f"{each.place}: {each.text}") for each in found]
    return Tried(
        [text for is_error, text in said if is_error],
        [text for is_error, text in said if not is_error],
        diff_with_joins(hub.catalogue, old, new, today),
    )


def draft(hub: Hub, actor: Actor, base: int, texts: Mapping[str, str], note: str) -> Version:
    """Draft the version `base` with other texts in some files; raises as PolicyStore.draft."""
    with changes_of(hub) as changes:
        files = {**changes.store.files(base), **_encoded(texts)}
        return changes.draft(files, actor, base, note)


def _encoded(texts: Mapping[str, str]) -> Mapping[str, bytes]:
    return {name: text.encode() for name, text in texts.items()}


def text_changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[tuple[str, Sequence[str]]]:
    """For each file that differs: the lines that went and came, with three around them."""
    for name in sorted({*before, *after}):
        old, new = (each.get(name, b"").decode("utf-8", "replace").splitlines() for each in (before, after))
        if old != new:
            yield name, list(difflib.unified_diff(old, new, name, name, lineterm=""))
