"""Reads and changes the version store for a page; blocks, for a thread.

Every change goes the way of the commands `policy draft`, `approve` and `activate`: the store decides who may do what,
and the record is durable before the change is.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Final

from hub.recently_used import RecentlyUsed
from hub.request.running import Hub
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

KEPT_CONTENTS: Final = 8
"""Contents of versions and of drafts that stay loaded."""
_LOADED: Final = RecentlyUsed[tuple[str, str], PolicySet](KEPT_CONTENTS)
KEPT_DIFFERENCES: Final = 32
_DIFFERENCES: Final = RecentlyUsed[tuple[str, str, str, dt.date], Diff](KEPT_DIFFERENCES)


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


def loaded(hub: Hub, files: Mapping[str, bytes]) -> PolicySet:
    """What files make with the catalogue of the hub; YamlFileError if they do not load with it.

    Nothing but the files and the catalogue goes into it, so that it is kept by the hashes of both: reading 100 KB of
    files takes 0.2 s, which is more than all else that a page that compares versions does.
    """
    content = version_of(files)
    if content == hub.policy.version:
        return hub.policy
    key = hub.catalogue.version, content
    return _LOADED.find(key) or _LOADED.keep(key, load_files(files, hub.catalogue))


def beside(hub: Hub, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Beside:
    """The files of two versions side by side."""
    return replace(decided_beside(hub, before, after), texts=dict(text_changes(before, after)))


def decided_beside(hub: Hub, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Beside:
    """The decisions of two versions side by side, without the text of their files."""
    try:
        return Beside(_differences(hub, loaded(hub, before), loaded(hub, after)), {})
    except YamlFileError as wrong:
        return Beside(None, {}, str(wrong))


def _differences(hub: Hub, before: PolicySet, after: PolicySet) -> Diff:
    """The decisions that change; kept, because it is 90 ms of work with 60 purposes, and a page is read again."""
    today = hub.now().date()
    key = hub.catalogue.version, before.version, after.version, today
    return _DIFFERENCES.find(key) or _DIFFERENCES.keep(key, diff_with_joins(hub.catalogue, before, after, today))


def files_in_force(hub: Hub) -> tuple[Version, Mapping[str, bytes]]:
    """The version in force and its files."""
    with changes_of(hub) as changes:
        found = changes.store.in_force()
        return found.version, found.files


def try_out(hub: Hub, files: Mapping[str, bytes], texts: Mapping[str, str]) -> Tried:
    """What a version with these files would be with other texts in some; YamlFileError if it would not load."""
    old, new = loaded(hub, files), loaded(hub, {**files, **_encoded(texts)})
    today = hub.now().date()
    found = check(hub.catalogue, new, today)
    said = [(each.level == ERROR, f"{each.place}: {each.text}") for each in found]
    return Tried(
        [text for is_error, text in said if is_error],
        [text for is_error, text in said if not is_error],
        _differences(hub, old, new),
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
