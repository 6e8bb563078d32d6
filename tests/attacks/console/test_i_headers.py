"""What a browser is told of every page of every role: no frame, no foreign reader, no kept copy, no guess at types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.console.front import Console
from hub.console.page import Page
from tests.attacks.console.test_roles import ACCOUNTS, ASKED
from tests.support.console.browsing import ConsoleScene, console_scene

pytestmark = pytest.mark.attack


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("headers") / "home") as running:
        yield running


@pytest.mark.parametrize("account", [None, *ACCOUNTS])
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_i04_a_page_is_shown_and_told_to_nobody_else(account: str | None, origin: str, scene: ConsoleScene) -> None:
    follower = scene.served.hub.policy_follower
    assert follower is not None
    browser = scene.browser() if account is None else scene.signed_in(account)
    for way in Console(scene.served.hub, follower.store.engine).ways:
        if not isinstance(way, Page):
            continue
        page = browser.get(f"/console/{way.path}{ASKED.get(way.path, '')}", origin=origin)
        policy = dict(each.strip().partition(" ")[::2] for each in page.headers["content-security-policy"].split(";"))
        assert policy["frame-ancestors"] == "'none'", way.path
        assert policy["default-src"] == "'none'", way.path
        assert policy["base-uri"] == "'none'", way.path
        assert policy["form-action"] == "'self'", way.path
        assert "unsafe" not in page.headers["content-security-policy"], way.path
        assert page.headers["cache-control"] == "no-store", way.path
        assert page.headers["x-content-type-options"] == "nosniff", way.path
        assert page.headers["x-frame-options"] == "DENY", way.path
        assert page.headers["cross-origin-opener-policy"] == "same-origin", way.path
        assert page.headers["cross-origin-resource-policy"] == "same-origin", way.path
        assert not [name for name in page.headers if name.startswith("access-control-")], way.path
