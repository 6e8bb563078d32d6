"""Runs the network of LAC in numpy, from the files of its package, as a tagger to compare with.

`lac` 2.1.2 (Apache-2.0; `pip download --no-deps --no-binary lac lac==2.1.2`, unpacked) carries a two-layer BiGRU-CRF
over words of its own small segmenter. The arithmetic follows its `nets.py`, `segment.py` and `reader.py`, so that the
720 MB of its framework are not needed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from policies.text.spans import PiiKind, Span

HIDDEN, LABELS = 128, 49
WORD = re.compile("[a-zA-Z0-9]")


def _array(path: Path, *shape: int) -> Any:
    size = int(np.prod(shape))
    return np.frombuffer(path.read_bytes()[-4 * size :], dtype="<f4").reshape(shape)


def _sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


class Lac:
    """LAC's tagger of one folder (`LAC-2.1.2/LAC/lac_model`); a missing file is an OSError."""

    def __init__(self, folder: Path) -> None:
        conf, model = folder / "conf", folder / "model"
        lines = (conf / "word.dic").read_text(encoding="utf-8").split("\n")
        self.words = {word: int(at) for at, _, word in (line.rstrip("\r").partition("\t") for line in lines) if at}
        pairs = (line.split(" ") for line in (conf / "small_seg.dic").read_text(encoding="utf-8").split("\n") if line)
        self.counts = {word: int(count) for word, count in pairs}
        self.total = log(sum(self.counts.values()))
        self.longest = max(map(len, self.counts))
        self.widths = {}
        for line in (conf / "q2b.dic").read_text(encoding="utf-8").split("\n"):
            wide, _, narrow = line.partition("\t")
            self.widths[wide] = narrow
        rows = max(self.words.values()) + 1
        self.embedding = _array(model / "word_emb", rows, HIDDEN)
        self.layers = []
        for at in range(4):
            entry = HIDDEN if at < 2 else 2 * HIDDEN
            gru = _array(model / f"gru_{at}.w_0", 3 * HIDDEN * HIDDEN)
            self.layers.append(
                (
                    _array(model / f"fc_{at}.w_0", entry, 3 * HIDDEN),
                    _array(model / f"fc_{at}.b_0", 3 * HIDDEN) + _array(model / f"gru_{at}.b_0", 3 * HIDDEN),
                    gru[: 2 * HIDDEN * HIDDEN].reshape(HIDDEN, 2 * HIDDEN),
                    gru[2 * HIDDEN * HIDDEN :].reshape(HIDDEN, HIDDEN),
                )
            )
        self.leave = _array(model / "fc_4.w_0", 2 * HIDDEN, LABELS), _array(model / "fc_4.b_0", LABELS)
        self.chain = _array(model / "crfw", LABELS + 2, LABELS)

    def cut(self, text: str) -> list[str]:
        """Words of the likeliest segmentation; runs of Latin letters and digits are one word."""
        best: list[tuple[float, int]] = [(0.0, 0)] * (len(text) + 1)
        for at in range(len(text) - 1, -1, -1):
            ends = [at + 1] + [
                end for end in range(at + 2, min(len(text), at + self.longest) + 1) if text[at:end] in self.counts
            ]
            best[at] = max((log(self.counts.get(text[at:end]) or 1) - self.total + best[end][0], end) for end in ends)
        words, at, run = [], 0, ""
        while at < len(text):
            end = best[at][1]
            if end == at + 1 and WORD.match(text[at]):
                run += text[at]
            else:
                words += [run, text[at:end]] if run else [text[at:end]]
                run = ""
            at = end
        return [*words, run] if run else words

    def numbered(self, text: str) -> tuple[list[int], list[int]]:
        """Numbers and lengths of the words of a text, unknown words taken apart."""
        ids, sizes = [], []
        for word in self.cut(text):
            parts = [word] if word in self.words else list(word)
            for each in parts:
                ids.append(self.words.get(self.widths.get(each, each), self.words["OOV"]))
                sizes.append(len(each))
        return ids, sizes

    def _gru(self, entry: Any, there: Any, layer: Any, backwards: bool) -> Any:
        weights, bias, gates, candidate = layer
        given = entry @ weights + bias
        state = np.zeros((len(entry), HIDDEN), dtype=np.float32)
        states = np.zeros((*entry.shape[:2], HIDDEN), dtype=np.float32)
        order = range(entry.shape[1])
        for at in reversed(order) if backwards else order:
            both = _sigmoid(given[:, at, : 2 * HIDDEN] + state @ gates)
            update, reset = both[:, :HIDDEN], both[:, HIDDEN:]
            fresh = np.tanh(given[:, at, 2 * HIDDEN :] + (reset * state) @ candidate)
            state = np.where(there[:, at, None], (1 - update) * state + update * fresh, state)
            states[:, at] = state
        return states

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """Persons of each text (places and organisations are left out: they are not personal)."""
        found: list[tuple[Span, ...]] = [()] * len(texts)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for start in range(0, len(order), 64):
            group = order[start : start + 64]
            read = [self.numbered(texts[at]) for at in group]
            rows = np.zeros((len(group), max(1, *(len(ids) for ids, _ in read))), dtype=np.int64)
            there = np.zeros(rows.shape, dtype=bool)
            for row, mask, (ids, _) in zip(rows, there, read, strict=True):
                row[: len(ids)] = ids
                mask[: len(ids)] = True
            state = self.embedding[rows]
            for low in (0, 2):
                both = (self._gru(state, there, self.layers[low + up], bool(up)) for up in (0, 1))
                state = np.concatenate(list(both), axis=2)
            emissions = state @ self.leave[0] + self.leave[1]
            for at, (ids, sizes), scores in zip(group, read, emissions, strict=True):
                found[at] = tuple(self._persons(scores[: len(ids)], sizes))
        return found

    def _persons(self, scores: Any, sizes: Sequence[int]) -> list[Span]:
        if not sizes:
            return []
        best, back = self.chain[0] + scores[0], []
        for row in scores[1:]:
            ways = best[:, None] + self.chain[2:]
            back.append(ways.argmax(axis=0))
            best = ways.max(axis=0) + row
        path = [int((best + self.chain[1]).argmax())]
        for ways in reversed(back):
            path.append(int(ways[path[-1]]))
        spans: list[Span] = []
        at = 0
        for tag, size in zip(reversed(path), sizes, strict=True):
            if tag == 17 and spans and spans[-1].end == at:
                spans[-1] = Span(spans[-1].start, at + size, PiiKind.PERSON)
            elif tag in (16, 17):
                spans.append(Span(at, at + size, PiiKind.PERSON))
            at += size
        return spans
