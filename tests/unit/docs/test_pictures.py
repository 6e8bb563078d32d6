"""The pictures that the documentation shows are those that the story makes, and each of them is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "docs" / "pictures"
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
STORY = (ROOT / "tests" / "ui" / "test_story.py").read_text("utf-8")


def shown() -> dict[Path, str]:
    """What the text of each picture says, by its file."""
    found = [
        (page, *each) for page in PAGES for each in re.findall(r"!\[([^]]*)\]\(([^)]*\.png)\)", page.read_text("utf-8"))
    ]
    return {(page.parent / path).resolve(): said for page, said, path in found}


def test_each_picture_that_is_shown_is_there_and_each_that_is_there_is_shown() -> None:
    assert {path for path in shown() if path.parent == PICTURES} == set(PICTURES.iterdir())
    assert all(shown().values()), "whoever does not see it is told what it shows"


def test_each_picture_is_made_by_the_story() -> None:
    made = {
        f"{name}-{language}.png"
        for name, languages in re.findall(r'picture\(people, "\w+", "(\w+)"((?:, "\w+")*)\)', STORY)
        for language in re.findall(r"\w+", languages) or ("zh", "en")
    }
    assert {path.name for path in PICTURES.iterdir()} == made


def test_both_languages_are_shown() -> None:
    names = {path.stem.rpartition("-")[2] for path in PICTURES.iterdir()}
    assert names == {"zh", "en"}
