"""Signing in to the console, over HTTP: the code flow, sessions, languages, and what the log says of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from audit.log import read
from audit.record import Record
from hub.home.audit_log import digester_of
from hub.steward.changes import store_of
from schema import SPINE
from tests.support.console.browsing import ConsoleScene, console_scene, words_of
from tests.support.policy_stores import publish
from tests.support.waiting import until

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("console") / "home") as running:
        yield running


def records_of(scene: ConsoleScene) -> list[Record]:
    """What the log says of the console."""
    found = (each.record for each in read(scene.settings.audit_log))
    return [each for each in found if (each.operation_name or "").startswith("console ")]


def test_a_person_signs_in_and_out_and_the_log_says_so(scene: ConsoleScene) -> None:
    before, browser = len(records_of(scene)), scene.browser()
    assert "请用本单位的统一身份登录" in words_of(browser.get("/console/"))
    home = words_of(browser.sign_in("zhang"))
    assert "当前账号 zhang" in home
    assert "数据管理员" in home
    assert scene.served.hub.policy.version in home
    ended = browser.post("/console/sign-out", {"csrf_token": browser.form_token()})
    assert ended.headers["location"] == "/console/?signedOut=1"
    assert "已退出登录" in words_of(browser.get("/console/?signedOut=1"))
    assert "当前账号" not in words_of(browser.get("/console/"))
    told = records_of(scene)[before:]
    zhang = digester_of(scene.settings).digest("steward", "zhang")
    assert [(each.operation_name, each.result, each.subject) for each in told] == [
        ("console sign in", "OK", zhang),
        ("console sign out", "OK", zhang),
    ]
    assert all(each.variables["issuer"] == scene.provider.issuer for each in told)


def test_the_page_that_was_asked_for_comes_after_the_sign_in(scene: ConsoleScene) -> None:
    browser = scene.browser()
    assert "/console/sign-in?to=%2Fconsole%2Fsessions" in browser.get("/console/sessions").text
    assert "本会话" in words_of(browser.sign_in("wu", "?to=%2Fconsole%2Fsessions"))


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/console//evil.example", "/graphql", "/console/\\evil", "x", "é"]
)
def test_a_sign_in_leads_to_no_other_place(to: str, scene: ConsoleScene) -> None:
    assert "当前账号 wu" in words_of(scene.browser().sign_in("wu", f"?to={quote(to)}"))


def test_the_browser_and_then_the_person_choose_the_language(scene: ConsoleScene) -> None:
    browser = scene.browser()
    assert browser.get("/console/").headers["content-language"] == "zh"
    assert browser.get("/console/", **{"accept-language": "en-GB,zh;q=0.5"}).headers["content-language"] == "en"
    assert browser.get("/console/?language=en").headers["location"] == "/console/"
    page = browser.get("/console/", **{"accept-language": "zh"})
    assert page.headers["content-language"] == "en"
    assert "Sign in with your department" in words_of(page)
    assert browser.get("/console/?language=fr").status_code == 200


def test_whom_the_version_does_not_name_is_told_so_and_recorded(scene: ConsoleScene) -> None:
    browser = scene.browser()
    page = browser.sign_in("nobody")
    assert page.status_code == 403
    assert "nobody" in words_of(page)
    assert not [name for name in browser.cookies if name.endswith("-session")]
    last = records_of(scene)[-1]
    assert (last.operation_name, last.result, last.subject) == ("console sign in", "REFUSED", None)
    assert "nobody" not in str(last)


def test_sessions_are_listed_and_ended(scene: ConsoleScene) -> None:
    one, other, stranger = scene.signed_in("chen"), scene.signed_in("chen"), scene.signed_in("wu")
    page = one.get("/console/sessions?").text
    (name,) = [part.partition('"')[0] for part in page.split('name="session" value="')[1:]]
    ended = stranger.post("/console/sessions/end", {"csrf_token": stranger.form_token(), "session": name})
    assert ended.status_code == 303
    assert "当前账号 chen" in words_of(other.get("/console/")), "of another account"
    one.post("/console/sessions/end", {"csrf_token": one.form_token(), "session": name})
    assert "当前账号" not in words_of(other.get("/console/"))
    assert "当前账号 chen" in words_of(one.get("/console/"))
    third = scene.signed_in("chen")
    third.post("/console/sessions/end-all", {"csrf_token": third.form_token()})
    assert [words_of(each.get("/console/")).count("当前账号") for each in (one, third, stranger)] == [0, 0, 1]


def test_whoever_is_taken_out_of_the_version_is_signed_out(tmp_path: Path) -> None:
    with console_scene(tmp_path / "home") as scene, closing(store_of(scene.settings, SPINE)) as store:
        browser = scene.signed_in("wu")
        files = dict(store.in_force().files)
        files["stewards.yaml"] = files["stewards.yaml"].replace(b"subject: wu, ", b"")
        publish(store, files)
        until(lambda: "当前账号" not in words_of(browser.get("/console/")))


def test_every_page_has_the_headers_of_a_closed_page(scene: ConsoleScene) -> None:
    browser = scene.signed_in("zhang")
    for path in ("/console/", "/console/sessions", "/console/nothing", "/console/signed-in", "/console/sign-out"):
        headers = browser.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_files_are_named_by_their_content_and_may_be_kept(scene: ConsoleScene) -> None:
    browser = scene.browser()
    page = browser.get("/console/").text
    path = next(part.partition('"')[0] for part in page.split('href="') if "console.css" in part)
    style = browser.get(path)
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in style.headers["cache-control"]
    for gone in ("/console/assets/0000000000000000/console.css", "/console/assets/../front.py", "/console/assets/"):
        assert browser.get(gone).status_code == 404


def test_nothing_is_done_while_the_log_or_the_store_is_away(tmp_path: Path) -> None:
    with console_scene(tmp_path / "home") as scene:
        browser, held = scene.signed_in("zhang"), scene.settings.policy_file
        token = browser.form_token()
        away = held.with_name("away.db")
        held.rename(away)
        assert browser.get("/console/").status_code == 503
        assert scene.browser().sign_in("wu").status_code == 503
        away.rename(held)
        assert "当前账号 zhang" in words_of(browser.get("/console/"))
        scene.served.hub.log.close()
        assert scene.browser().sign_in("wu").status_code == 503
        assert browser.post("/console/sign-out", {"csrf_token": token}).status_code == 503
        assert "当前账号 zhang" in words_of(browser.get("/console/"))


def test_without_its_provider_nobody_signs_in_and_whoever_is_signed_in_stays(tmp_path: Path) -> None:
    with console_scene(tmp_path / "home") as scene:
        browser = scene.signed_in("zhang")
        scene.settings.local_provider_file.unlink()
        page = scene.browser().get("/console/sign-in")
        assert page.status_code == 503
        assert "SLUICEGATE_SIGN_IN_ISSUER" in words_of(page)
        assert "当前账号 zhang" in words_of(browser.get("/console/"))
