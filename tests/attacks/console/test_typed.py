"""What people type into any form or address of the console is in no log, file, metric or address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest

from audit.log import read
from hub.console.front import Console
from hub.console.page import Change, Page, Way
from tests.support.console.browsing import Browser, ConsoleScene, console_scene

pytestmark = pytest.mark.attack

TYPED: Final = "CANARYtyped140321195703129022"
TEMPLATES: Final = Path(__file__).parents[3] / "hub/console/templates"
NAMES: Final = sorted(
    {name for path in TEMPLATES.glob("*.html") for name in re.findall(r' name="([A-Za-z_]+)"', path.read_text("utf-8"))}
    | {"file/fire.yaml", "wish/Person.phone", "reason", "note", "id", "rule", "text", "number", "case", "document"}
)
"""What fields of forms are called."""
SOUND: Final = {
    "number": "1",
    "base": "1",
    "application": "grid-desk",
    "purpose": "event.dispatch",
    "act": "explain",
    "term": "value",
    "does": "new",
    "section": "grants",
    "file": "fire.yaml",
    "index": "3",
    "seen": "0",
    "verdict": "in_order",
    "days": "7",
    "at": "2030-01-01T00:00",
    "kind": "query",
}
KEPT_OUT: Final = {"sign-out", "sessions/end-all", "integrity/check"}
"""They end the session, or begin a work of minutes, and read no field."""
ACCOUNTS: Final = ("zhang", "wu", "chen", "sun")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("typed") / "home") as running:
        yield running


def send_everything(browser: Browser, ways: Sequence[Way], roles: set[str]) -> int:
    """Type into every form that these roles have, and into the address of every page; how many forms there were."""
    token, sent = browser.form_token(), 0
    typed = dict.fromkeys(NAMES, TYPED)
    for way in ways:
        if isinstance(way, Page):
            told(browser, browser.get(f"/console/{way.path}?{urlencode(typed)}").headers)
        if not isinstance(way, Change) or way.path in KEPT_OUT or (way.roles and not way.roles & roles):
            continue
        for form in (typed, {**typed, **SOUND}):
            sent += 1
            told(browser, browser.post(f"/console/{way.path}", {**form, "csrf_token": token}).headers)
    return sent


def test_what_is_typed_is_kept_nowhere_but_in_the_store(
    scene: ConsoleScene, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    follower, stewards = scene.served.hub.policy_follower, scene.served.hub.policy.stewards
    assert follower is not None
    ways = Console(scene.served.hub, follower.store.engine).ways
    sent = sum(send_everything(scene.signed_in(each), ways, set(stewards[each].roles)) for each in ACCOUNTS)
    assert sent > 40
    found = [each.record.operation_name for each in read(scene.settings.audit_log) if TYPED in repr(each.record)]
    assert found == []
    files = [path for path in scene.settings.home.rglob("*") if path.is_file()]
    own = scene.settings.policy_file.name  # what people write to each other is there, and in no other file
    assert [each for each in files if not each.name.startswith(own) and TYPED.encode() in each.read_bytes()] == []
    printed = capfd.readouterr()
    assert TYPED not in printed.out + printed.err + caplog.text + scene.served.hub.telemetry.metrics().decode()


def told(browser: Browser, headers: Mapping[str, str]) -> None:
    """No address or other header of an answer has it, and none is kept by the browser."""
    assert TYPED not in "".join(headers.values())
    assert TYPED not in "".join(browser.set)
    assert "no-store" in headers["cache-control"]
