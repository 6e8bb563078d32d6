"""The output of `pii eval`: the figures of a detector on a labelled set, as tables and as JSON.

They always name the set, the version of the detector, and whether the model took part. Shares lie between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from policies.text.masked_text import LABELS
from policies.text.scores import Labelled, Score, score, score_by_style
from policies.text.spans import Detection, PiiKind


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a detector did on a set. `speed` is texts a second, `model` whether the name and place model took part."""

    name: str
    whole: Score
    styles: Mapping[str, Score]
    negatives: int
    speed: float
    detector: str
    model: bool

    @classmethod
    def of(
        cls,
        name: str,
        labelled: Sequence[Labelled],
        detections: Sequence[Detection],
        *,
        seconds: float,
        detector: str,
        model: bool,
    ) -> Evaluation:
        """The figures of these detections, which took so many seconds."""
        negatives = sum(each.negative for each in labelled)
        whole, styles = score(labelled, detections), score_by_style(labelled, detections)
        return cls(name, whole, styles, negatives, len(labelled) / seconds, detector, model)

    def to_json(self) -> dict[str, Any]:
        """The figures for programs."""
        return {
            "set": self.name,
            "detector": self.detector,
            "model": self.model,
            **_score_json(self.whole),
            "negatives": self.negatives,
            "texts_per_second": round(self.speed, 1),
            "styles": {style: _score_json(each) for style, each in self.styles.items()},
        }

    def show(self, console: Console) -> None:
        """Print the figures as tables."""
        console.print(_kinds_table(self.whole))
        if len(self.styles) > 1:
            console.print(_styles_table(self.styles))
        console.print(f"{self.name}: {self.whole.texts:,} texts, {self.negatives:,} of them without anything personal")
        console.print(f"leak rate 泄漏率 {self.whole.leak_rate:.2%}, left alone 未误报 {self.whole.left_alone:.2%}")
        console.print(f"redacted whole 全文脱敏 {self.whole.failed:,}, {self.speed:,.0f} texts/s 条/秒")
        console.print(
            f"detector {self.detector}, {'rules and model 规则和模型' if self.model else 'rules only 仅规则'}"
        )


def _score_json(result: Score) -> dict[str, Any]:
    """A score for programs; shares between 0 and 1."""
    return {
        "texts": result.texts,
        "kinds": {
            kind: {
                "labelled": each.found + each.missed,
                "found": each.found,
                "missed": each.missed,
                "false": each.false,
                "precision": round(each.precision, 4),
                "recall": round(each.recall, 4),
                "f2": round(each.f2, 4),
            }
            for kind, each in result.kinds.items()
        },
        "leak_rate": round(result.leak_rate, 4),
        "left_alone": round(result.left_alone, 4),
        "failed": result.failed,
    }


def _kinds_table(result: Score) -> Table:
    rows = []
    for kind, each in result.kinds.items():
        name = f"{kind} {LABELS[PiiKind(kind)]}" if kind in list(PiiKind) else f"{kind} 全部"
        counts = (each.found + each.missed, each.found, each.missed, each.false)
        shares = (each.precision, each.recall, each.f2)
        rows.append((name, *(f"{count:,}" for count in counts), *(f"{share:.3f}" for share in shares)))
    heads = ("kind 种类", "labelled", "found", "missed", "false", "precision", "recall", "F2")
    return _table(heads, rows)


def _styles_table(styles: Mapping[str, Score]) -> Table:
    rows = []
    for style, each in styles.items():
        overall = each.overall
        shares = (overall.precision, overall.recall, overall.f2, each.leak_rate, each.left_alone)
        rows.append((style or "-", f"{each.texts:,}", *(f"{share:.3f}" for share in shares)))
    return _table(("style 文体", "texts", "precision", "recall", "F2", "leak rate", "left alone"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=SIMPLE)
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row, style="bold" if row[0].startswith("all ") else "")
    return table
