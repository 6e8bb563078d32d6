"""Following the log, saved searches and the check of the whole log, over HTTP: what is recorded, and what is not."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from audit.checkpoint import Verifier, open_checkpoint
from audit.log import read
from audit.record import Record
from hub.console.integrity.checks import Checks
from hub.steward.changes import store_of
from schema import SPINE
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.policy_stores import publish
from tests.support.waiting import until

pytestmark = pytest.mark.conformance

NUMBER = "140321195703129022"
JSON = {"accept": "application/json"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("following") / "home") as running:
        for _ in range(3):
            running.served.ask("{ __typename }")
        yield running


@pytest.fixture(scope="module")
def auditor(scene: ConsoleScene) -> Browser:
    return scene.signed_in("wu")


def records(scene: ConsoleScene, name: str) -> list[Record]:
    return [each.record for each in read(scene.settings.audit_log) if each.record.operation_name == name]


def newer_of(html: str) -> str:
    (found,) = re.findall(r'id="live-newer" href="([^"]+)"', html)
    return unescape(str(found))


def rows_of(html: str) -> list[int]:
    return [int(each) for each in re.findall(r"record\?index=(\d+)", html)]


def asked_by_script(browser: Browser, address: str) -> dict[str, Any]:
    answer = browser.get(address, **JSON)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


def test_the_log_is_followed_by_a_link_and_each_reading_is_recorded(scene: ConsoleScene, auditor: Browser) -> None:
    first = auditor.get("/console/log/live?application=fire-inspection").text
    assert len(rows_of(first)) == 3
    before = len(records(scene, "console log live"))
    for _ in range(2):
        scene.served.ask("{ __typename }")
    page = auditor.get(newer_of(first)).text
    assert len(rows_of(page)) == 2
    assert min(rows_of(page)) > max(rows_of(first))
    (told,) = records(scene, "console log live")[before:]
    assert told.variables["found"] == "2"
    assert rows_of(auditor.get(newer_of(page)).text) == []


def test_a_script_is_given_the_same_and_asking_without_an_answer_is_no_reading(
    scene: ConsoleScene, auditor: Browser
) -> None:
    address = newer_of(auditor.get("/console/log/live").text)
    scene.served.ask("{ __typename }")
    found = asked_by_script(auditor, address)
    assert [row[3] for row in found["rows"]] == [found["rows"][0][3]]
    (subject,) = {each.record.subject for each in read(scene.settings.audit_log) if each.record.kind == "query"}
    assert found["rows"][0][3:9] == [
        ["数据查询（已答复）", "query"],
        (subject or "")[:8],
        ["消防救援大队", "fire"],
        ["消防监督检查", "fire-inspection"],
        ["出租房屋消防检查", "safety.fire.rental"],
        ["成功", "OK"],
    ], "each code with its word"
    size = sum(1 for _ in read(scene.settings.audit_log))
    for _ in range(3):
        found = asked_by_script(auditor, address.replace(re.findall(r"after=(\d+)", address)[0], str(found["last"])))
        assert found["rows"] == []
    assert sum(1 for _ in read(scene.settings.audit_log)) == size


def test_two_who_follow_the_log_tell_each_other_of_nothing(scene: ConsoleScene, auditor: Browser) -> None:
    both = [auditor, scene.signed_in("wu")]
    after = [newer_of(each.get("/console/log/live").text) for each in both]
    scene.served.ask("{ __typename }")
    shown = 0
    for _ in range(4):
        for at, each in enumerate(both):
            found = asked_by_script(each, after[at])
            shown += len(found["rows"])
            after[at] = f"/console/log/live?after={found['last']}"
    assert shown == 2, "the one request, to each of them"


@pytest.mark.parametrize("query", [f"person={NUMBER}", "nothing=1", "before=3", "purpose=safety.fyre"])
def test_what_no_search_takes_is_not_followed(query: str, auditor: Browser) -> None:
    answer = auditor.get(f"/console/log/live?{query}")
    assert answer.status_code == 400
    assert NUMBER not in answer.text


def test_more_than_fit_are_told_to_be_more(scene: ConsoleScene, auditor: Browser) -> None:
    address = newer_of(auditor.get("/console/log/live?application=fire-inspection").text)
    for _ in range(201):
        scene.served.ask("{ __typename }")
    found = asked_by_script(auditor, address)
    assert len(found["rows"]) == 200
    assert found["leftOut"]


def test_a_search_is_saved_without_values_opened_and_removed(scene: ConsoleScene, auditor: Browser) -> None:
    page = auditor.get("/console/log?result=OK&application=fire-inspection").text
    (saved,) = {unescape(each) for each in re.findall(r'href="(/console/log/saved\?[^"]+)"', page)}
    form = re.search(r'name="terms" value="([^"]+)"', auditor.get(saved).text)
    assert form is not None
    sent = {"csrf_token": auditor.form_token(), "terms": unescape(form[1]), "name": "消防 <b>今日</b>"}
    assert auditor.post("/console/log/saved/keep", sent).status_code == 303
    page = auditor.get("/console/log/saved").text
    assert "消防 &lt;b&gt;今日" in page
    (address,) = {unescape(each) for each in re.findall(r'href="(/console/log\?[^"]+)"', page)}
    assert "记录中找到" in words_of(auditor.get(address))
    assert len(records(scene, "console log saved keep")) == 1
    (name,) = re.findall(r'name="saved" value="([0-9a-f]+)"', page)
    auditor.post("/console/log/saved/remove", {"csrf_token": auditor.form_token(), "saved": name})
    assert "还没有已存检索" in words_of(auditor.get("/console/log/saved"))


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("13900001234", "result=OK"),
        ("王 139-0000-1234", "result=OK"),
        ("", "result=OK"),
        ("字" * 61, "result=OK"),
        ("a\u202eb", "result=OK"),
        ("mine", ""),
        ("mine", f"person={NUMBER}"),
        ("mine", "before=3"),
        ("mine", "result=OK&result=NO"),
        ("mine", "result"),
    ],
)
def test_a_search_that_would_keep_a_value_is_not_saved(name: str, terms: str, auditor: Browser) -> None:
    form = {"csrf_token": auditor.form_token(), "name": name, "terms": terms}
    answer = auditor.post("/console/log/saved/keep", form)
    assert answer.status_code == 400
    assert NUMBER not in answer.text
    assert "还没有已存检索" in words_of(auditor.get("/console/log/saved"))


def test_checkpoint_and_key_are_those_of_the_log(scene: ConsoleScene, auditor: Browser) -> None:
    until(lambda: "根哈希" in words_of(auditor.get("/console/integrity")))
    key = auditor.get("/console/integrity/key.txt")
    note = auditor.get("/console/integrity/checkpoint.txt")
    found = open_checkpoint(note.content, Verifier.parse(key.text))
    named = f"checkpoint-{scene.settings.now():%Y%m%d}-{found.size}.txt"
    assert note.headers["content-disposition"] == f'attachment; filename="{named}"'
    assert 0 < found.size <= sum(1 for _ in read(scene.settings.audit_log))


def begin_check(browser: Browser) -> int:
    form = {"csrf_token": browser.form_token()}
    return browser.post("/console/integrity/check", form).status_code


def test_the_whole_log_is_checked_and_both_ends_are_recorded(scene: ConsoleScene, auditor: Browser) -> None:
    assert begin_check(auditor) == 303
    until(lambda: "校验通过" in words_of(auditor.get("/console/integrity")))
    (begun,), (ended,) = (records(scene, f"console integrity check{end}") for end in (" begin", ""))
    assert (begun.request_id, begun.result, begun.subject) == (ended.request_id, "BEGUN", ended.subject)
    assert ended.result == "OK"
    assert int(ended.variables["size"]) > 0


def test_a_check_that_runs_is_not_begun_twice(scene: ConsoleScene, auditor: Browser) -> None:
    with closing(store_of(scene.settings, SPINE)) as store:
        checks = Checks(store.engine)
        run = checks.begin("li")
        assert run is not None
        assert checks.go_on(run, 1_000, 4_000)
        assert "1,000 / 4,000" in words_of(auditor.get("/console/integrity"))
        assert begin_check(auditor) == 400
        found = {"ok": True, "size": 1, "root": "", "compared": {"checkpoints": 0, "kept": 0}, "missing": []}
        assert checks.end(run, 1, json.dumps(found))


def test_a_log_that_was_changed_is_told(scene: ConsoleScene, auditor: Browser) -> None:
    path = scene.settings.audit_log
    assert isinstance(path, Path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        (body,) = connection.execute("SELECT body FROM record WHERE idx = 2").fetchone()
        connection.execute("UPDATE record SET body = ? WHERE idx = 2", (bytes(body).replace(b"OK", b"NO"),))
    assert begin_check(auditor) == 303
    until(lambda: "校验未通过" in words_of(auditor.get("/console/integrity")))
    text = words_of(auditor.get("/console/integrity"))
    assert "第一条有问题的记录：2" in text
    assert records(scene, "console integrity check")[-1].result == "TAMPERED"


def test_whoever_loses_the_role_while_following_is_told_nothing_more(tmp_path: Path) -> None:
    with console_scene(tmp_path / "home") as own:
        wu = own.signed_in("wu")
        address = newer_of(wu.get("/console/log/live").text)
        with closing(store_of(own.settings, SPINE)) as store:
            files = dict(store.in_force().files)
            fewer = files["stewards.yaml"].replace(b"wu, roles: [auditor]", b"wu, roles: [operator]")
            assert fewer != files["stewards.yaml"]
            publish(store, files | {"stewards.yaml": fewer})
        until(lambda: wu.get(address, **JSON).status_code == 403)
        assert wu.get(address, **JSON).headers["content-type"].startswith("text/html")
