"""The menu names each page that is open under one theme, and knows where its reader is."""

from __future__ import annotations

import pytest

from hub.console.menu import FIRST, THEMES, Theme, menu_of
from policies.stewards import Role

pytestmark = pytest.mark.unit


PATHS = {
    "matrix": "matrix",
    "rule_list": "rules",
    "rule_todo": "rules/to-do",
    "ask_queue": "requests/queue",
    "log": "log",
    "sessions": "sessions",
}
PAGES = {word: f"/console/{path}" for word, path in PATHS.items()}


def here(menu: tuple[Theme, ...]) -> list[str]:
    return [theme.word for theme in menu if theme.here]


@pytest.mark.parametrize(
    ("path", "theme"),
    [
        ("matrix", ["menu_policy"]),
        ("matrix/cell", ["menu_policy"]),
        ("rules/rule", ["menu_policy"]),
        ("rules", ["menu_policy"]),
        ("rules/to-do", ["menu_waiting"]),
        ("requests/answer", ["menu_waiting"]),
        ("log/saved/keep", ["menu_log"]),
        ("sessions", ["menu_own"]),
        ("", []),
        ("elsewhere", []),
    ],
)
def test_a_page_and_those_below_it_lie_in_one_theme(path: str, theme: list[str]) -> None:
    assert here(menu_of(PAGES, f"/console/{path}")) == theme


def test_each_page_stands_once_and_a_theme_without_pages_does_not() -> None:
    menu = menu_of(PAGES, "/console/")
    assert [each.word for theme in menu for each in theme.entries] == [
        "matrix",
        "rule_list",
        "rule_todo",
        "ask_queue",
        "log",
        "sessions",
    ]
    words = [word for each in THEMES.values() for word in each]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("roles", "first"),
    [
        ((Role.AUDITOR,), "menu_log"),
        ((Role.AUDITOR, Role.APPROVER), "menu_log"),
        ((Role.STEWARD,), "menu_policy"),
        ((Role.STEWARD, Role.OPERATOR), "menu_policy"),
        ((), "menu_policy"),
    ],
)
def test_what_is_the_work_of_a_role_stands_first(roles: tuple[Role, ...], first: str) -> None:
    menu = menu_of(PAGES, "/console/", roles)
    assert menu[0].word == first
    assert {each.word for each in menu} == {each.word for each in menu_of(PAGES, "/console/")}, "and nothing is lost"
    assert {theme for each in FIRST.values() for theme in each} <= THEMES.keys()


def test_nobody_has_an_empty_menu() -> None:
    assert menu_of({}, "/console/") == ()
