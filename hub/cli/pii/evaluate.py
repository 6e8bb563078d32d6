"""The command `pii eval`: how well the detector finds what is labelled in a set of texts.

Nothing of a text is printed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import Json, Refused, exit_on_refusal
from hub.cli.pii.detector import BATCH, RulesOnly, WordList, load_detector
from hub.terminal import progress_bar, text_console

if TYPE_CHECKING:
    from policies.detect import Detector
    from policies.text.labelled_sets import Labelled
    from policies.text.spans import Detection

app = typer.Typer()


@app.command("eval", epilog="Example: sluicegate pii eval tests/pii/ours.jsonl")
def evaluate(
    labelled_set: Annotated[Path, typer.Argument(metavar="SET", help="Labelled texts, one JSON object a line.")],
    words: WordList = None,
    rules_only: RulesOnly = False,
    as_json: Json = False,
) -> None:
    """Measure the detector on a labelled set (评测).

    Prints precision, recall, F2, leak rate and texts a second. A found piece is right if it overlaps a labelled one of
    the same kind by at least half. The leak rate is the share of labelled characters that no found piece covers.
    """

    from hub.cli.pii.evaluate_tables import Evaluation

    with exit_on_refusal():
        labelled = _read_set(labelled_set)
        detector = load_detector(words, rules_only)
        detector.detect(["预热"])
        with progress_bar() as progress:
            detections, seconds = _timed(detector, labelled, progress)
    evaluation = Evaluation.of(
        labelled_set.name, labelled, detections, seconds=seconds, detector=detector.version, model=not rules_only
    )
    if as_json:
        typer.echo(json.dumps(evaluation.to_json(), ensure_ascii=False))
    else:
        evaluation.show(text_console(120, highlight=False))


def _read_set(path: Path) -> list[Labelled]:
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


def _timed(
    detector: Detector, labelled: Sequence[Labelled], progress: Callable[[str, int, int], None]
) -> tuple[list[Detection], float]:
    """What is found in each text, and the seconds that it took."""
    detections: list[Detection] = []
    seconds = 0.0
    for at in range(0, len(labelled), BATCH):
        texts = [each.text for each in labelled[at : at + BATCH]]
        began = time.perf_counter()
        detections += detector.detect(texts)
        seconds += time.perf_counter() - began
        progress("texts 文本", len(detections), len(labelled))
    return detections, seconds
