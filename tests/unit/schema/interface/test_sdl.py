"""The schema as a text: the one in `docs/` is that of the code, and each change of it is told in the changelog."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse
from typer.testing import CliRunner

from hub.cli.main import app
from schema import SPINE
from schema.catalogue import Catalogue
from schema.graphql import build
from schema.interface.languages import in_language
from schema.interface.sdl import sdl_digest, sdl_of
from tests.support.project import ROOT

pytestmark = pytest.mark.unit

PAGE = ROOT / "docs" / "schema.graphql"
RENEW = "renew it with: sluicegate schema print > docs/schema.graphql"
MARK = re.compile(r"\(schema\s+`([0-9a-f]+)`\)")
"""What ends a line of the changelog that tells a change of the schema: the digest of the schema after it."""
HAN = re.compile(r"[\u4e00-\u9fff]")


def printed(*options: str, home: Path) -> str:
    done = CliRunner().invoke(app, ["schema", "print", "--home", str(home), *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_page_is_the_schema_of_the_spine(tmp_path: Path) -> None:
    assert PAGE.read_text("utf-8") == printed(home=tmp_path), RENEW


def test_a_change_of_the_schema_is_told_in_the_changelog() -> None:
    digest = sdl_digest(PAGE.read_text("utf-8"))
    newest = MARK.search((ROOT / "CHANGELOG.md").read_text("utf-8"))
    told = newest.group(1) if newest else None
    assert told == digest, f"say in a new line at the top of CHANGELOG.md what changed, and end it: (schema `{digest}`)"


def test_any_change_of_the_text_is_another_digest() -> None:
    text = PAGE.read_text("utf-8")
    assert sdl_digest(text) != sdl_digest(text.replace("Telephone", "Telephone number", 1))


def test_the_order_of_declarations_changes_nothing() -> None:
    turned = Catalogue(tuple(reversed(tuple(SPINE))), tuple(reversed(SPINE.edges)), SPINE.case)
    assert turned.version == SPINE.version
    assert sdl_of(build(turned)) == sdl_of(build(SPINE))


@pytest.mark.parametrize("language", [None, "zh", "en"])
def test_a_text_is_a_schema(language: str | None) -> None:
    text = sdl_of(build(SPINE), language)
    assert sdl_of(build_schema(text)) == text
    assert text.endswith("}\n")


def test_each_language_is_by_itself(tmp_path: Path) -> None:
    chinese, english = (printed("--language", each, home=tmp_path) for each in ("zh", "en"))
    assert not HAN.search(english) and "Telephone" in english
    assert "Telephone" not in chinese and "联系电话" in chinese
    assert len(parse(chinese).definitions) == len(parse(english).definitions)


def test_another_language_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["schema", "print", "--language", "de", "--home", str(tmp_path)])
    assert (done.exit_code, done.stderr) == (1, "error: --language takes zh or en; leave it out for both\n")


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("姓名。Name.", "姓名。", "Name."),
        ("姓名。", "姓名。", "姓名。"),
        ("Name.", "Name.", "Name."),
        ("编号。Number。of it", "编号。", "Number。of it"),
    ],
)
def test_a_text_of_one_part_is_for_both(text: str, chinese: str, english: str) -> None:
    assert [in_language(each, text) for each in (None, "zh", "en")] == [text, chinese, english]
