"""No page says anything that does not stand in `wording/`, and nothing stands there that no page says."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from audit.record import Record
from audit.search import EFFECTS
from hub.auditor.search_terms import PLAIN, SECRET, TIMES
from hub.console.page_scripts import EDITOR_PHRASES
from hub.console.pages import TEMPLATES
from hub.console.refusals import STATUSES
from hub.console.steward.matrix import Chosen, Effect, Sensitivity
from hub.console.words import FOLDER, LANGUAGES, all_words
from policies.review.changes import Kind
from policies.stewards import Role
from schema.strict_yaml import YamlFile

pytestmark = pytest.mark.unit

SOURCE = FOLDER.parent
FILES = sorted(TEMPLATES.glob("*.html"))
KEYS = {key for path in FOLDER.glob("*.yaml") for key in YamlFile(path.name, path.read_bytes()).content}
WHYS = (
    *("changed", "missing", "reordered", "duplicated", "truncated", "added", "undecodable", "head", "node"),
    *("operation", "checkpoint", "rolled-back", "foreign", "older", "unreadable"),
)
"""What `audit verify` says of a log that is not sound."""
ELSEWHERE = ("v", "time", "variables", "decision", "subjects", "salt")
"""What of a record has a place of its own on its page, or none."""
MADE = {
    *(f"role_{role}{end}" for role in Role for end in ("", "_does")),
    *(f"refused_{why}{end}" for why in STATUSES for end in ("", "_title")),
    *(f"{kind}_{effect}" for effect in Effect for kind in ("sign", "effect")),
    *(f"sensitivity_{each}" for each in Sensitivity),
    *(f"matrix_{each.name}" for each in fields(Chosen)),
    *(f"term_{name}" for name in (*PLAIN, *TIMES, *SECRET)),
    *(f"decided_{effect}" for effect in EFFECTS),
    *(f"record_{name}" for name in ("index", "time", "what", "application", "purpose", "result", "nodes")),
    *(f"change_{kind.name}" for kind in Kind),
    *(f"state_{state}" for state in ("draft", "approved", "scheduled", "in_force", "past", "lapsed")),
    *(f"diff_{name}" for name in ("kind", "application", "purpose", "thing", "before", "after", "since")),
    *(f"version_{name}" for name in ("number", "state", "author", "approved", "made", "note", "hash")),
    *(f"field_{each.name}" for each in fields(Record) if each.name not in ELSEWHERE),
    *(f"{word}_does" for word in ("log", "versions", "matrix", "sessions", "whole")),
    *(f"whole_why_{why.replace('-', '_')}" for why in WHYS),
    "whole_own",
    "whole_other",
    *EDITOR_PHRASES.values(),
    *(f"editor_{each}" for each in ("key", "effect", "obligation", "placeholder", "purpose", "application")),
    *(f"editor_{each}" for each in ("department", "type", "coordinate")),
    "log",  # in the menu
    "versions",
    "matrix",
    "sessions",
    "whole",
}
"""Keys that templates put together."""
SCRIPT = '<script src="{{ script.url }}" integrity="{{ script.integrity }}" defer></script>'
"""The one way in which a page has a script; `page_scripts.py` says which."""


def named() -> set[str]:
    """The keys that templates and code name."""
    texts = [path.read_text("utf-8") for path in (*FILES, *SOURCE.rglob("*.py"))]
    found = {key for text in texts for key in re.findall(r"words[\[(][\"']([a-zA-Z_]+)[\"'][\],]", text)}
    return found | MADE


def test_each_word_is_said_and_each_that_is_said_is_there() -> None:
    assert named() - KEYS == set()
    assert KEYS - named() == set()


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_a_template_says_nothing_of_its_own(path: Path) -> None:
    text = re.sub(r"{%.*?%}|{{.*?}}", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert re.findall(r"[^\W_]+", re.sub(r"<[^>]*>", "", text)) == []
    told = re.findall(r"(?:alt|title|placeholder|aria-label|value)=\"([^\"{]+)\"", path.read_text("utf-8"))
    assert told == []


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_nothing_runs_in_a_template(path: Path) -> None:
    text = path.read_text("utf-8").replace(SCRIPT, "").lower()
    for forbidden in (
        "<script",
        "javascript:",
        " on",
        "hx-",
        "style=",
        "<style",
        "|safe",
        "http:",
        "https:",
    ):
        found = re.search(rf"<[^>]*{re.escape(forbidden)}[a-z]*\s*=", text) if forbidden == " on" else forbidden in text
        assert not found, forbidden


def test_both_languages_say_each_word_in_their_own_script() -> None:
    words = all_words()
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for key in KEYS - {"other_language"}:
        assert chinese.search(words["zh"][key]), key
        assert not chinese.search(words["en"][key]), key
    names = {
        language: {key: set(re.findall(r"{(\w+)}", words[language][key])) for key in KEYS} for language in LANGUAGES
    }
    assert names["zh"] == names["en"], "the same names are filled in"
