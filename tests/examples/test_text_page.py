"""What docs/text.md says of free text is so: its examples are found, its commands answer what stands below them."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from hub.ingest.annotate import NOT_LOADED
from policies.detect import MAX_CHARACTERS, Detector
from policies.masking import mask_fetched
from policies.text.labelled_sets import read
from policies.text.masked_text import LABELS
from policies.text.spans import FreeText, PiiKind, encode
from policies.text.word_list import SECTIONS
from policies.text.word_list import read as read_words
from schema import SPINE
from tests.support.county import ROOT, environment
from tests.support.pages.commands import reads_like

pytestmark = [pytest.mark.examples, pytest.mark.slow]

PAGE = (ROOT / "docs" / "text.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| ([A-Z_]+) \| (\S+) \| (.*) \|$", re.MULTILINE)
MARK = re.compile(r"⟦(.*?)⟧")


def blocks(kind: str) -> list[str]:
    return [text for name, text in BLOCK.findall(PAGE) if name == kind]


def answered(kind: str) -> list[tuple[str, str]]:
    """Each block of a kind that has its answer below it."""
    found = BLOCK.findall(PAGE)
    return [(text, answer) for (name, text), (below, answer) in pairwise(found) if (name, below) == (kind, "text")]


EXAMPLES = [(kind, each) for kind, _, listed in ROW.findall(PAGE) for each in re.findall(r"`([^`]+)`", listed)]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def test_every_kind_has_its_row_and_its_placeholder() -> None:
    rows = [(kind, label) for kind, label, _ in ROW.findall(PAGE)]
    assert rows == [(kind.value, LABELS[kind]) for kind in PiiKind]
    assert {kind for kind, example in EXAMPLES if MARK.search(example)} == set(PiiKind)


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_an_example_is_found_just_where_it_is_marked(detector: Detector, kind: str, example: str) -> None:
    text = MARK.sub(r"\1", example)
    found = detector.explain(text)
    assert found.failed is None
    assert [(each.kind, text[each.start : each.end]) for each in found.spans] == [
        (kind, marked) for marked in MARK.findall(example)
    ]


@pytest.mark.parametrize(("commands", "answer"), answered("sh"))
def test_a_command_answers_what_stands_below_it(tmp_path: Path, commands: str, answer: str) -> None:
    told = environment({"home": tmp_path / "home"}, tmp_path / "tmp")
    command = ["bash", "-euo", "pipefail", "-c", commands]
    done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert reads_like(done.stdout, answer), done.stdout


@pytest.mark.parametrize(("program", "answer"), answered("python"))
def test_the_worked_example_works(tmp_path: Path, program: str, answer: str) -> None:
    told = environment({}, tmp_path / "tmp") | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == answer


@pytest.mark.parametrize("rung", SPINE.entity("Event").field("text").masks)
def test_the_page_shows_what_each_rung_leaves(detector: Detector, rung: str) -> None:
    text = "祁慧兰称楼上漏水，电话19903210001"
    found = FreeText(text, encode(detector.explain(text).spans))
    (shown,) = re.findall(rf"^\| `{re.escape(rung)}` \| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert mask_fetched(rung, text if rung == "redact" else found, None, b"") == shown  # type: ignore[arg-type]


def test_the_word_list_shown_is_a_word_list() -> None:
    (listed,) = [each for each in blocks("yaml") if "people:" in each]
    words = read_words("words.yaml", listed.encode())
    assert all(getattr(words, section) for section in SECTIONS)
    assert read_words("words.yaml", (ROOT / "examples" / "county" / "words.yaml").read_bytes()).never


def test_the_labelled_line_shown_is_one() -> None:
    (line,) = blocks("json")
    (labelled,) = read([line])
    assert labelled.text[3:6] == "祁慧兰"


def test_each_reason_of_a_failure_is_told() -> None:
    told = set(re.findall(r"^\| `([a-z ]+)` \| [a-z]", PAGE, re.MULTILINE))
    source = (ROOT / "policies" / "detect.py").read_text("utf-8")
    given = set(re.findall(r'(?:failed=|_Failed\()"([a-z ]+)"', source)) | {"too long", "not text", NOT_LOADED}
    assert given <= told
    assert f"{MAX_CHARACTERS:,} characters" in PAGE


def test_its_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", PAGE) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
