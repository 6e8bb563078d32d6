"""What an auditor asks is of digests; nobody reviews themselves, chooses the sample, or changes a mark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.log import read
from hub.auditor.review_marks import LONGEST_REASON
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.console.invented_use import NUMBER, write_use

pytestmark = pytest.mark.attack


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("oversight") / "home") as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def own(scene: ConsoleScene) -> str:
    """The index of a record of the auditor's own acts."""
    return str(write_use(scene))


@pytest.fixture(scope="module")
def auditor(scene: ConsoleScene) -> Browser:
    return scene.signed_in("wu")


def in_sample(auditor: Browser) -> list[str]:
    """The records that this auditor may mark."""
    return re.findall(r'name="index" value="(\d+)"', auditor.get("/console/review").text)


def mark(browser: Browser, **form: str) -> int:
    good = {"verdict": "in_order", "reason": "已核实", "seen": "0"}
    return browser.post("/console/review/mark", {"csrf_token": browser.form_token(), **good, **form}).status_code


def marks_of(auditor: Browser) -> int:
    return auditor.get("/console/review/marked").text.count("log/record?index=")


FORGED = (
    "since=2026-06-31",
    "since=0001-01-01",
    "until=9999-12-31",
    "since=2026-01-01&until=2026-12-31",
    "since=2026-06-02&until=2026-06-01",
    "night=0",
    "night=-1",
    "night=1e3",
    "night=" + "9" * 40,
    "walk=٣",
    "opens=18&closes=8",
    "closes=25",
    "history=100000",
)


@pytest.mark.parametrize("query", FORGED)
def test_thresholds_and_days_are_bounded(query: str, auditor: Browser) -> None:
    page = auditor.get(f"/console/unusual?{query}")
    assert page.status_code == 200
    assert "检索条件有误" in words_of(page)
    assert '<span lang="en">' not in page.text, "in the language of the page"
    assert "没有达到阈值" not in words_of(page), "nothing was counted"


@pytest.mark.parametrize(
    "query", ["last=2026-13", "last=x", "last=0001-01", "months=0", "months=13", "purpose=safety.fyre"]
)
def test_the_balance_is_bounded(query: str, auditor: Browser) -> None:
    assert "检索条件有误" in words_of(auditor.get(f"/console/balance?{query}"))
    assert auditor.get(f"/console/balance/table?{query}").status_code == 400


@pytest.mark.parametrize("page", ["unusual", "balance", "balance/table", "review", "review/marked", "person"])
def test_a_term_that_the_page_does_not_have_is_refused(page: str, auditor: Browser) -> None:
    assert auditor.get(f"/console/{page}?colour=red").status_code == 400


@pytest.mark.parametrize("person", [NUMBER, "-", "#", f"#{NUMBER}", "#" + "A" * 22 + ",", "#" + "A" * 23])
def test_no_person_in_clear_stands_in_an_address(person: str, auditor: Browser) -> None:
    page = auditor.get(f"/console/person?person={person.replace('#', '%23')}")
    assert page.status_code == 400
    assert NUMBER not in page.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"case": "EV-9"}, 400),
        ({"person": NUMBER}, 400),
        ({"who": "-"}, 400),
        ({"colour": "red"}, 400),
        ({"purpose": "safety.fyre"}, 400),
        ({"since": "yesterday"}, 400),
        ({"kind": "=1+1"}, 400),
    ],
)
def test_an_export_by_terms_that_cannot_be(
    form: dict[str, str], status: int, scene: ConsoleScene, auditor: Browser
) -> None:
    before = exports(scene)
    answer = auditor.post("/console/log/export", {"csrf_token": auditor.form_token(), **form})
    assert answer.status_code == status
    assert "content-disposition" not in answer.headers
    assert NUMBER not in answer.text
    assert exports(scene) == before


def exports(scene: ConsoleScene) -> int:
    return sum(each.record.kind == "export" for each in read(scene.settings.audit_log))


def test_nobody_marks_a_record_of_their_own_acts(own: str, auditor: Browser) -> None:
    page = auditor.get("/console/review")
    assert f"index={own}" in page.text, "the only refusal of the day is drawn"
    assert "这是您自己的操作" in words_of(page)
    assert own not in in_sample(auditor)
    before = marks_of(auditor)
    assert mark(auditor, index=own) == 403
    assert marks_of(auditor) == before


