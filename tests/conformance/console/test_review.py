"""Judging a change in the console: reasons, a replay beside the hash, the way back, a time to start, collisions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from audit.log import read
from audit.record import Coordinates, Record
from hub.console.review import preview_pages
from hub.home.settings import Settings
from hub.steward.actor import Actor
from hub.steward.changes import steward_session, store_of
from schema import SPINE
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.waiting import until

pytestmark = pytest.mark.conformance
FILE, EXPECT = "fire.yaml", "expect.yaml"
BEFORE, AFTER = 'Person.phone: {mask: "partial(3,4)"}', "Person.phone: clear"
EXPECTED = 'purpose: safety.fire.rental, coordinate: Person.phone, effects: ["partial(3,4)"]'
PHONE = "/console/why?purpose=safety.fire.rental&coordinate=Person.phone"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path / "home") as running:
        yield running


def drafted(scene: ConsoleScene, note: str = "", *, by: str = "zhang") -> tuple[int, str]:
    """A draft that shows phones in clear: its number and hash."""
    with steward_session(scene.settings, SPINE) as changes:
        files = dict(changes.store.in_force().files)
        files[FILE] = files[FILE].replace(BEFORE.encode(), AFTER.encode()) + note.encode()
        files[EXPECT] = files[EXPECT].replace(EXPECTED.encode(), EXPECTED.replace('"partial(3,4)"', "clear").encode())
        made = changes.draft(files, Actor(by), None, "")
    return made.number, made.hash


def put_in_force(scene: ConsoleScene, number: int, content: str) -> None:
    with steward_session(scene.settings, SPINE) as changes:
        changes.approve(number, content, Actor("li"))
        changes.activate(number, Actor("li"), None)
    until(lambda: scene.served.hub.policy.version == content)


def sent(browser: Browser, path: str, **form: object) -> str:
    """What a form of these pages answers with: the address that it leads to, or the page."""
    answer = browser.post(
        path, {"csrf_token": browser.form_token(), **{name: str(each) for name, each in form.items()}}
    )
    return answer.headers["location"] if answer.status_code == 303 else f"{answer.status_code} {words_of(answer)}"


def records(scene: ConsoleScene) -> list[Record]:
    return [each.record for each in read(scene.settings.audit_log)]


def asked(scene: ConsoleScene, person: str, **given: Any) -> Record:
    """The record of an operation that showed a person's phone masked."""
    known: dict[str, Any] = {
        "kind": "query",
        "request_id": person,
        "result": "OK",
        "http_status": 200,
        "application": "fire-inspection",
        "department": "fire",
        "purpose": "safety.fire.rental",
        "policy_version": scene.served.hub.policy.version,
        "decision": Coordinates(clear=("Person.region",), masked=("Person.phone",)),
        "subjects": (person,),
    }
    return Record(**known | given)


