"""Since when each rule of the version in force says what it says: who drafted and approved that, and put it in force.

Blocks. Found once for each version: those before it never change.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from hub.console.steward.versions import changes_of
from hub.request.running import Hub
from hub.steward.changes import Changes
from policies.editing.origins import origins
from policies.editing.rules import rules_of
from policies.versions import Past

KEPT: Final = 4
"""Versions for which it is kept."""


@dataclass(frozen=True, slots=True)
class Since:
    """The version in which a rule first said what it says, in force from `starts` (UTC, ISO 8601) on."""

    past: Past
    starts: str

    @property
    def number(self) -> int:
        """The number of that version."""
        return self.past.version.number


class Origins:
    """What was found for the newest versions, by their hashes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Mapping[str, Since]] = OrderedDict()
        self._lock = Lock()

    def of(self, hub: Hub) -> Mapping[str, Since]:
        """By the id of each rule of the version in force."""
        with changes_of(hub) as changes:
            current = changes.store.standing()
            key = f"{current.id} {current.hash}"
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            found = _origins(changes, current.version)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


def _origins(changes: Changes, newest: int) -> dict[str, Since]:
    known = {past.version.number: past for past in changes.store.history()}
    found = origins(rules_of(changes.store.files(newest)), _chain(changes, known, newest))
    return {name: _since(known[number]) for name, number in found.items()}


def _chain(changes: Changes, known: Mapping[int, Past], newest: int) -> Iterator[tuple[int, Mapping[str, bytes]]]:
    number: int | None = newest
    while number is not None:
        yield number, changes.store.files(number)
        number = known[number].version.base


def _since(past: Past) -> Since:
    return Since(past, past.activation.starts if past.activation else past.version.made)
