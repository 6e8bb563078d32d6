"""The generations of a home's keys: which key of a kind is used now, and which former ones are still accepted.

A new key is accepted by every process of the home for a while before anything is made with it, so that a rotation
refuses nothing. The first key of a kind is in the file that it always had; the next ones lie beside it
(`seal-2.key`), and `keys/rotated.json` says since when each is used. A folder with such a key and without that file is
refused, because what was made with the newest keys would be void.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from hub.home.key_files import KeyRefused, NotPrivate, read_private, replace_private
from hub.home.strict_json import NotStrict, loads

ROTATED: Final = "rotated.json"
FILES: Final[Mapping[str, str]] = {
    "issuer": "issuer.jwk",
    "ids": "seal.key",
    "digests": "digest.key",
    "audit": "audit.key",
}
"""The kinds of keys that can be rotated, with the file of the first of each."""
MOST: Final = 255
"""Generations of a kind: the version in an id is one byte."""

_MEMBERS: Final = frozenset({"since", "formerUntil"})


@dataclass(frozen=True, slots=True)
class Generation:
    """One key of a kind: it is used since `since`, and accepted until `until` (None: for good); seconds since 1970."""

    number: int
    file: Path
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one kind, oldest first."""

    kind: str
    generations: tuple[Generation, ...]

    def current(self, now: float) -> Generation:
        """The one with which things are made at `now` (seconds since 1970)."""
        return max((each for each in self.generations if each.since <= now), key=lambda each: each.number)

    def accepted(self, now: float) -> tuple[Generation, ...]:
        """Those with which things that are accepted at `now` may have been made, and one that is used soon."""
        return tuple(each for each in self.generations if each.until is None or now < each.until)

    def state(self, now: float) -> tuple[int, tuple[int, ...]]:
        """What changes when another key is used, or accepted."""
        return self.current(now).number, tuple(each.number for each in self.accepted(now))


def ring_of(folder: Path, kind: str) -> KeyRing:
    """The keys of a kind, one of FILES, in a folder of keys; raises KeyRefused."""
    entries = _read(folder)[kind]
    since = (0, *(each["since"] for each in entries))
    until = (*(each["formerUntil"] for each in entries), None)
    times = enumerate(zip(since, until, strict=True), start=1)
    return KeyRing(kind, tuple(Generation(at, _file(folder, kind, at), *used) for at, used in times))


def add_generation(ring: KeyRing, since: int, former_until: int | None, make: Callable[[Path], object]) -> Generation:
    """Have the next key of a ring made in its file, and note since when it is used and until when the one before is.

    Raises KeyRefused where there is no room for another, or a command has changed the ring since it was read.
    """
    number, folder = len(ring.generations) + 1, ring.generations[0].file.parent
    if number > MOST:
        raise KeyRefused(f"there are {MOST} keys of this kind, and an id has no room for the number of another")
    new = Generation(number, _file(folder, ring.kind, number), since)
    with _locked(folder):
        if ring_of(folder, ring.kind) != ring:
            raise KeyRefused("this kind of key was rotated by another command just now; look: sluicegate keys list")
        entries = _read(folder)
        # Before the key is there: a folder with such a key and without this file has lost it.
        _write(folder / ROTATED, entries)
        make(new.file)
        entries[ring.kind].append({"since": since, "formerUntil": former_until})
        _write(folder / ROTATED, entries)
    return new


def _file(folder: Path, kind: str, number: int) -> Path:
    first = folder / FILES[kind]
    return first if number == 1 else first.with_stem(f"{first.stem}-{number}")


def _read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    path = folder / ROTATED
    try:
        found = loads(read_private(path))
    except FileNotFoundError:
        _check_not_lost(folder)
        found = {}
    except NotPrivate:
        raise KeyRefused(f"{path} may be read by others than its owner; run: chmod 600 {path}") from None
    except (OSError, NotStrict):
        raise _broken(path) from None
    if not isinstance(found, dict) or not found.keys() <= FILES.keys() or not all(map(_is_ring, found.values())):
        raise _broken(path)
    return {kind: found.get(kind, []) for kind in FILES}


def _check_not_lost(folder: Path) -> None:
    lost = next((each for kind in FILES if (each := _file(folder, kind, 2)).exists()), None)
    if lost is not None:
        raise KeyRefused(
            f"{folder / ROTATED} is missing beside {lost.name}, and says since when it is used; restore it"
        )


def _is_ring(entries: object) -> bool:
    if not isinstance(entries, list) or not all(isinstance(each, dict) and each.keys() == _MEMBERS for each in entries):
        return False
    since = [each["since"] for each in entries]
    untils = [each["formerUntil"] for each in entries]
    are_times = all(type(each) is int for each in (*since, *(until for until in untils if until is not None)))
    return are_times and since == sorted(since)


def _broken(path: Path) -> KeyRefused:
    return KeyRefused(f"{path} does not say since when keys are used; restore it from its backup")


def _write(path: Path, entries: Mapping[str, list[dict[str, Any]]]) -> None:
    replace_private(path, orjson.dumps({kind: found for kind, found in entries.items() if found}))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # A lock on the folder leaves no file behind.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
