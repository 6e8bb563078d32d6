"""One story in a real browser: two people change a mask, an app is answered otherwise, and an auditor finds it all.

From raw registers to a real graph; every step is done by what a screen reader tells of the page.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.sample.generate import generate
from tests.support.console.browsing import ConsoleScene, console_scene
from tests.support.pulling import SOURCES
from tests.ui.browsers import Driven, driven

pytestmark = [pytest.mark.ui, pytest.mark.slow]

QUERY = "{ people(first: 1) { edges { node { name birthDate } } } }"
BEFORE, AFTER = "Person.birthDate: {mask: age_band}", "Person.birthDate: {mask: redact}"
WITHIN_SECONDS = 5.0
"""How soon an answer follows a policy that was put in force; a bound, and no measurement."""


@pytest.fixture
def scene(tmp_path: Path, empty_graph: GraphAddress) -> Iterator[ConsoleScene]:
    settings = Settings.load(home=tmp_path / "home")
    generate(tmp_path / "county", 300, 7)
    registers = ("divisions", "police", "housing")
    run_pull(settings, SOURCES, registers, tmp_path / "county", {}, lambda *_: None, address=empty_graph)
    with console_scene(tmp_path / "home", empty_graph) as running:
        yield running


@pytest.fixture
def people(scene: ConsoleScene, browser_folder: Path) -> Iterator[Driven]:
    with driven(browser_folder, scene.browser().origin) as each:
        yield each


def sign_in(people: Driven, account: str) -> None:
    people.do(account, "open", path="/console/")
    people.do(account, "press", name="登录")
    people.do(account, "choose", label=account)
    assert account in people.do(account, "press", name="确认 Confirm")


def picture(people: Driven, who: str, name: str, *languages: str) -> None:
    """A picture in each language, in the folder that PICTURES names; the answer to a form has Chinese only."""
    if folder := os.environ.get("PICTURES"):
        for language in languages or ("zh", "en"):
            people.do(who, "picture", path=str(Path(folder, f"story-{name}-{language}.png")), language=language)


def answered(scene: ConsoleScene) -> str | None:
    """The birth date that an app of the fire department is told."""
    answer = scene.served.ask(QUERY).json()
    node: dict[str, str | None] = answer["data"]["people"]["edges"][0]["node"]
    return node["birthDate"]


def test_a_mask_is_changed_and_everybody_sees_what_is_theirs(scene: ConsoleScene, people: Driven) -> None:
    assert answered(scene) is not None
    sign_in(people, "zhang")
    people.do("zhang", "open", path="/console/matrix/cell?purpose=safety.fire.rental&coordinate=Person.birthDate")
    people.do("zhang", "open", path="/console/versions/edit?file=fire.yaml")
    people.do("zhang", "swap", label="文件内容 fire.yaml", before=BEFORE, after=AFTER)
    assert "Person.birthDate" in people.do("zhang", "press", name="预检")
    picture(people, "zhang", "tried", "zh")
    assert "须由另一位审批人审批" in people.do("zhang", "press", name="提交草案")
    sign_in(people, "li")
    people.do("li", "press", name="策略版本")
    people.do("li", "press", name="2")
    picture(people, "li", "approve")
    people.do("li", "press", name="审批此内容")
    people.do("li", "press", name="立即生效")
    ends = time.monotonic() + WITHIN_SECONDS
    while answered(scene) is not None:
        assert time.monotonic() < ends, "the answer follows the policy in force"
        time.sleep(0.1)
    sign_in(people, "wu")
    log = people.do("wu", "press", name="审计日志")
    for act in ("policy draft", "policy approve", "policy activate"):
        assert act in log
    picture(people, "wu", "log")
