"""Chooses the best valid sequence of tags from what the network says of each character, and makes runs of it.

A sequence is valid if an inside tag follows only its own class. The best tag of each character alone is the best
sequence whenever it is valid; only otherwise is the best one searched for (Viterbi). A run says where one thing begins
and ends, of which class, and how sure that is. A text gives the same runs alone or with others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

TAGS = ("O", "B-PERSON", "I-PERSON", "B-ADDRESS", "I-ADDRESS", "B-PLACE", "I-PLACE", "B-ORG", "I-ORG")
"""PLACE and ORG are inner classes: what looks like a name and is not personal. They are never reported."""

LEAST = 1e-9
"""Share that no tag falls below in the search: one impossible character does not decide over all others."""

Tags = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
Marks = npt.NDArray[np.bool_]


class Run(NamedTuple):
    """One thing: its text's place among the texts, its characters there, and the tag that it begins with."""

    text: int
    start: int
    end: int
    tag: int


def decoded(logits: Floats, lengths: Sequence[int]) -> tuple[Tags, Floats]:
    """The best sequence of tags of each text, and how sure the class of each character is (0 where there is none).

    `logits` is (characters, tags), text after text, of `lengths` characters each, at least one; so are the answers.
    """
    ends = np.cumsum(lengths, dtype=np.intp)
    tags = logits.argmax(axis=1).astype(np.int8)
    astray = np.flatnonzero(_inside(tags) & ~_continuing(tags, ends[:-1]))
    if len(astray):
        texts = np.unique(np.searchsorted(ends, astray, "right")).tolist()
        for size in {lengths[at].bit_length() for at in texts}:  # of about one length, so that little is padded
            alike = [at for at in texts if lengths[at].bit_length() == size]
            _mend(tags, logits, [(int(ends[at]) - lengths[at], int(ends[at])) for at in alike])
    scores = np.zeros(len(tags), dtype=np.float32)
    some = np.flatnonzero(tags)
    shares = logits[some]
    shares = np.exp(shares - shares.max(axis=1, keepdims=True))
    row, first = np.arange(len(some)), (tags[some].astype(np.intp) - 1) // 2 * 2 + 1
    scores[some] = (shares[row, first] + shares[row, first + 1]) / shares.sum(axis=1)
    return tags, scores


def runs(tags: Tags, lengths: Sequence[int]) -> list[Run]:
    """Each run of one thing, in order; `tags` is text after text, of `lengths` characters each."""
    ends = np.cumsum(lengths, dtype=np.intp)
    before = _before(tags, ends[:-1])
    starts = np.flatnonzero((tags & 1 == 1) | ((tags > 0) & (before == 0)))
    if not len(starts):
        return []
    stops = np.append(np.flatnonzero(~_continuing(tags, ends[:-1])), len(tags))
    until = stops[np.searchsorted(stops, starts, "right")]
    texts = np.searchsorted(ends, starts, "right")
    begun = ends[texts] - np.asarray(lengths)[texts]
    tag = (tags[starts] - 1) // 2 * 2 + 1
    each = (texts.tolist(), (starts - begun).tolist(), (until - begun).tolist(), tag.tolist())
    return list(map(Run, *each))


def _before(tags: Tags, begins: Places) -> Tags:
    """The tag before each character; none before the first of a text. `begins` are those of all texts but the first."""
    before = np.zeros_like(tags)
    before[1:] = tags[:-1]
    before[begins[begins < len(tags)]] = 0
    return before


def _inside(tags: Tags) -> Marks:
    inside: Marks = (tags > 0) & (tags & 1 == 0)
    return inside


def _continuing(tags: Tags, begins: Places) -> Marks:
    """Whether a character goes on with what the one before it belongs to."""
    before = _before(tags, begins)
    going: Marks = _inside(tags) & (before > 0) & ((before + 1) // 2 == tags // 2)
    return going


def _mend(tags: Tags, logits: Floats, places: Sequence[tuple[int, int]]) -> None:
    """Searches for the best sequence of the texts at these places."""
    chances = np.zeros((len(places), max(end - start for start, end in places), len(TAGS)), dtype=np.float32)
    for row, (start, end) in zip(chances, places, strict=True):
        shares = np.exp(logits[start:end] - logits[start:end].max(axis=1, keepdims=True))
        row[: end - start] = np.log(shares / shares.sum(axis=1, keepdims=True) + LEAST)
    for row, (start, end) in zip(searched(chances), places, strict=True):
        tags[start:end] = row[: end - start]


def searched(chances: Floats) -> Tags:
    """The best sequences; `chances` is (texts, length, tags), logarithms, zero behind the end of a text."""
    best = chances[:, 0].copy()
    best[:, 2::2] = -np.inf
    back = np.zeros(chances.shape, dtype=np.int8)
    begins = np.arange(1, len(TAGS), 2)
    for at in range(1, chances.shape[1]):
        back[:, at] = best.argmax(axis=1)[:, None]
        value = np.repeat(best.max(axis=1)[:, None], len(TAGS), axis=1)
        begun = best[:, 1::2] >= best[:, 2::2]
        back[:, at, 2::2] = np.where(begun, begins, begins + 1)
        value[:, 2::2] = np.where(begun, best[:, 1::2], best[:, 2::2])
        best = value + chances[:, at]
    path = np.zeros(chances.shape[:2], dtype=np.int8)
    path[:, -1] = best.argmax(axis=1)
    rows = np.arange(len(path))
    for at in range(chances.shape[1] - 1, 0, -1):
        path[:, at - 1] = back[rows, at, path[:, at]]
    return path
