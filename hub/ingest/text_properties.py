"""The properties that are kept beside each free text: its spans, a checksum of both, its other words, and the detector.

A text and its properties go into one write, so that they always belong together. A text that could not be checked this
time has no detector beside it: it is redacted whole, and checked again later. The names are `catalogue.TextProperties`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.base import Annotation, TextAnnotator
from policies.text.spans import checksum
from schema.catalogue import Entity, TextProperties


@dataclass(frozen=True, slots=True)
class Tally:
    """Of `texts` that were read, `personal` hold something personal; `whole`, by reason, could not be checked."""

    texts: int
    personal: int
    whole: Mapping[str, int]

    @classmethod
    def of(cls, annotations: Iterable[Annotation]) -> Tally:
        """The counts of these annotations."""
        every = list(annotations)
        whole = Counter(each.failed or "unknown" for each in every if each.spans is None)
        return cls(len(every), sum(bool(each.spans) for each in every), dict(whole))

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """The tallies added up."""
        every = list(tallies)
        whole = sum((Counter(each.whole) for each in every), Counter[str]())
        return cls(sum(each.texts for each in every), sum(each.personal for each in every), dict(whole))

    def summary(self) -> str:
        """A line for a person; empty if no text was read."""
        if not self.texts:
            return ""
        line = f"{self.texts:,} texts read for personal information: {self.personal:,} hold some"
        if not self.whole:
            return line
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.whole.items()))
        return f"{line}; {sum(self.whole.values()):,} could not be checked and are redacted whole ({reasons})"


LASTING = frozenset({"too long", "not text"})
"""Reasons for which the same detector will fail every time."""


def properties(
    beside: TextProperties, text: str | None, found: Annotation | None, version: str, now: dt.datetime
) -> dict[str, Any]:
    """The properties beside a text, None for each that is removed; all are removed where the text is."""
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
    """The free texts of one write of an entity; each is checked once, however often the transaction is repeated.

    `found` holds what was found in each text.
    """

    def __init__(self, entity: Entity, annotator: TextAnnotator, found: Mapping[str, Annotation]) -> None:
        self._beside = {each.name: each.text_properties for each in entity.fields if each.text_properties}
        self._annotator = annotator
        self.found = dict(found)

    def read(self, nodes: Iterable[Mapping[str, Any]]) -> Tally:
        """Check the texts among these nodes' values; the tally counts the text of each node."""
        texts = [text for values in nodes for name in self._beside if (text := values.get(name)) is not None]
        fresh = [each for each in dict.fromkeys(texts) if each not in self.found]
        if fresh:
            self.found.update(zip(fresh, self._annotator.annotate(fresh), strict=True))
        return Tally.of(self.found[each] for each in texts)

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A node's values with the properties beside its texts; a text that is not among the values is left alone."""
        now = dt.datetime.now(dt.UTC)
        complete = dict(values)
        for name, beside in self._beside.items():
            if name in values:
                text = values[name]
                found = None if text is None else self.found[text]
                complete |= properties(beside, text, found, self._annotator.version, now)
        return complete
