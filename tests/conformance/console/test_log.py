"""The auditor's pages over HTTP: what a search finds, where its links lead, a record's proof, no value in clear."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import pytest

from audit.checkpoint import Verifier
from audit.log import read
from hub.auditor.proofs import check_proof
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.waiting import until

pytestmark = pytest.mark.conformance
NUMBER = "140321195703129022"
PLAN = "query Q($no: String!) { people(where: {idNumber: {eq: $no}}) { edges { node { name } } } }"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("log") / "home") as running:
        for _ in range(7):
            running.served.ask("{ __typename }")
        for _ in range(2):
            running.served.ask("{ people { nothing } }")
        running.served.ask(PLAN, variables={"no": NUMBER})
        yield running


@pytest.fixture(scope="module")
def auditor(scene: ConsoleScene) -> Browser:
    return scene.signed_in("wu")


def found(page: str) -> int:
    """How many records a page says it found."""
    number = re.search(r"记录中找到 ([0-9,]+) 条", page)
    assert number is not None, page
    return int(number[1].replace(",", ""))


def links(html: str, part: str) -> list[str]:
    """The addresses of links whose text or address has `part`."""
    return [unescape(each) for each in re.findall(r'href="([^"]+)"', html) if part in unescape(each)]


def test_a_search_finds_what_its_terms_say_and_each_number_leads_there(scene: ConsoleScene, auditor: Browser) -> None:
    page = auditor.get("/console/log")
    assert page.status_code == 200
    (validation,) = links(page.text, "result=VALIDATION")
    narrowed = auditor.get(validation)
    assert found(words_of(narrowed)) == 2
    assert len(re.findall(r"log/record\?index=", narrowed.text)) == 2
    (back,) = [each for each in links(narrowed.text, "/console/log") if each == "/console/log"][:1]
    assert found(words_of(auditor.get(back))) > 9


def test_codes_are_told_in_words_in_both_languages(scene: ConsoleScene) -> None:
    browser = scene.signed_in("wu")
    text = words_of(browser.get("/console/log"))
    for told in (
        "登录控制台 console sign in",
        "数据查询（已答复） query",
        "查询不符合模式 VALIDATION",
        "起草策略 policy draft",
    ):
        assert told in text
    browser.get("/console/?language=en")
    text = words_of(browser.get("/console/log"))
    for told in ("Signed in console sign in", "Query, answered query", "Does not fit the schema VALIDATION"):
        assert told in text
    newest = max(each.index for each in read(scene.settings.audit_log))
    record = words_of(browser.get(f"/console/log/record?index={newest}"))
    assert "Searched the log console log" in record
    assert "Reading search" in record
    assert "Done OK" in record


def test_the_form_of_a_search_offers_what_there_is(auditor: Browser) -> None:
    page = auditor.get("/console/log").text
    for offered in (
        '<option value="safety.fire.rental">出租房屋消防检查</option>',
        '<option value="Person.phone">',
        '<option value="PURPOSE_DENIED">目的未获授权 · PURPOSE_DENIED</option>',
        '<option value="masked">脱敏 · masked</option>',
        '<option value="flood">',
    ):
        assert offered in page
    chosen = auditor.get("/console/log?result=VALIDATION&purpose=").text
    assert '<option value="VALIDATION" selected>' in chosen
    unknown = auditor.get("/console/log?result=WRITTEN_BY_HAND").text
    assert '<option value="WRITTEN_BY_HAND" selected>' in unknown, "what was asked stands in the form still"


def test_a_department_stands_under_its_name_and_the_id_that_the_log_has(auditor: Browser) -> None:
    page = auditor.get("/console/log?result=VALIDATION")
    assert "消防救援大队 fire" in words_of(page)
    assert links(page.text, "department=fire"), "its link names the id"
    narrowed = words_of(auditor.get("/console/log?department=fire", **{"accept-language": "en"}))
    assert "Fire and Rescue Brigade fire ×" in narrowed
    record = auditor.get(links(page.text, "log/record?index=")[0])
    assert "消防救援大队 fire" in words_of(record)


@pytest.mark.parametrize(
    ("term", "text", "code"),
    [
        ("department", "消防救援大队", "fire"),
        ("department", "Fire and Rescue Brigade", "fire"),
        ("department", "消防救援大队 fire", "fire"),
        ("department", "消防", "fire"),
        ("purpose", "出租房屋消防检查", "safety.fire.rental"),
        ("coordinate", "公民身份号码 Person.idNumber", "Person.idNumber"),
    ],
)
def test_a_name_that_a_page_shows_is_turned_into_its_code(auditor: Browser, term: str, text: str, code: str) -> None:
    answer = auditor.get("/console/log?" + urlencode({term: text, "kind": "query"}))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/log?" + urlencode({term: code, "kind": "query"})
    assert "检索条件有误" not in words_of(auditor.get(answer.headers["location"]))


def test_a_name_that_several_have_is_offered_with_each(auditor: Browser) -> None:
    page = auditor.get("/console/log?" + urlencode({"coordinate": "号"}))
    assert "有多个名称含“号”" in words_of(page)
    offered = links(page.text, "/console/log?coordinate=")
    assert len(offered) > 1
    assert auditor.get(offered[0]).status_code == 200


def test_a_day_of_the_picture_leads_to_that_day(auditor: Browser) -> None:
    page = auditor.get("/console/log?application=fire-inspection").text
    (bar,) = links(page, "since=")  # a day without requests leads nowhere
    assert "application=fire-inspection" in bar
    assert found(words_of(auditor.get(bar))) == 10


def test_pages_follow_each_other_without_a_gap(scene: ConsoleScene, auditor: Browser) -> None:
    for _ in range(60):
        scene.served.ask("{ __typename }")
    seen: list[int] = []
    address: str | None = "/console/log?application=fire-inspection"
    while address:
        page = auditor.get(address)
        seen += [int(each) for each in re.findall(r"log/record\?index=(\d+)", page.text)]
        address = next(iter(links(page.text, "before=")), None)
    assert seen == sorted(set(seen), reverse=True)
    of_application = [each.index for each in read(scene.settings.audit_log) if each.record.application]
    assert sorted(seen) == of_application


def test_a_record_is_shown_whole_and_its_proof_is_verified(scene: ConsoleScene, auditor: Browser) -> None:
    logged = next(each for each in read(scene.settings.audit_log) if each.record.purpose)

    def page() -> str:
        return words_of(auditor.get(f"/console/log/record?index={logged.index}"))

    until(lambda: "已验证" in page())
    text = page()
    for told in (logged.leaf_hash, logged.record.request_id, logged.record.purpose or "", "{ __typename }"):
        assert told in text
    (same,) = links(auditor.get(f"/console/log/record?index={logged.index}").text, "who=")
    assert found(words_of(auditor.get(same))) >= 10


def test_the_proof_of_a_record_is_downloaded_and_recorded(scene: ConsoleScene, auditor: Browser) -> None:
    logged = next(each for each in read(scene.settings.audit_log) if each.record.purpose)
    address = f"/console/log/record/proof?index={logged.index}"
    until(lambda: auditor.get(address).status_code == 200)
    answer = auditor.get(address)
    assert answer.headers["content-disposition"] == f'attachment; filename="record-{logged.index}.proof"'
    verifier = Verifier.parse(auditor.get("/console/integrity/key.txt").text)
    proved = check_proof(json.loads(answer.content), verifier)
    assert (proved.index, proved.leaf_hash) == (logged.index, logged.leaf_hash)
    other = auditor.get(f"{address}&form=tlog-proof")
    assert other.text.startswith(f"c2sp.org/tlog-proof@v1\nindex {logged.index}\n")
    readings = [each.record for each in read(scene.settings.audit_log) if each.record.kind == "proof"]
    assert [each.operation_name for each in readings[-2:]] == ["console log record proof"] * 2
    assert auditor.get(f"{address}&form=cose").status_code == 400
    assert auditor.get("/console/log/record/proof?index=99999999").status_code == 404


def test_a_record_says_why_and_under_which_version(scene: ConsoleScene, auditor: Browser) -> None:
    asked = next(each for each in read(scene.settings.audit_log) if each.record.result == "OK" and each.record.purpose)
    page = auditor.get(f"/console/log/record?index={asked.index}")
    assert "第 1 版" in words_of(page)
    seen = next(each for each in read(scene.settings.audit_log) if each.record.decision.matched)
    page = auditor.get(f"/console/log/record?index={seen.index}")
    assert "公民身份号码 Person.idNumber" in words_of(page)
    (why, *_) = links(page.text, "coordinate=Person.idNumber")
    assert "number=1" in why
    assert auditor.get(why).status_code == 200
    scene.served.ask("{ __typename }", purpose="")
    refused = [each for each in read(scene.settings.audit_log) if each.record.kind == "refusal"][-1]
    text = words_of(auditor.get(f"/console/log/record?index={refused.index}"))
    assert "拒绝原因：" in text
    assert "读取内容之前即被拒绝" in text


def test_a_record_that_is_too_new_says_that_it_is_not_proved_yet(scene: ConsoleScene, auditor: Browser) -> None:
    """The reading itself is the newest record; no checkpoint covers it when its own number is asked for at once."""
    newest = max(each.index for each in read(scene.settings.audit_log))
    page = auditor.get(f"/console/log/record?index={newest}")
    assert page.status_code == 200
    assert ("已验证" in words_of(page)) != ("尚无检查点" in words_of(page))


@pytest.mark.parametrize("query", ["index=99999999", "index=-1", "index=x", "", "index=1e3", "index=" + "9" * 40])
def test_a_record_that_is_not_there_is_not_found(auditor: Browser, query: str) -> None:
    assert auditor.get(f"/console/log/record?{query}").status_code == 404


def test_who_saw_a_person_is_found_by_the_number_that_nobody_keeps(scene: ConsoleScene, auditor: Browser) -> None:
    form = {"csrf_token": auditor.form_token(), "term": "value", "text": NUMBER}
    answer = auditor.post("/console/log/value", form)
    assert answer.status_code == 303
    assert NUMBER not in answer.headers["location"]
    page = auditor.get(answer.headers["location"])
    assert found(words_of(page)) == 2, "the request, and this question"
    assert "console log value" in words_of(page)
    assert NUMBER not in page.text
    assert not [each for each in read(scene.settings.audit_log) if NUMBER in str(each.record)]


@pytest.mark.parametrize(("term", "text"), [("person", NUMBER[:-1] + "3"), ("person", ""), ("value", " "), ("who", "")])
def test_a_value_that_cannot_be_is_refused_and_not_told_again(auditor: Browser, term: str, text: str) -> None:
    answer = auditor.post("/console/log/value", {"csrf_token": auditor.form_token(), "term": term, "text": text})
    assert answer.status_code == 400
    assert not text.strip() or text not in answer.text


@pytest.mark.parametrize("term", ["person", "who", "case", "value", "sid"])
def test_no_value_in_clear_stands_in_an_address(auditor: Browser, term: str) -> None:
    for text in (NUMBER, "-"):
        answer = auditor.get(f"/console/log?{term}={text}")
        assert answer.status_code == 400
        assert NUMBER not in answer.text


def test_who_asked_for_a_person_in_vain_is_told_by_the_number(scene: ConsoleScene, auditor: Browser) -> None:
    """The request with the number was refused: it touched nobody, and is found by what it named."""
    form = {"csrf_token": auditor.form_token(), "number": NUMBER}
    answer = auditor.post("/console/person/find", form)
    page = auditor.get(answer.headers["location"])
    assert "有 1 次请求填写了此号码而被拒" in words_of(page)
    (refusals,) = links(page.text, "kind=refusal")
    assert NUMBER not in refusals
    assert found(words_of(auditor.get(refusals))) == 1
    assert not [each for each in read(scene.settings.audit_log) if NUMBER in str(each.record)]
    form["number"] = "110101199003070038"
    assert "没有填写此号码而被拒" in words_of(
        auditor.get(auditor.post("/console/person/find", form).headers["location"])
    )


def test_terms_that_cannot_be_right_are_explained(auditor: Browser) -> None:
    page = auditor.get("/console/log?purpose=safety.fyre")
    assert page.status_code == 200
    assert "“目的”中没有“safety.fyre”这个词" in words_of(page)
    (instead, *_) = links(page.text, "purpose=safety.fire")
    assert "检索条件有误" not in words_of(auditor.get(instead))
    assert auditor.get("/console/log?nothing=1").status_code == 400


def test_each_reading_is_in_the_log_before_it_is_shown(scene: ConsoleScene, auditor: Browser) -> None:
    def readings() -> list[str]:
        names = (each.record.operation_name or "" for each in read(scene.settings.audit_log))
        return [name for name in names if name.startswith("console ")]

    before = readings()
    auditor.get("/console/log?result=OK")
    auditor.get("/console/log/record?index=0")
    auditor.get("/console/matrix")
    assert readings()[len(before) :] == ["console log", "console log record", "console matrix"]


def test_on_the_first_day_today_is_drawn_so_far(scene: ConsoleScene, auditor: Browser) -> None:
    """Nobody asked anything before today: a newcomer has a sample all the same, which no reading of it changes."""
    page = auditor.get("/console/review")
    assert "今天还没有结束" in words_of(page)
    indexes = re.findall(r'name="index" value="(\d+)"', page.text)
    assert indexes
    assert re.findall(r'name="index" value="(\d+)"', auditor.get("/console/review").text) == indexes
    form = {"index": indexes[0], "seen": "0", "verdict": "in_order", "reason": "已核实"}
    answer = auditor.post("/console/review/mark", {"csrf_token": auditor.form_token(), **form})
    assert answer.status_code == 303
    after = words_of(auditor.get(answer.headers["location"]))
    assert f"已提交记录 {indexes[0]} 的结论" in after
    assert "正常 已核实 · wu" in after
    assert "正常 已核实 · wu" in words_of(auditor.get(f"/console/log/record?index={indexes[0]}"))
    asked = sum(1 for each in read(scene.settings.audit_log) if each.record.kind in {"query", "refusal"})
    for _ in range(asked + 1):
        scene.served.ask("{ __typename }")
    assert "正常 已核实 · wu" in words_of(auditor.get("/console/review")), "what was said before the next draw"
