"""The model: a small character network that finds persons and detailed addresses in plain text.

A text that it could not read is an error, never a text without names. Embeddings of characters and of frequent pairs
are followed by dilated convolutions; it was trained by `bench/tagger`, and `model/MODEL_CARD.md` says on what and how
well it does. It runs in onnxruntime on texts laid end to end; `sequence.py` chooses the best tags.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]

from policies.text.sequence import Floats, Run, Tags, decoded, runs
from policies.text.spans import PiiKind, Span

HOME = Path(__file__).parent / "model"
NETWORK, ALPHABET, PAIRS, VERSION = "tagger.onnx", "alphabet.txt", "pairs.txt", "VERSION"

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
CALL = 512
"""Characters a call of the network, unless one block has more: what still fits into the processor's cache."""
MANY = 1 << 14
"""Characters whose tags are chosen together."""

DISTANCES = (1, 2, 4, 8)
"""How far apart the characters are that the convolutions look at."""
STEPS = np.array([(-each, 0, each) for each in DISTANCES], dtype=np.int32)[:, None, :]

Ids = npt.NDArray[np.int32]


class Piece(NamedTuple):
    """What is read at once of a text: the text's place among the others, where in it the piece begins, its numbers."""

    text: int
    start: int
    ids: Ids


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

    def paired(self, ids: Ids) -> Ids:
        """For each character the number of the pair it begins (0: not a frequent one), along the last axis."""
        keys = ids.astype(np.int64) << 16
        keys[..., :-1] |= ids[..., 1:]
        if not len(self.pairs):
            return np.zeros(ids.shape, dtype=np.int32)
        at = np.minimum(np.searchsorted(self.pairs, keys), len(self.pairs) - 1)
        return np.where(self.pairs[at] == keys, at + 1, 0).astype(np.int32)


class Tagger:
    """Finds persons and addresses; safe to share between threads, one call at a time is fastest."""

    def __init__(self, alphabet: Alphabet, session: Any, version: str) -> None:
        self._alphabet = alphabet
        self._session = session
        self.version = version

    @classmethod
    def load(cls, path: Path = HOME, *, expected: str | None = None, threads: int = 1) -> Tagger:
        """The model of a folder, run by so many threads.

        Raises TaggerError if a file is missing or broken, or the model is not `expected`.
        """
        files = _files(path)
        version = _version(files)
        if version != (expected or _expected(path)):
            raise TaggerError("the tagger's model is not the one that was made")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        # A thread that waits by turning takes a core from the graph beside it, and is no faster.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            alphabet = Alphabet.of(files[1].decode().replace("\n", ""), files[2].decode().split("\n")[:-1])
            session = onnxruntime.InferenceSession(files[0], options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own
            raise TaggerError(f"the tagger's model cannot be loaded: {type(error).__name__}") from None
        return cls(alphabet, session, version)

    def tag(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """Persons and addresses of each text, in order; raises TaggerError if the network fails."""
        lengths = [len(each) for each in texts]
        begins = [0, *itertools.accumulate(lengths)]
        ids = self._alphabet.read("".join(texts))
        tags = np.zeros(len(ids), dtype=np.int8)
        scores = np.zeros(len(ids), dtype=np.float32)
        pieces = [piece for at, length in enumerate(lengths) for piece in _pieces(at, ids[begins[at] :][:length])]
        for group in _groups(pieces, MANY):
            at = 0
            best, sure = self._decoded(group)
            for piece in group:
                skip = OVERLAP // 2 if piece.start else 0
                start, length = begins[piece.text] + piece.start, len(piece.ids)
                tags[start + skip : start + length] = best[at + skip : at + length]
                scores[start + skip : start + length] = sure[at + skip : at + length]
                at += length
        found = _spans(runs(tags, lengths), scores, begins)
        return [_everywhere(text, found[at]) if at in found else () for at, text in enumerate(texts)]

    def _decoded(self, group: Sequence[Piece]) -> tuple[Tags, Floats]:
        logits = np.concatenate([self._run([each.ids for each in some]) for some in _groups(group, CALL)])
        if not np.isfinite(logits).all():
            raise TaggerError("the tagger failed: not a number")
        return decoded(logits, [len(each.ids) for each in group])

    def _run(self, group: Sequence[Ids]) -> Floats:
        characters = np.concatenate(group)
        lengths = np.array([len(each) for each in group])
        ends = np.cumsum(lengths)
        pairs = self._alphabet.paired(characters)
        pairs[ends - 1] = 0  # no pair reaches into the next text
        try:
            given = {"characters": characters, "pairs": pairs, "beside": _beside(lengths, ends)}
            return self._session.run(None, given)[0]  # type: ignore[no-any-return]
        except Exception as error:  # onnxruntime raises classes of its own
            raise TaggerError(f"the tagger failed: {type(error).__name__}") from None


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


def _pieces(at: int, ids: Ids) -> Iterator[Piece]:
    start = 0
    while start < len(ids):
        yield Piece(at, start, ids[start : start + BLOCK])
        if start + BLOCK >= len(ids):
            return
        start += BLOCK - OVERLAP


def _groups(pieces: Sequence[Piece], most: int) -> Iterator[list[Piece]]:
    """Pieces of `most` characters together, or one that has more."""
    group: list[Piece] = []
    held = 0
    for piece in pieces:
        if group and held + len(piece.ids) > most:
            yield group
            group, held = [], 0
        group.append(piece)
        held += len(piece.ids)
    if group:
        yield group


def _beside(lengths: npt.NDArray[np.int_], ends: npt.NDArray[np.int_]) -> Ids:
    """(distances, characters, 3): places of the characters so far before, at and so far behind each of the same text.

    Where there is none, the place behind the last of all, where the network puts zeros.
    """
    places = np.arange(ends[-1], dtype=np.int32)[None, :, None] + STEPS
    begin = np.repeat((ends - lengths).astype(np.int32), lengths)[None, :, None]
    end = np.repeat(ends.astype(np.int32), lengths)[None, :, None]
    places[(places < begin) | (places >= end)] = ends[-1]
    return places


def _spans(found: Sequence[Run], scores: Floats, begins: Sequence[int]) -> dict[int, tuple[Span, ...]]:
    """Persons and addresses of each text in which there are any."""
    spans: dict[int, list[Span]] = {}
    for text, start, end, tag in _joined(found):
        if tag in REPORTED and end - start >= SHORTEST:
            score = round(sum(scores[begins[text] + start : begins[text] + end].tolist()) / (end - start), 3)
            if score >= FLOOR[tag]:
                spans.setdefault(text, []).append(Span(start, end, REPORTED[tag], score, "tagger"))
    return {text: tuple(each) for text, each in spans.items()}


def _joined(found: Sequence[Run]) -> list[Run]:
    """What touches the beginning of an address and is a place or an address belongs to it."""
    joined: list[Run] = []
    for each in found:
        first = each.start
        while each.tag == ADDRESS and joined and _touches(joined[-1], each.text, first):
            first = joined.pop().start
        joined.append(each if first == each.start else each._replace(start=first))
    return joined


def _touches(run: Run, text: int, start: int) -> bool:
    return run.text == text and run.end == start and run.tag in (PLACE, ADDRESS)


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
