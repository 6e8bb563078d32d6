"""A change of the policy in the console: tried, drafted as text, approved by another person, in force in seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest

from audit.log import read
from hub.steward.changes import store_of
from schema import SPINE
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.waiting import until

pytestmark = pytest.mark.conformance
FILE = "fire.yaml"
BEFORE, AFTER = 'Person.phone: {mask: "partial(3,4)"}', "Person.phone: clear"
EXPECTED = 'purpose: safety.fire.rental, coordinate: Person.phone, effects: ["partial(3,4)"]'


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path / "home") as running:
        yield running


def texts_of(page: str) -> dict[str, str]:
    """The texts in the form, by file."""
    found = re.findall(r'<textarea name="file/([^"]+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return {name: unescape(text) for name, text in found}


def form(browser: Browser, texts: dict[str, str], **more: str) -> dict[str, str]:
    """What the form of a draft sends, with the line ends of browsers."""
    sent = {f"file/{name}": text.replace("\n", "\r\n") for name, text in texts.items()}
    return {"csrf_token": browser.form_token(), "base": "1", "note": "why", **sent, **more}


def changed(browser: Browser) -> dict[str, str]:
    """All texts, with another mask and what is expected of it."""
    texts = texts_of(browser.get(f"/console/versions/edit?file={FILE}").text)
    assert BEFORE in texts[FILE]
    assert EXPECTED in texts["expect.yaml"]
    return texts | {
        FILE: texts[FILE].replace(BEFORE, AFTER),
        "expect.yaml": texts["expect.yaml"].replace(EXPECTED, EXPECTED.replace('"partial(3,4)"', "clear")),
    }


def number_of(answer: str) -> str:
    return answer.rpartition("=")[2]


def test_a_change_goes_from_one_person_by_another_into_force(scene: ConsoleScene) -> None:
    zhang, li = scene.signed_in("zhang"), scene.signed_in("li")
    texts, before = changed(zhang), scene.served.hub.policy.version
    tried = zhang.post("/console/versions/draft", form(zhang, texts, act="check"))
    assert tried.status_code == 200
    assert "有授权扩大" in words_of(tried)
    assert "Person.phone" in words_of(tried)
    assert texts_of(tried.text) == texts, "what was written stays in the form"
    with closing(store_of(scene.settings, SPINE)) as store:
        assert len(store.history()) == 1, "nothing was drafted"
    drafted = zhang.post("/console/versions/draft", form(zhang, texts)).headers["location"]
    page = zhang.get(drafted)
    assert "须由另一位审批人审批" in words_of(page)
    assert "批准此内容" not in words_of(page)
    number = number_of(drafted)
    waiting = f"查看并审批版本 {number}"
    assert waiting in words_of(li.get("/console/versions"))
    assert waiting not in words_of(zhang.get("/console/versions")), "nobody approves their own draft"
    page = li.get(drafted)
    assert "有授权扩大" in words_of(page)
    assert "仅显示前 3 位和后 4 位" in words_of(page), "decisions are told in words"
    assert f"+      {AFTER}" in unescape(page.text) or AFTER in unescape(page.text)
    content = re.search(r'name="hash" value="([0-9a-f]+)"', page.text)
    assert content is not None
    act = {"csrf_token": li.form_token(), "number": number, "hash": content[1]}
    assert li.post("/console/versions/approve", act).status_code == 303
    assert "审批人 li 生效操作人 尚无" in words_of(zhang.get(drafted))
    assert waiting not in words_of(li.get("/console/versions"))
    assert scene.served.hub.policy.version == before
    assert zhang.post("/console/versions/activate", {**act, "csrf_token": zhang.form_token()}).status_code == 303
    assert "起草人 zhang" in words_of(li.get(drafted))
    assert "审批人 li 生效操作人 zhang" in words_of(li.get(drafted)), "each told by what the store says of them"
    cell = "/console/matrix/cell?purpose=safety.fire.rental&coordinate=Person.phone"
    assert "起草 zhang，审批 li，生效操作 zhang" in words_of(li.get(cell))
    first = words_of(li.get("/console/versions")).partition("全部版本")[2]
    assert "未经审批（初始版本） 系统安装" in first
    assert "bootstrap" not in first
    until(lambda: scene.served.hub.policy.version == content[1])
    assert "现行" in words_of(li.get(drafted))
    with closing(store_of(scene.settings, SPINE)) as store:
        assert AFTER.encode() in store.in_force().files[FILE]
        assert b"\r" not in store.in_force().files[FILE]
    acts = [each.record for each in read(scene.settings.audit_log) if each.record.kind == "policy"]
    assert [(each.operation_name, each.result) for each in acts[-3:]] == [
        ("policy draft", "OK"),
        ("policy approve", "OK"),
        ("policy activate", "OK"),
    ]
    assert {each.variables["issuer"] for each in acts[-3:]} == {scene.provider.issuer}


def test_nobody_approves_their_own_draft_or_another_content(scene: ConsoleScene) -> None:
    zhang, li = scene.signed_in("zhang"), scene.signed_in("li")
    drafted = zhang.post("/console/versions/draft", form(zhang, changed(zhang))).headers["location"]
    with closing(store_of(scene.settings, SPINE)) as store:
        content = store.history()[-1].version.hash
    number = number_of(drafted)
    for browser, wrong in ((zhang, content), (li, content[:-1] + ("0" if content[-1] != "0" else "1")), (li, "")):
        act = {"csrf_token": browser.form_token(), "number": number, "hash": wrong}
        answer = browser.post("/console/versions/approve", act)
        assert answer.status_code == 400
        assert "操作未执行" in words_of(answer)
    answer = li.post("/console/versions/activate", {"csrf_token": li.form_token(), "number": number})
    assert answer.status_code == 400, "not approved"
    with closing(store_of(scene.settings, SPINE)) as store:
        assert store.in_force().version.number == 1
        assert store.history()[-1].approvals == ()


def test_two_people_who_change_one_version_are_told_of_each_other(scene: ConsoleScene) -> None:
    zhang, li = scene.signed_in("zhang"), scene.signed_in("li")
    texts = changed(zhang)
    drafted = zhang.post("/console/versions/draft", form(zhang, texts)).headers["location"]
    other = li.post("/console/versions/draft", form(li, texts | {FILE: texts[FILE] + "# by li\n"})).headers["location"]
    number, content = number_of(drafted), ""
    with closing(store_of(scene.settings, SPINE)) as store:
        content = store.history()[1].version.hash
    act = {"csrf_token": li.form_token(), "number": number, "hash": content}
    assert li.post("/console/versions/approve", act).status_code == 303
    assert li.post("/console/versions/activate", act).status_code == 303
    until(lambda: scene.served.hub.policy.version == content)
    again = zhang.post("/console/versions/draft", form(zhang, texts | {FILE: texts[FILE] + "# by zhang\n"}))
    assert again.status_code == 400
    assert "version 2" in words_of(again) or "版本" in words_of(again)
    assert number_of(other) == "3"


@pytest.mark.parametrize(
    ("text", "said"),
    [("grants: [", "fire.yaml:"), ("grants: []\nnothing: 1\n", "unknown key"), ("", "fire.yaml")],
)
def test_a_text_that_does_not_load_is_not_drafted_and_says_where(scene: ConsoleScene, text: str, said: str) -> None:
    zhang = scene.signed_in("zhang")
    for act in ({}, {"act": "check"}):
        answer = zhang.post("/console/versions/draft", form(zhang, {FILE: text}, **act))
        if answer.status_code == 303:
            pytest.fail(f"it was drafted: {text!r}")
        assert said in words_of(answer) or answer.status_code == 400
    with closing(store_of(scene.settings, SPINE)) as store:
        assert len(store.history()) == 1


@pytest.mark.parametrize(
    "path",
    ["version?number=99", "version?number=x", "version?number=-1", "version", "edit?file=../x", "edit?file=x.yaml"],
)
def test_what_is_not_there_is_refused(scene: ConsoleScene, path: str) -> None:
    assert scene.signed_in("zhang").get(f"/console/versions/{path}").status_code == 400


def test_the_history_says_who_did_what(scene: ConsoleScene) -> None:
    page = words_of(scene.signed_in("wu").get("/console/versions"))
    assert "系统安装 未经审批（初始版本） 系统安装" in page
    assert scene.served.hub.policy.version in page
    assert "起草变更" not in page, "an auditor drafts nothing"
