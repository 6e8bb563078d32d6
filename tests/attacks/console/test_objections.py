"""A resident's objection: whose it is, what is written in it, who reads it, and what nobody learns from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx
import pytest

from audit.log import read
from audit.record import Record
from hub.console.objections.objection import MOST_OPEN
from hub.console.resident.objecting import handle_of
from hub.console.resident.seen import told_to
from hub.request.accesses import RecordedAccess
from hub.sample.known_people import COMPANION, PROTAGONIST
from tests.support.console.browsing import PEOPLE, Browser, ConsoleScene, console_scene, words_of
from tests.support.console.looks import digests_of, look_at
from tests.support.console.objecting import MINE, REASON, SEND, handles, numbers, objection_form, send_objection
from tests.support.serving import COUNTY

pytestmark = pytest.mark.attack

QUEUE: Final = "/console/objections"
ONE: Final = "/console/objections/one"
ANSWER: Final = "/console/objections/answer"
RESIDENT: Final = "__Host-sluicegate-resident"
SCRIPT: Final = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'
STEWARD: Final = "  - {account: qian, person: DEMO-STAFF-0902, subject: qian, roles: [steward], owns: [housing]}\n"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    """Three residents of whom departments saw something; `hotline` has stewards (zhang, li), `fire` has none."""
    folder = tmp_path_factory.mktemp("policies")
    for path in COUNTY.glob("*.yaml"):
        (folder / path.name).write_text(
            path.read_text("utf-8") + (STEWARD if path.name == "stewards.yaml" else ""), "utf-8"
        )
    home = tmp_path_factory.mktemp("objections") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.console.front.BURST", 100_000)
        with console_scene(home, policies=folder, people=[*PEOPLE, ("qian", "a steward of housing")]) as running:
            for account in ("qi", "ming", "qu"):
                look_at(running.settings, account, "event.callback", department="hotline")
            for day in ("11", "12", "12"):
                look_at(running.settings, "qi", time=f"2026-05-{day}T02:00:00.000Z")
            yield running


@pytest.fixture
def qi(scene: ConsoleScene) -> Browser:
    return resident(scene, "qi")


def resident(scene: ConsoleScene, account: str) -> Browser:
    browser = scene.browser()
    assert browser.sign_in_as_resident(account).status_code == 200
    return browser


def answering(steward: Browser, name: str, **changes: str) -> httpx.Response:
    sent = {"csrf_token": steward.form_token(), "id": name, "verdict": "not_upheld", "answer": "依法办理诉求回访"}
    return steward.post(ANSWER, {**sent, **changes})


@pytest.fixture(autouse=True)
def nothing_waits(scene: ConsoleScene) -> Iterator[None]:
    yield
    follower = scene.served.hub.policy_follower
    assert follower is not None
    with follower.store.engine.execution_options(changing=True).begin() as connection:
        connection.exec_driver_sql("DELETE FROM resident_objection")


def last_of(scene: ConsoleScene, act: str) -> Record:
    records = [each.record for each in read(scene.settings.audit_log)]
    return next(each for each in reversed(records) if each.operation_name == f"console {act}")


def test_it_is_sent_read_answered_and_the_answer_is_read(scene: ConsoleScene, qi: Browser) -> None:
    name = send_objection(qi)
    assert f"待答复 · 12345 政务服务便民热线 · 20{scene.settings.now():%y}年" in words_of(qi.get(MINE))
    zhang = scene.signed_in("zhang")
    assert name in zhang.get(QUEUE).text
    page = zhang.get(f"{ONE}?id={name}")
    assert REASON in unescape(page.text)
    assert "诉求回访" in words_of(page)
    assert answering(zhang, name, verdict="upheld", answer="不应查询\n已改正").status_code == 303
    mine = words_of(qi.get(MINE))
    assert "异议成立" in mine
    assert "不应查询 已改正" in mine
    assert "zhang" not in mine, "residents learn of no member of staff"


def withdrawing(browser: Browser, name: str) -> httpx.Response:
    return browser.post(f"{MINE}/withdraw", {"csrf_token": browser.form_token(MINE), "id": name})


def test_it_is_taken_back_by_its_resident_alone_once_and_while_it_waits(scene: ConsoleScene, qi: Browser) -> None:
    name, other = send_objection(qi), resident(scene, "ming")
    assert withdrawing(other, name).status_code == 409, "another's is like one that is not there"
    assert withdrawing(qi, "0" * 12).status_code == 409
    assert withdrawing(qi, name).status_code == 303
    record = last_of(scene, "objection withdraw")
    number = scene.served.hub.digester.digest("value", name)
    (digest, *_) = digests_of(scene.settings, "qi")
    assert (record.subject, record.variables["objection"], record.variables["department"]) == (
        digest,
        number,
        "hotline",
    )
    assert "已撤回" in words_of(qi.get(MINE))
    assert "已提出异议" not in words_of(qi.get(MINE)).partition("我提出的异议")[0], "the line can be objected to again"
    zhang = scene.signed_in("zhang")
    assert "居民撤回时间" in words_of(zhang.get(f"{ONE}?id={name}"))
    assert answering(zhang, name).status_code == 400, "nobody answers it"
    assert withdrawing(qi, name).status_code == 409
    again = send_objection(qi)
    assert answering(zhang, again).status_code == 303
    assert withdrawing(qi, again).status_code == 409, "what was answered stands"
    assert "异议不成立" in words_of(qi.get(MINE))


def test_the_log_has_the_act_the_department_and_a_digest_before_it_counts(scene: ConsoleScene, qi: Browser) -> None:
    secret, reasons = "CANARYreason77", "CANARYanswer88"
    name = send_objection(qi, reason=secret)
    (digest, *_), hub = digests_of(scene.settings, "qi"), scene.served.hub
    sent = last_of(scene, "objection send")
    assert (sent.kind, sent.subject) == ("admin", digest)
    text = hub.digester.digest("objection", secret)
    number = hub.digester.digest("value", name)
    assert dict(sent.variables) == {"subject": digest, "objection": number, "department": "hotline", "text": text}
    answering(scene.signed_in("li"), name, answer=reasons)
    answered = last_of(scene, "objection answer")
    assert answered.subject == hub.digester.digest("steward", "li")
    assert (answered.variables["objection"], answered.variables["verdict"]) == (number, "not_upheld")
    assert answered.variables["text"] == hub.digester.digest("objection", reasons)
    log = "".join(str(each.record) for each in read(scene.settings.audit_log))
    assert [each for each in (secret, reasons) if each in log] == []
    for page, act in (("", "objections"), (f"/one?id={name}", "objections one")):
        scene.signed_in("zhang").get(f"{QUEUE}{page}")
        assert last_of(scene, act).subject == hub.digester.digest("steward", "zhang")


def test_an_auditor_finds_the_record_of_it_by_its_number(scene: ConsoleScene, qi: Browser) -> None:
    name, wu = send_objection(qi), scene.signed_in("wu")
    sent = {"csrf_token": wu.form_token(), "term": "value", "text": name}
    found = wu.get(wu.post("/console/log/value", sent).headers["location"])
    assert found.text.count("console objection send") == 1
    assert "console my data" not in found.text


def test_nothing_of_it_stands_in_an_address(qi: Browser) -> None:
    form = objection_form(qi, reason="CANARYreason77")
    sent = qi.post(SEND, form)
    assert sent.headers["location"] == f"{MINE}?sent=1#objections"
    links = re.findall(
        r'(?:href|action)="([^"]*)"', qi.get(MINE).text + qi.get(f"{MINE}/object?access={form['access']}").text
    )
    assert [each for each in links if re.search("CANARY|hotline|event|callback|20[0-9][0-9]-", each)] == []


def test_a_steward_does_not_learn_who_it_is(scene: ConsoleScene, qi: Browser) -> None:
    name = send_objection(qi)
    zhang = scene.signed_in("zhang")
    pages = "".join(zhang.get(path).text for path in (QUEUE, f"{ONE}?id={name}", "/console/"))
    secrets = (
        PROTAGONIST.id_no,
        PROTAGONIST.name,
        PROTAGONIST.phone,
        COMPANION.name,
        *digests_of(scene.settings, "qi"),
    )
    assert [each for each in secrets if each in pages] == []


def test_the_whole_of_a_department_counts_its_records_and_names_no_single_day(scene: ConsoleScene, qi: Browser) -> None:
    name = send_objection(qi, 1, scope="whole")
    page = words_of(scene.signed_in("zhang").get(f"{ONE}?id={name}"))
    assert "2026年5月11日 至 2026年5月12日" in page
    assert "相关查询记录数 3 提出时间" in page
    one = send_objection(qi, 1)
    page = words_of(scene.signed_in("zhang").get(f"{ONE}?id={one}"))
    assert "查询日期 2026年5月12日 相关查询记录数 2 提出时间" in page


def test_another_department_finds_nothing_and_is_not_told_whether_there_is_one(
    scene: ConsoleScene, qi: Browser
) -> None:
    name, qian = send_objection(qi), scene.signed_in("qian")
    assert name not in qian.get(QUEUE).text
    for there, not_there in (
        (qian.get(f"{ONE}?id={name}"), qian.get(f"{ONE}?id={'0' * 12}")),
        (answering(qian, name), answering(qian, "0" * 12)),
        (answering(qian, name, answer=""), answering(qian, "0" * 12, answer="")),
    ):
        assert there.status_code == not_there.status_code == 404
        assert words_of(there) == words_of(not_there)
    assert "待答复" in words_of(qi.get(MINE))
    fire = send_objection(qi, 1)
    assert fire in qian.get(QUEUE).text, "nobody answers for that department, so any steward does"


def test_a_number_that_is_none(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    for name in ("", "x", "' OR 1=1 --", "%", "a" * 5000, "\x00", "１"):
        assert answering(zhang, name).status_code == 404, name


def test_nobody_objects_for_another_nor_reads_theirs(scene: ConsoleScene, qi: Browser) -> None:
    name, ming = send_objection(qi, reason="CANARYreason77"), resident(scene, "ming")
    page = ming.get(MINE).text
    assert (name in page, "CANARYreason77" in page) == (False, False)
    own, other = objection_form(ming), objection_form(qi)
    assert ming.get(f"{MINE}/object?access={other['access']}").status_code == 400
    for form in ({**own, "access": other["access"]}, {**other, "csrf_token": own["csrf_token"]}):
        assert ming.post(SEND, form).status_code == 400
    assert ming.post(SEND, {**own, "csrf_token": other["csrf_token"]}).status_code == 403
    assert numbers(ming) == []


def test_what_a_resident_is_not_told_cannot_be_named(scene: ConsoleScene, qi: Browser) -> None:
    hub, digests = scene.served.hub, digests_of(scene.settings, "qi")
    told, held = told_to(hub, hub.policy, digests), qi.cookies[RESIDENT]
    assert set(handles(qi)) == {handle_of(held, each) for each in told}
    invented = RecordedAccess(told[0].day, "police", "safety", (), True, (), 1)
    for access in ("", "x", "0" * 32, handle_of(held, invented), "é" * 40):
        assert qi.get(f"{MINE}/object?{urlencode({'access': access})}").status_code == 400
        assert qi.post(SEND, {**objection_form(qi), "access": access}).status_code == 400
    assert numbers(qi) == []


def test_i02_an_objection_from_elsewhere(qi: Browser) -> None:
    form = objection_form(qi)
    for place in ({"sec-fetch-site": "cross-site"}, {"origin": "null"}, {"sec-fetch-site": "none"}):
        assert qi.post(SEND, form, **place).status_code == 403, place
    assert numbers(qi) == []


def test_i02_an_objection_without_the_token_or_by_another_method(scene: ConsoleScene, qi: Browser) -> None:
    form, staff = objection_form(qi), scene.signed_in("wu")
    for token in ("", "0" * 64, staff.form_token()):
        assert qi.post(SEND, {**form, "csrf_token": token}).status_code == 403
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        sent = {"cookie": f"{RESIDENT}={qi.cookies[RESIDENT]}", "origin": qi.origin}
        assert httpx.request(method, qi.origin + SEND, headers=sent, trust_env=False).status_code == 405
    assert numbers(qi) == []


def test_no_other_session_opens_the_form_or_sends_it(scene: ConsoleScene, qi: Browser) -> None:
    form = objection_form(qi)
    for browser in (scene.browser(), *map(scene.signed_in, ("zhang", "wu", "chen", "sun"))):
        assert "请先登录，证明您是本人" in words_of(browser.get(f"{MINE}/object?access={form['access']}"))
        sent = browser.post(SEND, {**form, "csrf_token": browser.form_token() or form["csrf_token"]})
        assert sent.headers["location"] == f"{MINE}?ended=1"
    assert numbers(qi) == []


def test_what_cannot_be_used_is_said_and_what_was_written_is_kept(qi: Browser) -> None:
    form = objection_form(qi, scope="whole")
    for reason in ("", " \n ", "字" * 501, "甲\u202e乙", "甲\x00乙", "甲\u200b乙"):
        page = qi.post(SEND, {**form, "reason": reason})
        assert page.status_code == 400, ascii(reason)
        assert "异议未送出" in words_of(page)
        assert 'value="whole" checked' in page.text
    assert numbers(qi) == []


def test_a_form_that_no_page_makes_sends_nothing(qi: Browser) -> None:
    form = objection_form(qi)
    for change in ({"scope": "all"}, {"scope": ""}, {"form": ""}, {"form": "x"}, {"form": "F" * 32}):
        assert qi.post(SEND, {**form, **change}).status_code == 400, change
    assert numbers(qi) == []


def test_an_answer_that_cannot_be_used_keeps_what_was_written(scene: ConsoleScene, qi: Browser) -> None:
    name, zhang = send_objection(qi), scene.signed_in("zhang")
    changes: list[dict[str, str]] = [{"verdict": ""}, {"verdict": "maybe"}, {"answer": ""}, {"answer": "字" * 1501}]
    for change in changes:
        page = answering(zhang, name, **change)
        assert page.status_code == 400, change
        assert "答复未发送" in words_of(page)
        assert change.get("answer", "依法办理诉求回访") in page.text
    assert "待答复" in words_of(qi.get(MINE))


def test_texts_run_nowhere(scene: ConsoleScene, qi: Browser) -> None:
    name, zhang = send_objection(qi, reason=SCRIPT), scene.signed_in("zhang")
    asked = zhang.get(f"{ONE}?id={name}").text
    answering(zhang, name, answer=SCRIPT)
    for page in (asked, zhang.get(f"{ONE}?id={name}").text, qi.get(MINE).text):
        assert "<script" not in page
        assert "<img src=x" not in page
        assert SCRIPT in unescape(page)


def test_a_look_that_was_objected_to_is_marked_and_its_form_says_so(qi: Browser) -> None:
    access = handles(qi)[0]
    assert "已提出异议" not in words_of(qi.get(MINE))
    name = send_objection(qi)
    assert name.isdecimal(), "it is read out on the telephone"
    assert words_of(qi.get(MINE)).count("已提出异议") == 1, "the other lines are not marked"
    assert f"编号 {name}" in words_of(qi.get(f"{MINE}/object?access={access}"))
    other = words_of(qi.get(f"{MINE}/object?access={handles(qi)[1]}"))
    assert "编号" not in other and "看到了什么" in other


def test_a_text_that_is_too_long_is_kept_whole(qi: Browser) -> None:
    form = objection_form(qi, reason="字" * 501)
    page = qi.post(SEND, form)
    assert "您写了 501 个" in words_of(page)
    assert "字" * 501 in page.text and "maxlength" not in page.text, "no browser cuts it silently"


def test_a_flood_of_one_person_ends_and_says_why(scene: ConsoleScene, qi: Browser) -> None:
    for _ in range(MOST_OPEN):
        send_objection(qi)
    answer = qi.post(SEND, objection_form(qi))
    assert answer.status_code == 429
    assert "请先等待答复" in words_of(answer)
    assert send_objection(resident(scene, "ming")), "another may still"


def test_one_form_sent_many_times_at_once_objects_once(qi: Browser) -> None:
    form = objection_form(qi)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: qi.post(SEND, form), range(6)))
    assert {each.status_code for each in answers} == {303}
    assert len(numbers(qi)) == 1


def test_two_stewards_at_once_give_one_answer(scene: ConsoleScene, qi: Browser) -> None:
    name, both = send_objection(qi), [scene.signed_in(each) for each in ("zhang", "li", "zhang", "li")]
    tokens = [each.form_token() for each in both]

    def answer(at: int) -> httpx.Response:
        sent = {"csrf_token": tokens[at], "id": name, "verdict": "upheld", "answer": f"答复 {at}"}
        return both[at].post(ANSWER, sent)

    with ThreadPoolExecutor(4) as threads:
        codes = sorted(each.status_code for each in threads.map(answer, range(4)))
    assert codes == [303, 400, 400, 400]


def test_nothing_is_kept_or_shown_while_a_part_is_away(tmp_path: Path) -> None:
    with console_scene(tmp_path / "home") as scene:
        look_at(scene.settings, "qi", "event.callback", department="hotline")
        browser, zhang = resident(scene, "qi"), scene.signed_in("zhang")
        form, token = objection_form(browser), zhang.form_token()
        name = send_objection(browser)
        scene.served.hub.log.close()
        assert browser.post(SEND, form).status_code == 503
        assert (
            zhang.post(ANSWER, {"csrf_token": token, "id": name, "verdict": "upheld", "answer": "x"}).status_code == 503
        )
        assert browser.get(f"{MINE}/object?access={form['access']}").status_code == 503
        for path in (QUEUE, f"{ONE}?id={name}"):
            page = zhang.get(path)
            assert (page.status_code, REASON in page.text) == (503, False)
        follower = scene.served.hub.policy_follower
        assert follower is not None
        with follower.store.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT verdict FROM resident_objection").all()
        assert [tuple(each) for each in rows] == [("",)], "what was sent before, without an answer"