def test_why_tells_the_rules_and_what_each_other_one_would_need(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    page = words_of(zhang.get(f"{PHONE}&application=fire-inspection"))
    assert "partial(3,4)" in page and "依据的规则" in page
    page = words_of(zhang.get(PHONE))
    assert "拒绝（不可见）" in page
    assert "应用须为" in page or "部门须为" in page
    number, _ = drafted(scene)
    page = words_of(zhang.get(f"{PHONE}&application=fire-inspection&number={number}"))
    assert re.search(r"可见程度\s+明文", page), "of a draft"
    last = records(scene)[-1]
    assert last.operation_name == "console why"
    assert last.variables["coordinate"] == "Person.phone"


def test_why_takes_names_that_the_version_has_and_no_others(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    for asked in (
        "application=nobody",
        "purpose=safety.fire.rental&coordinate=Person.shoeSize",
        "jurisdiction=13800000000",
        "role=%E6%9D%8E%E5%9B%9B",
        "number=99",
        "number=-1",
        "day=tomorrow",
        "case=A-1",
    ):
        assert zhang.get(f"/console/why?{asked}").status_code == 400, asked
    assert not [each for each in records(scene) if each.operation_name == "console why"], "nothing was read"


def test_a_replay_stands_beside_the_hash_that_is_approved(scene: ConsoleScene) -> None:
    for person in range(12):
        scene.served.hub.log.append_sync(asked(scene, f"{person:022}"))
    scene.served.hub.log.append_sync(asked(scene, "of-another", application="gone-since", purpose="safety"))
    number, content = drafted(scene)
    li = scene.signed_in("li")
    page = li.get(f"/console/versions/replay?number={number}")
    assert "开始回放" in words_of(page) and "批准此内容" not in words_of(page), "it is approved beside a replay"
    answer = li.post(
        "/console/versions/replay/run", {"csrf_token": li.form_token(), "number": str(number), "days": "7"}
    )
    assert answer.status_code == 200, words_of(answer)
    said = words_of(answer)
    assert "计算时间" in said and "13 次与当时答复的版本比较" in said
    assert "12 次，其中 12 次有变化" in said and "12 新增明文 Person.phone" in said
    assert "gone-since 将完全停用：1 次操作中有 1 次会被拒绝" in said
    assert "of-another" not in said
    assert re.search(r'name="hash" value="([0-9a-f]+)"', answer.text)[1] == content  # type: ignore[index]
    assert "Person.phone" in said, "the decisions that change stand beside it"
    last = next(each for each in reversed(records(scene)) if each.kind == "replay")
    assert (last.operation_name, last.policy_version) == ("policy replay", content)
    assert last.subject == Actor("li").digest(scene.served.hub.digester)
    assert sent(li, "/console/versions/replay/run", number=number, days=3650).startswith("400")
    assert sent(li, "/console/versions/replay/run", number=99, days=7).startswith("400")


def test_j08_an_old_version_comes_back_as_a_new_draft_that_another_person_approves(scene: ConsoleScene) -> None:
    zhang, li = scene.signed_in("zhang"), scene.signed_in("li")
    number, content = drafted(scene)
    put_in_force(scene, number, content)
    page = words_of(zhang.get("/console/versions/rollback?number=1"))
    assert "partial(3,4)" in page and "没有授权扩大" in page
    led = sent(zhang, "/console/versions/rollback/draft", number=1, base=2)
    assert led == "/console/versions/version?number=3", "a number of its own"
    assert "须由另一位审批人审批" in words_of(zhang.get(led))
    with closing(store_of(scene.settings, SPINE)) as store:
        first, third = store.history()[0], store.history()[2]
    assert (third.version.hash, third.state, third.version.base) == (first.version.hash, "draft", 2)
    assert sent(zhang, "/console/versions/approve", number=3, hash=third.version.hash).startswith("400"), "their own"
    assert sent(li, "/console/versions/approve", number=3, hash=third.version.hash) == led
    assert sent(li, "/console/versions/activate", number=3) == led
    until(lambda: scene.served.hub.policy.version == first.version.hash)


def test_a_rollback_from_a_page_that_is_stale_is_refused(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    number, content = drafted(scene)
    put_in_force(scene, number, content)
    number, content = drafted(scene, "# again\n")
    put_in_force(scene, number, content)
    answer = sent(zhang, "/console/versions/rollback/draft", number=1, base=2)
    assert answer.startswith("400") and "操作未执行" in answer
    assert sent(zhang, "/console/versions/rollback/draft", number=3, base=3).startswith("400"), "it is in force"
    for wrong in ("", "x", "0", "99", "-1", "1e3"):
        assert sent(zhang, "/console/versions/rollback/draft", number=wrong, base=3).startswith("400"), wrong
    with closing(store_of(scene.settings, SPINE)) as store:
        assert len(store.history()) == 3


def test_whoever_does_not_answer_for_a_type_does_not_roll_it_back(scene: ConsoleScene) -> None:
    number, content = drafted(scene)
    put_in_force(scene, number, content)
    with steward_session(scene.settings, SPINE) as changes:
        files = dict(changes.store.in_force().files)
        text = files["stewards.yaml"].decode()
        owns = "owns: [civil-affairs, hotline, housing, police]"
        files["stewards.yaml"] = text.replace(owns, "owns: [hotline]", 1).encode()
        made = changes.draft(files, Actor("li"), None, "")
        changes.approve(made.number, made.hash, Actor("zhang"))
        changes.activate(made.number, Actor("li"), None)
    until(lambda: scene.served.hub.policy.version == made.hash)
    zhang = scene.signed_in("zhang")
    answer = sent(zhang, "/console/versions/rollback/draft", number=1, base=made.number)
    assert answer.startswith("400") and "owns" in answer
    assert [each.result for each in records(scene) if each.operation_name == "policy rollback"] == ["REFUSED"]


def test_an_activation_at_a_time_is_told_in_local_time_and_utc(scene: ConsoleScene) -> None:
    li = scene.signed_in("li")
    number, content = drafted(scene)
    assert sent(li, "/console/versions/schedule/set", number=number, at="2099-01-01T08:00").startswith("400"), (
        "not approved"
    )
    assert sent(li, "/console/versions/approve", number=number, hash=content).startswith("/console/")
    page = words_of(li.get(f"/console/versions/schedule?number={number}&at=2099-01-01T08:00"))
    assert "2099-01-01 08:00:00+08:00" in page and "2099-01-01 00:00:00 UTC" in page
    for wrong in ("", "soon", "2099-13-01T00:00"):
        assert sent(li, "/console/versions/schedule/set", number=number, at=wrong).startswith("400"), wrong
    assert "past" in sent(li, "/console/versions/schedule/set", number=number, at="2020-01-01T00:00")
    led = sent(li, "/console/versions/schedule/set", number=number, at="2099-01-01T08:00")
    page = words_of(li.get(led))
    assert "定时生效" in page and "2099-01-01 00:00:00 UTC" in page
    with closing(store_of(scene.settings, SPINE)) as store:
        activation = store.history()[-1].activation
        assert store.in_force().version.number == 1
    assert activation is not None
    assert dt.datetime.fromisoformat(activation.starts) == dt.datetime(2099, 1, 1, tzinfo=dt.UTC)


def test_j04_two_drafts_of_one_base_show_what_each_side_changed(scene: ConsoleScene) -> None:
    zhang, li = scene.signed_in("zhang"), scene.signed_in("li")
    first, content = drafted(scene, "# by zhang\n")
    second, other = drafted(scene, "# by li\n", by="li")
    assert "没有冲突" in words_of(li.get(f"/console/versions/conflict?number={second}"))
    put_in_force(scene, first, content)
    page = words_of(zhang.get(f"/console/versions/version?number={second}"))
    assert "不能再审批或生效" in page and "批准此内容" not in page
    shown = unescape(zhang.get(f"/console/versions/conflict?number={second}").text)
    assert "+# by zhang" in shown and "+# by li" in shown
    answer = sent(zhang, "/console/versions/approve", number=second, hash=other)
    assert answer.startswith("400") and "+# by zhang" in answer and "+# by li" in answer
    with closing(store_of(scene.settings, SPINE)) as store:
        assert store.history()[second - 1].approvals == (), "nothing is merged, nothing approved"


def test_a_draft_of_a_stale_form_shows_what_came_between(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    page = zhang.get(f"/console/versions/edit?file={FILE}").text
    found = re.findall(r'<textarea name="file/([^"]+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    number, content = drafted(scene, "# meanwhile\n", by="li")
    with steward_session(scene.settings, SPINE) as changes:
        changes.approve(number, content, Actor("zhang"))
        changes.activate(number, Actor("li"), None)
    texts = {f"file/{name}": unescape(text) for name, text in found}
    texts[f"file/{FILE}"] += "# mine\n"
    form = {"csrf_token": zhang.form_token(), "base": "1", "note": "", **texts}
    answer = zhang.post("/console/versions/draft", form)
    assert answer.status_code == 400
    assert "+# meanwhile" in words_of(answer) and "+# mine" in words_of(answer)


def test_a_preview_page_says_what_is_missing_and_keeps_queries_out_of_addresses(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    page = zhang.get("/console/preview?application=fire-inspection&purpose=safety.fire.rental")
    assert "生成虚构数据" in words_of(page), "no sample yet"
    answer = sent(
        zhang,
        "/console/preview/run",
        number=1,
        application="fire-inspection",
        purpose="safety.fire.rental",
        query="{ x }",
    )
    assert answer.startswith("400") and "虚构数据" in answer
    assert zhang.get("/console/preview/run?query=%7B").status_code == 405
    assert zhang.get("/console/preview?application=nobody").status_code == 400
    assert not (scene.settings.home / "preview").exists(), "a page starts nothing by itself"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(preview_pages, "SOURCES", Path("nowhere"))
        page = zhang.get("/console/preview?application=fire-inspection&purpose=safety.fire.rental")
        assert "sluicegate policy preview --as fire-inspection --purpose safety.fire.rental --draft 1" in words_of(page)
        assert sent(zhang, "/console/preview/prepare", number=1).startswith("400")


def test_a_hub_with_a_graph_server_of_its_own_starts_no_other_graph(tmp_path: Path) -> None:
    server = {"graph_url": "bolt://127.0.0.1:9", "graph_password": "unused"}
    assert preview_pages.sources_here(Settings.load(home=tmp_path, **server)) is None
    assert preview_pages.sources_here(Settings.load(home=tmp_path, **server, jars=tmp_path)) is not None
    assert preview_pages.sources_here(Settings.load(home=tmp_path)) is not None
