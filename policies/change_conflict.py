"""The texts that are shown when a change is refused: what each side changed since the base, and what to do now.

Nothing is merged automatically. The three versions are the base from which the draft was made, the version that is in
force by now, and the draft. What both sides changed alike is shown once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff

Files = Mapping[str, bytes]


def three_way(base: Files, in_force: Files, draft: Files) -> str:
    """For each file that either side changed: base → in force, then base → draft, as unified diffs."""
    lines: list[str] = []
    for name in sorted({*base, *in_force, *draft}):
        before, ours, theirs = (side.get(name) for side in (base, in_force, draft))
        if ours == theirs:
            lines += _changed(name, "in force, and draft", before, ours)
        else:
            lines += [*_changed(name, "in force", before, ours), *_changed(name, "draft", before, theirs)]
    return "\n".join(lines)


def what_to_do(number: int | None, base: int, current: int, when: str, *, same: bool) -> str:
    """Why a draft whose base is not in force (`when` says since when) cannot be, and what its author does now.

    `number` is the draft's, if it has one already; `same` says that it holds what is in force anyway.
    """
    draft = "this draft" if number is None else f"version {number}"
    if same:
        return f"{draft} has the content of version {current}, which {when} in force; nothing is left to be done"
    return (
        f"{draft} was made from version {base}, but version {current} {when} in force; its author runs "
        f"`sluicegate policy export {current} --out FOLDER`, makes the change in there, and drafts it: "
        "`sluicegate policy draft FOLDER`"
    )


def why_another_hash(number: int, content: str, given: str) -> str:
    """Why `given` does not name the content of a version: an approval is of exactly one, in full."""
    if given and content.startswith(given):
        return (
            f"an approval of version {number} names its whole content hash, of {len(content)} characters; "
            f"{len(given)} were given: copy all of it, after reading the version"
        )
    return f"version {number} has another content than the hash that was given; read the version again"


def _changed(name: str, title: str, before: bytes | None, after: bytes | None) -> Iterator[str]:
    if before != after:
        yield from unified_diff(_lines(before), _lines(after), f"{name} (base)", f"{name} ({title})", lineterm="")


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode("utf-8", "replace").splitlines()
