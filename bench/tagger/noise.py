"""Changes how a labelled text is written, as hotline notes, chats and forms do; what is personal in it stays so.

Punctuation is lost, lines run together, fields are cut off in the middle: each function takes one labelled text and
returns another, with its spans moved along.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from bench.tagger.recipe import Labelled

STOPS = frozenset("，。、；：！？,.;:!? ")
SWAPS = {
    "，": ",， ,",
    ",": "，,, ",
    "。": "。.。；!",
    ":": ":： ",
    "：": ":： ",
    "、": "、,，和",
    ";": ";；，",
    "？": "?？",
}


def kept(text: Labelled, keep: Sequence[str]) -> Labelled:
    """`keep[i]` is what becomes of character i: itself, another one, or nothing; an emptied span is dropped."""
    moved, at = [0], 0
    for each in keep:
        at += len(each)
        moved.append(at)
    spans = tuple((moved[start], moved[end], label) for start, end, label in text.spans if moved[end] > moved[start])
    return Labelled("".join(keep), spans)


def inside(text: Labelled) -> list[bool]:
    """Whether each character lies in a span."""
    found = [False] * len(text.text)
    for start, end, _ in text.spans:
        found[start:end] = [True] * (end - start)
    return found


def punctuation(text: Labelled, source: random.Random) -> Labelled:
    """Some or all punctuation lost or exchanged, outside of spans."""
    lose = source.choice((0.15, 0.15, 0.5, 1.0))
    swap = source.choice((0.0, 0.3, 0.8))
    keep = []
    for char, within in zip(text.text, inside(text), strict=True):
        if within or char not in STOPS:
            keep.append(char)
        elif source.random() < lose:
            keep.append("")
        else:
            keep.append(source.choice(SWAPS[char]) if char in SWAPS and source.random() < swap else char)
    return kept(text, keep)


def typos(text: Labelled, source: random.Random) -> Labelled:
    """A character lost, doubled or blank-padded, outside of spans."""
    keep = []
    for char, within in zip(text.text, inside(text), strict=True):
        draw = 1.0 if within else source.random()
        keep.append("" if draw < 0.015 else char * 2 if draw < 0.02 else char + " " if draw < 0.03 else char)
    return kept(text, keep)


def cut(text: Labelled, source: random.Random) -> Labelled:
    """The beginning or the end of the text lost, at the border of no span."""
    within = inside(text)
    free = [at for at in range(1, len(within)) if not (within[at] and within[at - 1])]
    if len(free) < 4:
        return text
    at = source.choice(free)
    if source.random() < 0.5:
        return kept(text, [char if place >= at else "" for place, char in enumerate(text.text)])
    return kept(text, [char if place < at else "" for place, char in enumerate(text.text)])


def together(first: Labelled, second: Labelled, source: random.Random) -> Labelled:
    """Two texts in one."""
    gap = source.choice(("", "", " ", "。", "，", "；", "\n", "/", "另:", "|"))
    by = len(first.text) + len(gap)
    shifted = tuple((start + by, end + by, label) for start, end, label in second.spans)
    return Labelled(first.text + gap + second.text, first.spans + shifted)


def noisy(text: Labelled, source: random.Random) -> Labelled:
    """A text as it might have been typed."""
    if source.random() < 0.35:
        text = punctuation(text, source)
    if source.random() < 0.15:
        text = typos(text, source)
    if source.random() < 0.15:
        text = cut(text, source)
    return text
