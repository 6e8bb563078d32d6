"""The scripts of the console in a real browser: the editor of a draft, and the log as it grows.

Names of the policy in force and the text that is typed hold markup; the browser's every complaint, also that its
Content-Security-Policy was broken, fails the test.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from hub.steward.changes import store_of
from schema import SPINE
from tests.conformance.clients.node_programs import install, run_npm
from tests.support.console.browsing import console_scene
from tests.support.policy_stores import publish
from tests.support.waiting import until
from tests.ui.browsers import shown_by

pytestmark = [pytest.mark.ui, pytest.mark.slow]

SOURCE: Final = Path("hub/console/files/editor")
MADE: Final = ("editor.js", "vendored.toml", "LICENCES.txt")
HOSTILE: Final = "</datalist></script><!--<img src=x onerror=alert(1)>\u2028--&lt;"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, browser_folder: Path) -> dict[str, Any]:
    pictures = os.environ.get("PICTURES")
    with console_scene(tmp_path_factory.mktemp("console") / "home") as scene:
        with closing(store_of(scene.settings, SPINE)) as store:
            files = dict(store.in_force().files)
            named = {
                name: text.replace("zh: 出租房屋消防检查".encode(), f"zh: {json.dumps(HOSTILE)}".encode())
                for name, text in files.items()
            }
            assert named != files
            publish(store, named)
        number = scene.served.hub.policy.version
        until(lambda: scene.served.hub.policy.version != number)
        told = {
            "origin": scene.browser().origin,
            "account": "zhang",
            "language": "zh",
            "dark": True,
            "picture": str(Path(pictures, "editor.png")) if pictures else None,
            "wrong": f"'{HOSTILE}': 1",
        }
        followed = {**told, "account": "wu", "every": 0.2}
        return {**shown_by(browser_folder, "edit", told), "live": shown_by(browser_folder, "follow", followed)}


def test_the_browser_complains_of_nothing(shown: dict[str, Any]) -> None:
    assert shown["complaints"] == [], "\n".join(shown["complaints"])
    assert shown["policy"], "no Trusted Types policy was made"
    assert shown["tried"]["faults"] == [], "axe-core"


def test_words_of_the_policy_are_completed_and_shown_as_text(shown: dict[str, Any]) -> None:
    assert shown["completions"][0].startswith("purpose")
    assert shown["seen"], "the list is inside the window"
    assert shown["last"] in {"purpose", "purposes"}
    assert shown["colours"] > 20


def test_the_keyboard_leaves_the_text_and_is_told_how(shown: dict[str, Any]) -> None:
    assert shown["left"]
    assert "Tab" in shown["hint"]
    assert "fire.yaml" in shown["label"]


def test_an_error_stands_at_its_line_and_what_was_typed_is_sent(shown: dict[str, Any]) -> None:
    tried = shown["tried"]
    assert "fire.yaml:" in tried["error"]
    assert "# 键入 typed" in tried["sent"]
    assert HOSTILE in tried["sent"]


def test_graphql_has_its_colours_too(shown: dict[str, Any]) -> None:
    assert [each for each in shown["graphql"] if each.strip()][:3] == ["query", "Q", "("]


def test_the_page_works_without_scripts(shown: dict[str, Any]) -> None:
    assert shown["plain"]


def test_the_live_log_grows_by_what_happens_and_not_by_itself(shown: dict[str, Any]) -> None:
    live = shown["live"]
    assert live["complaints"] == [], "\n".join(live["complaints"])
    assert live["came"] == 1
    assert "1" in live["said"]
    assert "console log" in live["newest"]
    assert live["link"].startswith("/console/log/record?index=")
    assert live["itself"] == 0, "no reading of the page itself"


def test_the_live_log_is_paused_and_ends_with_the_session(shown: dict[str, Any]) -> None:
    assert shown["live"]["paused"] == 0
    assert "已停止" in shown["live"]["ended"]


def test_the_same_packages_give_the_same_bytes(tmp_path: Path) -> None:
    """What the hub serves is what `files/editor/` makes, with the packages of its lock file."""
    folder = install(tmp_path, SOURCE)
    run_npm(folder, "run", "build", "--", str(tmp_path))
    for name in MADE:
        assert (tmp_path / name).read_bytes() == (SOURCE.parent / name).read_bytes(), name
