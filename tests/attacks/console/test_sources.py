"""The operator's sources over a real graph: no value, no secret on a page, nothing by a form but what it is for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import neo4j
import pytest

from audit.log import AuditUnavailable, read
from connectors.base import ConnectorError
from hub.console.operator import source_pages
from hub.graph.local import GraphAddress
from hub.ingest.pull import run_pull
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.ports import free_port
from tests.support.pulling import one, silent
from tests.support.sources.rest_server import JSON, Reply, server
from tests.support.sources.small_sources import UNITS, SmallSource
from tests.support.waiting import until

pytestmark = [pytest.mark.attack, pytest.mark.slow]

PERSON, PHONE, STREET = "欧阳金丝雀", "13912345678", "金丝雀东街"
SECRET = "hunter2canary"
ROWS = [[f"E{at}", f"{STREET}{at}号", PERSON, PHONE] for at in range(40)]
BAD = [["E#40", STREET, PERSON, PHONE], ["", STREET, PERSON, PHONE]]


@dataclass
class Desk:
    """A console over sources of three kinds; `muted` holds the answers of the interface back."""

    scene: ConsoleScene
    small: SmallSource
    muted: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    def browser(self, account: str = "chen") -> Browser:
        return self.scene.signed_in(account)


def declare(folder: Path, name: str, **block: object) -> None:
    said = {"name": name, "collectedFor": "event", "trust": 3, "records": [UNITS], **block}
    (folder / f"{name}.yaml").write_text(json.dumps(said, ensure_ascii=False), "utf-8")


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("sources")
    small = SmallSource(folder, empty_graph, schedule={"every": "6h"}, assertedBy="市民热线")
    muted = threading.Event()
    muted.set()
    (folder / "secret").write_text(SECRET)
    small.write([*ROWS, *BAD])
    small.pull()

    def answer(_ordinal: int, _query: dict[str, str]) -> Reply:
        muted.wait(60)
        return 401, JSON, b"{}"

    with server(answer) as (url, asked):
        secret = f"file:{folder / 'secret'}"
        declare(
            folder / "sources", "desk", kind="rest", where=f"{url}/api", bearer=secret,
            paging={"items": "items", "page": "page", "pages": "pages", "total": "total"}, limits={"timeout": 50},
        )  # fmt: skip
        declare(
            folder / "sources", "register", kind="sql", password=secret, limits={"timeout": 5},
            where=f"postgresql+psycopg://keeper@127.0.0.1:{free_port()}/register", records=[{**UNITS, "table": "t"}],
        )  # fmt: skip
        declare(folder / "sources", "gone", kind="csv", where=str(folder / "none.csv"), assertedBy="Street office")
        (folder / "renamed.csv").write_text("编号,地址\nE1,东街\n", "utf-8")
        declare(folder / "sources", "renamed", kind="csv", where=str(folder / "renamed.csv"))
        stream = {**UNITS, "event": "cn.example.event", "updated": "ce:time"}
        declare(folder / "sources", "feed", kind="push", accepts=["feeder"], records=[stream])
        for name in ("gone", "renamed"):
            with pytest.raises(ConnectorError):
                run_pull(small.settings, folder / "sources", [name], folder, {}, silent, address=empty_graph)
        given: dict[str, Any] = {"graph_url": empty_graph.url, "graph_password": empty_graph.password}
        with console_scene(folder / "home", empty_graph, sources=folder / "sources", **given) as scene:
            yield Desk(scene, small, muted, asked)
        muted.set()


def hidden(page: httpx.Response) -> str:
    """What a page says, in which no value of a row and no secret is."""
    assert [each for each in (PERSON, PHONE, STREET, SECRET, "E#40") if each in page.text] == []
    return words_of(page)


def act(browser: Browser, what: str, name: str) -> httpx.Response:
    return browser.post(f"/console/sources/{what}", {"csrf_token": browser.form_token(), "name": name})


def recorded(desk: Desk) -> list[str]:
    return [each.record.operation_name or "" for each in read(desk.scene.settings.audit_log)]


def test_a_source_is_shown_with_what_waits_and_why(desk: Desk) -> None:
    chen = desk.browser()
    every = hidden(chen.get("/console/sources"))
    assert all(said in every for said in ("small", "市民热线", "正常结束", "退回 2，待关联 0", "每 6 小时", "从未运行"))
    assert recorded(desk)[-1] == "console sources"
    one_source = hidden(chen.get("/console/sources/source?name=small"))
    assert all(said in one_source for said in ("不是代码", "必填项为空", "退回 2 行", "line 43", "重新入库"))
    assert "正常结束，有退回" in one_source and "超过 12 小时 即为过期" in one_source
    assert "请在来源处补填这一项。" in one_source, "what to do, in the words of the page"
    assert recorded(desk)[-1] == "console source"
    for name in ("desk", "register"):
        assert "测试连接" in hidden(chen.get(f"/console/sources/source?name={name}"))
    assert "keeper" not in chen.get("/console/sources/source?name=register").text


def test_a_pushed_source_tells_of_pushes_and_of_no_run(desk: Desk) -> None:
    told = hidden(desk.browser().get("/console/sources/source?name=feed"))
    assert all(said in told for said in ("由对方推送", "尚未推送", "已入库行数"))
    assert [said for said in ("尚未成功读取", "测试连接", "重新入库", "–") if said in told] == []


def test_trying_says_what_is_wrong_and_what_to_do(desk: Desk) -> None:
    chen = desk.browser()
    chen.get("/console/?language=en")
    assert "The key is wrong or has expired." in hidden(act(chen, "try", "desk"))
    assert "The database cannot be reached." in hidden(act(chen, "try", "register"))
    told = hidden(act(chen, "try", "small"))
    assert "Rows read: 42, columns: 4; rows that would be refused: 2." in told
    assert "console source try" in recorded(desk)
    chen.get("/console/?language=zh")
    assert "密钥错误或已过期" in hidden(act(chen, "try", "desk"))


BROKEN = [
    ("gone", "没有这个文件，或枢纽无权读取。请核对", "There is no such file, or the hub may not read it. Check"),
    ("renamed", "第一行不是来源文件所写的列名", "The first line does not hold the column names of the source file"),
]


@pytest.mark.parametrize(("name", "zh", "en"), BROKEN, ids=[each[0] for each in BROKEN])
def test_a_source_that_is_broken_and_a_run_that_failed_tell_the_remedy_in_both_languages(
    name: str, zh: str, en: str, desk: Desk
) -> None:
    chen = desk.browser()
    assert zh in hidden(act(chen, "try", name))
    page = hidden(chen.get(f"/console/sources/source?name={name}"))
    assert all(said in page for said in (zh, "失败", "改正后请点“测试连接”", "尚未成功读取"))
    every = chen.get("/console/sources")
    assert f'href="/console/sources/source?name={name}">查看原因' in every.text
    assert all(said in hidden(every) for said in ("Street office", "来源文件未写明")), "as its file says"
    chen.get("/console/?language=en")
    assert en in hidden(chen.get(f"/console/sources/source?name={name}"))


@pytest.mark.parametrize(
    "name", ["", "other", "small/events", "../small", "SMALL", "small\0", "https://evil.example/", "small, desk", "é"]
)
def test_a_form_connects_nowhere_but_to_the_sources_of_the_files(name: str, desk: Desk) -> None:
    chen, before = desk.browser(), len(desk.asked)
    for what in ("try", "retry"):
        assert act(chen, what, name).status_code == 400, what
        forged = {"csrf_token": chen.form_token(), "name": name, "where": "https://evil.example/", "kind": "rest"}
        assert chen.post(f"/console/sources/{what}", forged).status_code == 400
    assert chen.get(f"/console/sources/source?{urlencode({'name': name})}").status_code == 404
    assert len(desk.asked) == before


def test_a_source_that_hangs_holds_up_no_other_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_pages, "TRY_SECONDS", 6.0)
    desk.muted.clear()
    chen, other = desk.browser(), desk.browser()
    asked = len(desk.asked)
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(act, chen, "try", "desk")
        until(lambda: len(desk.asked) > asked, "the source is asked")
        assert other.get("/console/sources").status_code == 200
        assert other.get("/console/health").status_code == 200
        assert not trying.done(), "the others were not held up until it ended"
        assert act(other, "try", "small").status_code == 503, "one at a time"
        assert "在 6 秒内没有读完" in hidden(trying.result())
    desk.muted.set()
    # What hung was ended, and the next is tried.
    assert "密钥错误" in hidden(act(chen, "try", "desk"))


def test_letting_in_again_twice_at_once_does_it_once(desk: Desk, graph_driver: neo4j.Driver) -> None:
    desk.small.write([*ROWS, ["E40", STREET, PERSON, PHONE], ["", STREET, PERSON, PHONE]])
    chen, other, before = desk.browser(), desk.browser(), recorded(desk).count("pull end")
    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(lambda each: act(each, "retry", "small"), (chen, other)))
    assert sorted(page.status_code for page in pages)[-1] == 409
    until(lambda: recorded(desk).count("pull end") == before + 1, "the pull has ended")
    assert one(graph_driver, "MATCH (e:Event {number: 'E40'}) RETURN count(e)") == 1
    assert "退回 1 行" in hidden(chen.get("/console/sources/source?name=small"))
    named = [each.record for each in read(desk.scene.settings.audit_log)]
    acts = [each for each in named if each.operation_name == "console source retry"]
    digest = desk.scene.served.hub.digester.digest("steward", "chen")
    assert {each.subject for each in acts} == {digest}
    assert [each.variables["source"] for each in acts] == ["small", "small"]


def test_letting_in_what_nobody_mended_says_so(desk: Desk) -> None:
    told = hidden(act(desk.browser(), "retry", "small"))
    assert "原退回 1 行，现仍退回 1 行。 仍退回的行在来源处尚未改正" in told


def test_whoever_is_no_operator_sees_and_does_nothing(desk: Desk) -> None:
    for account in ("zhang", "wu", "sun"):
        browser = desk.browser(account)
        assert browser.get("/console/sources").status_code == 403
        assert act(browser, "try", "desk").status_code == 403
        assert act(browser, "retry", "small").status_code == 403


def test_a_look_that_cannot_be_recorded_is_not_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise AuditUnavailable("full")

    chen = desk.browser()
    token = chen.form_token()
    asked = len(desk.asked)
    monkeypatch.setattr(type(desk.scene.served.hub.log), "append", refuse)
    for path in ("sources", "sources/source?name=small", "health", "settings"):
        assert chen.get(f"/console/{path}").status_code == 503
    assert chen.post("/console/sources/try", {"csrf_token": token, "name": "desk"}).status_code == 503
    assert len(desk.asked) == asked


def test_health_names_the_sources_that_need_a_look_and_says_so_where_nobody_knows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chen = desk.browser()
    told = hidden(chen.get("/console/health")).partition("需要关注的来源")[2].partition("用量与上限")[0]
    assert "small · 正常结束，有退回 · 退回" in told and "gone · 失败" in told
    monkeypatch.setattr("hub.console.operator.source_reading.graph_of", lambda _settings: None)
    told = hidden(chen.get("/console/health"))
    assert "各来源的状况目前未知" in told and "没有退回的行" not in told


def test_the_state_of_the_hub_tells_no_secret(desk: Desk) -> None:
    chen = desk.browser()
    health, settings = hidden(chen.get("/console/health")), hidden(chen.get("/console/settings"))
    password = desk.scene.served.hub.settings.read_graph_password()
    assert password is not None and password not in settings
    assert "可以提供服务" in health and "覆盖" in health
    assert "已设置，不显示" in settings and "2026." in settings


def test_files_that_are_broken_are_named_and_stop_no_page(desk: Desk) -> None:
    broken = desk.small.folder / "sources" / "zz.yaml"
    broken.write_text("name: zz\nkind: csv\nwhere: x\ntrust: many\n", "utf-8")
    try:
        chen = desk.browser()
        page = chen.get("/console/sources")
        assert page.status_code == 200
        assert "zz.yaml" in words_of(page)
        assert act(chen, "try", "small").status_code == 503
    finally:
        broken.unlink()
