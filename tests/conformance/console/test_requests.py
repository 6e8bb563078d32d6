"""A request for access in the console: asked, drafted by the owner's steward, approved by another, in force."""

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
from tests.support.console.asking import FIELDS, ask, form_of
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.waiting import until

pytestmark = pytest.mark.conformance


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path / "home") as running:
        yield running


def rule_of(page: str) -> str:
    found = re.search(r'<textarea name="rule"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found is not None, page
    return unescape(found[1])


def drafting(browser: Browser, name: str, **changes: str) -> dict[str, str]:
    """The form of a draft as the page of a request has it, with the line ends of browsers."""
    page = browser.get(f"/console/requests/answer?id={name}").text
    base = re.search(r'name="base" value="(\d+)"', page)
    assert base is not None, page
    rule = rule_of(page).replace("\n", "\r\n")
    return {
        "csrf_token": browser.form_token(),
        "id": name,
        "base": base[1],
        "file": "requests.yaml",
        "rule": rule,
        **changes,
    }


def put_in_force(scene: ConsoleScene, browser: Browser, number: int) -> None:
    with closing(store_of(scene.settings, SPINE)) as store:
        content = next(each.version.hash for each in store.history() if each.version.number == number)
    act = {"csrf_token": browser.form_token(), "number": str(number), "hash": content}
    assert browser.post("/console/versions/approve", act).status_code == 303
    assert browser.post("/console/versions/activate", act).status_code == 303
    until(lambda: scene.served.hub.policy.version == content)


def number_of(answer: str) -> int:
    return int(answer.rpartition("=")[2])


def test_a_request_goes_from_a_developer_by_two_stewards_into_force(scene: ConsoleScene) -> None:
    sun, zhang, li = scene.signed_in("sun"), scene.signed_in("zhang"), scene.signed_in("li")
    asked = form_of(sun)
    location = sun.post("/console/requests/ask", asked).headers["location"]
    name = location.rpartition("=")[2]
    seen = words_of(sun.get(location))
    assert "待答复" in seen
    assert "申请已送达答复部门，您不必再做什么" in seen, "what comes next"
    assert re.search(r"应答复日 20\d\d-\d\d-\d\d · 还有 1\d 天", seen), "ten working days, in words"
    assert "公安局" in seen, "who answers"
    assert "上门探访前需要电话联系" in seen
    queue = zhang.get("/console/requests/queue")
    assert f"answer?id={name}" in queue.text
    page = zhang.get(f"/console/requests/answer?id={name}")
    assert "上门探访前需要电话联系" in words_of(page)
    assert f"- id: ask-{name}" in rule_of(page.text)
    drafted = zhang.post("/console/requests/draft", drafting(zhang, name))
    assert drafted.status_code == 303, words_of(drafted)
    number = number_of(drafted.headers["location"])
    assert "已起草" in words_of(sun.get(location))
    with closing(store_of(scene.settings, SPINE)) as store:
        assert store.history()[-1].version.note == f"access request {name}"
        assert store.history()[-1].version.author == "zhang"
    assert drafted.headers["location"] in zhang.get(f"/console/requests/answer?id={name}").text
    page = li.get(drafted.headers["location"])
    assert "有授权扩大" in words_of(page)
    assert f'href="/console/requests/answer?id={name}"' in page.text, "from the version to the request, and back"
    read_by_auditor = scene.signed_in("wu").get(drafted.headers["location"])
    assert name in words_of(read_by_auditor)
    assert "/console/requests/" not in read_by_auditor.text, "an auditor does not open requests"
    put_in_force(scene, li, number)
    in_force = sun.get(location)
    assert "已生效" in words_of(in_force)
    assert 'href="/console/developer/query?application=grid-desk&amp;purpose=welfare.elder"' in in_force.text
    assert f"生效期间 规则生效之日起至 {asked['until']}" in words_of(in_force)
    grant = next(each for each in scene.served.hub.policy.grants if each.id == f"ask-{name}")
    assert grant.basis == asked["basis"]
    assert grant.purposes == {"welfare.elder"}
    assert str(grant.valid.end) == asked["until"]
    acts = [each.record for each in read(scene.settings.audit_log)]
    steps = [(each.operation_name, each.variables.get("request")) for each in acts if each.kind == "admin"]
    assert [step for step in steps if step[1]] == [("console request ask", name), ("console request draft", name)]
    assert [each.operation_name for each in acts if each.kind == "policy"][-3:] == [
        "policy draft",
        "policy approve",
        "policy activate",
    ]
    log = "".join(str(each) for each in acts)
    assert not [text for text in (asked["reason"], asked["rows"], asked["basis"]) if text in log]


def test_a_request_is_split_by_owner_and_unmasking_is_its_own(scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    policy, purpose = scene.served.hub.policy, "event.dispatch"
    assert policy.owners["Person"] != policy.owners["Dwelling"]
    names = ("Event.text", "Event.kind", "Dwelling.code")
    answer = sun.post("/console/requests/ask", form_of(sun, *names, purpose=purpose))
    assert "已提交 3 份申请" in words_of(sun.get(answer.headers["location"]))
    for none in ("0", "000", "-1", "<b>", "９"):
        assert "已提交" not in words_of(sun.get(f"/console/requests?sent={none}"))
    page = words_of(sun.get("/console/requests"))
    assert page.count("待答复") == 3
    assert page.count("去遮蔽") == 1, "the text of an event is masked for this purpose so far"
    assert "住房和城乡建设局" in page
    assert "12345 政务服务便民热线" in page


def test_the_rule_of_a_request_is_a_sentence_and_is_tried_before_it_is_drafted(scene: ConsoleScene) -> None:
    sun, zhang = scene.signed_in("sun"), scene.signed_in("zhang")
    name = ask(sun)
    page = words_of(zhang.get(f"/console/requests/answer?id={name}"))
    assert re.search(r"grid-desk 为 .+ welfare.elder 可以查看：.+依据：", page), "the rule as a sentence"
    assert "有授权扩大" in page, "what it would do"
    assert "数据申请办理 待答复 1 件" in words_of(zhang.get("/console/rules/to-do"))
    form = drafting(zhang, name, act="check")
    tried = words_of(zhang.post("/console/requests/draft", {**form, "rule": form["rule"].replace("rows:", "rowz:")}))
    assert "此规则尚不能提交" in tried
    assert "待答复" in words_of(sun.get(f"/console/requests/one?id={name}")), "nothing was drafted"


def test_a_refusal_tells_the_asker_why_and_ends_it(scene: ConsoleScene) -> None:
    sun, zhang = scene.signed_in("sun"), scene.signed_in("zhang")
    name = ask(sun)
    refused = {"csrf_token": zhang.form_token(), "id": name, "answer": "请改用\r\n遮蔽后的手机号"}
    assert zhang.post("/console/requests/refuse", {**refused, "answer": " \r\n "}).status_code == 400
    done = zhang.post("/console/requests/refuse", refused).headers["location"]
    assert done == f"/console/requests/queue?refused={name}"
    assert f"已拒绝申请 {name}" in words_of(zhang.get(done))
    assert "已拒绝申请" not in words_of(zhang.get("/console/requests/queue?refused=<b>"))
    told = sun.get(f"/console/requests/one?id={name}")
    page = words_of(told)
    (again,) = re.findall(r'href="(/console/requests/new[^"]+)"', told.text)
    form = sun.get(unescape(again)).text
    assert all(f'name="wish/{field}"' in form for field in FIELDS)
    assert '<option value="welfare.elder" selected>' in form
    kept = form_of(sun)
    assert all(kept[text] in unescape(form) for text in ("rows", "basis", "reason")), "what was written, too"
    assert form.count('<option value="clear" selected>') == len(FIELDS)
    assert not [text for text in ("应答复日", "未答复则失效") if text in page], "nobody waits for an answer any more"
    assert "已拒绝" in page
    assert "请改用 遮蔽后的手机号" in page
    assert "撤回申请" not in page
    waiting, _, before = words_of(zhang.get("/console/requests/queue")).partition("已拒绝的申请")
    assert name not in waiting
    assert name in before, "it can be read again"
    late = zhang.post("/console/requests/refuse", refused)
    assert late.status_code == 400, "once"


def test_a_request_whose_draft_can_never_be_in_force_waits_again(scene: ConsoleScene) -> None:
    sun, zhang, li = scene.signed_in("sun"), scene.signed_in("zhang"), scene.signed_in("li")
    first, second = ask(sun), ask(sun, "Dwelling.code")
    one = zhang.post("/console/requests/draft", drafting(zhang, first))
    zhang.post("/console/requests/draft", drafting(zhang, second))
    for name in (first, second):
        assert "已起草" in words_of(sun.get(f"/console/requests/one?id={name}"))
    put_in_force(scene, li, number_of(one.headers["location"]))
    assert "已生效" in words_of(sun.get(f"/console/requests/one?id={first}"))
    assert "待答复" in words_of(sun.get(f"/console/requests/one?id={second}"))
    again = zhang.post("/console/requests/draft", drafting(zhang, second))
    assert again.status_code == 303
    put_in_force(scene, li, number_of(again.headers["location"]))
    for name in (first, second):
        assert "已生效" in words_of(sun.get(f"/console/requests/one?id={name}")), "also under a later version"
    with closing(store_of(scene.settings, SPINE)) as store:
        assert store.in_force().files["requests.yaml"].count(b"- id: ask-") == 2


def test_a_rule_that_does_not_load_is_shown_again_as_it_was_written(scene: ConsoleScene) -> None:
    sun, zhang = scene.signed_in("sun"), scene.signed_in("zhang")
    name = ask(sun)
    form = drafting(zhang, name)
    broken = form["rule"].replace("Person.phone", "Person.phones")
    answer = zhang.post("/console/requests/draft", {**form, "rule": broken, "file": "grid.yaml"})
    assert answer.status_code == 400
    assert "Person.phones" in rule_of(answer.text)
    assert "grid.yaml:" in words_of(answer)
    assert "待答复" in words_of(sun.get(f"/console/requests/one?id={name}")), "nothing was drafted"
    assert zhang.post("/console/requests/draft", {**form, "file": "grid.yaml"}).status_code == 303


def test_the_fields_are_narrowed_without_a_script_and_stay_chosen(scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    page = sun.get("/console/requests/fields?field=Person.phone&type=Dwelling&text=code").text
    ticked = re.findall(r'value="([\w.]+)" checked', page)
    offered = re.findall(r'name="field" value="([\w.]+)"', page)
    assert ticked == ["Person.phone"]
    assert set(offered) == {"Person.phone", "Dwelling.code"}
    assert sun.get("/console/requests/fields?type=Nothing").status_code == 400
    assert sun.get("/console/requests/new").status_code == 400, "no field is chosen"
    assert sun.get("/console/requests/new?field=Person.nothing").status_code == 400


def test_what_is_wrong_with_a_form_is_told_and_what_was_written_is_kept(scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    form = form_of(sun, reason="", until="2020-01-01", purpose="none")
    page = sun.post("/console/requests/ask", form)
    assert page.status_code == 400
    text = words_of(page)
    assert "请说明理由" in text
    assert "使用期限须晚于今天" in text
    assert "请选择一个目的" in text
    assert form["rows"] in page.text
    assert "还没有申请" in words_of(sun.get("/console/requests"))


def test_a_text_with_what_is_personal_is_refused_and_kept_on_the_form(scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    for field, text in (("reason", "请联系13812345678"), ("rows", "证号14010519900307293X的住户")):
        page = sun.post("/console/requests/ask", form_of(sun, **{field: text}))
        assert page.status_code == 400
        assert "似有居民的个人信息" in words_of(page)
        assert text in page.text
    assert "还没有申请" in words_of(sun.get("/console/requests"))


def test_the_same_is_asked_twice_only_by_who_was_warned(scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    name = ask(sun)
    form = form_of(sun, "Person.phone")
    del form["anyway"]
    warned = sun.post("/console/requests/ask", form)
    assert warned.status_code == 409
    assert "同样申请已有一份" in words_of(warned)
    assert f'href="/console/requests/one?id={name}"' in warned.text
    assert form["reason"] in warned.text
    assert 'name="anyway" value="1"' in warned.text
    other = form_of(sun, "Person.phone", purpose="event.dispatch")
    del other["anyway"]
    assert sun.post("/console/requests/ask", other).status_code == 303, "for another purpose it is not the same"
    assert sun.post("/console/requests/ask", {**form, "anyway": "1"}).status_code == 303
    assert sun.post("/console/requests/ask", form).status_code == 303, "a form that is sent twice asks once"
    listed = words_of(sun.get("/console/requests"))
    assert listed.count("待答复") == 3
    assert "Person.phone" in listed


def test_the_mask_that_is_seen_now_is_marked(scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    new = "/console/requests/new?application=grid-desk&field=Event.text&wanted=clear&purpose="
    assert words_of(sun.get(f"{new}event.dispatch")).count("目前即为此") == 1
    assert "目前即为此" not in words_of(sun.get(f"{new}welfare.elder"))


def test_what_is_taken_back_leaves_the_queue(scene: ConsoleScene) -> None:
    sun, zhang = scene.signed_in("sun"), scene.signed_in("zhang")
    name = ask(sun)
    taken = {"csrf_token": sun.form_token(), "id": name}
    assert sun.post("/console/requests/withdraw", taken).status_code == 303
    assert "已撤回" in words_of(sun.get(f"/console/requests/one?id={name}"))
    assert name not in zhang.get("/console/requests/queue").text
    assert sun.post("/console/requests/withdraw", taken).status_code == 400, "once"
