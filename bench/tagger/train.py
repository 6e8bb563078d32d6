"""Trains the tagger and writes its model; the same seed, prose and corpora give the same model.

    python -m bench.tagger.train CORPORA [--steps 2400] [--seed 5] [--begin FOLDER] [--out policies/text/model]

Needs jax, optax, onnx and rjieba beside the project's own dependencies (a virtual environment of its own: the product
never imports them). One core is enough: ten minutes for 2400 steps on a quiet machine. Writes `tagger.onnx`,
`alphabet.txt`, `pairs.txt` and `VERSION`. With `--begin` it goes on from the model of a folder.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy as np
import optax  # type: ignore[import-not-found]

from bench.tagger import corpora, network, noise, recipe
from bench.tagger.recipe import Labelled
from bench.tagger.stock import Source
from policies.text import tagger
from policies.text.plain_text import normalise
from policies.text.sequence import TAGS

PROSE = Path(__file__).parent / "prose"
ROW, GAP, BATCH = 256, 8, 48
"""Texts are packed into rows; the gap between two is what no single convolution reaches across."""

PAIRS = 14_000
LABELS = {name: TAGS.index(f"B-{name}") for name in ("PERSON", "ADDRESS", "PLACE", "ORG")}
LEAN = {TAGS.index("B-PERSON"): 0.5, TAGS.index("I-PERSON"): 0.3, 3: 0.2, 4: 0.2}
"""A name missed costs more than a word masked: what is added to the logits after training."""

RATE, DROP, SHARE_OF_NEWS = 2.5e-3, 0.12, 0.42


def plain(text: Labelled) -> Labelled:
    """The text as the tagger will see it."""
    marks = [normalise(char).text for char in text.text]
    return noise.kept(text, marks)


def alphabet(texts: Iterable[str]) -> tuple[str, list[str]]:
    """Characters and pairs that are frequent."""
    single: collections.Counter[str] = collections.Counter()
    double: collections.Counter[str] = collections.Counter()
    for text in texts:
        single.update(text)
        double.update(map("".join, itertools.pairwise(text)))
    fixed = set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    usual = [each for each, count in single.most_common() if count >= 3 and each not in fixed and each.isprintable()]
    usual = sorted(each for each in usual if ord(each) < 0x10000)
    known = set(usual)
    pairs = [each for each, _ in double.most_common(3 * PAIRS) if set(each) <= known][:PAIRS]
    return "".join(usual), sorted(pairs)


def endless(made: Sequence[Any], kept: corpora.Corpora, source: Source) -> Iterator[Labelled]:
    """Training texts for ever: filled templates, recast news, reviews without names."""
    news = (*kept.news, *kept.msra)
    named = [each for each in news if any(label == recipe.PERSON for _, _, label in each.spans)]
    while True:
        draw = source.random()
        if draw > SHARE_OF_NEWS:
            text = recipe.filled(source.choice(made), source)
            if source.random() < 0.12:
                text = noise.together(text, recipe.filled(source.choice(made), source), source)
        elif draw > 0.2:
            text = corpora.recast(source.choice(named), source)
        elif draw > 0.1:
            text = corpora.recast(source.choice(news), source)
        else:
            text = source.choice(kept.reviews)
        yield plain(noise.noisy(text, source))


def batches(texts: Iterator[Labelled], known: tagger.Alphabet) -> Iterator[tuple[Any, Any, Any]]:
    """Packed rows: numbers of characters, of pairs, and tags (-1 where there is none)."""
    while True:
        rows = np.zeros((BATCH, ROW), dtype=np.int32)
        tags = np.full((BATCH, ROW), -1, dtype=np.int32)
        for row, tag in zip(rows, tags, strict=True):
            at = 0
            while at < ROW - 40:
                text = next(texts)
                ids = known.read(text.text)[: ROW - at]
                row[at : at + len(ids)] = ids
                tag[at : at + len(ids)] = tagged(text)[: ROW - at]
                at += len(ids) + GAP
        yield rows, known.paired(rows), tags


def tagged(text: Labelled) -> Any:
    """The tag of each character."""
    tags = np.zeros(len(text.text), dtype=np.int32)
    for start, end, label in text.spans:
        tags[start:end] = LABELS[label] + 1
        tags[start] = LABELS[label]
    return tags


def loss(weights: network.Weights, rows: Any, pairs: Any, tags: Any, key: Any) -> Any:
    """Mean cross entropy over the characters there are."""
    there = tags >= 0
    chances = jax.nn.log_softmax(network.logits(weights, rows, pairs, key, DROP))
    picked = jnp.take_along_axis(chances, jnp.maximum(tags, 0)[:, :, None], axis=2)[:, :, 0]
    return -(picked * there).sum() / there.sum()


def trained(feed: Iterator[tuple[Any, Any, Any]], weights: network.Weights, steps: int, top: float, seed: int) -> Any:
    """Weights after so many steps, an average over the last ones; prints how the loss falls."""
    began = time.monotonic()
    optimiser = optax.inject_hyperparams(optax.adamw)(learning_rate=RATE, weight_decay=1e-4)
    state = optimiser.init(weights)

    @jax.jit  # type: ignore[untyped-decorator]
    def advance(weights: Any, state: Any, mean: Any, keep: Any, rows: Any, pairs: Any, tags: Any, key: Any) -> Any:
        value, slope = jax.value_and_grad(loss)(weights, rows, pairs, tags, key)
        slope = jax.tree.map(lambda each: each / jnp.maximum(1.0, optax.global_norm(slope)), slope)
        change, state = optimiser.update(slope, state, weights)
        weights = optax.apply_updates(weights, change)
        mean = jax.tree.map(lambda old, new: keep * old + (1 - keep) * new, mean, weights)
        return weights, state, mean, value

    mean, key, losses = weights, jax.random.key(seed), []
    for step in range(steps):
        rows, pairs, tags = next(feed)
        rate = top * min(1.0, (step + 1) / 200) * (1 - step / steps) ** 0.8
        state.hyperparams["learning_rate"] = jnp.asarray(rate, dtype=jnp.float32)
        key, now = jax.random.split(key)
        keep = min(0.998, step / (step + 10))
        weights, state, mean, value = advance(weights, state, mean, keep, rows, pairs, tags, now)
        losses.append(float(value))
        if step % 250 == 249:
            print(f"step {step + 1} {time.monotonic() - began:.0f} s loss {np.mean(losses[-250:]):.4f}", flush=True)
    return mean


def save(folder: Path, network_bytes: bytes, characters: str, pairs: Sequence[str]) -> str:
    """Writes the model; gives its version."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / tagger.NETWORK).write_bytes(network_bytes)
    (folder / tagger.ALPHABET).write_text("".join(f"{each}\n" for each in characters), encoding="utf-8")
    (folder / tagger.PAIRS).write_text("".join(f"{each}\n" for each in pairs), encoding="utf-8")
    version = tagger.version_of(folder)
    (folder / tagger.VERSION).write_text(version + "\n", encoding="ascii")
    return version