def test_a_record_that_was_not_drawn_is_not_marked(scene: ConsoleScene, own: str, auditor: Browser) -> None:
    drawn = set(re.findall(r"log/record\?index=(\d+)", auditor.get("/console/review").text))
    last = max(each.index for each in read(scene.settings.audit_log))
    others = [str(index) for index in range(int(own) - 7, int(own) + 9) if str(index) not in drawn]
    assert len(others) == 10, "of yesterday's sixteen"
    for index in (*others, "0", str(last), str(last + 1000), "999999999"):
        assert mark(auditor, index=index) == 404


@pytest.mark.parametrize(
    "form",
    [
        {"verdict": "fine"},
        {"verdict": ""},
        {"seen": "-1"},
        {"seen": "x"},
        {"reason": ""},
        {"reason": "  "},
        {"reason": "a\nb"},
        {"reason": "a\x00b"},
        {"reason": "a\u202eb"},
        {"reason": "x" * (LONGEST_REASON + 1)},
    ],
)
def test_a_mark_that_says_nothing_or_too_much_does_not_count(form: dict[str, str], auditor: Browser) -> None:
    before = marks_of(auditor)
    assert mark(auditor, index=in_sample(auditor)[0], **form) == 400
    assert marks_of(auditor) == before


def test_of_marks_sent_at_once_one_counts_and_each_is_recorded_before(scene: ConsoleScene, auditor: Browser) -> None:
    index, before = in_sample(auditor)[0], marks_of(auditor)
    token = auditor.form_token()
    form = {"csrf_token": token, "index": index, "seen": "0", "verdict": "misuse", "reason": "<img src=x onerror=1>"}

    def send(_: int) -> int:
        return auditor.post("/console/review/mark", form).status_code

    with ThreadPoolExecutor(6) as threads:
        sent = sorted(threads.map(send, range(6)))
    assert sent == [303] + [409] * 5
    assert marks_of(auditor) == before + 1
    names = [each.record.operation_name for each in read(scene.settings.audit_log)]
    assert names.count("console review mark") >= 1
    page = auditor.get("/console/review").text + auditor.get("/console/review/marked").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize("account", ["zhang", "chen", "sun"])
def test_another_role_marks_nothing_and_downloads_nothing(account: str, scene: ConsoleScene, auditor: Browser) -> None:
    browser, before = scene.signed_in(account), marks_of(auditor)
    assert mark(browser, index=in_sample(auditor)[0]) == 403
    answer = browser.post("/console/log/export", {"csrf_token": browser.form_token()})
    assert answer.status_code == 403
    assert browser.get("/console/balance/table").status_code == 403
    assert marks_of(auditor) == before


@pytest.mark.parametrize("page", ["unusual", "balance", "review"])
def test_an_index_that_was_removed_is_made_again_and_a_wrong_one_is_not_believed(
    page: str, scene: ConsoleScene, auditor: Browser
) -> None:
    index = scene.settings.audit_head.with_name("audit.index.db")
    for name in ("", "-wal", "-shm"):
        index.with_name(index.name + name).unlink(missing_ok=True)
    assert auditor.get(f"/console/{page}").status_code == 200
    for name in ("", "-wal", "-shm"):
        index.with_name(index.name + name).unlink(missing_ok=True)
    index.write_bytes(b"not an index at all" * 300)
    try:
        answer = auditor.get(f"/console/{page}")
        assert answer.status_code == 503
        assert "暂不可用" in words_of(answer)
    finally:
        index.unlink()


def test_a_reason_that_names_a_person_is_neither_kept_nor_recorded(scene: ConsoleScene, auditor: Browser) -> None:
    (index, *_) = in_sample(auditor)
    before = marks_of(auditor)
    for reason in (f"{NUMBER} 与目的不符", "当事人张伟的办件", "电话13812345678"):
        answer = auditor.post(
            "/console/review/mark",
            {"csrf_token": auditor.form_token(), "index": index, "seen": "0", "verdict": "in_order", "reason": reason},
        )
        assert answer.status_code == 400
        assert "个人信息" in words_of(answer)
        assert reason not in answer.text
    assert marks_of(auditor) == before
    recorded = [str(each.record) for each in read(scene.settings.audit_log)]
    assert not [each for each in recorded if "13812345678" in each or "张伟" in each or NUMBER in each]
