"""What these commands read is shown to whoever asked and to nobody else: no log, no temporary file, no cache on disk.

`sluicegate pii scan` shows what the detector finds in one's own texts; `sluicegate pii eval` what it finds of a
labelled set. Exit codes: 0 done, 1 refused or failed, 3 something found (only with `--exit-code`).
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from hub.cli.options import Json, Refused, open_settings, remedied
from hub.terminal import progress_bar

if TYPE_CHECKING:
    from policies.detect import Detector
    from policies.text.labelled_sets import Labelled
    from policies.text.spans import Detection

BATCH = 256
"""Texts that are judged at a time."""
FOUND = 3
"""Exit code of `--exit-code` where something is personal, or could not be judged."""

WordList = Annotated[Path | None, typer.Option("--words", help="Word list of the department (default: the hub's own).")]
RulesOnly = Annotated[bool, typer.Option("--rules-only", help="Without the name and place model.")]


def scan(
    file: Annotated[str, typer.Argument(metavar="FILE", help="UTF-8 text, one text a line; - for standard input.")],
    mask: Annotated[str | None, typer.Option(metavar="RUNG", help="Show what this mask leaves: text(phone4).")] = None,
    words: WordList = None,
    rules_only: RulesOnly = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 where something is found.")] = False,
    as_json: Json = False,
) -> None:
    """Show what would be found in texts: marked, with kind, score and reason of each piece (扫描).

    With --json: one object a line, with places, kinds, scores and reasons, and none of the text.
    """
    from rich.console import Console

    from hub.cli.pii_marks import as_data, judged, totals

    leave = _leave(mask)
    console = Console(soft_wrap=True)
    detections: list[Detection] = []
    with remedied(), _opened(file) as source:
        detector = _detector(words, rules_only)
        for number, text, detection in _judged(detector, _lines(source, file), source.isatty()):
            masked = leave(text, detection) if leave else None
            detections.append(detection)
            if as_json:
                typer.echo(json.dumps(as_data(number, detection, masked), ensure_ascii=False))
            else:
                judged(number, text, detection, masked, console)
    if not as_json:
        typer.echo(totals(detections))
    found = any(each.spans or each.failed for each in detections)
    raise typer.Exit(FOUND if exit_code and found else 0)


def evaluate(
    labelled_set: Annotated[Path, typer.Argument(metavar="SET", help="Labelled texts, one JSON object a line.")],
    words: WordList = None,
    rules_only: RulesOnly = False,
    as_json: Json = False,
) -> None:
    """Measure the detector on a labelled set: precision, recall, F2, leak rate, texts a second (评测).

    A found piece is right if it shares at least half with a labelled one of its kind. The leak rate is the share of
    labelled characters that nothing found covers.
    """
    from rich.console import Console

    from hub.cli.pii_figures import Measured

    with remedied():
        labelled = _read(labelled_set)
        detector = _detector(words, rules_only)
        detector.detect(["预热"])
        with progress_bar() as progress:
            detections, seconds = _timed(detector, labelled, progress)
    measured = Measured.of(
        labelled_set.name, labelled, detections, seconds=seconds, detector=detector.version, model=not rules_only
    )
    if as_json:
        typer.echo(json.dumps(measured.as_data(), ensure_ascii=False))
    else:
        measured.show(Console(width=None if sys.stdout.isatty() else 120, highlight=False))


# Reading.


def _opened(file: str) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as wrong:
        raise Refused(f"{file} cannot be read: {wrong.strerror}") from None


def _lines(source: BinaryIO, file: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank; Refused with the place of a byte that is no UTF-8."""
    name = "standard input" if file == "-" else file
    before = 0
    for number, line in enumerate(source, 1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as wrong:
            raise Refused(
                f"{name} is not UTF-8: byte {before + wrong.start + 1}, in line {number}; "
                "convert it first, for example with: iconv -f GB18030 -t UTF-8"
            ) from None
        before += len(line)
        text = (text.removeprefix("\ufeff") if number == 1 else text).rstrip("\r\n")
        if text.strip():
            yield number, text


def _read(path: Path) -> list[Labelled]:
    from policies.text.labelled_sets import LabelsError, read

    try:
        with path.open("rb") as file:
            labelled = read(file)
    except OSError as wrong:
        raise Refused(f"{path} cannot be read: {wrong.strerror}") from None
    except LabelsError as wrong:
        raise Refused(f"{path}: {wrong}") from None
    if not labelled:
        raise Refused(f"{path}: no labelled text in it")
    return labelled


# Judging.


def _detector(words: Path | None, rules_only: bool) -> Detector:
    from policies.detect import Detector, DetectorError
    from policies.text.word_list import NO_WORDS, load

    listed = words or open_settings().word_list
    known = NO_WORDS if listed is None else load(listed)
    try:
        return Detector(known, model=None) if rules_only else Detector(known)
    except DetectorError as wrong:
        raise Refused(f"{wrong}; without the model: --rules-only") from None


def _judged(
    detector: Detector, lines: Iterator[tuple[int, str]], one_by_one: bool
) -> Iterator[tuple[int, str, Detection]]:
    """Each text with what was found in it; a person who types gets each answer at once."""
    while batch := list(islice(lines, 1 if one_by_one else BATCH)):
        for (number, text), detection in zip(batch, detector.detect([text for _, text in batch]), strict=True):
            yield number, text, detection


def _leave(rung: str | None) -> Callable[[str, Detection], str] | None:
    """What a mask for free text leaves, by the very function that answers go through."""
    if rung is None:
        return None
    from policies import masking
    from policies.text.spans import FreeText, encode

    try:
        good = isinstance(masking.parse(rung), masking.Text | masking.Redact)
    except masking.MaskError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--mask") from None
    if not good:
        raise typer.BadParameter("takes a mask for free text, such as text(phone4)", param_hint="--mask")
    today = dt.datetime.now().astimezone().date()

    def leave(text: str, detection: Detection) -> str:
        known = text if detection.failed or rung == "redact" else FreeText(text, encode(detection.spans))
        return str(masking.mask_fetched(rung, known, today, b""))

    return leave


def _timed(
    detector: Detector, labelled: Sequence[Labelled], progress: Callable[[str, int, int], None]
) -> tuple[list[Detection], float]:
    """What was found in each text, and the seconds that it took."""
    detections: list[Detection] = []
    seconds = 0.0
    for at in range(0, len(labelled), BATCH):
        texts = [each.text for each in labelled[at : at + BATCH]]
        began = time.perf_counter()
        detections += detector.detect(texts)
        seconds += time.perf_counter() - began
        progress("texts 文本", len(detections), len(labelled))
    return detections, seconds
