"""The language can be changed on every page, also on the answer to a form: what was written stays, nothing is done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape

import httpx
import pytest

from hub.console.front import Console
from hub.console.page import Change
from tests.support.console.asking import form_of
from tests.support.console.browsing import Browser, ConsoleScene, console_scene

pytestmark = pytest.mark.conformance
FIRE = "file/fire.yaml"
FORMS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "developer/ask": ("sun", {"act": "explain", "application": "grid-desk", "document": "{ myAccess { purpose } }"}),
    "objections/answer": ("zhang", {"id": "none"}),
    "preview/run": ("zhang", {"number": "1", "query": "{ people { totalCount } }"}),
    "requests/ask": ("sun", {"reason": ""}),
    "requests/draft": ("zhang", {"id": "none", "base": "1", "rule": "- id: x\n"}),
    "rules/draft": ("zhang", {"section": "grants", "base": "1", "act": "check", "rule": ""}),
    "versions/draft": ("zhang", {"base": "1", "act": "check", "note": "第1条", FIRE: "grants: []\n"}),
    "versions/replay/run": ("zhang", {"number": "1", "days": "7"}),
    # Their answers have nothing that was written: the language leads to the page that they are of.
    "log/export": ("wu", {"purpose": "no purpose of anybody"}),
    "log/saved/keep": ("wu", {"name": "", "terms": "purpose=safety"}),
    "log/value": ("wu", {"term": "person", "text": "none"}),
    "person/find": ("wu", {"number": "none"}),
    "review/mark": ("wu", {"index": "0", "seen": "0", "verdict": "in_order", "reason": ""}),
    "sources/try": ("chen", {"name": "none"}),
    "versions/approve": ("li", {"number": "1", "hash": "none"}),
}
"""By path of a form: who sends what, so that it is answered with a page."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("languages") / "home") as running:
        yield running


def switched(browser: Browser, path: str, page: httpx.Response) -> httpx.Response:
    """The page at which somebody comes who changes the language on a page that answered a form."""
    if form := re.search(
        r'<form method="post" action="([^"]+)">((?:<input[^>]*>)*)<button[^>]* name="language"', page.text
    ):
        fields = re.findall(r'name="([^"]*)" value="([^"]*)"', form[2], re.DOTALL)
        return browser.post(unescape(form[1]), {**{unescape(n): unescape(v) for n, v in fields}, "language": "en"})
    link = re.search(r'href="(\?[^"]*language=en)"', page.text)
    assert link is not None, f"{path}: no switch"
    return browser.get(browser.get(f"/console/{path}{unescape(link[1])}").headers["location"])


@pytest.mark.parametrize("path", sorted(FORMS))
def test_the_language_changes_on_the_answer_to_a_form(path: str, scene: ConsoleScene) -> None:
    account, given = FORMS[path]
    browser = scene.signed_in(account)
    form = {**(form_of(browser) if path == "requests/ask" else {}), **given, "csrf_token": browser.form_token()}
    answer = browser.post(f"/console/{path}", form)
    assert (answer.status_code // 100 in {2, 4}, answer.headers["content-language"]) == (True, "zh"), answer.headers
    page = switched(browser, path, answer)
    assert page.headers["content-language"] == "en", page.text
    assert browser.get("/console/").headers["content-language"] == "en", "and it is kept"
    if 'name="language"' in answer.text:
        assert re.findall(r"<textarea[^>]*>([^<]*)", page.text) == re.findall(r"<textarea[^>]*>([^<]*)", answer.text)


def test_what_a_form_would_do_is_not_done_by_the_language(scene: ConsoleScene) -> None:
    follower = scene.served.hub.policy_follower
    assert follower is not None
    ways = {way.path: way for way in Console(scene.served.hub, follower.store.engine).ways if isinstance(way, Change)}
    acts = {path: way.reread({"act": "run"})["act"] for path, way in ways.items() if way.reread is not None}
    assert acts == {
        "developer/ask": "explain",
        "objections/answer": "show",
        "preview/run": "run",
        "requests/ask": "show",
        "requests/draft": "check",
        "rules/draft": "run",
        "versions/draft": "check",
        "versions/replay/run": "run",
    }
    reread = ways["rules/draft"].reread
    assert reread is not None
    assert [reread({"act": act})["act"] for act in ("", "remove", "count")] == ["check", "check-removal", "count"]
    zhang, before = scene.signed_in("zhang"), len(follower.store.history())
    edited = re.search(rf'<textarea name="{FIRE}"[^>]*>\n?([^<]*)', zhang.get("/console/versions/edit").text)
    assert edited is not None
    changed = f"{unescape(edited[1])}# a comment\n"
    form = {"base": "1", "note": "第1条 13812345678", FIRE: changed, "csrf_token": zhang.form_token()}
    answer = zhang.post("/console/versions/draft", form)
    assert answer.status_code == 400, "the note is refused"
    assert switched(zhang, "versions/draft", answer).headers["content-language"] == "en"
    assert len(follower.store.history()) == before
