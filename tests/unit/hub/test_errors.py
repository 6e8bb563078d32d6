"""The table of codes and the pages in docs/errors say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.errors import RULES, Code
from hub.home.settings import Settings
from hub.request.cost import LIMITS

pytestmark = pytest.mark.unit

PAGES = Path(__file__).parents[3] / "docs" / "errors"


def test_each_code_has_a_rule_and_a_page_and_nothing_else_has() -> None:
    assert set(RULES) == set(Code)
    assert {page.stem for page in PAGES.iterdir()} == {str(code) for code in Code}


@pytest.mark.parametrize("code", Code)
def test_a_page_says_what_the_table_says(code: Code) -> None:
    page = (PAGES / f"{code}.md").read_text("utf-8")
    rule = RULES[code]
    assert re.match(rf"# {code} [\u4e00-\u9fff]+\n", page)
    assert f"\nHTTP status: {rule.http_status}\n" in page
    strict = re.search(r"\nHTTP status in the strict profile: (\d+)\n", page)
    assert (int(strict[1]) if strict else None) == rule.strict_status
    assert f"\nPartial data: {'yes' if rule.partial_data else 'no'}\n" in page
    for heading in ("## What happened", "## What to do"):
        body = page.partition(heading)[2].partition("##")[0].strip()
        assert len(body) > 40


def test_only_partial_data_leaves_with_200() -> None:
    assert {code for code, rule in RULES.items() if rule.http_status == 200} == {
        code for code, rule in RULES.items() if rule.partial_data
    }


def test_the_limits_in_the_pages_are_those_in_force() -> None:
    defaults = Settings.model_fields
    said = {
        "COST_LIMIT": [LIMITS.tokens, LIMITS.operations, LIMITS.fields, LIMITS.cost, LIMITS.aggregate_cost],
        "DEPTH_LIMIT": [LIMITS.depth, LIMITS.introspection_depth],
        "TOO_LARGE": [defaults["body_limit"].default],
        "RESULT_LIMIT": [defaults["result_node_cap"].default],
    }
    for code, numbers in said.items():
        page = (PAGES / f"{code}.md").read_text("utf-8")
        for number in numbers:
            assert f"{number:,}" in page, (code, number)
