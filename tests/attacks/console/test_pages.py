"""What people type, send and name does nothing in a page but be shown; and no page fails at it."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import httpx
import pytest

from audit.log import read
from audit.record import Record
from hub.recently_used import RecentlyUsed
from hub.request.accesses import index_file
from hub.steward.changes import store_of
from policies.model import PolicySet
from policies.versions import StoreUnavailable
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.policy_stores import publish
from tests.support.waiting import until

pytestmark = pytest.mark.attack

SESSION: Final = "__Host-sluicegate-session"
NUMBER: Final = "140321195703129022"
MARKUP: Final = "<script>alert(1)</script>'\"><img src=x onerror=alert(2)>{{7*7}}{braces}&amp;"
ODD: Final = {
    "markup": MARKUP,
    "NUL": "a\0b",
    "line ends": "a\r\nSet-Cookie: x=y\r\n\r\n<b>",
    "turned": "a\u202eb\u2066c",
    "half a pair": "\ufffe\U0010ffff",
    "digits of another script": "١٢٣",
    "long": "字" * 500,
    "a format": "%s%n{0}{x.__class__}",
}
VENDORED: Final = re.compile(
    '<script src="/console/assets/[0-9a-f]{16}/[a-z]+\\.js" integrity="sha384-[^"]{64}" defer></script>'
)
"""The one way in which a page names a script."""
READ: Final = (
    "/console/",
    "/console/log?purpose={}",
    "/console/log?result={}&since=2026-01-01",
    "/console/log?since={}",
    "/console/log?before={}",
    "/console/log?coordinate={}",
    "/console/log?effect={}",
    "/console/log?kind={}",
    "/console/log?region={}",
    "/console/log?who=%23{}",
    "/console/log?{}=1",
    "/console/log/record?index={}",
    "/console/log/live?after={}",
    "/console/log/live?purpose={}",
    "/console/log/saved?purpose={}",
    "/console/log/saved?{}=1",
    "/console/integrity?x={}",
    "/console/matrix?purpose={}",
    "/console/matrix?department={}",
    "/console/matrix/cell?purpose=safety.fire&coordinate={}",
    "/console/matrix/cell?purpose=safety.fire&department=hotline&application=fire-inspection&coordinate={}",
    "/console/sources/source?name={}",
    "/console/versions/version?number={}",
    "/console/sessions?language=zh&x={}",
    "/console/{}",
    "/console/sign-in?to={}",
    "/console/signed-in?code={}&state={}",
    "/console/assets/{}/console.css",
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("pages") / "home") as running:
        running.served.ask("query Q { __typename }", purpose=MARKUP)
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ConsoleScene]:
    """A scene that a test may change."""
    with console_scene(tmp_path / "home") as running:
        yield running


@pytest.fixture
def auditor(scene: ConsoleScene) -> Browser:
    return scene.signed_in("wu")


def harmless(answer: httpx.Response) -> None:
    """The answer is a page of the console, and what was sent is text in it."""
    assert answer.status_code < 500, answer.status_code
    assert re.sub(VENDORED, "", answer.text).count("<script") == 0
    assert "<img src=x" not in answer.text
    assert "x" not in answer.cookies
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("kind", sorted(ODD))
@pytest.mark.parametrize("path", READ)
def test_j_what_an_address_says_is_text(path: str, kind: str, auditor: Browser) -> None:
    harmless(auditor.get(path.replace("{}", quote(ODD[kind]))))


@pytest.mark.parametrize("kind", sorted(ODD))
@pytest.mark.parametrize(
    ("path", "account", "field"),
    [
        ("log/value", "wu", "term"),
        ("log/value", "wu", "text"),
        ("log/saved/keep", "wu", "name"),
        ("log/saved/keep", "wu", "terms"),
        ("log/saved/remove", "wu", "saved"),
        ("integrity/check", "wu", "x"),
        ("sessions/end", "wu", "session"),
        ("sources/try", "chen", "name"),
        ("sources/retry", "chen", "name"),
        ("versions/approve", "zhang", "number"),
        ("versions/approve", "zhang", "hash"),
        ("versions/activate", "zhang", "number"),
        ("versions/draft", "zhang", "base"),
        ("versions/draft", "zhang", "note"),
        ("versions/draft", "zhang", "file/fire.yaml"),
    ],
)
def test_j_what_a_form_says_is_text(path: str, account: str, field: str, kind: str, scene: ConsoleScene) -> None:
    browser = scene.signed_in(account)
    sound = {
        "name": "mine",
        "terms": "result=OK",
        "number": "1",
        "base": "1",
        "note": "why",
        "term": "value",
        "text": "x",
        "file/fire.yaml": "grants: []\n",
    }
    form = {**sound, "csrf_token": browser.form_token(), field: ODD[kind]}
    harmless(browser.post(f"/console/{path}", form))


def test_j_a_name_that_is_no_field_of_a_file_is_none(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    for name in ("xfile/fire.yaml", "file/../fire.yaml", "file/", "file/fire.yaml\0", f"file/{MARKUP}"):
        form = {"csrf_token": zhang.form_token(), "base": "1", name: "grants: []\n"}
        answer = zhang.post("/console/versions/draft", form)
        assert answer.status_code == 400
        harmless(answer)


@pytest.mark.parametrize("base", ["0", "7", "999999999"])
def test_j_a_draft_of_a_version_that_is_not_there(base: str, scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    form = {"csrf_token": zhang.form_token(), "base": base, "file/fire.yaml": "grants: []\n"}
    assert zhang.post("/console/versions/draft", form).status_code == 400


@pytest.mark.parametrize("note", ["two\nlines", "a\0b", "turned \u202e", "unseen \u200b", "字" * 501])
def test_a_note_that_reads_otherwise_than_it_is_is_refused(note: str, scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    form = {"csrf_token": zhang.form_token(), "base": "1", "note": note, "file/fire.yaml": "grants: []\n"}
    answer = zhang.post("/console/versions/draft", form)
    assert answer.status_code == 400
    assert "说明不能使用" in words_of(answer)
    with closing(store_of(scene.settings, SPINE)) as store:
        assert len(store.history()) == 1


def test_i02_a_session_cookie_that_is_sent_twice_is_none(scene: ConsoleScene, auditor: Browser) -> None:
    """A sibling host sets a cookie whose name a server reads as ours (cookie tossing past the `__Host-` prefix)."""
    mine, other = auditor.cookies[SESSION], scene.signed_in("chen").cookies[SESSION]
    alike = (SESSION, f"{SESSION} ", f"\xa0{SESSION}", f"{SESSION}\x85")
    for name in alike:
        for line in (f"{SESSION}={mine}; {name}={other}", f"{name}={other}; {SESSION}={mine}"):
            raw = [(b"cookie", line.encode("latin-1"))]
            answer = httpx.get(f"{auditor.origin}/console/", headers=raw, trust_env=False)
            assert "当前账号" not in answer.text, name
    split = [("cookie", f"{SESSION}={mine}"), ("cookie", f"{SESSION}={other}")]
    assert "当前账号" not in httpx.get(f"{auditor.origin}/console/", headers=split, trust_env=False).text
    assert "当前账号" in words_of(auditor.get("/console/"))


def test_i02_an_ended_session_opens_nothing_again(scene: ConsoleScene) -> None:
    browser, kept = scene.signed_in("wu"), scene.browser()
    kept.cookies |= browser.cookies
    token = browser.form_token()
    browser.post("/console/sign-out", {"csrf_token": token})
    assert "请用本单位的统一身份登录" in words_of(kept.get("/console/log"))
    answer = kept.post("/console/log/value", {"csrf_token": token, "term": "value", "text": "x"})
    assert answer.headers["location"] == "/console/?ended=1"
    assert "未执行" in words_of(kept.get("/console/?ended=1"))


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/console/\\evil.example",
        "/console//evil.example",
        "/console/..//evil.example",
        "/console/%0d%0aSet-Cookie:x=y",
        "/console/@evil.example",
        "/graphql",
        "javascript:alert(1)",
        "/console/" + "a" * 600,
    ],
)
def test_i08_a_sign_in_leads_to_no_other_place(to: str, scene: ConsoleScene) -> None:
    browser = scene.browser()
    answer = browser.sign_in("wu", f"?to={quote(to, safe='')}")
    assert answer.url.path.startswith("/console/")
    assert answer.url.host == "127.0.0.1"
    assert "x" not in browser.cookies


@pytest.mark.parametrize("path", ["/console/..//evil.example", "/console/%2F%2Fevil.example", "/console/%0d%0ax:y"])
def test_i08_a_choice_of_language_leads_to_the_same_place(path: str, auditor: Browser) -> None:
    answer = auditor.get(f"{path}?language=en&language=zh&{urlencode({'x': MARKUP})}")
    place = answer.headers.get("location", "/console/")
    assert place.startswith("/console/")
    assert "\n" not in place


def test_a_choice_of_language_keeps_what_was_asked(auditor: Browser) -> None:
    page = auditor.get("/console/log?result=OK&kind=search").text
    (again,) = [unescape(each) for each in re.findall(r'href="(\?[^"]*language=en)"', page)]
    answer = auditor.get(f"/console/log{again}")
    assert answer.headers["location"] == "/console/log?result=OK&kind=search"
    assert "found in" in words_of(auditor.get(answer.headers["location"]))
    auditor.get("/console/?language=zh")


def console_records(scene: ConsoleScene) -> list[Record]:
    found = (each.record for each in read(scene.settings.audit_log))
    return [each for each in found if (each.operation_name or "").startswith("console ")]


def test_each_guess_at_a_person_is_recorded(scene: ConsoleScene, auditor: Browser) -> None:
    """Digests of records can be compared with that of a guess, without a search: a guess is a reading too."""
    form = {"csrf_token": auditor.form_token(), "term": "value", "text": NUMBER}
    before = len(console_records(scene))
    answer = auditor.post("/console/log/value", form)
    (told,) = console_records(scene)[before:]
    assert told.operation_name == "console log value"
    assert told.variables["value"] in answer.headers["location"]
    assert NUMBER not in str(told)


@pytest.mark.parametrize("path", ["log?purpose={}", "log?{}=1", "matrix?purpose={}", "log/record?index={}", "{}"])
def test_a_value_in_an_address_is_in_no_record(path: str, scene: ConsoleScene, auditor: Browser) -> None:
    auditor.get(f"/console/{path.replace('{}', NUMBER)}")
    for more in ("", "&department=hotline&application=fire-inspection"):
        auditor.get(f"/console/matrix/cell?purpose=safety.fire&coordinate={NUMBER}{more}")
    assert not [each for each in read(scene.settings.audit_log) if NUMBER in str(each.record)]


def act_of(browser: Browser, number: str, content: str) -> dict[str, str]:
    return {"csrf_token": browser.form_token(), "number": number, "hash": content}


def drafted(scene: ConsoleScene, browser: Browser, note: str = "why") -> tuple[str, str]:
    """A draft of another comment: its number and its hash."""
    with closing(store_of(scene.settings, SPINE)) as store:
        text = store.in_force().files["fire.yaml"].decode()
        base = str(store.in_force().version.number)
    form = {"csrf_token": browser.form_token(), "base": base, "note": note, "file/fire.yaml": f"{text}# {MARKUP}\n"}
    place = browser.post("/console/versions/draft", form).headers["location"]
    with closing(store_of(scene.settings, SPINE)) as store:
        return place.rpartition("=")[2], store.history()[-1].version.hash


def test_j_what_a_steward_writes_is_text_to_who_approves_it(own: ConsoleScene) -> None:
    zhang, li = own.signed_in("zhang"), own.signed_in("li")
    number, _ = drafted(own, zhang, MARKUP)
    for path in ("versions", f"versions/version?number={number}"):
        page = li.get(f"/console/{path}")
        harmless(page)
        assert MARKUP in unescape(page.text)


def test_two_who_approve_at_once_and_two_who_activate(own: ConsoleScene) -> None:
    zhang, li = own.signed_in("zhang"), own.signed_in("li")
    number, content = drafted(own, zhang)
    for path, fits in (("approve", {303, 400}), ("activate", {303, 400})):
        answers: list[int] = []
        act = act_of(li, number, content)

        def send(path: str = path, act: dict[str, str] = act, answers: list[int] = answers) -> None:
            answers.append(li.post(f"/console/versions/{path}", act).status_code)

        threads = [threading.Thread(target=send) for _ in range(5)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert set(answers) <= fits
        assert answers.count(303) == 1, path
    with closing(store_of(own.settings, SPINE)) as store:
        assert len(store.history()[-1].approvals) == 1


def test_whoever_loses_a_role_loses_it_with_the_next_page(own: ConsoleScene) -> None:
    zhang = own.signed_in("zhang")
    token = zhang.form_token()
    with closing(store_of(own.settings, SPINE)) as store:
        files = dict(store.in_force().files)
        fewer = files["stewards.yaml"].replace(b"zhang, roles: [steward, approver]", b"zhang, roles: [approver]")
        assert fewer != files["stewards.yaml"]
        publish(store, files | {"stewards.yaml": fewer})
    until(lambda: zhang.get("/console/versions/edit").status_code == 403)
    form = {"csrf_token": token, "base": "1", "file/fire.yaml": "grants: []\n"}
    assert zhang.post("/console/versions/draft", form).status_code == 403
    assert zhang.get("/console/versions").status_code == 200


def test_a_store_that_is_away_is_told_and_opens_nothing(own: ConsoleScene, monkeypatch: pytest.MonkeyPatch) -> None:
    zhang = own.signed_in("zhang")

    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr("hub.console.sessions.store.Sessions.find", away)
    for path in ("", "matrix", "versions", "sessions"):
        answer = zhang.get(f"/console/{path}")
        assert answer.status_code == 503
        assert "zhang" not in answer.text


def test_a_version_that_does_not_load_any_more_is_shown_as_text(
    own: ConsoleScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue has lost what an old version names: whoever opens it is told, and sees what it says."""
    zhang = own.signed_in("zhang")
    number, _ = drafted(own, zhang)

    def lost(*_: object) -> None:
        raise YamlFileError("fire.yaml:7", "there is no Person.phone")

    monkeypatch.setattr("hub.console.steward.versions.load_files", lost)
    monkeypatch.setattr("hub.console.steward.versions._LOADED", RecentlyUsed[tuple[str, str], PolicySet](1))
    page = zhang.get(f"/console/versions/version?number={number}")
    assert page.status_code == 200
    assert "fire.yaml:7" in words_of(page)
    assert MARKUP in unescape(page.text)


def test_a_search_while_the_index_is_not_there_yet(own: ConsoleScene) -> None:
    """Two auditors open the log at once, before anybody has read it."""
    wu, index = own.signed_in("wu"), index_file(own.settings)
    for _ in range(60):
        own.served.ask("{ __typename }")
    index.unlink(missing_ok=True)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(wu.get("/console/log").status_code)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(answers) <= {200, 503}
    assert 200 in answers
    assert wu.get("/console/log").status_code == 200


def test_a_form_that_breaks_off_is_nothing(scene: ConsoleScene, caplog: pytest.LogCaptureFixture) -> None:
    wu = scene.signed_in("wu")
    lines = (
        "POST /console/sign-out HTTP/1.1",
        f"Host: {wu.origin.removeprefix('http://')}",
        f"Origin: {wu.origin}",
        f"Cookie: {SESSION}={wu.cookies[SESSION]}",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 900",
        "",
        "csrf_token=",
    )
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", scene.served.port)) as connection:
            connection.sendall("\r\n".join(lines).encode())
            time.sleep(0.05)
    time.sleep(0.2)
    assert "internal fault" not in caplog.text
    assert "当前账号" in words_of(wu.get("/console/"))
