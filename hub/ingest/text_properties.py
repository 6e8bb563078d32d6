"""A text and what is kept beside it go into one write, so that they can never be of two different records.

Beside each free text stand its spans, a checksum of both, its other words, the detector that judged it and when
(`catalogue.Beside`). No detector stands beside a text that could not be judged this time: it is redacted whole, and
tried again later.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.base import Annotation, TextAnnotator
from policies.text.spans import checksum
from schema.catalogue import Beside, Entity


@dataclass(frozen=True, slots=True)
class Tally:
    """Of `texts` that were read, `personal` hold something personal; those in `whole`, by reason, were not judged."""

    texts: int
    personal: int
    whole: Mapping[str, int]

    @classmethod
    def of(cls, annotations: Iterable[Annotation]) -> Tally:
        """The counts of these annotations."""
        each = list(annotations)
        whole = Counter(one.failed or "unknown" for one in each if one.spans is None)
        return cls(len(each), sum(bool(one.spans) for one in each), dict(whole))

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """All of them together."""
        each = list(tallies)
        whole = sum((Counter(one.whole) for one in each), Counter[str]())
        return cls(sum(one.texts for one in each), sum(one.personal for one in each), dict(whole))

    def summary(self) -> str:
        """A line for a person; empty if no text was read."""
        if not self.texts:
            return ""
        line = f"{self.texts:,} texts read for personal information: {self.personal:,} hold some"
        if not self.whole:
            return line
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.whole.items()))
        return f"{line}; {sum(self.whole.values()):,} could not be judged and are redacted whole ({reasons})"


LASTING = frozenset({"too long", "not text"})
"""Reasons for which the same detector would always fail."""


def properties(
    beside: Beside, text: str | None, found: Annotation | None, version: str, now: dt.datetime
) -> dict[str, Any]:
    """The properties beside a text, None for those that must go; all go with a text that is no more."""
    if text is None or found is None:
        return dict.fromkeys(beside.names)
    settled = found.spans is not None or found.failed in LASTING
    return {
        beside.spans: found.spans,
        beside.check: None if found.spans is None else checksum(text, found.spans),
        beside.words: found.words,
        beside.detector: version if settled else None,
        beside.detected: now,
    }


class Reading:
    """The free texts of one write of an entity, each read once however often its transaction is repeated."""

    def __init__(self, entity: Entity, annotator: TextAnnotator) -> None:
        self._beside = {each.name: each.beside for each in entity.fields if each.beside}
        self._annotator = annotator
        self._found: dict[str, Annotation] = {}

    def read(self, nodes: Iterable[Mapping[str, Any]]) -> Tally:
        """Find what is personal in the texts among these nodes' values; what they hold, counted a node each."""
        texts = [text for values in nodes for name in self._beside if (text := values.get(name)) is not None]
        fresh = [each for each in dict.fromkeys(texts) if each not in self._found]
        if fresh:
            self._found.update(zip(fresh, self._annotator.annotate(fresh), strict=True))
        return Tally.of(self._found[each] for each in texts)

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A node's values with what goes beside its texts; a text that is not among them is left alone."""
        now = dt.datetime.now(dt.UTC)
        told = dict(values)
        for name, beside in self._beside.items():
            if name in values:
                text = values[name]
                found = None if text is None else self._found[text]
                told |= properties(beside, text, found, self._annotator.version, now)
        return told
