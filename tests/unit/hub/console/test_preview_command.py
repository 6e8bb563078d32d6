"""The command that a preview's page shows can be pasted into a shell, whatever the query says."""

from __future__ import annotations

import shlex

import pytest

from hub.console.review.preview_pages import _command

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("query", ["{ people { name } }", "{ a } # it's '; reboot; '", '{ a(b: "$(reboot)") }'])
def test_a_query_stays_one_word_of_the_command(query: str) -> None:
    command = _command({"chosen": {"application": "app", "purpose": "a.b"}, "query": query, "number": 3})
    assert shlex.split(command)[-1] == query
    assert len(shlex.split(command)) == 10
