"""Every page and every change × every role: nobody gets by an address what their roles do not open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from hub.console.front import Console
from hub.console.menu import THEMES
from hub.console.page import Change, Door, Page, Way
from tests.support.console.asking import ask
from tests.support.console.browsing import ConsoleScene, console_scene, words_of
from tests.support.console.looks import look_at
from tests.support.console.objecting import send_objection

pytestmark = pytest.mark.attack

ACCOUNTS = {"zhang": {"steward", "approver"}, "wu": {"auditor"}, "chen": {"operator"}, "sun": {"developer"}}
ANYBODY: frozenset[str] = frozenset()
DEVELOPERS = frozenset({"developer"})
READERS = frozenset({"steward", "approver", "auditor"})
OPENED_BY = {
    "": ANYBODY,
    "sessions": ANYBODY,
    "sessions/end": ANYBODY,
    "sessions/end-all": ANYBODY,
    "sign-out": ANYBODY,
    "log": frozenset({"auditor"}),
    "log/record": frozenset({"auditor"}),
    "log/record/proof": frozenset({"auditor"}),
    "log/value": frozenset({"auditor"}),
    **dict.fromkeys(("person", "person/find", "unusual", "balance", "balance/table"), frozenset({"auditor"})),
    **dict.fromkeys(("review", "review/marked", "review/mark", "log/export"), frozenset({"auditor"})),
    "log/live": frozenset({"auditor"}),
    "log/saved": frozenset({"auditor"}),
    "log/saved/keep": frozenset({"auditor"}),
    "log/saved/remove": frozenset({"auditor"}),
    "integrity": frozenset({"auditor"}),
    "integrity/checkpoint.txt": frozenset({"auditor"}),
    "integrity/key.txt": frozenset({"auditor"}),
    "integrity/check": frozenset({"auditor"}),
    "versions": READERS,
    "versions/version": READERS,
    "versions/edit": frozenset({"steward"}),
    "versions/draft": frozenset({"steward"}),
    "versions/approve": frozenset({"approver"}),
    "versions/activate": frozenset({"steward", "approver"}),
    "sources": frozenset({"operator"}),
    "sources/source": frozenset({"operator"}),
    "sources/try": frozenset({"operator"}),
    "sources/retry": frozenset({"operator"}),
    "health": frozenset({"operator"}),
    "settings": frozenset({"operator"}),
    "preview": READERS,
    "preview/prepare": READERS,
    "preview/run": READERS,
    "why": READERS,
    "versions/replay": READERS,
    "versions/replay/run": READERS,
    "versions/conflict": READERS,
    "versions/rollback": frozenset({"steward"}),
    "versions/rollback/draft": frozenset({"steward"}),
    "versions/schedule": frozenset({"steward", "approver"}),
    "versions/schedule/set": frozenset({"steward", "approver"}),
    "matrix": READERS,
    "matrix/cell": READERS,
    "developer/catalogue": DEVELOPERS,
    "developer/type": DEVELOPERS,
    "developer/query": DEVELOPERS,
    "developer/ask": DEVELOPERS,
    "developer/codes": DEVELOPERS,
    "developer/operations": DEVELOPERS,
    "developer/token": DEVELOPERS,
    **dict.fromkeys(
        ("requests", "requests/fields", "requests/new", "requests/one", "requests/ask", "requests/withdraw"),
        frozenset({"developer"}),
    ),
    **dict.fromkeys(("requests/queue", "requests/answer", "requests/refuse", "requests/draft"), frozenset({"steward"})),
    **dict.fromkeys(("objections", "objections/one", "objections/answer"), frozenset({"steward"})),
    "rules": READERS,
    "rules/rule": frozenset({"steward"}),
    "rules/draft": frozenset({"steward"}),
    "rules/to-do": frozenset({"steward"}),
}
"""By page: the roles that open it, as people decided; ANYBODY means whoever is signed in. A page that is new fails."""
ASKED = {
    "log/record": "?index=0",
    "log/record/proof": "?index=0",
    "sources/source": "?name=police",
    "versions/version": "?number=1",
    **dict.fromkeys(("versions/replay", "versions/conflict", "versions/rollback", "versions/schedule"), "?number=1"),
    "matrix/cell": "?purpose=safety.fire&coordinate=Person.phone",
    "developer/type": "?type=Person",
    "rules/rule": "?rule=fire-case",
}

SENT = {"log/value": {"term": "case", "text": "A-1"}, "log/export": {"kind": "none that there is"}}
REQUESTS: Final = {
    "requests/new": "?application=grid-desk&field=Person.phone",
    "requests/one": "?id={request}",
    "requests/answer": "?id={request}",
    "objections/one": "?id={objection}",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("roles") / "home") as running:
        look_at(running.settings, "qi")
        resident = running.browser()
        resident.sign_in_as_resident("qi")
        named = {"request": ask(running.signed_in("sun")), "objection": send_objection(resident)}
        ASKED.update({path: query.format(**named) for path, query in REQUESTS.items()})
        yield running


def ways(scene: ConsoleScene) -> tuple[Way, ...]:
    follower = scene.served.hub.policy_follower
    assert follower is not None
    return Console(scene.served.hub, follower.store.engine).ways


def test_each_page_says_who_opens_it(scene: ConsoleScene) -> None:
    guarded = [way for way in ways(scene) if isinstance(way, Page | Change)]
    assert {way.path: frozenset(map(str, way.roles)) for way in guarded} == OPENED_BY
    doors = ["my-data/sign-in", "my-data/signed-in", "sign-in", "signed-in"]
    assert sorted(way.path for way in ways(scene) if isinstance(way, Door)) == doors


@pytest.mark.parametrize("account", [None, *ACCOUNTS])
def test_a_page_opens_for_its_roles_alone(account: str | None, scene: ConsoleScene) -> None:
    browser = scene.browser() if account is None else scene.signed_in(account)
    for way in ways(scene):
        if not isinstance(way, Page):
            continue
        page = browser.get(f"/console/{way.path}{ASKED.get(way.path, '')}")
        if account is None:
            assert page.status_code == 200
            assert "请用本单位的统一身份登录" in words_of(page), way.path
        elif not OPENED_BY[way.path] or OPENED_BY[way.path] & ACCOUNTS[account]:
            assert page.status_code == 200, way.path
        else:
            assert page.status_code == 403, way.path
            assert "此角色不能访问" in words_of(page)


@pytest.mark.parametrize("account", [None, *ACCOUNTS])
def test_a_change_is_done_for_its_roles_alone(account: str | None, scene: ConsoleScene) -> None:
    for way in ways(scene):
        if not isinstance(way, Change):
            continue
        browser = scene.browser() if account is None else scene.signed_in(account)
        form = {"csrf_token": browser.form_token(), **SENT.get(way.path, {})}
        answer = browser.post(f"/console/{way.path}", form)
        allowed = account is not None and (not OPENED_BY[way.path] or OPENED_BY[way.path] & ACCOUNTS[account])
        if allowed:
            assert answer.status_code in {303, 400, 404}, f"{way.path}: done, or it was asked for nothing that there is"
        elif account is not None:
            assert answer.status_code == 403, way.path
        else:
            assert answer.headers["location"] == "/console/?ended=1"


def test_each_page_of_the_menu_has_its_theme(scene: ConsoleScene) -> None:
    named = sorted(way.word for way in ways(scene) if isinstance(way, Page) and way.word)
    assert named == sorted(word for words in THEMES.values() for word in words)


def test_the_menu_names_what_opens(scene: ConsoleScene) -> None:
    for account, roles in ACCOUNTS.items():
        home = scene.signed_in(account).get("/console/").text
        assert ('href="/console/matrix"' in home) == bool(roles & READERS), account
