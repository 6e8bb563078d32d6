"""The sources of a random graph, and what the naive view tells of a node's: independent of statement and answer.

What asserts a node follows from its name, so that a world holds nothing of it. Times lie so far back or ahead that it
does not matter when a test runs.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hub.graph.driver import GraphWriter
from policies.model import PolicySet
from tests.support.oracle.naive_view import Rule, Sight, above_or_same
from tests.support.small_graph import World, sid

MINUTE, CENTURIES = 60, 3_000_000_000
"""How many seconds a reading is good for: it is long past, or it holds."""
GOOD = "2020-05-01T08:00:00+08:00"
TIMES = (None, "1950-01-01T00:00:00+08:00", "2026-05-01T00:00:00+08:00", "2026-06-01T00:00:00+08:00")
STATED = ("name", "phone", "rent")
SHOWN = ("source", "assertedBy", "asOf", "readAt", "stale", "confirmedBy", "disputedBy")
_RUNS = """
UNWIND $rows AS row
MERGE (s:SourceRun {source: row.source})
SET s += row {.assertedBy, .freshFor}, s.good = datetime(row.good)"""
_RECORDS = """
UNWIND $rows AS row
MATCH (n {sid: row.sid})
CREATE (r:SourceRecord {key: row.key, source: row.source, collectedFor: row.collectedFor,
  stream: row.source + '/s', record: 'hidden', hash: 'h',
  said: row.said, asOf: datetime(row.asOf)})-[:ASSERTS]->(n)"""


@dataclass(frozen=True)
class Run:
    """What is known of a source: who says so, when it was read last, and whether that is too long ago."""

    asserted_by: str | None
    good: str | None
    fresh_for: int | None

    @property
    def stale(self) -> bool | None:
        """Whether it is stale, whenever a test asks."""
        return None if self.fresh_for is None else self.good is None or self.fresh_for == MINUTE


SOURCES: Mapping[str, Run] = {
    "police": Run("公安局", GOOD, CENTURIES),
    "housing": Run(None, GOOD, MINUTE),
    "never": Run("never", None, CENTURIES),
    "desk": Run("landlord", None, None),
    "unknown": Run(None, None, None),
}

COLLECTED: Mapping[str, str] = {"police": "event", "housing": "event.call", "never": "safety", "unknown": "no.such"}
"""What the records of a source were collected for; those of the desk do not say."""


@dataclass(frozen=True)
class Record:
    """A record that asserts a node; `said` by field, None where that is not known."""

    source: str
    number: int
    as_of: str | None
    said: tuple[tuple[str, str], ...] | None


@lru_cache(maxsize=4_096)
def records_of(name: str) -> tuple[Record, ...]:
    """What asserts the node of this name."""
    rng = random.Random(f"sources of {name}")
    return tuple(
        Record(rng.choice([*SOURCES]), number, rng.choice(TIMES), None if rng.random() < 0.2 else tuple(_said(rng)))
        for number in range(rng.choice((0, 1, 1, 2, 3, 5)))
    )


def _said(rng: random.Random) -> Iterator[tuple[str, str]]:
    for name in STATED:
        if rng.random() < 0.6:
            yield name, rng.choice("ab")


def load(writer: GraphWriter, made: World) -> None:
    """Write the records and runs of a world that is in the graph."""
    rows = [
        {
            "sid": sid(name),
            "key": f"{each.source}/s:{name} {each.number}",
            "source": each.source,
            "asOf": each.as_of,
            "collectedFor": COLLECTED.get(each.source),
            "said": None if each.said is None else " ".join(f"{field}={value}" for field, value in each.said),
        }
        for name in made.nodes
        for each in records_of(name)
    ]
    runs = [
        {"source": source, "assertedBy": each.asserted_by, "good": each.good, "freshFor": each.fresh_for}
        for source, each in SOURCES.items()
        if source != "unknown"
    ]
    writer.write(lambda tx: tx.run(_RUNS, rows=runs))
    writer.write(lambda tx: tx.run(_RECORDS, rows=rows))


def readable(policies: PolicySet, purpose: str, today: dt.date) -> Callable[[str], bool]:
    """Whether a purpose may read a node: one record at least, and each collected for what it may read."""
    enforced = policies.collecting

    def may(collected: str | None) -> bool:
        if enforced is None or collected is None or collected not in policies.purposes:
            return False
        opened = above_or_same(collected, purpose)
        for rule in enforced.rules:
            below = any(above_or_same(each, purpose) for each in rule.purposes)
            above = any(above_or_same(purpose, each) for each in rule.purposes)
            if rule.allowed and collected in rule.collected and rule.valid.holds(today):
                opened = opened or below
            about = any(above_or_same(each, collected) for each in rule.collected)
            if not rule.allowed and about and (below or above):
                return False
        return opened

    def all_may(name: str) -> bool:
        records = records_of(name)
        return enforced is None or (bool(records) and all(may(COLLECTED.get(each.source)) for each in records))

    return all_may


def provenance(sight: Sight, name: str) -> list[dict[str, Any]] | None:
    """The entries of a node's provenance, None where it is not clear."""
    effect = sight.effect(name, "provenance")
    if effect is None or effect.name != "clear":
        return None
    newest = {source: _newest(each for each in records_of(name) if each.source == source) for source in SOURCES}
    speaking = {source: each for source, each in newest.items() if each is not None}
    dated = sorted((each for each in speaking.values() if each.as_of), key=lambda each: each.source)
    dated.sort(key=lambda each: each.as_of or "", reverse=True)
    undated = sorted((each for each in speaking.values() if not each.as_of), key=lambda each: each.source)
    order = [each.source for each in (*dated, *undated)]
    clear = _compared(sight, name)
    return [_entry(speaking[source], [speaking[each] for each in order if each != source], clear) for source in order]


def _compared(sight: Sight, name: str) -> frozenset[str]:
    """The fields by which its sources are compared: clear by a rule that holds wherever one of provenance does."""
    rules = sight.rules[sight.world.nodes[name][0]]

    def clear(field: str) -> list[Rule]:
        return [each for each in rules if field in each.effects and each.effects[field].name == "clear"]

    def covered(field: str) -> bool:
        return all(any(each.demands <= rule.demands for each in clear(field)) for rule in clear("provenance"))

    return frozenset(filter(covered, STATED))


def _newest(records: Iterable[Record]) -> Record | None:
    return max(records, key=lambda each: (each.as_of or "", each.number), default=None)


def _entry(record: Record, others: list[Record], compared: frozenset[str]) -> dict[str, Any]:
    run = SOURCES[record.source]
    return {
        "source": record.source,
        "assertedBy": run.asserted_by,
        "asOf": record.as_of,
        "readAt": run.good,
        "stale": run.stale,
        "confirmedBy": [each.source for each in others if _agree(record, each, compared) is True],
        "disputedBy": [each.source for each in others if _agree(record, each, compared) is False],
    }


def _agree(one: Record, other: Record, compared: frozenset[str]) -> bool | None:
    ours, theirs = dict(one.said or ()), dict(other.said or ())
    both = [name for name in ours if name in theirs and name in compared]
    return all(theirs[name] == ours[name] for name in both) if both else None


def selection(rng: random.Random) -> str:
    """A selection of provenance: some of its fields, some under another name."""
    names = rng.sample(SHOWN, rng.randint(1, len(SHOWN)))
    return f"provenance {{ {' '.join(each if rng.random() < 0.8 else f'{each}X: {each}' for each in names)} }}"
