"""The text that is shown when two changes of a policy meet: what each side changed since the base, line by line.

Nothing is merged automatically. The three versions are the base from which the draft was made, the version that is in
force by now, and the draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff

Files = Mapping[str, bytes]


def three_way(base: Files, in_force: Files, draft: Files) -> str:
    """For each file that either side changed: base → in force, then base → draft, as unified diffs."""
    names = sorted({*base, *in_force, *draft})
    return "\n".join(
        line
        for name in names
        for title, side in (("in force", in_force), ("draft", draft))
        for line in _changed(name, title, base.get(name), side.get(name))
    )


def _changed(name: str, title: str, before: bytes | None, after: bytes | None) -> Iterator[str]:
    if before != after:
        yield from unified_diff(_lines(before), _lines(after), f"{name} (base)", f"{name} ({title})", lineterm="")


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode("utf-8", "replace").splitlines()
