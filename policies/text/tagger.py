"""A text that the network could not read is an error, never a text without names.

A small character network (embeddings of characters and of frequent pairs, then dilated convolutions) finds persons and
fine addresses in normalised text. It was trained by `bench/tagger`; `model/MODEL_CARD.md` says on what, and how well it
does. It runs in onnxruntime on one thread; only the best sequence of tags is chosen here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]

from policies.text.spans import PiiKind, Span

HOME = Path(__file__).parent / "model"
NETWORK, ALPHABET, PAIRS, VERSION = "tagger.onnx", "alphabet.txt", "pairs.txt", "VERSION"

TAGS = ("O", "B-PERSON", "I-PERSON", "B-ADDRESS", "I-ADDRESS", "B-PLACE", "I-PLACE", "B-ORG", "I-ORG")
"""PLACE and ORG are inner classes: what looks like a name and is not personal. They are never reported."""

PERSON, ADDRESS, PLACE = 1, 3, 5
REPORTED = {PERSON: PiiKind.PERSON, ADDRESS: PiiKind.ADDRESS}
FLOOR = {PERSON: 0.55, ADDRESS: 0.0}
"""Least score that is reported: on prose that was held back this costs no F2 and leaves more of other texts alone."""

SHORTEST = 2
"""Characters of the shortest name or address; a surname alone says nothing."""

HIDING = "*×〇○●□"
"""Signs that a hidden name may end in."""

SURE = 0.6
"""Score from which a name is looked for in the rest of its text."""

PADDING, OTHER, RARE, DIGIT, LOWER, UPPER = range(6)
KNOWN = 6
"""Numbers of characters: six classes, then the lines of `alphabet.txt` in order."""

REACH = 16
"""No convolution reaches further; blocks of a long text overlap by more."""

BLOCK, OVERLAP = 512, 64
CELLS = 1 << 12
"""Characters a call of the network, padding included: what still fits into the processor's cache."""

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


class TaggerError(RuntimeError):
    """The model is missing, is not whole, or failed; the message never holds text."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Numbers characters (`numbers`, by code point) and frequent pairs of them (`pairs`, sorted)."""

    numbers: npt.NDArray[np.int32]
    pairs: npt.NDArray[np.int64]

    @classmethod
    def of(cls, characters: str, pairs: Sequence[str]) -> Alphabet:
        """The alphabet of `characters`, in order, and of two-character strings over it."""
        numbers = np.full(0x10000, OTHER, dtype=np.int32)
        numbers[0x3400:0xA000] = RARE
        numbers[0xF900:0xFB00] = RARE
        for at, char in enumerate(characters):
            numbers[ord(char)] = KNOWN + at
        for first, last, number in (("0", "9", DIGIT), ("a", "z", LOWER), ("A", "Z", UPPER)):
            numbers[ord(first) : ord(last) + 1] = number
        both = np.array([numbers[[ord(each[0]), ord(each[1])]] for each in pairs], dtype=np.int64).reshape(-1, 2)
        return cls(numbers, np.unique(both[:, 0] << 16 | both[:, 1]))

    def read(self, text: str) -> Ids:
        """The numbers of the characters of a text."""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        rare = (points >= 0x20000) & (points < 0x32000)
        return np.where(rare, RARE, self.numbers[np.where(points < 0x10000, points, 0xFFFF)]).astype(np.int32)

    def paired(self, rows: Ids) -> Ids:
        """For each character the number of the pair it begins (0: not a frequent one); `rows` is (texts, length)."""
        keys = rows.astype(np.int64) << 16
        keys[:, :-1] |= rows[:, 1:]
        if not len(self.pairs):
            return np.zeros(rows.shape, dtype=np.int32)
        at = np.minimum(np.searchsorted(self.pairs, keys), len(self.pairs) - 1)
        return np.where(self.pairs[at] == keys, at + 1, 0).astype(np.int32)


