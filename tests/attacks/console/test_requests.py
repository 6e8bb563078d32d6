"""Requests for access under attack: whose they are, what is written in them, and two who act at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from html import unescape

import pytest
import sqlalchemy as sa

from audit.log import read
from hub.steward.changes import store_of
from policies.requests.store import MOST_OPEN_OF_PERSON
from policies.store import PolicyStore
from schema import SPINE
from tests.conformance.console.test_requests import drafting, rule_of
from tests.support.console.asking import ask, form_of
from tests.support.console.browsing import PEOPLE, ConsoleScene, console_scene, words_of
from tests.support.serving import COUNTY

pytestmark = pytest.mark.attack

STEWARDS = """\
  - {account: zhao, person: DEMO-STAFF-0901, subject: zhao, roles: [developer]}
  - {account: qian, person: DEMO-STAFF-0902, subject: qian, roles: [steward], owns: [housing]}
  - {account: both, person: DEMO-STAFF-0903, subject: both, roles: [steward, developer], owns: [police]}
  - {account: both-again, person: DEMO-STAFF-0903, subject: both-again, roles: [steward], owns: [police]}
"""
SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
INJECTED = '"\' : # - {a: b} [x] &anchor *alias !!tag | > %YAML @ ` \\n \\" {{ 7*7 }} {% raw %}'


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    """The county with another developer of the same application, a steward of housing alone, and one who is both."""
    home, folder = tmp_path_factory.mktemp("requests") / "home", tmp_path_factory.mktemp("policies")
    for path in COUNTY.glob("*.yaml"):
        text = path.read_text("utf-8").replace("developers: [sun]", "developers: [sun, zhao, both]")
        (folder / path.name).write_text(text + (STEWARDS if path.name == "stewards.yaml" else ""), "utf-8")
    people = [*PEOPLE, *((name, "more") for name in ("zhao", "qian", "both", "both-again"))]
    with console_scene(home, policies=folder, people=people) as running:
        yield running


def stored(scene: ConsoleScene) -> PolicyStore:
    return store_of(scene.settings, SPINE)


def test_the_request_of_another_is_not_found(scene: ConsoleScene) -> None:
    sun, zhao, qian = scene.signed_in("sun"), scene.signed_in("zhao"), scene.signed_in("qian")
    name = ask(sun)
    assert zhao.get(f"/console/requests/new?again={name}").status_code == 404
    for browser, page, act in ((zhao, "one", "withdraw"), (qian, "answer", "refuse"), (qian, "answer", "draft")):
        sent = {"csrf_token": browser.form_token(), "id": name, "answer": "x", "base": "1", "rule": "x"}
        answers = [
            (browser.get(f"/console/requests/{page}?id={each}"), browser.post(f"/console/requests/{act}", form))
            for each, form in ((name, sent), ("0" * 12, {**sent, "id": "0" * 12}))
        ]
        for there, not_there in zip(*answers, strict=True):
            assert there.status_code == not_there.status_code == 404
            assert words_of(there) == words_of(not_there), "it says not whether there is one"
    assert name not in zhao.get("/console/requests").text
    assert name not in qian.get("/console/requests/queue").text
    assert "撤回申请" in words_of(sun.get(f"/console/requests/one?id={name}")), "it waits still"


@pytest.mark.parametrize("name", ["", "x", "' OR 1=1 --", "%", "../../x", "a" * 5000, "\x00", "１"])
def test_a_number_that_is_none(name: str, scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    assert sun.post("/console/requests/withdraw", {"csrf_token": sun.form_token(), "id": name}).status_code == 404


def test_texts_run_nowhere_and_stay_texts_in_the_rule(scene: ConsoleScene) -> None:
    sun, zhang, before = scene.signed_in("sun"), scene.signed_in("zhang"), len(list(read(scene.settings.audit_log)))
    texts = {"rows": SCRIPT + "\n{{ 7*7 }}", "basis": SCRIPT[:100] + INJECTED, "reason": f"{SCRIPT}\n{INJECTED}"}
    name = ask(sun, "Person.birthDate", **texts)
    answer = f"/console/requests/answer?id={name}"
    for browser, path in ((sun, f"/console/requests/one?id={name}"), (zhang, answer)):
        page = browser.get(path).text
        assert "<script" not in page
        assert "<img src=x" not in page
        assert all(text in unescape(page) for text in texts.values())
    drafted = zhang.post("/console/requests/draft", drafting(zhang, name))
    assert drafted.status_code == 303, words_of(drafted)
    assert "<script" not in zhang.get(drafted.headers["location"]).text
    number = int(drafted.headers["location"].rpartition("=")[2])
    with closing(stored(scene)) as store:
        assert set(store.files(number)) == {*store.files(1), "requests.yaml"}
    log = "".join(map(str, list(read(scene.settings.audit_log))[before:]))
    assert name in log
    assert "alert(1)" not in log
    assert "anchor" not in log


@pytest.mark.parametrize("field", ["rows", "basis", "reason"])
@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u2028", "\x85", "\x00", "\x1b", "\ufeff", "\u200b"])
def test_a_sign_that_nobody_sees_is_refused(sign: str, field: str, scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    answer = sun.post("/console/requests/ask", form_of(sun, **{field: f"甲{sign}乙"}))
    assert answer.status_code == 400
    assert "看不见的控制字符" in words_of(answer)


@pytest.mark.parametrize(
    "change",
    [
        {"application": "fire-inspection"},
        {"application": ""},
        {"purpose": "nothing"},
        {"until": "2999-01-01"},
        {"until": "2026-13-01"},
        {"until": "２０２７-01-01"},
        {"wish/Person.phone": "partial(9,9)"},
        {"wish/Person.phone": ""},
        {"wish/Person.nothing": "clear"},
        {"wish/Nothing": "clear"},
        {"wish/Person.phone\nx": "clear"},
        {"wish/Person.dwellings": "redact"},
        {"basis": "a\r\nb"},
        {"basis": "x" * 301},
        {"reason": "x" * 1_501},
        {"form": "x"},
        {"form": ""},
        {f"wish/x{at}": "clear" for at in range(50)},
    ],
    ids=str,
)
def test_a_form_that_no_page_makes_asks_nothing(change: dict[str, str], scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    before = sun.get("/console/requests").text.count("requests/one?id=")
    assert sun.post("/console/requests/ask", {**form_of(sun), **change}).status_code == 400
    assert sun.get("/console/requests").text.count("requests/one?id=") == before


def test_nobody_answers_their_own_request_under_any_account(scene: ConsoleScene) -> None:
    both, again = scene.signed_in("both"), scene.signed_in("both-again")
    name = ask(both)
    for browser in (both, again):
        page = browser.get(f"/console/requests/answer?id={name}")
        assert "不能答复自己的申请" in words_of(page)
        assert "<textarea" not in page.text
        rule = rule_of(scene.signed_in("zhang").get(f"/console/requests/answer?id={name}").text)
        sent = {"csrf_token": browser.form_token(), "id": name, "base": "1", "file": "requests.yaml", "rule": rule}
        for act in ("draft", "refuse"):
            answer = browser.post(f"/console/requests/{act}", {**sent, "answer": "x"})
            assert answer.status_code == 400
            assert "nobody answers their own request" in words_of(answer)


def test_one_form_sent_many_times_at_once_asks_once(scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    form = form_of(sun, "Person.gender")
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: sun.post("/console/requests/ask", form), range(6)))
    assert len({each.headers["location"] for each in answers}) == 1


def test_two_stewards_at_once_make_one_draft(scene: ConsoleScene) -> None:
    sun, zhang, li = scene.signed_in("sun"), scene.signed_in("zhang"), scene.signed_in("li")
    name = ask(sun, "Person.residency")
    forms = [(each, drafting(each, name)) for each in (zhang, li, zhang, li)]
    refusal = (li, {**forms[1][1], "answer": "x"})
    with ThreadPoolExecutor(5) as threads:
        running = [threads.submit(each.post, "/console/requests/draft", form) for each, form in forms]
        running.append(threads.submit(refusal[0].post, "/console/requests/refuse", refusal[1]))
        answers = [each.result() for each in running]
    assert sorted(each.status_code for each in answers) == [303, 400, 400, 400, 400]
    with closing(stored(scene)) as store:
        notes = [each.version.note for each in store.history()]
    assert notes.count(f"access request {name}") == (answers[-1].status_code == 400)


def test_a_rule_of_a_form_is_one_grant_of_this_request(scene: ConsoleScene) -> None:
    sun, zhang = scene.signed_in("sun"), scene.signed_in("zhang")
    name = ask(sun, "Person.name")
    form = drafting(zhang, name)
    more = "stewards:\r\n  - {account: evil, person: EVIL, roles: [steward, approver]}\r\n"
    for change in (
        {"rule": form["rule"] + more},
        {"rule": form["rule"].replace("grid-desk", "fire-inspection")},
        {"rule": form["rule"].replace(f"ask-{name}", "ask-other")},
        {"rule": ""},
        {"file": "../evil.yaml"},
        {"file": "stewards.yaml"},
        {"file": ""},
        {"base": "9"},
        {"base": "-1"},
    ):
        assert zhang.post("/console/requests/draft", {**form, **change}).status_code == 400, change
    assert "待答复" in words_of(sun.get(f"/console/requests/one?id={name}"))


def test_the_form_tells_nothing_of_other_applications(scene: ConsoleScene) -> None:
    sun = scene.signed_in("sun")
    others = set(scene.served.hub.policy.applications) - {"grid-desk"}
    grants = {each.id for each in scene.served.hub.policy.grants}
    for path in ("requests", "requests/fields", "requests/new?field=Person.phone"):
        page = sun.get(f"/console/{path}").text
        assert [each for each in others | grants if re.search(rf"\b{each}\b", page)] == [], path


def test_a_flood_of_one_person_ends_and_says_why(scene: ConsoleScene) -> None:
    zhao = scene.signed_in("zhao")
    for at in range(MOST_OPEN_OF_PERSON + 1):
        answer = zhao.post("/console/requests/ask", form_of(zhao, "Person.region"))
        assert answer.status_code == (303 if at < MOST_OPEN_OF_PERSON else 429)
    assert "申请过多" in words_of(answer)


def test_a_field_that_the_catalogue_lost_is_shown_as_lost_and_not_drafted(scene: ConsoleScene) -> None:
    sun, zhang = scene.signed_in("sun"), scene.signed_in("zhang")
    name = ask(sun, "Person.address")
    hub = scene.served.hub
    assert hub.policy_follower is not None
    with hub.policy_follower.store.engine.execution_options(changing=True).begin() as connection:
        lost = '{"Person.gone": "clear", "Gone.field": "clear"}'
        connection.execute(sa.text("UPDATE access_request SET fields = :f WHERE id = :i"), {"f": lost, "i": name})
    page = zhang.get(f"/console/requests/answer?id={name}")
    assert page.status_code == 200
    assert "目录中已没有" in words_of(page)
    assert zhang.post("/console/requests/draft", drafting(zhang, name)).status_code == 400
    assert "目录中已没有" in words_of(sun.get(f"/console/requests/one?id={name}"))
