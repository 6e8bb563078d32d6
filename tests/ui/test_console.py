"""The console in a real browser: every page of every role, in both languages, light, dark and narrow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.console.browsing import ConsoleScene, console_scene
from tests.ui.browsers import visits

pytestmark = [pytest.mark.ui, pytest.mark.slow]

EVERYONE = ("/console/", "/console/sessions")
READERS = (
    "/console/versions",
    "/console/versions/version?number=1",
    "/console/matrix?sensitivity=sensitive",
    "/console/matrix/cell?purpose=safety.fire.rental&coordinate=Person.phone",
)
FOLLOWED = ("/console/log/live", "/console/log/saved?result=OK", "/console/integrity")
AUDITORS = ("/console/log", "/console/log/record?index=3", *FOLLOWED)
PATHS = {
    None: EVERYONE,
    "zhang": (*EVERYONE, *READERS, "/console/versions/edit?file=fire.yaml"),
    "wu": EVERYONE + READERS + AUDITORS,
    "chen": EVERYONE,
    "sun": EVERYONE,
}
"""The pages that each account opens; `tests/attacks/console/` holds who opens none."""
LOOKS: tuple[dict[str, Any], ...] = ({}, {"dark": True}, {"width": 380})
PAGES = [
    {"account": account, "language": language, "path": path, **look}
    for account, paths in PATHS.items()
    for path in paths
    for language in ("zh", "en")
    for look in (LOOKS if language == "zh" and (account == "zhang" or path in AUDITORS) else LOOKS[:1])
]


def _name(page: dict[str, Any]) -> str:
    return "-".join(str(each).strip("/").translate(str.maketrans("/?&=", "....")) for each in page.values())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("console") / "home") as running:
        for _ in range(40):
            running.served.ask("{ __typename }")
        yield running


@pytest.fixture(scope="module")
def shown(scene: ConsoleScene, browser_folder: Path) -> dict[str, dict[str, Any]]:
    """What the browser showed of each page, by its name; pictures lie in the folder that PICTURES names, if it does."""
    pictures = os.environ.get("PICTURES")
    asked = [{**page, "picture": str(Path(pictures, f"{_name(page)}.png")) if pictures else None} for page in PAGES]
    return dict(zip(map(_name, PAGES), visits(browser_folder, scene.browser().origin, asked), strict=True))


@pytest.mark.parametrize("page", [_name(page) for page in PAGES])
def test_a_page_is_whole(page: str, shown: dict[str, dict[str, Any]]) -> None:
    found = shown[page]
    assert found["status"] == 200
    assert found["complaints"] == [], "the browser refused something"
    assert found["foreign"] == [], "another host was asked"
    assert found["faults"] == [], "axe-core"
    assert not found["wide"], "the page is wider than its window"


@pytest.mark.parametrize(("account", "said"), [("zhang", "数据管理员"), ("wu", "审计员"), ("chen", "运维人员")])
def test_a_person_is_told_their_roles(account: str, said: str, shown: dict[str, dict[str, Any]]) -> None:
    text = shown[_name({"account": account, "language": "zh", "path": "/console/"})]["text"]
    assert account in text
    assert said in text


def test_whoever_is_not_signed_in_is_asked_to(shown: dict[str, dict[str, Any]]) -> None:
    for path in EVERYONE:
        assert "Sign in" in shown[_name({"account": None, "language": "en", "path": path})]["text"]
