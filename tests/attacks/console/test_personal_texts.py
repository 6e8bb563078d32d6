"""No text that somebody types for others to read is kept with a person in it, and nobody is looked up without end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from hub.console import desk
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of

pytestmark = pytest.mark.attack

TEMPLATES: Final = Path(__file__).parents[3] / "hub/console/templates"
PERSONAL: Final = ("请联系13812345678", "证号14010519900307293X的住户")
SAFE: Final = "第3条记录的目的与字段相符"
READ_BY_OTHERS: Final = {
    "ask_answer.html answer": ("zhang", "requests/refuse", {"id": "none"}),
    "edit.html note": ("zhang", "versions/draft", {"base": "1", "file/fire.yaml": "grants: []\n"}),
    "obj_one.html answer": ("zhang", "objections/answer", {"id": "none", "verdict": "upheld"}),
    "over_review.html reason": ("wu", "review/mark", {"index": "0", "seen": "0", "verdict": "in_order"}),
    "rule_form.html note": ("zhang", "rules/draft", {"section": "grants", "base": "1", "act": "remove"}),
    "saved.html name": ("wu", "log/saved/keep", {"terms": "purpose=safety"}),
}
"""By template and field: who sends it where, with what else."""
TRIED_ELSEWHERE: Final = {"ask_new.html rows", "ask_new.html basis", "ask_new.html reason"}
"""`tests/conformance/console/test_requests.py`: the form is shown again with what was written."""
OF_THE_RESIDENT: Final = {"my_object.html reason"}
"""What residents write of themselves to the department that looked is their own to say."""
NOT_PROSE: Final = {
    "ask_answer.html rule": "a rule of the policy",
    "ask_fields.html text": "words to find a field by",
    "dev_query.html case": "goes on as a digest",
    "dev_query.html variables": "is not kept",
    "editor.html {{ name }}": "files of the policy and queries",
    "log.html text": "becomes a digest",
    "matrix.html text": "words to find a field by",
    "over_balance.html purpose": "a name of the policy",
    "over_person.html number": "becomes a digest",
    "review_preview.html query": "is not kept",
    "rule_form.html basis": "a rule of the policy",
    "rule_form.html id": "a rule of the policy",
}
TYPED: Final = re.compile(r"<(?:textarea|input)(?P<more>[^>]*)>")
CHOSEN: Final = re.compile(r'type="(?:hidden|radio|checkbox|date|datetime-local|month|number|submit)"')


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("personal") / "home") as running:
        yield running


def test_each_field_into_which_somebody_types_is_known_here() -> None:
    found = {
        f"{path.name} {name[1]}"
        for path in TEMPLATES.glob("*.html")
        for each in TYPED.finditer(path.read_text("utf-8"))
        if not CHOSEN.search(each["more"]) and (name := re.search(r'name="([^"]+|\{\{ name \}\})"', each["more"]))
    }
    assert found == {*READ_BY_OTHERS, *TRIED_ELSEWHERE, *OF_THE_RESIDENT, *NOT_PROSE}


def sent(browser: Browser, path: str, form: Mapping[str, str]) -> str:
    """What the page says that answers a form."""
    return words_of(browser.post(f"/console/{path}", {**form, "csrf_token": browser.form_token()}))


@pytest.mark.parametrize("where", sorted(READ_BY_OTHERS))
@pytest.mark.parametrize("text", PERSONAL)
def test_a_text_for_others_that_may_name_a_person_is_not_kept(where: str, text: str, scene: ConsoleScene) -> None:
    account, path, form = READ_BY_OTHERS[where]
    browser, field = scene.signed_in(account), where.rpartition(" ")[2]
    said = "其他人会看到这段文字"
    if where.startswith("rule_form"):
        rule = re.search(r"rule\?rule=([a-z0-9-]+)", browser.get("/console/rules").text)
        assert rule is not None
        form = {**form, "rule": rule[1]}
    assert said in sent(browser, path, {**form, field: text})
    assert said not in sent(browser, path, {**form, "base": "0", field: SAFE}), "it was not refused for another reason"
    store = scene.settings.policy_file
    kept = [each.read_bytes() for each in store.parent.glob(f"{store.name}*")]
    assert not [each for each in kept if text.encode() in each]


def test_nobody_names_more_people_than_the_bound_whatever_the_page(
    scene: ConsoleScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "NAMED_A_DAY", 4)
    first, again = scene.signed_in("wu"), scene.signed_in("wu")
    token = {id(each): each.form_token() for each in (first, again)}
    answers = [
        browser.post(f"/console/{path}", {**form, "csrf_token": token[id(browser)]})
        for browser, path, form in [
            (first, "person/find", {"number": "140105199003072931"}),
            (again, "person/find", {"number": "no number of anybody"}),
            (first, "log/value", {"term": "value", "text": "13812345678"}),
            (again, "log/value", {"term": "case", "text": "C-1"}),
            (first, "log/value", {"term": "value", "text": "13812345678"}),
            (again, "person/find", {"number": "140105199003072931"}),
        ]
    ]
    assert [each.status_code for each in answers] == [303, 400, 303, 303, 429, 429]
    assert "今日查询对象的次数已用完" in words_of(answers[-1])
    assert first.get(answers[0].headers["location"]).status_code == 200, "what has a digest still opens"
