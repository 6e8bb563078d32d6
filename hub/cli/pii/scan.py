"""The command `pii scan`: what the detector finds in texts of one's own.

What is scanned is printed for the person who runs the command, and goes into no log, no temporary file and no cache.
Exit codes: 0 done, 1 refused or failed, 3 something found (only with `--exit-code`).
"""

from __future__ import annotations

import json
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from hub.cli.options import Json, Refused, exit_on_refusal, open_settings
from hub.cli.pii.detector import BATCH, RulesOnly, WordList, load_detector
from hub.terminal import text_console

if TYPE_CHECKING:
    from policies.detect import Detector
    from policies.text.spans import Detection

FOUND = 3
"""Exit code with `--exit-code`, if a text holds something personal or could not be checked."""

app = typer.Typer()


@app.command(epilog="Example: sluicegate pii scan --mask 'text(phone4)' notes.txt")
def scan(
    file: Annotated[str, typer.Argument(metavar="FILE", help="UTF-8 file with one text a line; - for standard input.")],
    mask: Annotated[
        str | None, typer.Option(metavar="RUNG", help="Also show what this mask leaves, such as text(phone4).")
    ] = None,
    words: WordList = None,
    rules_only: RulesOnly = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 if something is found.")] = False,
    as_json: Json = False,
) -> None:
    """Show what is found in texts (扫描).

    Each piece is marked in the text, with its kind, score and reason.

    With --json: one object for each text, with positions, kinds, scores and reasons, and nothing of the text itself.
    """
    from hub.cli.pii.scan_marks import detection_json, print_detection, totals

    mask_text = _masking(mask)
    console = text_console(soft_wrap=True)
    detections: list[Detection] = []
    with exit_on_refusal(), _opened(file) as source:
        detector = load_detector(words, rules_only)
        for number, text, detection in _detections(detector, _lines(source, file), source.isatty()):
            masked = mask_text(text, detection) if mask_text else None
            detections.append(detection)
            if as_json:
                typer.echo(json.dumps(detection_json(number, detection, masked), ensure_ascii=False))
            else:
                print_detection(number, text, detection, masked, console)
    if not as_json:
        typer.echo(totals(detections))
    found = any(detection.spans or detection.failed for detection in detections)
    raise typer.Exit(FOUND if exit_code and found else 0)


def _opened(file: str) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as wrong:
        raise Refused(f"{file} cannot be read: {wrong.strerror}") from None


def _lines(source: BinaryIO, file: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank; Refused, with its position, for a byte that is not UTF-8."""
    name = "standard input" if file == "-" else file
    before = 0
    for number, line in enumerate(source, 1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as wrong:
            encoding = "UTF-16" if number == 1 and line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "GB18030"
            raise Refused(
                f"{name} is not UTF-8: byte {before + wrong.start + 1}, in line {number}; "
                f"convert it first, for example with: iconv -f {encoding} -t UTF-8"
            ) from None
        before += len(line)
        text = (text.removeprefix("\ufeff") if number == 1 else text).rstrip("\r\n")
        if text.strip():
            yield number, text


def _detections(
    detector: Detector, lines: Iterator[tuple[int, str]], one_by_one: bool
) -> Iterator[tuple[int, str, Detection]]:
    """Each text with what is found in it; where a person types the texts, each is answered at once."""
    while batch := list(islice(lines, 1 if one_by_one else BATCH)):
        for (number, text), detection in zip(batch, detector.detect([text for _, text in batch]), strict=True):
            yield number, text, detection


def _masking(rung: str | None) -> Callable[[str, Detection], str] | None:
    """The function that masks a text with this rung, by the same code as answers; None without one."""
    if rung is None:
        return None
    from policies import masking
    from policies.text.spans import FreeText, encode

    try:
        for_text = isinstance(masking.parse(rung), masking.Text | masking.Redact)
    except masking.MaskError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--mask") from None
    if not for_text:
        raise typer.BadParameter("takes a mask for free text, such as text(phone4)", param_hint="--mask")
    day = open_settings().now().date()

    def mask_text(text: str, detection: Detection) -> str:
        value = text if detection.failed or rung == "redact" else FreeText(text, encode(detection.spans))
        return str(masking.mask_fetched(rung, value, day, b""))

    return mask_text
