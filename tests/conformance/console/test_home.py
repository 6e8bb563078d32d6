"""The home page leads each role somewhere, and nobody to a page that they may not open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape

import pytest

from hub.console.first_steps import FIRST
from hub.console.front import Console
from hub.console.page import Page
from hub.steward.changes import store_of
from policies.stewards import Role
from schema import SPINE
from tests.support.console.browsing import ConsoleScene, console_scene, words_of

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("home") / "home") as running:
        yield running


@pytest.mark.parametrize(
    ("account", "roles"),
    [
        ("zhang", ["数据管理员", "审批人"]),
        ("wu", ["审计员"]),
        ("chen", ["运维人员"]),
        ("sun", ["应用开发者"]),
    ],
)
def test_each_role_says_what_can_be_done_first_and_leads_there(
    account: str, roles: list[str], scene: ConsoleScene
) -> None:
    person = scene.signed_in(account)
    cards = person.get("/console/").text.partition('<ul class="cards home-roles">')[2].partition("<h2>")[0]
    assert [each for each in roles if f"<strong>{each}</strong>" not in cards] == []
    links = [unescape(each) for each in re.findall(r'<a href="([^"]+)">[^<]+</a>', cards)]
    assert cards.count("可以先做") == len(roles)
    assert len(links) >= 2 * len(roles)
    for link in links:
        assert person.get(link).status_code == 200, link


def test_each_role_has_first_steps_and_each_is_a_page_of_the_menu(scene: ConsoleScene) -> None:
    with closing(store_of(scene.settings, SPINE)) as store:
        ways = Console(scene.served.hub, store.engine).ways
    words = {each.word for each in ways if isinstance(each, Page)}
    assert set(FIRST) == set(Role)
    assert {word for steps in FIRST.values() for word in steps} <= words


def test_they_are_said_in_english_too(scene: ConsoleScene) -> None:
    chen = scene.signed_in("chen")
    chen.get("/console/?language=en")
    assert "Where to begin" in words_of(chen.get("/console/"))