def main(arguments: Sequence[str]) -> int:
    """Trains and writes a model."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("corpora", type=Path)
    asked.add_argument("--steps", type=int, default=2400)
    asked.add_argument("--begin", type=Path)
    asked.add_argument("--seed", type=int, default=5)
    asked.add_argument("--rate", type=float, default=RATE)
    asked.add_argument("--out", type=Path, default=tagger.HOME)
    options = asked.parse_args(arguments)
    made, kept = recipe.templates(PROSE), corpora.read(options.corpora)
    everything = [each.text for each in (*kept.news, *kept.msra, *kept.reviews)]
    literal = [normalise("".join(piece.text for piece in each)).text for each in made]
    characters, pairs = alphabet([*everything, *(literal * 20)])
    if options.begin:
        characters = (options.begin / tagger.ALPHABET).read_text(encoding="utf-8").replace("\n", "")
        pairs = (options.begin / tagger.PAIRS).read_text(encoding="utf-8").split("\n")[:-1]
    source = Source(options.seed, corpora.stock(options.corpora, literal))
    known = tagger.Alphabet.of(characters, pairs)
    print(f"seed {options.seed}, {len(made)} templates, {len(everything)} sentences, {len(characters)} characters")
    weights = network.fresh(tagger.KNOWN + len(characters), len(known.pairs) + 1, options.seed)
    if options.begin:
        weights = network.read(options.begin / tagger.NETWORK, LEAN)
    feed = batches(endless(made, kept, source), known)
    weights = trained(feed, weights, options.steps, options.rate, options.seed)
    print("version", save(options.out, network.exported(weights, LEAN), characters, pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
