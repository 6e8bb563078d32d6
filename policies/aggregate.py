"""Which cells of an aggregate are shown, and with which counts.

Rows that the asker may list are counted exactly. Of others, a cell about fewer than *k* data subjects is null, and so
is one of which a single person makes up more than half; a count is rounded to a fixed base. This file is the
definition: `hub/request/compile.py` states the same in Cypher, so that no exact count of the others leaves the
database. Semantics 10 of the design's section 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from policies.masking import AGE_BANDS
from policies.model import TypeDecision
from schema.catalogue import Bucket, Catalogue, Entity, Field

PAGE_CELLS = 2_000
"""Most cells of one answer, empty ones included; more of them come in pages."""

MAX_CELLS = 100_000
"""Most cells an aggregate may have on all its pages."""

MAX_WORDS = 200
"""Most words that one count of words lists."""

Counted = tuple[tuple[Any, ...], int | None]
"""The key of a cell, a value for each bucket, and its count."""

DOMINANT = 2
"""A data subject dominates a cell if their rows, times this number, are more than all its rows: 2 means over half."""


def rounded(count: int, base: int) -> int:
    """The multiple of `base` nearest to a count, halves upwards; whole numbers throughout."""
    return (count + base // 2) // base * base


def one_subject(catalogue: Catalogue, entity: Entity) -> bool:
    """Whether each row tells about at most one person other than itself, so that one person may have many rows."""
    if entity.subjects is None or len(entity.subjects) != 1:
        return False
    here = entity
    for step in entity.subjects[0]:
        end = here.edge(step)
        if end.many:
            return False
        here = catalogue.entity(end.target)
    return True


def counts_a_list(table: TypeDecision, read: Iterable[str], *, picks: bool) -> bool:
    """Whether an aggregate counts rows that the asker could list and count themselves, whatever the data.

    `read` are the fields whose buckets it reads, `picks` says whether its condition compares values or edges as they
    are. Where the answer is no, a threshold withholds small cells, and a condition may not pick rows.
    """
    shown = all(table.of(name).clear and table.of(name).aggregate <= table.of(name).clear for name in read)
    return shown and (picks or table.lists_all_it_counts)


def cell(rows: Sequence[Collection[str]], contributors: int, base: int, *, single: bool, listed: int = 0) -> int | None:
    """What a cell shows of its rows, each given as its data subjects; None where it is withheld.

    `single` says that a row has at most one subject, so that dominance is defined. `listed` more rows are counted that
    the asker may list: they make nobody else harder to find, so they count for no threshold.
    """
    share = Counter(subject for row in rows for subject in row)
    if len(share) < contributors:
        return None
    if single and DOMINANT * max(share.values(), default=0) > len(rows):
        return None
    return rounded(len(rows) + listed, base)


def domain(field: Field, bucket: Bucket, places: Sequence[str] | None) -> tuple[Any, ...]:
    """Each value that a bucket can have, seen or not: an empty cell must look like a withheld one.

    `places`: the divisions at a region bucket's level in the subject's jurisdiction.
    """
    if bucket.kind == "age_band":
        return AGE_BANDS
    if bucket.kind == "words":
        # A word of which nothing is shown looks like one that nobody used: neither is listed.
        return ()
    return field.values if bucket.kind == "value" else tuple(places or ())


def cells(
    domains: Sequence[Sequence[Any]], counted: Mapping[tuple[Any, ...], int], empty: int | None = None
) -> list[Counted] | None:
    """Each cell with its count: the whole domain, then values outside it that reach the threshold.

    `empty` is what a cell shows that was not counted: 0 of rows that the asker may list, None of others. None is
    returned where there would be more than MAX_CELLS.
    """
    size = 1
    for each in domains:
        size *= len(each)
    if size > MAX_CELLS:
        return None
    keys = list(product(*domains))
    unforeseen = sorted(set(counted) - set(keys), key=repr)
    return [(key, counted.get(key, empty)) for key in [*keys, *unforeseen]]


def frequent_words(counted: Mapping[tuple[Any, ...], int]) -> list[Counted]:
    """Cells of words that reach the threshold, the most frequent first, then in order of their keys; at most MAX_WORDS.

    Nothing is said of the others: an empty cell for a word would tell that somebody used it.
    """
    frequent = sorted(counted.items(), key=lambda cell: (-cell[1], [str(each) for each in cell[0]]))
    return [(key, count) for key, count in frequent[:MAX_WORDS]]
