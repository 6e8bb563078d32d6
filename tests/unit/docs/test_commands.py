"""Every command that the documentation names exists: of `sluicegate`, and of `make`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup

from hub.cli.main import app
from tests.unit.docs.test_names import ROOT, pages

pytestmark = pytest.mark.unit

TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
OURS = re.compile(r"\bsluicegate ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?(?=[\s`|)\"'\],;]|$)", re.MULTILINE)
MAKE = re.compile(r"(?:`|^|^ {4})make ([a-z]+)", re.MULTILINE)


def commands() -> Mapping[str, Any]:
    """The commands of `sluicegate`, by name; a group has `commands` of its own."""
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    return program.commands


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page: Path) -> None:
    known = commands()
    unknown = []
    for name, deeper in OURS.findall(page.read_text("utf-8")):
        found = known.get(name)
        if found is None or (isinstance(found, TyperGroup) and deeper and deeper not in found.commands):
            unknown.append(f"{name} {deeper}")
    assert unknown == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_target_of_make_exists(page: Path) -> None:
    assert set(MAKE.findall(page.read_text("utf-8"))) - TARGETS == set()