class Tagger:
    """Finds persons and addresses; safe to share between threads, one call at a time is fastest."""

    def __init__(self, alphabet: Alphabet, session: Any, version: str) -> None:
        self._alphabet = alphabet
        self._session = session
        self.version = version

    @classmethod
    def load(cls, path: Path = HOME, *, expected: str | None = None) -> Tagger:
        """The model of a folder; raises TaggerError if a file is missing or broken, or the model is not `expected`."""
        files = _files(path)
        version = _version(files)
        if version != (expected or _expected(path)):
            raise TaggerError("the tagger's model is not the one that was made")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            alphabet = Alphabet.of(files[1].decode().replace("\n", ""), files[2].decode().split("\n")[:-1])
            session = onnxruntime.InferenceSession(files[0], options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own
            raise TaggerError(f"the tagger's model cannot be loaded: {type(error).__name__}") from None
        return cls(alphabet, session, version)

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """Persons and addresses of each text, in order; raises TaggerError if the network fails."""
        read = [self._alphabet.read(each) for each in texts]
        pieces = [piece for at, ids in enumerate(read) for piece in _pieces(at, ids)]
        pieces.sort(key=lambda piece: len(piece[2]))
        tags = [np.zeros(len(each), dtype=np.int8) for each in read]
        scores = [np.zeros(len(each), dtype=np.float32) for each in read]
        for group in _groups(pieces):
            for (at, start, ids), best, sure in zip(group, *self._run([each[2] for each in group]), strict=True):
                skip = OVERLAP // 2 if start else 0
                tags[at][start + skip : start + len(ids)] = best[skip : len(ids)]
                scores[at][start + skip : start + len(ids)] = sure[skip : len(ids)]
        found = (tuple(_spans(best, sure)) for best, sure in zip(tags, scores, strict=True))
        return [_everywhere(text, spans) if spans else spans for text, spans in zip(texts, found, strict=True)]

    def _run(self, group: Sequence[Ids]) -> tuple[npt.NDArray[np.int8], Floats]:
        rows = np.zeros((len(group), max(len(each) for each in group)), dtype=np.int32)
        for row, ids in zip(rows, group, strict=True):
            row[: len(ids)] = ids
        try:
            (logits,) = self._session.run(None, {"characters": rows, "pairs": self._alphabet.paired(rows)})
        except Exception as error:  # onnxruntime raises classes of its own
            raise TaggerError(f"the tagger failed: {type(error).__name__}") from None
        if not np.isfinite(logits).all():
            raise TaggerError("the tagger failed: not a number")
        return decoded(logits)


def version_of(path: Path) -> str:
    """A hash over the files of a model; raises TaggerError if one is missing."""
    return _version(_files(path))


def _version(files: Sequence[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in files)).hexdigest()[:16]


def _files(path: Path) -> list[bytes]:
    try:
        return [(path / name).read_bytes() for name in (NETWORK, ALPHABET, PAIRS)]
    except OSError as error:
        raise TaggerError(f"the tagger's model cannot be read: {error.strerror}") from None


def _expected(path: Path) -> str:
    try:
        return (path / VERSION).read_text(encoding="ascii").removesuffix("\n")
    except (OSError, ValueError):
        raise TaggerError("the tagger's model does not say its version") from None


def _pieces(at: int, ids: Ids) -> Iterator[tuple[int, int, Ids]]:
    start = 0
    while start < len(ids):
        yield at, start, ids[start : start + BLOCK]
        if start + BLOCK >= len(ids):
            return
        start += BLOCK - OVERLAP


def _groups(pieces: Sequence[tuple[int, int, Ids]]) -> Iterator[list[tuple[int, int, Ids]]]:
    group: list[tuple[int, int, Ids]] = []
    for piece in pieces:
        if group and len(piece[2]) * (len(group) + 1) > CELLS:
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def decoded(logits: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """The best sequence of tags in which no inside follows anything but its own class, and how sure each class is.

    `logits` is (texts, length, tags); the answer has (texts, length) twice.
    """
    scores = np.exp(logits - logits.max(axis=2, keepdims=True))
    scores /= scores.sum(axis=2, keepdims=True)
    logs = np.log(scores + 1e-9)
    best = logs[:, 0].copy()
    best[:, 2::2] = -1e9
    back = np.zeros(logits.shape, dtype=np.int8)
    for at in range(1, logits.shape[1]):
        back[:, at] = best.argmax(axis=1).astype(np.int8)[:, None]
        value = np.repeat(best.max(axis=1)[:, None], logits.shape[2], axis=1)
        begun = best[:, 1::2] >= best[:, 2::2]
        back[:, at, 2::2] = np.where(begun, np.arange(1, 9, 2), np.arange(2, 9, 2))
        value[:, 2::2] = np.where(begun, best[:, 1::2], best[:, 2::2])
        best = value + logs[:, at]
    path = np.zeros(logits.shape[:2], dtype=np.int8)
    path[:, -1] = best.argmax(axis=1)
    rows = np.arange(len(path))
    for at in range(logits.shape[1] - 1, 0, -1):
        path[:, at - 1] = back[rows, at, path[:, at]]
    first = np.maximum((path.astype(np.int64) + 1) // 2 * 2 - 1, 0)[:, :, None]
    sure = np.take_along_axis(scores, first, 2)[:, :, 0]
    return path, sure + np.where(path > 0, np.take_along_axis(scores, first + 1, 2)[:, :, 0], 0).astype(np.float32)


def _spans(tags: npt.NDArray[np.int8], scores: Floats) -> Iterator[Span]:
    """Persons and addresses; what touches the beginning of an address and is a place or an address belongs to it."""
    joined: list[tuple[int, int, int]] = []
    for start, end, tag in _runs(tags):
        first = start
        while tag == ADDRESS and joined and joined[-1][1] == first and joined[-1][2] in (PLACE, ADDRESS):
            first = joined.pop()[0]
        joined.append((first, end, tag))
    for start, end, tag in joined:
        score = round(float(scores[start:end].mean()), 3)
        if tag in REPORTED and end - start >= SHORTEST and score >= FLOOR[tag]:
            yield Span(start, end, REPORTED[tag], score, "tagger")


def _everywhere(text: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """A name that was surely found once in a text is found wherever else it stands in it."""
    spans = tuple(each for each in spans if _plausible(text[each.start : each.end], each.kind))
    added: list[Span] = []
    names = {text[each.start : each.end]: each for each in spans if each.kind is PiiKind.PERSON and each.score >= SURE}
    for name, each in names.items():
        if text.count(name) == 1:
            continue
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if not any(known.start < end and at < known.end for known in (*spans, *added)):
                added.append(Span(at, end, each.kind, each.score, "tagger: same name"))
            at = text.find(name, end)
    return tuple(sorted((*spans, *added))) if added else spans


def _plausible(value: str, kind: PiiKind) -> bool:
    """Whether it can be one at all: a name does not end in a dash, and an address of digits alone has four or more."""
    if kind is PiiKind.PERSON:
        return value[-1].isalnum() or value[-1] in HIDING
    return sum(each.isdigit() for each in value) > 3 or any("\u4e00" <= each <= "\u9fff" for each in value)


def _runs(tags: npt.NDArray[np.int8]) -> Iterator[tuple[int, int, int]]:
    """Start, end and beginning tag of each run of one thing."""
    starts = np.flatnonzero((tags % 2 == 1) | ((tags > 0) & (np.concatenate(([0], tags[:-1])) == 0)))
    for start in starts.tolist():
        inside = int(tags[start]) + int(tags[start]) % 2
        end = start + 1
        while end < len(tags) and tags[end] == inside:
            end += 1
        yield start, end, inside - 1
