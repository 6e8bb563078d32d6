"""Counts the text of a workbook that stands in it once, and that calamine gives to each cell that refers to it."""

from __future__ import annotations

from collections.abc import Mapping

MAX_TEXT = 256 << 20
"""Most text, in bytes of UTF-8, that the cells of a workbook repeat from its shared strings."""
MAX_STRINGS = 20_000_000
"""Most shared strings that a workbook may announce: calamine makes room for as many."""


class UnfitWorkbook(Exception):
    """A workbook that is not opened; the text says why, and what to do."""


class SharedStrings:
    """The sizes of the shared strings in bytes of UTF-8, and how many bytes the cells repeat so far."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._repeated = 0
        self._is_within = False

    def begin(self, tag: str, given: Mapping[str, str]) -> None:
        """A tag of the part of the shared strings begins; raises UnfitWorkbook."""
        if tag == "sst" and int(given.get("uniqueCount", 0)) > MAX_STRINGS:
            raise UnfitWorkbook(f"it announces more than {MAX_STRINGS:,} texts; save it again")
        if tag == "si":
            if self._is_within:
                raise UnfitWorkbook("a text stands within another one; save it again")
            self._is_within = True
            self._sizes.append(0)

    def end(self, tag: str) -> None:
        """A tag ends."""
        self._is_within = self._is_within and tag != "si"

    def text(self, text: str) -> None:
        """A piece of a text."""
        if self._is_within:
            self._sizes[-1] += len(text.encode())

    def size(self, index: str) -> int:
        """The size of the string of which a cell gives the index; ValueError or LookupError if there is none."""
        if not (index.isascii() and index.isdigit()):
            raise ValueError("no index of a text")
        return self._sizes[int(index)]

    def repeat(self, size: int) -> None:
        """A cell repeats so many bytes; raises UnfitWorkbook when all cells repeat too many."""
        self._repeated += size
        if self._repeated > MAX_TEXT:
            raise UnfitWorkbook(f"its cells hold more than {MAX_TEXT:,} bytes of text; export it in parts, or as CSV")
