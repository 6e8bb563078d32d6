"""Measures taggers on the same texts by the same score; no text of them was used for training.

    python -m bench.tagger.measure [SET.jsonl …] [--lac FOLDER] [--model FOLDER] [--styles] [--errors KIND]

Prints PERSON and ADDRESS: F2, recall, precision; the share of their characters left uncovered; texts a second on one
core. Without a set the texts come from the sixteenth part of the templates that training leaves out, filled by another
seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import rjieba

from bench.tagger import noise, recipe
from bench.tagger.stock import Source
from policies.text import scores as score
from policies.text import tagger
from policies.text.plain_text import normalise
from policies.text.spans import Detection, PiiKind, Span

KINDS = (PiiKind.PERSON, PiiKind.ADDRESS)
PROSE = Path(__file__).parent / "prose"
SEED, COPIES = 77, 4
Tag = Callable[[Sequence[str]], list[tuple[Span, ...]]]


def held_out() -> list[score.Labelled]:
    """Texts of the templates that were held back."""
    source = Source(SEED)
    made = []
    for each in recipe.templates(PROSE, held=True) * COPIES:
        text = noise.noisy(recipe.filled(each, source), source)
        spans = tuple(Span(at, to, PiiKind(label)) for at, to, label in text.spans if label in set(KINDS))
        made.append(score.Labelled(text.text, spans, (), not spans, "held out"))
    return made


def words(texts: Sequence[str]) -> list[tuple[Span, ...]]:
    """What rjieba tags as a person's name."""
    found = []
    for text in texts:
        spans, at = [], 0
        for word, kind in rjieba.tag(text):
            if kind.startswith("nr"):
                spans.append(Span(at, at + len(word), PiiKind.PERSON))
            at += len(word)
        found.append(tuple(spans))
    return found


def judged(name: str, tag: Tag, labelled: Sequence[score.Labelled], styles: bool) -> list[Detection]:
    """Prints a line, and one for each style if asked; gives what was found."""
    plain = [normalise(each.text) for each in labelled]
    texts = [each.text for each in plain]
    began = time.perf_counter()
    tagged = tag(texts)
    speed = len(texts) / (time.perf_counter() - began)
    found = [
        Detection(
            tuple(
                replace(span, start=start, end=end)
                for span in spans
                for start, end in [text.span(span.start, span.end)]
            )
        )
        for text, spans in zip(plain, tagged, strict=True)
    ]
    scores = {"": score.score(labelled, found)} | (score.score_by_style(labelled, found) if styles else {})
    for style, each in scores.items():
        print(f"{name:8} {style:18}", end="")
        for kind in KINDS:
            one = each.kinds.get(kind, score.Figures())
            print(f" {kind} F2 {one.f2:.3f} R {one.recall:.3f} P {one.precision:.3f} ", end="")
        print(
            f" leak {each.leak_rate:.3f} alone {each.left_alone:.3f}" + (f" {speed:.0f} texts/s" if not style else "")
        )
    return found


def wrong(labelled: Sequence[score.Labelled], found: Sequence[Detection], kind: PiiKind) -> None:
    """Prints what was missed (-) and what was found too much (+) of a kind."""
    for each, detection in zip(labelled, found, strict=True):
        wanted = {(span.start, span.end) for span in each.entities if span.kind is kind}
        got = {(span.start, span.end) for span in detection.spans if span.kind is kind}
        signs = [f"-{each.text[a:b]}" for a, b in wanted - got] + [f"+{each.text[a:b]}" for a, b in got - wanted]
        if signs:
            print(" ".join(signs), "|", each.text.replace("\n", "/"))


def main(arguments: Sequence[str]) -> int:
    """Measures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("sets", type=Path, nargs="*")
    asked.add_argument("--lac", type=Path)
    asked.add_argument("--model", type=Path, default=tagger.HOME)
    asked.add_argument("--styles", action="store_true")
    asked.add_argument("--errors", type=PiiKind)
    options = asked.parse_args(arguments)
    ours = tagger.Tagger.load(options.model)
    taggers: dict[str, Tag] = {"ours": ours.tag}
    if options.lac:
        from bench.tagger.lac import Lac

        taggers |= {"rjieba": words, "lac": Lac(options.lac).tag}
    for path in options.sets or [None]:
        labelled = score.read(path.read_text(encoding="utf-8").splitlines()) if path else held_out()
        labelled = [
            replace(each, entities=tuple(span for span in each.entities if span.kind in KINDS)) for each in labelled
        ]
        print(f"{path.name if path else f'held-out templates, seed {SEED}'}: {len(labelled)} texts")
        for name, tag in taggers.items():
            found = judged(name, tag, labelled, options.styles)
            if options.errors and name == "ours":
                wrong(labelled, found, options.errors)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
