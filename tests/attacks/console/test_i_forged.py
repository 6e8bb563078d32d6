"""I02, I08: no other site acts with the session of a person who is signed in, and nobody gives them one of his own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from hub.console.front import Console
from hub.console.page import Change
from hub.home.code_flow import Begun
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of

pytestmark = pytest.mark.attack

SESSION = "__Host-sluicegate-session"
BEGUN = "__Host-sluicegate-begun"
FORMS = (
    "/console/integrity/check",
    "/console/log/saved/keep",
    "/console/log/saved/remove",
    "/console/log/value",
    "/console/developer/ask",
    "/console/developer/token",
    *("/console/log/export", "/console/person/find", "/console/review/mark"),
    "/console/objections/answer",
    "/console/requests/ask",
    "/console/requests/draft",
    "/console/requests/refuse",
    "/console/requests/withdraw",
    "/console/rules/draft",
    "/console/sessions/end",
    "/console/sessions/end-all",
    "/console/sign-out",
    "/console/sources/retry",
    "/console/sources/try",
    "/console/preview/prepare",
    "/console/preview/run",
    "/console/versions/replay/run",
    "/console/versions/rollback/draft",
    "/console/versions/schedule/set",
    "/console/versions/activate",
    "/console/versions/approve",
    "/console/versions/draft",
)
"""Every page that changes something."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("forged") / "home") as running:
        yield running


def is_signed_in(browser: Browser) -> bool:
    return "当前账号" in words_of(browser.get("/console/"))


