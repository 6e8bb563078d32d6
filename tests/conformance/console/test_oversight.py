"""The auditor's questions over HTTP: what the pages say of a log, where their links lead, what a download holds."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from audit.log import read
from audit.record import Record
from audit.verify_export import verify_export
from hub.auditor.review_sample import DRAWN
from hub.home.audit_log import verifier_of
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.console.invented_use import NUMBER, write_use

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("oversight") / "home") as running:
        write_use(running)
        yield running


@pytest.fixture(scope="module")
def auditor(scene: ConsoleScene) -> Browser:
    return scene.signed_in("wu")


def links(html: str, part: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]+)"', html) if part in unescape(each)]


def found(page: str) -> int:
    number = re.search(r"记录中找到 ([0-9,]+) 条", page)
    assert number is not None, page
    return int(number[1])


def newest(scene: ConsoleScene, name: str) -> Record:
    return [each.record for each in read(scene.settings.audit_log) if each.record.operation_name == name][-1]


def test_who_saw_a_person_is_told_by_day_department_purpose_and_fields(scene: ConsoleScene, auditor: Browser) -> None:
    answer = auditor.post("/console/person/find", {"csrf_token": auditor.form_token(), "number": NUMBER})
    assert answer.status_code == 303
    assert NUMBER not in answer.headers["location"]
    page = auditor.get(answer.headers["location"])
    text = words_of(page)
    assert "共 4 行" in text, "two days with two purposes each"
    for told in ("fire", "safety.fire.rental", "Person.idNumber", "Person.phone"):
        assert told in text
    counts = [found(words_of(auditor.get(each))) for each in links(page.text, "/console/log?person=")]
    assert len(counts) == 4
    assert sum(counts) >= 22, "each request that was answered; the search of a purpose finds those below it too"
    assert newest(scene, "console person").kind == "subject"
    assert not [each for each in read(scene.settings.audit_log) if NUMBER in str(each.record)]


def test_a_person_whom_nobody_saw(auditor: Browser) -> None:
    form = {"csrf_token": auditor.form_token(), "number": "110101199003070038", "since": "2026-01-01"}
    page = auditor.get(auditor.post("/console/person/find", form).headers["location"])
    assert "没有查看此人信息的记录" in words_of(page)
    assert 'value="2026-01-01"' in page.text


def test_a_number_that_cannot_be_is_said_beside_the_form(auditor: Browser) -> None:
    answer = auditor.post("/console/person/find", {"csrf_token": auditor.form_token(), "number": NUMBER[:-1] + "3"})
    assert answer.status_code == 400
    assert "号码或日期有误" in words_of(answer)
    assert 'action="/console/person/find"' in answer.text
    assert NUMBER[:-1] not in answer.text


def test_unusual_use_is_told_with_numbers_that_lead_to_their_records(scene: ConsoleScene, auditor: Browser) -> None:
    page = auditor.get("/console/unusual?night=2&askers=2&case=2&refused=1&walk=2")
    text = words_of(page)
    assert "请求达 2 次" in text
    assert ">0</a>" not in page.text, "a zero leads to no search"
    nights = links(page.text, "T18%3A00")
    assert nights, "at three in the morning"
    for address in nights:
        assert found(words_of(auditor.get(address))) >= 2
    digest = scene.served.hub.digester.digest("subject", "clerk0")
    assert digest in page.text
    (record, *_) = links(page.text, "log/record?index=")
    assert auditor.get(record).status_code == 200
    assert newest(scene, "console unusual").variables["until"] == str(scene.settings.now().date())


def test_thresholds_stand_in_the_address_and_the_form_says_them_again(auditor: Browser) -> None:
    page = auditor.get("/console/unusual?night=77&since=2026-06-01&until=2026-06-30")
    assert 'value="77"' in page.text
    assert 'value="2026-06-01"' in page.text
    assert "没有达到阈值" in words_of(page)


def test_the_balance_and_its_table_say_the_same_numbers(scene: ConsoleScene, auditor: Browser) -> None:
    page = auditor.get("/console/balance?months=3")
    table = auditor.get("/console/balance/table?months=3")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"].startswith('attachment; filename="sluicegate-balance-')
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["月份", "目的", "操作数"]
    assert sum(int(row[2]) for row in rows[1:]) == 22
    text = words_of(page)
    for row in rows[1:]:
        assert " ".join(row[2:]) in text, row
    rental = [row for row in rows[1:] if row[1] == "safety.fire.rental"]
    counts = [
        found(words_of(auditor.get(each)))
        for each in dict.fromkeys(links(page.text, "purpose=safety.fire.rental"))
        if "effect" not in each
    ]
    assert sorted(counts) == sorted(int(row[2]) for row in rental)
    assert re.search(r"<td><time>\d{4}-\d\d</time></td>", page.text), "a month is not broken in two lines"
    assert ">0</a>" not in page.text, "a zero leads to no search: nothing would be there"
    assert "<td>0</td>" in page.text
    assert page.text.count("<rect") == 3 * 4 + 4, "four parts a month, and the legend"


def unpacked(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


def test_an_export_is_one_that_the_command_accepts(scene: ConsoleScene, auditor: Browser, tmp_path: Path) -> None:
    searched = auditor.get("/console/log?application=fire-inspection&kind=query")
    assert 'action="/console/log/export"' in searched.text
    form = {"csrf_token": auditor.form_token(), "application": "fire-inspection", "kind": "query"}
    answer = auditor.post("/console/log/export", form)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    named = answer.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="sluicegate-audit-export-\d{8}-\d{6}\.zip"', named)
    checked = verify_export(unpacked(answer.content, tmp_path / "out"), verifier_of(scene.settings))
    assert checked.count == 22
    assert checked.selection == {"application": "fire-inspection", "kind": "query"}
    recorded = newest(scene, "console export")
    assert (recorded.kind, recorded.variables["found"]) == ("export", "22")
    assert not list(scene.settings.home.glob("export-*"))


def test_an_export_of_everything_covers_what_was_recorded_just_before(
    scene: ConsoleScene, auditor: Browser, tmp_path: Path
) -> None:
    size = sum(1 for _ in read(scene.settings.audit_log))
    answer = auditor.post("/console/log/export", {"csrf_token": auditor.form_token()})
    checked = verify_export(unpacked(answer.content, tmp_path / "out"), verifier_of(scene.settings))
    assert checked.count >= size


def test_an_export_by_digest(scene: ConsoleScene, auditor: Browser, tmp_path: Path) -> None:
    case = f"#{scene.served.hub.digester.digest('case', 'EV-9')}"
    answer = auditor.post("/console/log/export", {"csrf_token": auditor.form_token(), "case": case})
    checked = verify_export(unpacked(answer.content, tmp_path / "out"), verifier_of(scene.settings))
    assert checked.count == 12


def test_a_sample_is_reviewed_until_nothing_is_open(scene: ConsoleScene, auditor: Browser) -> None:
    page = auditor.get("/console/review")
    indexes = [int(each) for each in re.findall(r'name="index" value="(\d+)"', page.text)]
    assert len(indexes) == DRAWN["sensitive_clear"], "the refusal was met by the auditor"
    index = str(indexes[0])
    form = {"index": index, "seen": "0", "verdict": "explain", "reason": "无办件编号，<请说明>"}
    answer = auditor.post("/console/review/mark", {"csrf_token": auditor.form_token(), **form})
    assert answer.status_code == 303
    again = auditor.get(answer.headers["location"])
    assert "需说明 无办件编号，<请说明> · wu" in words_of(again)
    assert "&lt;请说明&gt;" in again.text
    recorded = newest(scene, "console review mark")
    assert (recorded.kind, recorded.variables["index"], recorded.variables["verdict"]) == ("admin", index, "explain")
    assert recorded.variables["reason"] == scene.served.hub.digester.digest("value", "无办件编号，<请说明>")
    assert "请说明" not in str(recorded)
    more = {**form, "seen": "1", "verdict": "in_order", "reason": "已核实"}
    assert auditor.post("/console/review/mark", {"csrf_token": auditor.form_token(), **more}).status_code == 303
    marked = words_of(auditor.get("/console/review/marked"))
    assert marked.index("已核实") < marked.index("无办件编号")


def test_a_day_that_is_not_over_is_not_drawn(scene: ConsoleScene, auditor: Browser) -> None:
    today = str(scene.settings.now().date())
    page = auditor.get(f"/console/review?day={today}")
    assert "这一天还没有结束" in words_of(page)
    assert 'name="index"' not in page.text
    empty = auditor.get("/console/review?day=2020-01-01")
    assert "无从抽取" in words_of(empty)
    assert unquote(links(empty.text, "day=2019-12-31")[0]) == "?day=2019-12-31"
