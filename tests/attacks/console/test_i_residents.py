"""I02, I08 at the page of a resident: it opens for that person alone, who opens nothing else by it.

Their resident id number is nowhere but in the provider's token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from audit.log import read
from audit.record import Record
from hub.console.front import Console
from hub.console.page import Change, OwnChange, OwnPage, Page
from hub.demo.provider import CLAIM
from hub.home.code_flow import Begun
from hub.home.settings import Settings
from hub.sample.known_people import PROTAGONIST
from hub.steward.changes import steward_session, store_of
from schema import SPINE
from tests.support.console.browsing import NOWHERE, Browser, ConsoleScene, console_scene, words_of
from tests.support.console.looks import digests_of, look_at
from tests.support.serving import COUNTY, serving

pytestmark = pytest.mark.attack

MINE: Final = "/console/my-data"
OUT: Final = "/console/my-data/sign-out"
SESSION: Final = "__Host-sluicegate-session"
RESIDENT: Final = "__Host-sluicegate-resident"
BEGUN: Final = "__Host-sluicegate-resident-begun"
STAFF: Final = ("zhang", "li", "wu", "chen", "sun")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("residents") / "home") as running:
        look_at(running.settings, "qi")
        look_at(running.settings, "ming", "event.callback", department="hotline")
        yield running


def resident(scene: ConsoleScene, account: str = "qi") -> Browser:
    browser = scene.browser()
    assert is_in(browser.sign_in_as_resident(account))
    return browser


def is_in(page: httpx.Response) -> bool:
    """Whether a page is that of a resident who is signed in."""
    return page.status_code == 200 and "每一行是一个部门" in words_of(page)


def console_of(scene: ConsoleScene) -> Console:
    follower = scene.served.hub.policy_follower
    assert follower is not None
    return Console(scene.served.hub, follower.store.engine)


def last_of(scene: ConsoleScene) -> Record:
    return list(read(scene.settings.audit_log))[-1].record


def test_each_page_of_residents_is_tried_here(scene: ConsoleScene) -> None:
    found = [way for way in console_of(scene).ways if isinstance(way, OwnPage | OwnChange)]
    elsewhere = [f"{MINE}/object", f"{MINE}/object/send", f"{MINE}/withdraw"]
    assert [f"/console/{way.path}" for way in found] == [MINE, OUT, *elsewhere], "the last three: test_objections.py"


def test_each_sees_what_was_seen_of_them_alone(scene: ConsoleScene) -> None:
    one, other, unseen = (words_of(resident(scene, account).get(MINE)) for account in ("qi", "ming", "qu"))
    assert ("出租房屋消防检查" in one, "诉求回访" in one) == (True, False)
    assert ("出租房屋消防检查" in other, "诉求回访" in other) == (False, True)
    assert "没有可以告诉您的查询" in unseen


@pytest.mark.parametrize("account", [None, *STAFF])
def test_no_other_session_opens_the_page(account: str | None, scene: ConsoleScene) -> None:
    browser = scene.browser() if account is None else scene.signed_in(account)
    assert "请先登录，证明您是本人" in words_of(browser.get(MINE))
    if account is not None:
        browser.cookies[RESIDENT] = browser.cookies[SESSION]
        assert "请先登录，证明您是本人" in words_of(browser.get(MINE)), "nor by its value in the other cookie"
        ended = browser.post(OUT, {"csrf_token": browser.form_token()})
        assert ended.headers["location"] == f"{MINE}?ended=1"
        assert "当前账号" in words_of(browser.get("/console/"))


def test_the_session_of_a_resident_opens_no_other_page(scene: ConsoleScene) -> None:
    browser = resident(scene)
    browser.cookies[SESSION] = browser.cookies[RESIDENT]
    token = browser.form_token(MINE)
    for way in console_of(scene).ways:
        if isinstance(way, Page):
            assert "请用本单位的统一身份登录" in words_of(browser.get(f"/console/{way.path}")), way.path
        if isinstance(way, Change):
            answer = browser.post(f"/console/{way.path}", {"csrf_token": token})
            assert answer.headers["location"] == "/console/?ended=1", way.path
    assert is_in(browser.get(MINE))


FROM = {
    "another site": {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    "a sibling": {"sec-fetch-site": "same-site"},
    "an address bar": {"sec-fetch-site": "none"},
    "a sandbox": {"origin": "null"},
}


@pytest.mark.parametrize("place", sorted(FROM))
def test_i02_a_sign_out_from_elsewhere(place: str, scene: ConsoleScene) -> None:
    browser = resident(scene)
    assert browser.post(OUT, {"csrf_token": browser.form_token(MINE)}, **FROM[place]).status_code == 403
    assert is_in(browser.get(MINE))


def test_i02_a_sign_out_without_the_token_of_the_session(scene: ConsoleScene) -> None:
    browser, other, staff = resident(scene), resident(scene, "ming"), scene.signed_in("wu")
    for token in ("", "0" * 64, other.form_token(MINE), staff.form_token()):
        assert browser.post(OUT, {"csrf_token": token}).status_code == 403
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        sent = {"cookie": f"{RESIDENT}={browser.cookies[RESIDENT]}", "origin": browser.origin}
        assert httpx.request(method, browser.origin + OUT, headers=sent, trust_env=False).status_code == 405
    assert is_in(browser.get(MINE))


def test_a_sign_out_ends_the_session_and_the_log_says_so(scene: ConsoleScene) -> None:
    browser = resident(scene)
    before = replace(browser, cookies=dict(browser.cookies))
    ended = browser.post(OUT, {"csrf_token": browser.form_token(MINE)})
    assert ended.headers["location"] == f"{MINE}?signedOut=1"
    assert "已退出登录" in words_of(browser.get(f"{MINE}?signedOut=1"))
    assert not is_in(before.get(MINE)), "by the cookie of before"
    assert (last_of(scene).kind, last_of(scene).operation_name) == ("admin", "console resident sign out")


def test_i08_a_sign_in_makes_a_new_session_whatever_was_held(scene: ConsoleScene) -> None:
    victim, attacker = scene.browser(), scene.browser()
    victim.cookies[RESIDENT] = attacker.cookies[RESIDENT] = "A" * 43
    victim.sign_in_as_resident("qi")
    assert victim.cookies[RESIDENT] != "A" * 43
    assert not is_in(attacker.get(MINE))


def test_i08_a_sign_in_ends_the_session_before_of_the_person_and_of_the_browser(scene: ConsoleScene) -> None:
    first, second = resident(scene), resident(scene)
    assert not is_in(first.get(MINE)), "a person has one session"
    kept = replace(second, cookies=dict(second.cookies))
    assert is_in(second.sign_in_as_resident("ming"))
    assert not is_in(kept.get(MINE)), "of the browser that signed in again"


def test_i08_a_code_serves_the_browser_that_began_and_once(scene: ConsoleScene) -> None:
    attacker, victim, stranger = scene.browser(), scene.browser(), scene.browser()
    finish = attacker.way_back("qi")
    assert stranger.get(finish).status_code == 400, "a browser that began nothing"
    victim.get(f"{MINE}/sign-in")
    assert victim.get(finish).status_code == 400, "a browser that began another"
    own = Begun.read(victim.cookies[BEGUN])
    assert own is not None
    code = parse_qs(urlsplit(finish).query)["code"][0]
    mixed = urlencode({"code": code, "state": own.state})
    assert victim.get(f"{MINE}/signed-in?{mixed}").status_code == 400, "another verifier"
    assert attacker.get(finish).status_code == 400, "a code that was tried before"
    assert not any(is_in(each.get(MINE)) for each in (attacker, victim, stranger))


def test_i08_a_code_of_one_provider_is_none_of_the_other(scene: ConsoleScene) -> None:
    browser = scene.browser()
    asked = browser.get("/console/sign-in").headers["location"]
    back = urlsplit(httpx.post(asked, data={"account": "zhang"}, trust_env=False).headers["location"])
    browser.get(f"{MINE}/sign-in")
    assert browser.get(f"{MINE}/signed-in?{back.query}").status_code == 400
    other = browser.way_back("qi")
    assert browser.get(other.replace(f"{MINE}/signed-in", "/console/signed-in")).status_code == 400
    assert not is_in(browser.get(MINE))


@pytest.mark.parametrize("query", ["", "code=x", "state=x", "error=access_denied", "code=%00&state=%ff"])
def test_i08_an_answer_that_nobody_asked_for(query: str, scene: ConsoleScene) -> None:
    browser = scene.browser()
    browser.get(f"{MINE}/sign-in")
    assert browser.get(f"{MINE}/signed-in?{query}").status_code == 400
    assert not is_in(browser.get(MINE))


def test_i08_each_cookie_is_of_this_host_alone(scene: ConsoleScene) -> None:
    browser = resident(scene)
    browser.post(OUT, {"csrf_token": browser.form_token(MINE)})
    assert {text.partition("=")[0] for text in browser.set} == {RESIDENT, BEGUN}
    for text in browser.set:
        parts = {part.strip().lower() for part in text.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts, text


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {CLAIM: ""},
        {CLAIM: "140321195703129023"},
        {CLAIM: "qi"},
        {CLAIM: [PROTAGONIST.id_no]},
        {CLAIM: int(PROTAGONIST.id_no)},
        {CLAIM: None},
        {"other": PROTAGONIST.id_no},
    ],
    ids=str,
)
def test_nobody_is_signed_in_whose_number_the_provider_does_not_vouch_for(
    claims: Any, scene: ConsoleScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(scene.residents.claims, "qi", claims)
    browser = scene.browser()
    page = browser.sign_in_as_resident("qi")
    assert page.status_code == 403
    assert "无法确认您的身份" in words_of(page)
    assert RESIDENT not in browser.cookies
    last = last_of(scene)
    assert (last.operation_name, last.result, last.subject) == ("console resident sign in", "REFUSED", None)


def test_the_number_stands_in_nothing_that_is_kept_or_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with console_scene(tmp_path / "home") as scene:
        look_at(scene.settings, "qi")
        browser = scene.browser()
        finish = browser.way_back("qi")
        finished = browser.get(finish)
        pages = [browser.get(f"{MINE}{query}") for query in ("", "?language=en", "?month=2026-06", "?month=x")]
        texts = [finish, finished.text, str(finished.headers), *browser.set, caplog.text]
        texts += [text for page in pages for text in (page.text, str(page.headers))]
        sid = digests_of(scene.settings, "qi")
    kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert any(sid[0].encode() in content for content in kept), "the digest is kept, so the search sees something"
    for secret in (PROTAGONIST.id_no, PROTAGONIST.name):
        assert not any(secret.encode() in content for content in kept)
        assert not any(secret in text for text in texts)
    assert not any(digest in text for digest in sid for text in texts)


def test_what_is_read_is_recorded_first_and_nothing_is_shown_while_a_part_is_away(tmp_path: Path) -> None:
    with console_scene(tmp_path / "home") as scene:
        look_at(scene.settings, "qi", time="2026-05-04T02:00:00.000Z")
        browser = resident(scene)
        assert "出租房屋消防检查" in words_of(browser.get(f"{MINE}?month=2026-05"))
        (digest, *_), last = digests_of(scene.settings, "qi"), last_of(scene)
        assert (last.kind, last.operation_name, last.subject) == ("subject", "console my data", digest)
        assert dict(last.variables) == {"subject": digest, "month": "2026-05"}
        settings = scene.served.hub.settings
        scene.served.hub.settings = settings.model_copy(update={"resident_issuer": "http://127.0.0.1:9"})
        away = scene.browser().get(f"{MINE}/sign-in")
        assert (away.status_code, "SLUICEGATE" in words_of(away)) == (503, False), "a resident can do nothing with that"
        scene.served.hub.settings = settings
        held = settings.policy_file
        held.rename(held.with_name("away.db"))
        assert browser.get(MINE).status_code == 503
        held.with_name("away.db").rename(held)
        scene.served.hub.log.close()
        page = browser.get(MINE)
        assert page.status_code == 503
        assert "出租房屋消防检查" not in words_of(page)
        assert scene.browser().sign_in_as_resident("ming").status_code == 503


@pytest.mark.parametrize("month", ["2026-13", "2026", "x", "2026-06-01", "２０２６-06", "<script>", "2026-06\n"])
def test_a_month_that_is_none(month: str, scene: ConsoleScene) -> None:
    page = resident(scene).get(f"{MINE}?{urlencode({'month': month})}")
    assert page.status_code == 400
    assert "<script>" not in page.text


def test_where_residents_cannot_sign_in_the_page_says_so(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home", policies=COUNTY)
    with steward_session(settings, SPINE):
        pass
    with (
        closing(store_of(settings, SPINE)) as store,
        serving(settings.home, NOWHERE, store=store, policies=COUNTY) as served,
    ):
        browser = Browser(f"http://127.0.0.1:{served.port}")
        page = browser.get(MINE)
        assert (page.status_code, "没有开通居民登录" in words_of(page)) == (200, True)
        assert MINE not in browser.get("/console/").text
        for path in ("sign-in", "signed-in"):
            assert browser.get(f"{MINE}/{path}").status_code in {400, 404}
