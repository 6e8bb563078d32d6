"""No page says anything that does not stand in `wording/`, and nothing stands there that no page says."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from audit.record import KINDS as RECORD_KINDS
from audit.record import Record
from audit.search import EFFECTS
from hub.auditor.balance import COUNTED
from hub.auditor.known_words import RESULTS
from hub.auditor.review_marks import Verdict
from hub.auditor.review_sample import DRAWN
from hub.auditor.search_terms import PLAIN, SECRET, TIMES
from hub.auditor.unusual import BOUNDS, QUESTIONS
from hub.console.auditor.record_pages import TOLD
from hub.console.developer.codes import CODES
from hub.console.first_steps import FIRST
from hub.console.menu import THEMES
from hub.console.objections.objection import Verdict as Decided
from hub.console.operator.rules import RULES, fix_of, word_of
from hub.console.operator.settings_in_force import GROUPS
from hub.console.page_scripts import EDITOR_PHRASES
from hub.console.pages import TEMPLATES
from hub.console.refusals import STATUSES
from hub.console.resident.objecting import SCOPES
from hub.console.review.why_pages import ATTRIBUTES
from hub.console.rules.choices import SELECTORS
from hub.console.rules.form import CAPS, NUMBERS
from hub.console.rules.gaps import KINDS_OF_GAPS
from hub.console.rules.listing import Narrowed
from hub.console.rules.rules_pages import KINDS
from hub.console.steward.matrix import Chosen, Effect, Sensitivity
from hub.console.words import FOLDER, LANGUAGES, all_words
from hub.ingest.apart.work import OTHER_KINDS
from hub.ingest.trial.remedies import REMEDIES
from hub.request.accesses import UNLISTED
from hub.steward.compare_decisions import Outcome
from hub.steward.hypothetical import Condition
from policies.masking import ADDRESS_LEVELS, METHODS
from policies.obligations import COUNTED_DAILY
from policies.requests.model import Kind as Asked
from policies.requests.progress import State
from policies.requests.sheet import Fault
from policies.review.changes import Kind
from policies.stewards import Role
from policies.text.masked_text import PARTS
from schema.catalogue import PROVENANCE
from schema.classification import Grade, RegionLevel
from schema.classification import Kind as DataKind
from schema.predicate import Op
from schema.strict_yaml import YamlFile
from tests.support.console.recorded_acts import recorded_acts

pytestmark = pytest.mark.unit

SOURCE = FOLDER.parent
FILES = sorted(TEMPLATES.glob("*.html"))
KEYS = {key for path in FOLDER.glob("*.yaml") for key in YamlFile(path.name, path.read_bytes()).content}
WHYS = (
    *("changed", "missing", "reordered", "duplicated", "truncated", "added", "undecodable", "head", "node"),
    *("operation", "checkpoint", "rolled-back", "foreign", "older", "unreadable"),
)
"""What `audit verify` says of a log that is not sound."""
TYPES_OF_PEOPLE = (
    *("Address", "Building", "Dwelling", "Person", "Household", "Unit", "Event", "Tenancy", "Inspection"),
    *("Visit", "Alarm"),
)
"""Types of the county, and of the slices of the whole county, that tell about people."""
ELSEWHERE = ("v", "time", "variables", "decision", "subjects", "salt")
"""What of a record has a place of its own on its page, or none."""
MADE = {
    *(f"role_{role}{end}" for role in Role for end in ("", "_does")),
    *(f"first_{role}_{word}" for role, words in FIRST.items() for word in words),
    *(f"refused_{why}{end}" for why in STATUSES for end in ("", "_title")),
    *(f"{kind}_{effect}" for effect in Effect for kind in ("sign", "effect")),
    *(f"sensitivity_{each}" for each in Sensitivity),
    *(f"matrix_{each.name}" for each in fields(Chosen)),
    *(f"term_{name}" for name in (*PLAIN, *TIMES, *SECRET)),
    *(f"decided_{effect}" for effect in EFFECTS),
    *(f"act_{act.replace(' ', '_').replace('-', '_')}" for act in recorded_acts()),
    *(f"kind_{kind}" for kind in RECORD_KINDS),
    *(f"result_{result}" for result in RESULTS),
    *(
        f"record_{name}"
        for name in ("index", "time", "what", "who", "department", "application", "purpose", "result", "nodes")
    ),
    *(f"over_limit_{name}" for name in BOUNDS),
    *(f"wrong_{why}" for why in ("order", "day", "number", "hours", "days", "many", "month", "later", "months")),
    *(f"wrong_{why}" for why in ("records", "wait", "large")),
    *(f"over_question_{name}{end}" for name in QUESTIONS for end in ("", "_how")),
    *(f"over_number_{name}" for name in ("requests", "all_days", "persons", "median", "times", "colleagues")),
    *(f"over_number_{name}" for name in ("before", "refused", "answered", "askers", "applications", "departments")),
    *(f"over_verdict_{verdict}" for verdict in Verdict),
    *(f"over_stratum_{stratum}" for stratum in DRAWN),
    *(f"over_mark_{name}" for name in ("record", "verdict", "reason", "account", "made")),
    *(f"over_picture_{name}" for name in ("achieved", "exposed")),
    *(f"over_part_{name}" for name in ("without", "with", "masked", "clear")),
    *(f"over_column_{name}" for name in ("month", "purpose", *COUNTED)),
    *(f"over_{name}{end}" for name in ("person", "unusual", "review", "balance") for end in ("", "_does")),
    *(f"change_{kind.name}" for kind in Kind),
    *(f"state_{state}" for state in ("draft", "approved", "scheduled", "in_force", "past", "lapsed")),
    *(f"diff_{name}" for name in ("kind", "application", "purpose", "thing", "before", "after", "since", "until")),
    *("words_prohibited", "words_not_prohibited"),
    *(f"version_{name}" for name in ("number", "state", "author", "approved", "activated", "made", "note", "hash")),
    # What a policy says, in words.
    *(f"words_op_{each.name.lower()}" for each in Op if each is not Op.IS_NULL),
    *(f"words_{some}" for some in ("some", "none", "is_null", "is_not_null", "today")),
    *(f"words_subject_{each}" for each in SELECTORS),
    "words_subject_jurisdiction",
    *(f"edit_example_{kind}" for kind in ("grant", "mask", "prohibition")),
    *(f"field_{each.name}" for each in fields(Record) if each.name not in ELSEWHERE),
    # The developer's pages.
    *(f"dev_code_{code}" for code in CODES),
    *(f"dev_grade_{grade}" for grade in Grade),
    *(f"dev_cap_{kind}" for kind in COUNTED_DAILY),
    *(f"dev_example_{does}" for does in ("list", "search", "match", "accesses", "count")),
    *(f"dev_{page}{end}" for page in ("catalogue", "query", "operations") for end in ("", "_does")),
    *(f"ask_state_{state}{end}" for state in State for end in ("", "_means")),
    *(f"ask_next_{state}" for state in State),
    *(f"ask_kind_{each}" for each in Asked),
    *(f"ask_fault_{each}" for each in Fault),
    *(f"ask_{name}" for name in ("number", "state", "application", "purpose", "kind", "owner", "asked", "due")),
    *(f"ask_{name}{end}" for name in ("mine", "queue") for end in ("", "_does")),
    *("ask_field", "ask_wanted"),
    *(f"mask_{method}" for method in METHODS if method != "address"),
    *(f"mask_{kept}" for kept in ("first", "last", "text_but")),
    *(f"mask_level_{level}" for level in RegionLevel),
    *(f"mask_address_{level}" for level in ADDRESS_LEVELS),
    *(f"mask_part_{part}" for part in PARTS),
    *(f"my_kind_{kind}" for kind in (*DataKind, PROVENANCE, UNLISTED)),
    *(f"my_{name}" for name in ("day", "department", "purpose", "kinds", "act")),
    *(f"my_type_{name}" for name in TYPES_OF_PEOPLE),
    *(f"my_month_{month}" for month in range(1, 13)),
    *(f"my_scope_{scope}" for scope in SCOPES),
    *(f"obj_verdict_{verdict}{end}" for verdict in Decided for end in ("", "_means")),
    "obj_verdict_withdrawn",
    *(f"obj_{name}" for name in ("number", "state", "due", "department", "purposes", "days", "records", "sent")),
    *("obj_queue", "obj_queue_does"),
    *(word(rule) for rule in RULES for word in (word_of, fix_of)),
    *(f"ops_remedy_{each.kind}" for each in REMEDIES),
    *(f"ops_remedy_{kind}" for kind in OTHER_KINDS),
    *(f"ops_state_{state}" for state in ("never", "running", "ok", "partial", "failed", "interrupted", "pushed")),
    *(f"ops_every_{unit}" for unit in "mhd"),
    *(f"ops_count_{name}" for name in ("read", "inserted", "updated", "unchanged", "quarantined", "vanished")),
    *(f"ops_{kind}_{part}" for part in ("graph", "audit", "policy", "catalogue", "keys") for kind in ("part", "todo")),
    *(f"ops_group_{group}" for group in GROUPS),
    *(f"ops_from_{source}" for source in ("default", "environment", "given", "home", "demo")),
    *(f"ops_use_{name}" for name in ("load", "disk", "memory", "statements", "queue", "pages", "policy_age")),
    *(f"ops_unit_{unit}" for unit in ("seconds", "bytes", "per_second")),
    *(f"ops_version_{name}" for name in ("product", "python", "neo4j", "detector", "catalogue", "policy")),
    *(f"{word}{end}" for word in ("ops_sources", "ops_health", "ops_settings") for end in ("", "_does")),
    *(f"rule_by_{each.name}" for each in fields(Narrowed)),
    *(f"rule_column_{name}" for name in ("rule", "for", "types", "until", "since")),
    *(f"rule_finding_{kind.replace('-', '_')}" for kind in KINDS),
    *(f"rule_gap_{kind}" for kind in KINDS_OF_GAPS),
    *(f"rule_found_{kind.replace('-', '_')}" for kind in KINDS if kind not in {"jurisdiction", "operation", "join"}),
    *(f"rule_to_{name}" for name in SELECTORS),
    *(f"rule_{name}" for name in (*CAPS, *NUMBERS)),
    *("rule_sentence", "rule_sentence_prohibited", "rule_nothing", "rule_prohibited"),
    *("rule_list", "rule_list_does", "rule_todo", "rule_todo_does"),
    *(f"review_{name}" for name in ("application", "purpose", "coordinate", *ATTRIBUTES)),
    *(f"review_{name}" for name in ("operations", "pairs", "broken", "opened")),
    *(f"failing_{each}" for each in Condition),
    *(f"outcome_{each.name}" for each in Outcome),
    *("cell_rule", "cell_effect", "cell_rows", "cell_place", "review_failing", "review_stops", "review_breaks"),
    *("review_preview_does", "review_why_does"),
    *(f"{word}_does" for word in ("log", "versions", "matrix", "sessions", "whole")),
    *(f"whole_why_{why.replace('-', '_')}" for why in WHYS),
    "whole_own",
    "whole_other",
    *EDITOR_PHRASES.values(),
    *(f"editor_{each}" for each in ("key", "effect", "obligation", "placeholder", "purpose", "application")),
    *(f"editor_{each}" for each in ("department", "type", "coordinate")),
    *(f"menu_{theme}" for theme in THEMES),
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


def test_each_act_that_can_be_recorded_has_words() -> None:
    acts = recorded_acts()
    assert {"policy approve", "console sign in", "pull begin", "console versions rollback", "hub start"} <= acts
    for words in all_words().values():
        assert not [act for act in acts if words.get(f"act_{act.replace(' ', '_').replace('-', '_')}") is None]


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


def test_the_page_of_a_record_shows_each_of_its_fields_once() -> None:
    assert sorted((*TOLD, *ELSEWHERE)) == sorted(each.name for each in fields(Record))


def test_both_languages_say_each_word_in_their_own_script() -> None:
    words = all_words()
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for key in KEYS - {"other_language"}:
        said = re.sub(r"{\w+}|\W", "", words["zh"][key])
        assert chinese.search(said) or not said, f"{key}: more than signs and names, and no Chinese"
        assert not chinese.search(words["en"][key]), key
    names = {
        language: {key: set(re.findall(r"{(\w+)}", words[language][key])) for key in KEYS} for language in LANGUAGES
    }
    assert names["zh"] == names["en"], "the same names are filled in"
