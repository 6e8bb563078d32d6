"""The demo's provider leads back to this machine alone, and nothing that it is asked gets into its headers."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.support.console.browsing import ConsoleScene, console_scene

pytestmark = pytest.mark.attack


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("provider") / "home") as running:
        yield running


def asked(scene: ConsoleScene, **changed: str) -> str:
    """The address of the page to which a console sends a browser, with something changed."""
    page, _, query = scene.browser().get("/console/sign-in").headers["location"].partition("?")
    return f"{page}?{urlencode({**{name: each[0] for name, each in parse_qs(query).items()}, **changed})}"


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "http://evil.example/console/signed-in",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://x;script-src 'unsafe-inline'@127.0.0.1:1/",
        "http://127.0.0.1:1;script-src */",
        "http://127.0.0.1:1/?more=1",
        "http://127.0.0.1:1/#x",
        "http://127.0.0.1:x/",
        "http://[::1/",
        "http://127.0.0.1:1/\r\nx: y",
        "http://127.0.0.1:1/字",
        "javascript:alert(1)//127.0.0.1",
        "",
    ],
)
def test_i08_a_way_back_that_is_none(back: str, scene: ConsoleScene) -> None:
    page = asked(scene, redirect_uri=back)
    for answer in (
        httpx.get(page, trust_env=False),
        httpx.post(page, data={"account": "zhang"}, trust_env=False),
    ):
        assert answer.status_code == 400
        assert "evil" not in answer.headers["content-security-policy"]
        assert "script-src" not in answer.headers["content-security-policy"]


def test_a_way_back_on_this_machine(scene: ConsoleScene) -> None:
    answer = httpx.get(asked(scene), trust_env=False)
    assert answer.status_code == 200
    assert f"form-action 'self' {scene.browser().origin};" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("account", ["", "<script>", "admin", "zhang\0"])
def test_nobody_is_signed_in_whom_the_page_does_not_offer(account: str, scene: ConsoleScene) -> None:
    answer = httpx.post(asked(scene), data={"account": account}, trust_env=False)
    assert answer.status_code == 400
    assert "<script>" not in answer.text


def test_a_form_of_many_fields_or_bytes_is_none(scene: ConsoleScene) -> None:
    for form in ({f"f{at}": "x" for at in range(50)}, {"account": "x" * 10_000}):
        assert httpx.post(asked(scene), data=form, trust_env=False).status_code == 400


def test_it_gives_only_so_many_codes(scene: ConsoleScene) -> None:
    page = asked(scene)
    with httpx.Client(trust_env=False) as client:
        answers = [client.post(page, data={"account": "wu"}) for _ in range(120)]
    assert {each.status_code for each in answers} == {303, 400}
    assert len(scene.provider.granted) <= 100
    assert urlsplit(answers[0].headers["location"]).path == "/console/signed-in"
    scene.provider.granted.clear()
