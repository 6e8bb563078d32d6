"""The output of `pii scan`: a text with what was found in it marked, and the same as JSON.

Control characters of a text never reach the terminal: invisible ones are shown by their code. On a terminal a found
piece has the colour of its kind; elsewhere, and where NO_COLOR is set, it is shown as `⟦姓名:祁慧兰⟧`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from policies.text.masked_text import LABELS
from policies.text.spans import Detection, PiiKind, Span

STYLES = {
    PiiKind.PERSON: "bold black on bright_magenta",
    PiiKind.ADDRESS: "bold black on bright_yellow",
    PiiKind.PHONE: "bold black on bright_green",
    PiiKind.CN_ID: "bold white on red",
    PiiKind.BANK_CARD: "bold white on blue",
    PiiKind.PLATE: "bold black on bright_cyan",
    PiiKind.EMAIL: "bold black on green",
    PiiKind.IM_ID: "bold black on green",
}
"""Colours of the frequent kinds; the others share one."""
OTHER = "bold black on white"

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_KIND_WIDTH = max(cell_len(label) for label in LABELS.values()) + 1
_NAME_WIDTH = max(len(kind) for kind in PiiKind) + 1


def visible(text: str) -> str:
    """The text, with each character that is invisible or would control a terminal as `‹200B›`."""
    return _UNSEEN.sub(lambda found: f"‹{ord(found.group()):04X}›", text)


def has_colours(console: Console) -> bool:
    """Whether the console shows colours, so that they can stand for the kinds."""
    return console.is_terminal and console.color_system is not None and not console.no_color


def print_detection(number: int, text: str, detection: Detection, masked: str | None, console: Console) -> None:
    """Print one text with marks, what the mask leaves of it, and each span with kind, score and reason."""
    colours = has_colours(console)
    shown = Text(f"{number:>5}  ")
    for piece, span in pieces(text, detection.spans):
        shown.append_text(_piece(piece, span, colours))
    lines = [shown]
    if masked is not None:
        lines.append(Text("    →  ").append(visible(masked), style="bold"))
    if detection.failed is not None:
        lines.append(Text(f"       redacted whole 全文脱敏: {detection.failed}", style="red"))
    lines += [_row(text, span, colours) for span in detection.spans]
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def pieces(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, Span | None]]:
    """The whole text cut at its spans, in order; each piece with its span, or None between spans."""
    at = 0
    for span in spans:
        yield text[at : span.start], None
        yield text[span.start : span.end], span
        at = span.end
    yield text[at:], None


def _piece(piece: str, span: Span | None, colours: bool) -> Text:
    if span is None:
        return Text(visible(piece))
    if colours:
        return Text(visible(piece), style=STYLES.get(span.kind, OTHER))
    return Text(f"⟦{LABELS[span.kind]}:{visible(piece)}⟧")


def _row(text: str, span: Span, colours: bool) -> Text:
    label = LABELS[span.kind]
    row = Text("       ").append(label, style=STYLES.get(span.kind, OTHER) if colours else "")
    row.append(" " * (_KIND_WIDTH - cell_len(label)))
    row.append(f"{span.kind:<{_NAME_WIDTH}}{span.score:4.2f}  {visible(text[span.start : span.end])}")
    return row.append(f"  ({span.reason})" if span.reason else "", style="dim")


def detection_json(number: int, detection: Detection, masked: str | None) -> dict[str, Any]:
    """The same for programs: positions, kinds, scores and reasons, and no character of the text."""
    spans = [
        {"start": each.start, "end": each.end, "kind": each.kind, "score": round(each.score, 4), "reason": each.reason}
        for each in detection.spans
    ]
    content = {"line": number, "spans": spans, "failed": detection.failed}
    return content if masked is None else {**content, "masked": masked}


def totals(detections: Iterable[Detection]) -> str:
    """How many texts were checked, and what was found in them, in one line."""
    texts, personal, whole = 0, 0, 0
    kinds: Counter[PiiKind] = Counter()
    for each in detections:
        texts += 1
        personal += bool(each.spans)
        whole += each.failed is not None
        kinds.update(span.kind for span in each.spans)
    found = ", ".join(f"{LABELS[kind]} {count:,}" for kind, count in kinds.most_common())
    failed = f", {whole:,} redacted whole" if whole else ""
    return f"{texts:,} texts, {personal:,} with personal information{failed}{': ' + found if found else ''}"
