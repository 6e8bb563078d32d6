"""The detector that `pii scan` and `pii eval` run, and the options that choose it.

What these commands read goes into no log, no temporary file and no cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import Refused, open_settings

if TYPE_CHECKING:
    from policies.detect import Detector

BATCH = 256
"""Texts that are given to the detector at a time."""

WordList = Annotated[
    Path | None, typer.Option("--words", help="Word list of the department (default: SLUICEGATE_WORDS).")
]
RulesOnly = Annotated[bool, typer.Option("--rules-only", help="Without the model for names and places.")]


def load_detector(words: Path | None, rules_only: bool) -> Detector:
    """The detector with a word list, with or without its model; raises Refused and YamlFileError."""
    from policies.detect import Detector, DetectorError
    from policies.text.word_list import NO_WORDS, load

    path = words or open_settings().word_list
    word_list = NO_WORDS if path is None else load(path)
    try:
        return Detector(word_list, model=None) if rules_only else Detector(word_list)
    except DetectorError as wrong:
        raise Refused(f"{wrong}; to run without the model: --rules-only") from None
