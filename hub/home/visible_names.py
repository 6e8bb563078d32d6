"""Says whether the name of a person or an application can be told from others by looking at it.

No name that a token states holds a character that cannot be seen: two people could then be read as one in the log.
"""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Fillers, joiners and variation selectors, which count as letters or as marks."""


def is_visible(name: str) -> bool:
    """Whether a name has no blank at its ends and no control, format or private character, nor another unseen one."""
    return name.isprintable() and name == name.strip() and not _UNSEEN.search(name)
