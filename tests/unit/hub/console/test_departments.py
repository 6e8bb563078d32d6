"""Pages name departments in the language of the page, show the id where it is needed, and escape whatever is said."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from hub.console.departments import FILTERS, options_of
from policies.model import Department, PolicySet

pytestmark = pytest.mark.unit
KNOWN = {
    "fire": Department("fire", "消防救援大队", "Fire Brigade", "拨打 12345", "call 12345"),
    "odd": Department("odd", "<b>", '"<i>'),
}


def shown(filtered: str, department: str, language: str = "zh") -> str:
    templates = Environment(autoescape=True)
    templates.filters.update(FILTERS)
    text = f"{{{{ named | {filtered} }}}}"
    return templates.from_string(text).render(named=department, departments=KNOWN, language=language)


@pytest.mark.parametrize(
    ("filtered", "department", "language", "text"),
    [
        ("department", "fire", "zh", '<span title="fire">消防救援大队</span>'),
        ("department", "fire", "en", '<span title="fire">Fire Brigade</span>'),
        ("department", "tax", "zh", "tax"),
        ("department", "<tax>", "zh", "&lt;tax&gt;"),
        ("department", "odd", "zh", '<span title="odd">&lt;b&gt;</span>'),
        ("department_with_id", "fire", "en", "Fire Brigade <code>fire</code>"),
        ("department_with_id", "<tax>", "en", "&lt;tax&gt;"),
        ("department_with_id", "odd", "en", "&#34;&lt;i&gt; <code>odd</code>"),
        ("department_name", "fire", "zh", "消防救援大队"),
        ("department_name", "odd", "zh", "&lt;b&gt;"),
        ("department_name", "tax", "zh", "tax"),
        ("department_contact", "fire", "zh", "拨打 12345"),
        ("department_contact", "fire", "en", "call 12345"),
        ("department_contact", "odd", "zh", ""),
        ("department_contact", "tax", "zh", ""),
    ],
)
def test_a_department_is_named(filtered: str, department: str, language: str, text: str) -> None:
    assert shown(filtered, department, language) == text


def test_a_choice_shows_name_and_id() -> None:
    policy = PolicySet("v", {}, {}, (), (), {}, departments=KNOWN)
    assert options_of(policy, {"tax", "fire"}, "en") == [("fire", "Fire Brigade fire"), ("tax", "tax")]
