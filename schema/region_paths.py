"""The form of a jurisdiction path: one segment for each level of the administrative tree, each with `/` after it.

A path is made of an official code (GB/T 2260, GB/T 10114), or checked for the depth and the digits that such codes
have. Which divisions exist, only the graph knows.
"""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

from schema.classification import RegionLevel
from schema.signs import without_odd_signs

WIDTHS = (2, 2, 2, 3, 3, 3)
"""How many digits of an official code belong to each level, from the province to the grid."""
_CUTS = (0, *accumulate(WIDTHS))
_CODE = re.compile(r"[0-9]+\Z")
_SEGMENTS = re.compile(r"[0-9A-Za-z-]+(/[0-9A-Za-z-]+)*\Z")


def path_of_code(official: str) -> str | None:
    """`14/03/21/` of `140321000000`, and `-` for a level that the place does not have; None if it is no such code."""
    if not _CODE.match(official) or len(official) not in _CUTS[1:]:
        return None
    segments = [official[start:end] for start, end in pairwise(_CUTS) if official[start:end]]
    while segments and not segments[-1].strip("0"):
        segments.pop()
    if not segments or not segments[0].strip("0"):
        return None
    return "".join(f"{each if each.strip('0') else '-'}/" for each in segments)


def path_meant(written: object) -> str | None:
    """The path that another form stands for, such as an official code or a path without its last `/`."""
    if isinstance(written, bool) or not isinstance(written, int | str):
        return None
    plain = without_odd_signs(str(written)).replace("\\", "/").strip("/ ")
    path = path_of_code(plain.replace("/", ""))
    if path is not None:
        return path
    return f"{plain}/" if _SEGMENTS.match(plain) and "/" in plain else None


def fault_of_path(path: str) -> str:
    """What depth or digits a path has that no official code has, and what may be meant; empty if it has its form."""
    segments = path.split("/")[:-1]
    problem = _fault_of_segments(segments)
    if not problem:
        return ""
    meant = path_meant(path)
    if meant is not None and meant != path and not _fault_of_segments(meant.split("/")[:-1]):
        return f"{problem}; write {meant}"
    return f"{problem}; write a path such as 14/03/21/001/"


def _fault_of_segments(segments: list[str]) -> str:
    levels = [level.lower() for level in RegionLevel]
    if len(segments) > len(levels):
        return f"it has {len(segments)} levels, and there are {len(levels)}, from {levels[0]} to {levels[-1]}"
    for segment, level, width in zip(segments, levels, WIDTHS, strict=False):
        if segment != "-" and not (_CODE.match(segment) and len(segment) == width):
            return f"{segment} is no code of a {level}, which has {width} digits"
        if segment != "-" and not segment.strip("0"):
            return f"{segment} names no {level}: a level that the place does not have is -, and none stands at the end"
    return "it ends with -, which names no division" if segments[-1:] == ["-"] else ""
