"""The best sequence of tags: none begins with an inside, none is worse than another, and runs never cross texts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from policies.text import sequence
from policies.text.sequence import TAGS, Run

pytestmark = pytest.mark.unit

SEED = 20_261_122
O, B_PERSON, I_PERSON, B_ADDRESS, I_ADDRESS = range(5)  # noqa: E741


def follows(before: int, tag: int) -> bool:
    """Whether a tag may stand behind another, as the rule says it."""
    return not TAGS[tag].startswith("I-") or TAGS[before].endswith(TAGS[tag][1:])


def allowed(path: tuple[int, ...]) -> bool:
    return all(follows(one, other) for one, other in itertools.pairwise((O, *path)))


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ([0, 2, 2], [0, 1, 2]),
        ([1, 2, 0], [1, 2, 0]),
        ([3, 2, 4], [3, 4, 4]),
        ([1, 1, 2], [1, 1, 2]),
        ([2], [1]),
    ],
)
def test_an_inside_follows_only_its_own_class(wanted: list[int], path: list[int]) -> None:
    logits = np.zeros((len(wanted), len(TAGS)), dtype=np.float32)
    logits[range(len(wanted)), path] = 5.0
    logits[range(len(wanted)), wanted] = 6.0
    assert sequence.decoded(logits, [len(wanted)])[0].tolist() == path


def test_no_other_sequence_is_better() -> None:
    source = np.random.default_rng(SEED)
    print("seed", SEED)
    paths = {
        length: [each for each in itertools.product(range(9), repeat=length) if allowed(each)] for length in (1, 4)
    }
    lengths = [1, 4, 4, 1, 4] * 8
    logits = source.normal(0, 2, (sum(lengths), len(TAGS))).astype(np.float32)
    tags, scores = sequence.decoded(logits, lengths)
    begun, searched = 0, 0
    for length in lengths:
        part, chosen = logits[begun : begun + length].astype(float), tuple(tags[begun : begun + length].tolist())
        shares = np.exp(part) / np.exp(part).sum(axis=1, keepdims=True)
        best = max(math.prod(shares[range(length), path]) for path in paths[length])
        assert allowed(chosen)
        assert math.prod(shares[range(length), chosen]) == pytest.approx(best, rel=1e-4)
        searched += chosen != tuple(part.argmax(axis=1).tolist())
        for tag, share, score in zip(chosen, shares, scores[begun : begun + length], strict=True):
            first = tag - 1 + tag % 2
            assert score == pytest.approx(share[first] + share[first + 1] if tag else 0, abs=1e-5)
        begun += length
    assert 0 < searched < len(lengths)


def test_the_search_finds_what_the_best_tags_alone_say_where_they_are_a_sequence() -> None:
    source = np.random.default_rng(SEED)
    print("seed", SEED)
    shares = source.dirichlet([0.3] * len(TAGS), (400, 6))
    plain = shares.argmax(axis=2)
    whole = [at for at, path in enumerate(plain.tolist()) if allowed(tuple(path))]
    assert len(whole) > 5
    chances = np.log(shares[whole] + sequence.LEAST).astype(np.float32)
    assert (sequence.searched(chances) == plain[whole]).all()


def test_a_text_gives_the_same_alone_and_among_others() -> None:
    source = np.random.default_rng(SEED)
    print("seed", SEED)
    lengths = source.integers(1, 30, 50).tolist()
    logits = source.normal(0, 3, (sum(lengths), len(TAGS))).astype(np.float32)
    tags, scores = sequence.decoded(logits, lengths)
    together = sequence.runs(tags, lengths)
    begun = 0
    for text, length in enumerate(lengths):
        alone = sequence.decoded(logits[begun : begun + length], [length])
        assert (alone[0] == tags[begun : begun + length]).all()
        assert (alone[1] == scores[begun : begun + length]).all()
        of_text = [each._replace(text=0) for each in together if each.text == text]
        assert sequence.runs(alone[0], [length]) == of_text
        begun += length


@pytest.mark.parametrize(
    ("tags", "lengths", "runs"),
    [
        ([], [], []),
        ([], [0, 0], []),
        ([0, 0], [2], []),
        ([1, 2, 2], [3], [(0, 0, 3, 1)]),
        ([1, 2], [1, 1], [(0, 0, 1, 1), (1, 0, 1, 1)]),
        ([1, 1, 2, 0, 3, 4], [6], [(0, 0, 1, 1), (0, 1, 3, 1), (0, 4, 6, 3)]),
        ([0, 1, 2, 1], [0, 3, 0, 1, 0], [(1, 1, 3, 1), (3, 0, 1, 1)]),
        # Where blocks of a long text meet, an inside may stand behind another class: it belongs to nothing.
        ([1, 4, 4, 0, 2, 2], [6], [(0, 0, 1, 1), (0, 4, 6, 1)]),
    ],
)
def test_runs_are_of_one_thing_and_one_text(
    tags: list[int], lengths: list[int], runs: list[tuple[int, int, int, int]]
) -> None:
    assert sequence.runs(np.array(tags, dtype=np.int8), lengths) == [Run(*each) for each in runs]
