"""The blocks of a page that a reader follows step by step: files to write, and commands with what they answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One block: a file to write (`yaml`), or commands (`sh`) with the JSON and the text that stand below them."""

    kind: str
    words: str
    text: str
    answer: str | None = None
    told: str | None = None

    @property
    def title(self) -> str:
        """What a test of it is called."""
        return self.words if self.kind == "yaml" else " ".join(self.text.split())[:70]

    def write(self, folder: Path) -> None:
        """Write the file that this block is, in a folder."""
        path = folder / self.words
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.text, "utf-8")


def steps_of(page: str) -> list[Step]:
    """The page's blocks, in order; a `json` or `text` block is an answer of the commands above it."""
    found: list[Step] = []
    for kind, words, text in _BLOCK.findall(page):
        if kind in {"json", "text"}:
            found[-1] = replace(found[-1], **{"answer" if kind == "json" else "told": text})
        else:
            assert kind in {"yaml", "sh"}, kind
            found.append(Step(kind, words, text))
    return found
