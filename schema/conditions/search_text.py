"""What may be searched for in a text, and the question to the full-text index that finds every text which holds it.

The index holds pairs of Chinese characters that stand side by side, and words of other letters and digits
in small letters. Its answer is wider than what was asked; the statement compares each text again. No sign of the
caller's but Chinese characters, ASCII letters and digits gets into the question, so that its syntax is never theirs.
"""

from __future__ import annotations

import re

ANALYZER = "cjk"
"""What Neo4j calls the analyzer."""
SHORTEST, LONGEST = 2, 100
"""How many characters a text to search for has."""
TAKES = (
    f"contains takes {SHORTEST} to {LONGEST} characters, of which two Chinese characters, or three letters or digits "
    "that are no common English word, stand side by side"
)
_CHINESE = re.compile("[\u3400-\u4db5\u4e00-\u9fef\U00020000-\U0002a6d6]{2,}")
"""Those that the index of Neo4j knows to be Chinese; newer ones it does not put in pairs."""
_WORD = re.compile(r"[a-z0-9]{3,}")
_LEFT_OUT = frozenset({
    "and", "are", "but", "for", "into", "not", "such", "that", "the", "their", "then", "there", "these", "they", "this",
    "was", "will", "with", "www",
})  # fmt: skip
"""The words of three letters and more that the analyzer does not keep."""


def is_searchable(text: str) -> bool:
    """Whether the index can find every text that holds this one, in less than reading all of them."""
    return SHORTEST <= len(text) <= LONGEST and bool(_keys(text))


def index_query(text: str) -> str:
    """What to ask the index for a searchable text, in the syntax of Lucene's parser."""
    return " AND ".join(_keys(text))


def _keys(text: str) -> list[str]:
    """What each text that holds this one has in the index: its Chinese phrases, or else parts of words.

    A word of the text may be part of a longer one in what is found; to look for a part, the index walks through all of
    its words, so that it is done only where nothing Chinese is there.
    """
    chinese = [f'"{each}"' for each in _CHINESE.findall(text)]
    return chinese or [f"*{each}*" for each in _WORD.findall(_small(text)) if not _is_left_out(each)]


def _small(text: str) -> str:
    """The text with its ASCII letters small, and all other signs as they are."""
    return "".join(each.lower() if each.isascii() else each for each in text)


def _is_left_out(word: str) -> bool:
    return any(word in each for each in _LEFT_OUT)
