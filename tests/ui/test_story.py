"""One story in a real browser: two people change a mask, an app is answered otherwise, an auditor finds it all.

A resident at whom the app looked sees that at last.

From raw registers to a real graph; every step is done by what a screen reader tells of the page.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.sample.generate import generate
from hub.sample.known_people import PROTAGONIST
from tests.support.console.browsing import ConsoleScene, console_scene
from tests.support.pulling import SOURCES
from tests.support.waiting import until
from tests.ui.browsers import Driven, driven

pytestmark = [pytest.mark.ui, pytest.mark.slow]

QUERY = "{ people(first: 1) { edges { node { name birthDate } } } }"
RESIDENT = f'{{ people(where: {{idNumber: {{eq: "{PROTAGONIST.id_no}"}}}}) {{ edges {{ node {{ name }} }} }} }}'
EXAMPLE = "list-Person"
WITHIN_SECONDS = 5.0
"""How soon an answer follows a policy that was put in force; a bound, and no measurement."""


@pytest.fixture
def scene(tmp_path: Path, empty_graph: GraphAddress) -> Iterator[ConsoleScene]:
    settings = Settings.load(home=tmp_path / "home")
    generate(tmp_path / "county", 300, 7)
    registers = ("divisions", "police", "housing")
    run_pull(settings, SOURCES, registers, tmp_path / "county", {}, lambda *_: None, address=empty_graph)
    given: dict[str, Any] = {"graph_url": empty_graph.url, "graph_password": empty_graph.password}
    with console_scene(tmp_path / "home", empty_graph, **given) as running:
        yield running


@pytest.fixture
def people(scene: ConsoleScene, browser_folder: Path) -> Iterator[Driven]:
    with driven(browser_folder, scene.browser().origin) as each:
        yield each


def sign_in(people: Driven, account: str, page: str = "/console/", said: str = "") -> None:
    """Sign in at the provider of a page; it says the account then, or something else."""
    people.do(account, "open", path=page)
    people.do(account, "press", name="登录")
    people.do(account, "choose", label=account)
    assert (said or account) in people.do(account, "press", name="确认 Confirm")


def picture(people: Driven, who: str, name: str, *languages: str) -> None:
    """A picture in each language, in the folder that PICTURES names; the answer to a form has Chinese only."""
    if folder := os.environ.get("PICTURES"):
        for language in languages or ("zh", "en"):
            people.do(who, "picture", path=str(Path(folder, f"{name}-{language}.png")), language=language)


def answered(scene: ConsoleScene) -> str | None:
    """The birth date that an app of the fire department is told."""
    answer = scene.served.ask(QUERY).json()
    node: dict[str, str | None] = answer["data"]["people"]["edges"][0]["node"]
    return node["birthDate"]


def verified(people: Driven, index: str) -> str:
    """The auditor's page of a record, once its proof holds: a checkpoint covers it within a second or two."""
    path = f"/console/log/record?index={index}"
    until(lambda: "已验证" in people.do("wu", "open", path=path))
    return people.do("wu", "open", path=path)


def test_a_mask_is_changed_and_everybody_sees_what_is_theirs(scene: ConsoleScene, people: Driven) -> None:
    assert answered(scene) is not None
    sign_in(people, "sun")
    people.do("sun", "open", path=f"/console/developer/query?purpose=event.dispatch&example={EXAMPLE}")
    assert "Person.phone" in people.do("sun", "press", name="运行")
    picture(people, "sun", "query", "zh")
    sign_in(people, "chen")
    assert "police" in people.do("chen", "press", name="数据来源")
    picture(people, "chen", "sources")
    sign_in(people, "zhang")
    people.do("zhang", "press", name="授权矩阵")
    picture(people, "zhang", "matrix")
    people.do("zhang", "open", path="/console/matrix/cell?purpose=safety.fire.rental&coordinate=Person.birthDate")
    picture(people, "zhang", "cell", "en")
    people.do("zhang", "press", name="修改 fire-rental-residents")
    picture(people, "zhang", "form")
    people.do("zhang", "choose", label="Person.birthDate", option="mask:redact")
    tried = people.do("zhang", "press", name="预检")
    assert "没有授权扩大" in tried
    assert "Person.birthDate" in tried
    picture(people, "zhang", "tried", "zh")
    assert "须由另一位审批人审批" in people.do("zhang", "press", name="提交审批")
    sign_in(people, "li")
    people.do("li", "press", name="策略版本")
    people.do("li", "press", name="2")
    picture(people, "li", "approve")
    people.do("li", "press", name="批准此内容")
    people.do("li", "press", name="立即生效")
    ends = time.monotonic() + WITHIN_SECONDS
    while answered(scene) is not None:
        assert time.monotonic() < ends, "the answer follows the policy in force"
        time.sleep(0.1)
    sign_in(people, "wu")
    log = people.do("wu", "press", name="审计日志")
    picture(people, "wu", "log")
    for act in ("policy draft", "policy approve", "policy activate"):
        row = re.search(rf"(\d+)\s+\S+ \S+\s+\S+\s+{act}\b", log)
        assert row is not None, "number, time, and what was done in words with its code"
        assert act in verified(people, row[1])
    picture(people, "wu", "record")
    assert PROTAGONIST.name[0] in scene.served.ask(RESIDENT).text
    sign_in(people, "qi", "/console/my-data", "出租房屋消防检查")
    picture(people, "qi", "resident")
