"""One rule of the policy changed in a form: tried, drafted, approved by another person, and what the form refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape

import httpx
import pytest

from audit.log import read
from hub.steward.changes import store_of
from schema import SPINE
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.waiting import until

pytestmark = pytest.mark.conformance
SEND = "/console/rules/draft"
RULE = "fire-rental-residents"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("rules") / "home") as running:
        yield running


def form_of(page: str) -> dict[str, str]:
    """What a browser sends of the form of a rule."""
    body, sent = page.partition("<main")[2].partition(f'action="{SEND}"')[2].partition("</form>")[0], dict[str, str]()
    for tag in re.findall(r"<input[^>]*>", body):
        if "checkbox" not in tag or " checked" in tag:
            value = re.search(r'value="([^"]*)"', tag)
            sent[unescape(re.search(r'name="([^"]*)"', tag)[1])] = unescape(value[1]) if value else ""  # type: ignore[index]
    for name, options in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected', options) or re.search(
            r'<option(?: value="([^"]*)")?>', options
        )
        sent[unescape(name)] = unescape((chosen and chosen[1]) or "")
    return sent


def opened(browser: Browser, query: str) -> dict[str, str]:
    page = browser.get(f"/console/rules/rule?{query}")
    assert page.status_code == 200
    return form_of(page.text)


def files_of(scene: ConsoleScene, answer: httpx.Response) -> dict[str, bytes]:
    """The files of the version to which an answer leads."""
    with closing(store_of(scene.settings, SPINE)) as store:
        return store.files(int(answer.headers["location"].rpartition("=")[2]))


def in_force(scene: ConsoleScene) -> dict[str, bytes]:
    with closing(store_of(scene.settings, SPINE)) as store:
        return dict(store.in_force().files)


def differing(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """The lines that are new or other."""
    return [
        line
        for name in sorted({*before, *after})
        for line in after.get(name, b"").decode().splitlines()
        if line not in before.get(name, b"").decode().splitlines()
    ]


def test_a_form_without_a_change_changes_nothing(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    for rule in (RULE, "statistics", "no-complaint-profile"):
        answer = zhang.post(SEND, opened(zhang, f"rule={rule}"))
        assert answer.status_code == 400, rule
        assert "nothing is changed" in words_of(answer), rule


def test_a_mask_goes_from_the_form_of_one_person_by_another_into_force(scene: ConsoleScene) -> None:
    zhang, li = scene.signed_in("zhang"), scene.signed_in("li")
    cell = zhang.get("/console/matrix/cell?purpose=safety.fire.rental&coordinate=Person.birthDate").text
    assert f"/console/rules/rule?rule={RULE}" in cell
    form = opened(zhang, f"rule={RULE}") | {"what.Person.birthDate": "mask:redact", "valid.to": "2030-01-01"}
    tried = zhang.post(SEND, {**form, "act": "check"})
    assert "收窄" in words_of(tried)
    assert form_of(tried.text)["what.Person.birthDate"] == "mask:redact", "what was chosen stays"
    before = in_force(scene)
    drafted = zhang.post(SEND, {**form, "expect": "on", "note": "why"})
    assert differing(before, files_of(scene, drafted)) == [
        "    valid: {to: 2030-01-01}",
        "      Person.birthDate: {mask: redact}",
    ]
    number = drafted.headers["location"].rpartition("=")[2]
    assert f'href="/console/versions/version?number={number}"' in zhang.get("/console/rules/to-do").text
    content = re.search(r'name="hash" value="([0-9a-f]+)"', li.get(drafted.headers["location"]).text)
    assert content is not None
    act = {"csrf_token": li.form_token(), "number": number, "hash": content[1]}
    assert li.post("/console/versions/approve", act).status_code == 303
    assert li.post("/console/versions/activate", act).status_code == 303
    until(lambda: scene.served.hub.policy.version == content[1])
    said = words_of(li.get("/console/matrix/cell?purpose=safety.fire.rental&coordinate=Person.birthDate"))
    assert f"版本 {number}" in said
    assert "起草 zhang，审批 li，生效操作 li" in said
    assert [each.record.result for each in read(scene.settings.audit_log) if each.record.kind == "policy"][-3:] == [
        "OK",
        "OK",
        "OK",
    ]
    again = zhang.post(SEND, form | {"what.Person.name": "mask:redact", "expect": "on"})
    assert again.status_code == 400, "J04: the form was opened on a version that is no longer in force"
    assert f"version {number}" in words_of(again)


def test_a_rule_is_written_copied_and_taken_out(scene: ConsoleScene) -> None:
    zhang, before = scene.signed_in("zhang"), in_force(scene)
    form = opened(zhang, "section=grants") | {"addType": "Event"}
    form = form_of(zhang.post(SEND, {**form, "act": "show"}).text)
    chosen = {"to.application.grid-desk": "on", "for.event.dispatch": "on", "what.Event.number": "clear"}
    form |= {"id": "new-one", "basis": "法: # x", "addRow.Event": "region", "file": "grid.yaml", **chosen}
    made = zhang.post(SEND, form)
    assert (
        differing(before, files_of(scene, made))
        == [
            "  - id: new-one",
            "    for: [event.dispatch]",
            '    basis: "法: # x"',
        ]
        or "  - id: new-one" in files_of(scene, made)["grid.yaml"].decode()
    )
    number = made.headers["location"].rpartition("=")[2]
    copied = zhang.post(SEND, opened(zhang, f"copy=new-one&from={number}") | {"id": "new-two"})
    assert files_of(scene, copied)["grid.yaml"].count(b'basis: "\xe6\xb3\x95: # x"') == 2, "both are in one draft"
    gone = zhang.post(SEND, {**opened(zhang, "rule=fire-places"), "act": "remove", "expect": "on"})
    assert b"fire-places" not in files_of(scene, gone)["fire.yaml"]
    assert b"# Who lives in a rented dwelling" in files_of(scene, gone)["fire.yaml"]


@pytest.mark.parametrize(
    "changed",
    [
        {"rule": "no-such-rule"},
        {"rule": ""},
        {"base": "99"},
        {"base": "x"},
        {"from": "1"},
        {"what.Person.phone": "mask:none"},
        {"what.Person.phone": "clear\n  - id: x"},
        {"what.Person.nothing": "clear"},
        {"to.application.nobody": "on"},
        {"for.nothing": "on"},
        {"addRow.Person": "region: {}"},
        {"keep.Person.or": "on"},
        {"valid.to": "2030-01-01]"},
        {"nodeCap": "-1"},
        {"nodeCap": "1}"},
        {"case": "required}"},
        {"unknown": "x"},
        {"act": "approve"},
        {"note": "a\u202eb"},
    ],
)
def test_what_the_form_does_not_offer_is_refused(changed: dict[str, str], scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    answer = zhang.post(SEND, opened(zhang, f"rule={RULE}") | changed)
    assert answer.status_code == 400
    assert "x" * 3 not in answer.text


@pytest.mark.parametrize(
    "basis",
    ["a\nfields: {}", "a\r\n    accesses: true", "a\u2028b", "a\u0085b", "a\u202eb", "a\x00b", "a\tb", "\ufeffa"],
)
def test_a_text_with_signs_that_nobody_sees_is_refused(basis: str, scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    answer = zhang.post(SEND, opened(zhang, f"rule={RULE}") | {"basis": basis})
    assert answer.status_code == 400


@pytest.mark.parametrize("basis", ["a: b # c", "'\"&a [x", "<b>法</b>"])
def test_any_other_text_is_that_text(basis: str, scene: ConsoleScene) -> None:
    zhang, before = scene.signed_in("zhang"), in_force(scene)
    tried = zhang.post(SEND, opened(zhang, "rule=welfare-elders") | {"basis": basis, "act": "check"})
    assert tried.status_code == 200
    assert form_of(tried.text)["basis"] == basis
    after = files_of(scene, zhang.post(SEND, form_of(tried.text)))
    assert [line.partition(":")[0].strip() for line in differing(before, after)] == ["basis"]


def test_an_empty_form_is_refused_and_says_where(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    sent = {"csrf_token": zhang.form_token(), "section": "grants", "file": "grid.yaml", "base": ""}
    assert zhang.post(SEND, {**sent, "file": "../x.yaml"}).status_code == 400
    answer = zhang.post(SEND, sent)
    assert answer.status_code == 400
    for label in ("请填写“规则名称”", "至少选择一个目的", "请填写“法定依据”"):
        assert label in words_of(answer)
    assert "this key is missing" not in words_of(answer)


def test_the_list_is_narrowed_and_an_auditor_reads_it(scene: ConsoleScene) -> None:
    wu = scene.signed_in("wu")
    page = wu.get("/console/rules?application=fire-inspection&type=Event")
    assert "fire-case" in page.text
    assert "grid-events" not in page.text
    assert "/console/rules/rule" not in page.text, "an auditor changes nothing"
    assert wu.get("/console/rules?type=Nothing").status_code == 400


def test_the_page_of_a_cell_says_in_words_what_the_policy_says_in_signs(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    said = words_of(zhang.get("/console/matrix/cell?purpose=safety.fire.rental&coordinate=Person.phone"))
    for words in (
        "仅显示前 3 位和后 4 位",
        "位于使用者的辖区内",
        "“房屋用途”为“出租”",
        "每日最多核验次数 200 按每名经办人计",
    ):
        assert words in said
    assert "region startsWith $subject.jurisdiction" in said, "the syntax stands beside it"
    assert "matchDailyCap" not in said


def test_a_rule_of_the_first_version_was_set_up_and_approved_by_nobody(scene: ConsoleScene) -> None:
    said = words_of(scene.signed_in("zhang").get("/console/matrix/cell?purpose=stat&coordinate=Person.gender"))
    assert "初始版本，系统安装时导入，未经审批" in said
    assert "bootstrap" not in said


def test_a_cell_without_a_rule_leads_to_a_form_that_has_its_field_and_purpose(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    page = zhang.get("/console/matrix/cell?purpose=event.callback&coordinate=Person.birthDate").text
    found = re.search(
        r'href="/console/rules/rule\?(section=grants&[^"]*application=grid-desk)#what-Person.birthDate"', page
    )
    assert found is not None
    form = opened(zhang, unescape(found[1]))
    assert form["what.Person.birthDate"].startswith("mask:")
    assert {
        "for.event.callback": "on",
        "to.application.grid-desk": "on",
        "add.Person.region": "on",
    }.items() <= form.items()
    assert form["file"] == "grid.yaml"
    made = zhang.post(SEND, form | {"id": "ages-for-callbacks", "basis": "法"})
    assert b"id: ages-for-callbacks" in files_of(scene, made)["grid.yaml"], "it is a whole rule"
    assert (
        "/console/rules/rule"
        not in scene.signed_in("wu").get("/console/matrix/cell?purpose=stat&coordinate=Person.phone").text
    )


def test_an_example_is_put_into_a_file_without_a_script(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    page = zhang.get("/console/versions/edit?file=fire.yaml&example=mask").text
    (text,) = re.findall(r'name="file/fire.yaml"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert "id: example-mask" in text
    for wrong in ("file=fire.yaml&example=x", "file=x.yaml&example=mask", "example=mask"):
        assert zhang.get(f"/console/versions/edit?{wrong}").status_code == 400


def test_the_lists_of_what_waits(scene: ConsoleScene) -> None:
    zhang = scene.signed_in("zhang")
    page = zhang.get("/console/rules/to-do")
    said = words_of(page)
    assert "Person.household" in said, "nobody decided on it"
    for section in ("grants", "prohibitions"):
        assert f"/console/rules/rule?section={section}&field=Person.household" in unescape(page.text)
    assert "hotline-insight" not in said, "nobody used it, but it has not stood for 90 days"
    last = [each.record for each in read(scene.settings.audit_log)][-1]
    assert last.operation_name == "console rules to-do"
    assert opened(zhang, "section=grants&field=Person.household")["what.Person.household"] == "clear"
    assert opened(zhang, "section=prohibitions&field=Person.household")["what.Person.household"] == "prohibit"


def test_a_new_prohibition_is_told_on_the_form_on_the_version_and_in_the_cell(scene: ConsoleScene) -> None:
    zhang, li = scene.signed_in("zhang"), scene.signed_in("li")
    form = opened(zhang, "section=prohibitions&field=Person.reports&purpose=event.callback")
    said = words_of(zhang.get("/console/rules/rule?section=prohibitions&field=Person.reports"))
    assert "禁止一个关系，即同时禁止它的反向关系" in said
    assert "Event.reporter”一并禁止" in said
    form |= {"id": "no-callbacks", "basis": "法", "file": "grid.yaml"}
    assert "新增禁止（规则 no-callbacks）：为" in words_of(zhang.post(SEND, {**form, "act": "check"}))
    made = zhang.post(SEND, {**form, "expect": "on"})
    page = words_of(li.get(made.headers["location"]))
    assert "新增禁止（规则 no-callbacks）：为" in page
    assert "授权没有变化" not in page
    assert page.index("新增禁止") < page.index("批准此内容"), "what changes is read before it is approved"


def test_going_back_says_what_it_undoes(scene: ConsoleScene) -> None:
    zhang, li = scene.signed_in("zhang"), scene.signed_in("li")
    made = zhang.post(SEND, opened(zhang, "rule=welfare-elders") | {"valid.to": "2031-01-01"})
    number, content = (
        made.headers["location"].rpartition("=")[2],
        re.search(r'name="hash" value="([0-9a-f]+)"', li.get(made.headers["location"]).text),
    )
    assert content is not None
    act = {"csrf_token": li.form_token(), "number": number, "hash": content[1]}
    assert li.post("/console/versions/approve", act).status_code == 303
    assert li.post("/console/versions/activate", act).status_code == 303
    page = zhang.get(made.headers["location"]).text
    (undo,) = re.findall(r'href="(/console/versions/rollback\?number=\d+)"', page)
    assert "撤销这一版的改动" in words_of(zhang.get(made.headers["location"]))
    assert f"这也会撤销其后生效的版本 {number} 的全部改动" in words_of(zhang.get(undo))
    assert "到（含当日）" in words_of(zhang.get(made.headers["location"]))