FROM = {
    "another site": {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    "another site, no metadata": {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
    "a sibling": {"sec-fetch-site": "same-site"},
    "an address bar": {"sec-fetch-site": "none"},
    "a sandbox": {"origin": "null"},
    "another port": {"origin": "http://127.0.0.1:1"},
    "another scheme": {"origin": "https://127.0.0.1"},
}


def test_i02_each_page_that_changes_something_is_tried_here(scene: ConsoleScene) -> None:
    follower = scene.served.hub.policy_follower
    assert follower is not None
    ways = Console(scene.served.hub, follower.store.engine).ways
    assert sorted(f"/console/{way.path}" for way in ways if isinstance(way, Change)) == sorted(FORMS)


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("place", sorted(FROM))
def test_i02_a_change_from_elsewhere(path: str, place: str, scene: ConsoleScene) -> None:
    browser = scene.signed_in("wu")
    answer = browser.post(path, {"csrf_token": browser.form_token()}, **FROM[place])
    assert answer.status_code == 403
    assert is_signed_in(browser)


@pytest.mark.parametrize("path", FORMS)
def test_i02_a_change_that_says_not_where_it_is_from(path: str, scene: ConsoleScene) -> None:
    browser = scene.signed_in("wu")
    held = {"cookie": f"{SESSION}={browser.cookies[SESSION]}"}
    form = {"csrf_token": browser.form_token()}
    answer = httpx.post(browser.origin + path, data=form, headers=held, trust_env=False)
    assert answer.status_code == 403
    assert is_signed_in(browser)


@pytest.mark.parametrize("path", FORMS)
def test_i02_a_change_without_the_token_of_the_session(path: str, scene: ConsoleScene) -> None:
    browser, other = scene.signed_in("wu"), scene.signed_in("wu")
    forms: list[Mapping[str, str]] = [
        {},
        {"csrf_token": ""},
        {"csrf_token": "0" * 64},
        {"csrf_token": other.form_token()},
        {"csrf_token": browser.form_token()[:-1]},
        {"formtoken": browser.form_token()},
    ]
    for form in forms:
        assert browser.post(path, form).status_code == 403, form
    assert is_signed_in(browser)
    assert is_signed_in(other)


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_i02_a_change_by_another_method(path: str, method: str, scene: ConsoleScene) -> None:
    browser = scene.signed_in("wu")
    sent = {"cookie": f"{SESSION}={browser.cookies[SESSION]}", "origin": browser.origin}
    answer = httpx.request(method, f"{browser.origin}{path}", headers=sent, trust_env=False)
    assert answer.status_code == 405
    if method == "GET" and not path.startswith("/console/my-data"):
        assert "退出登录" in answer.text, "whoever is signed in finds the menu and the way back"
    assert is_signed_in(browser)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_i02_a_change_that_is_no_form(kind: str, scene: ConsoleScene) -> None:
    browser = scene.signed_in("wu")
    content = urlencode({"csrf_token": browser.form_token()})
    sent = {"cookie": f"{SESSION}={browser.cookies[SESSION]}", "origin": browser.origin, "content-type": kind}
    for path in FORMS:
        answer = httpx.post(f"{browser.origin}{path}", content=content, headers=sent, trust_env=False)
        assert answer.status_code == 400
    assert is_signed_in(browser)


def test_i02_a_form_that_is_too_long_or_says_a_thing_twice(scene: ConsoleScene) -> None:
    browser = scene.signed_in("wu")
    token = browser.form_token()
    sent = {
        "cookie": f"{SESSION}={browser.cookies[SESSION]}",
        "origin": browser.origin,
        "content-type": "application/x-www-form-urlencoded",
    }
    for content in (f"csrf_token={token}&more={'x' * 300_000}", f"csrf_token={token}&csrf_token={token}", "=%ff&&"):
        answer = httpx.post(f"{browser.origin}/console/sign-out", content=content, headers=sent, trust_env=False)
        assert answer.status_code == 400
    assert is_signed_in(browser)


def test_i08_each_cookie_is_of_this_host_alone(scene: ConsoleScene) -> None:
    browser = scene.signed_in("wu")
    browser.get("/console/?language=en")
    browser.post("/console/sign-out", {"csrf_token": browser.form_token()})
    assert len({text.partition("=")[0] for text in browser.set}) == 3
    for text in browser.set:
        name, _, rest = text.partition("=")
        parts = {part.strip().lower() for part in rest.split(";")[1:]}
        assert name.startswith("__Host-"), text
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts, text
        assert not [part for part in parts if part.startswith("domain")], text


def test_i08_a_sign_in_makes_a_new_session_whatever_was_held(scene: ConsoleScene) -> None:
    chosen = "A" * 43
    victim = scene.browser()
    victim.cookies[SESSION] = chosen
    victim.sign_in("zhang")
    assert victim.cookies[SESSION] != chosen
    attacker = scene.browser()
    attacker.cookies[SESSION] = chosen
    assert not is_signed_in(attacker)


def test_i08_a_session_that_was_held_before_ends_with_the_next_sign_in(scene: ConsoleScene) -> None:
    browser = scene.signed_in("wu")
    before = scene.browser()
    before.cookies[SESSION] = browser.cookies[SESSION]
    browser.sign_in("zhang")
    assert is_signed_in(browser)
    assert not is_signed_in(before)


def test_i08_a_code_serves_the_browser_that_began_and_once(scene: ConsoleScene) -> None:
    """Nobody is signed in by the code of an attacker (login CSRF), nor the attacker by a stolen one."""
    attacker, victim, stranger = scene.browser(), scene.browser(), scene.browser()
    asked = attacker.get("/console/sign-in").headers["location"]
    back = urlsplit(httpx.post(asked, data={"account": "zhang"}, trust_env=False).headers["location"])
    finish = f"{back.path}?{back.query}"
    assert stranger.get(finish).status_code == 400, "a browser that began nothing"
    victim.get("/console/sign-in")
    assert victim.get(finish).status_code == 400, "a browser that began another"
    code, state = (parse_qs(back.query)[name][0] for name in ("code", "state"))
    own = Begun.read(victim.cookies[BEGUN].rpartition(".")[0])
    assert own is not None
    mixed = urlencode({"code": code, "state": own.state})
    assert victim.get(f"{back.path}?{mixed}").status_code == 400, "another verifier"
    # The provider gives nothing for a code that was tried once; so nobody is signed in by it any more.
    assert attacker.get(f"{back.path}?{urlencode({'code': code, 'state': state})}").status_code == 400
    assert not any(map(is_signed_in, (attacker, victim, stranger)))


@pytest.mark.parametrize(
    "query", ["", "code=x", "state=x", "error=access_denied", "code=&state=", "code=a&code=b", "code=%00&state=%ff"]
)
def test_i08_an_answer_that_nobody_asked_for(query: str, scene: ConsoleScene) -> None:
    browser = scene.browser()
    browser.get("/console/sign-in")
    assert browser.get(f"/console/signed-in?{query}").status_code == 400
    assert not is_signed_in(browser)


def test_i08_an_answer_of_another_provider(scene: ConsoleScene) -> None:
    browser = scene.browser()
    asked = browser.get("/console/sign-in").headers["location"]
    back = httpx.post(asked, data={"account": "zhang"}, trust_env=False).headers["location"]
    forged = back.replace(urlencode({"iss": scene.provider.issuer}), urlencode({"iss": "https://evil.example"}))
    assert forged != back
    parts = urlsplit(forged)
    assert browser.get(f"{parts.path}?{parts.query}").status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1:1@evil.example", ""])
def test_a_name_that_is_not_the_hubs_is_served_nothing(host: str, scene: ConsoleScene) -> None:
    """DNS rebinding: a page of another name, at this address."""
    browser = scene.signed_in("wu")
    assert browser.get("/console/", host=host).status_code in {400, 421}
