"""Gives test files to the workers of pytest-xdist, slow ones first; those that share a county or a browser to one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[2]


class ByWorld(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Whole files, in the order of collection: what a module sets up is set up once, and so is the county."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by the number of tests; it says nothing of what they take

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _shared(file) or file


@cache
def _shared(file: str) -> str | None:
    """What the tests of a file share with those of other files, as their arguments say; None if nothing."""
    text = (ROOT / file).read_text("utf-8")
    return next((each for each in ("county: County", "truth: Truth", "browser_folder: Path") if each in text), None)
