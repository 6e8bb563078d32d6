"""A developer learns nothing of an application that is not theirs, and a run is a request like any other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from urllib.parse import quote

import httpx
import pytest

from audit.log import read
from audit.record import Record
from hub.console.front import Console
from hub.console.page import Page
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from tests.attacks.console.test_pages import VENDORED
from tests.support.console.browsing import Browser, ConsoleScene, console_scene, words_of
from tests.support.small_graph import World

pytestmark = pytest.mark.attack

OTHERS = (
    "fire-inspection", "welfare-visits", "hotline-insight", "statistics", "own-data", "safety.fire", "welfare.elder",
    "fire-places", "fire-rental-residents", "voice.analyse",
)  # fmt: skip
"""Applications, purposes and grants that are none of sun's."""
STREET, NUMBER, PHONE, NAME, CASE = "14/03/21/001/", "140321195703129022", "13900001234", "柳CANARY", "CANARY-case-42"
WORLD = World(
    nodes={
        "p": ("Person", {"name": NAME, "idNumber": NUMBER, "phone": PHONE, "region": STREET + "001/001/"}),
        "q": ("Person", {"name": "石某", "phone": "13900009999", "region": "14/03/21/002/001/001/"}),
        "r": ("Region", {"code": "140321001000", "name": "榆关街道", "level": "STREET", "region": STREET}),
    }
)
RUNS = """
CREATE (:SourceRun {source: 'zz-register', assertedBy: '公安局', writes: ['Person', 'Event'], pushed: false,
    good: datetime('2026-06-01T00:00:00Z'), freshFor: 3600}),
  (:SourceRun {source: 'zz-desk', writes: ['Event'], pushed: true})"""
PEOPLE = "{ people { edges { node { who: name ...contact registeredAddress } } } } fragment contact on Person { phone }"
MATCH = "query ($no: String!) { people(where: {idNumber: {eq: $no}}) { edges { node { name idNumber } } } }"


@pytest.fixture(scope="module")
def scene(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        WORLD.load(writer)
        writer.write(lambda tx: tx.run(RUNS))
    with console_scene(tmp_path_factory.mktemp("developer") / "home", empty_graph) as running:
        yield running


@pytest.fixture(scope="module")
def sun(scene: ConsoleScene) -> Browser:
    return scene.signed_in("sun")


@pytest.fixture(scope="module")
def token(sun: Browser) -> str:
    return sun.form_token()


def send(sun: Browser, token: str, act: str, document: str = PEOPLE, **more: str) -> httpx.Response:
    form = {"application": "grid-desk", "purpose": "event.dispatch", "document": document, "variables": "", "case": ""}
    return sun.post("/console/developer/ask", {"csrf_token": token, "act": act, **form, **more})


def records(scene: ConsoleScene) -> list[Record]:
    return [each.record for each in read(scene.settings.audit_log)]


def main_of(page: httpx.Response) -> str:
    return page.text.partition("<main")[2]


def answer_of(page: httpx.Response) -> str:
    return unescape(re.sub("<[^>]+>", "", page.text.partition("<h2>答复</h2>")[2].partition("<aside")[0]))


def test_a_run_is_one_statement_and_one_record_like_that_of_a_request(
    scene: ConsoleScene, sun: Browser, token: str
) -> None:
    graph, before = scene.served.hub.graph, len(records(scene))
    statements = graph.statements
    page = send(sun, token, "run", case=CASE)
    assert page.status_code == 200
    assert graph.statements - statements == 1
    (ran,) = records(scene)[before:]
    same = scene.served.ask(
        PEOPLE, app="grid-desk", person="sun", purpose="event.dispatch", headers={"Case-Reference": CASE}
    ).json()
    (asked,) = records(scene)[before + 1 :]
    for name in (
        "kind", "result", "http_status", "application", "department", "region", "subject", "purpose", "case",
        "policy_version", "catalogue_version", "operation", "operation_name", "variables", "decision", "nodes",
        "subjects",
    ):  # fmt: skip
        assert getattr(ran, name) == getattr(asked, name), name
    shown = re.search(r"^\{\n.*?^\}$", re.sub(r" [遮拒]$", "", answer_of(page), flags=re.MULTILINE), re.M | re.S)
    assert shown is not None
    assert json.loads(shown[0]) == same["data"]


def test_masked_and_denied_are_marked_in_the_answer_through_aliases_and_fragments(sun: Browser, token: str) -> None:
    page = send(sun, token, "run").text
    assert f"&#34;who&#34;: &#34;{NAME}&#34;," in page
    assert re.search(r'&#34;phone&#34;: &#34;\*+1234&#34;,? <span class="cell mask">遮</span>', page)
    assert re.search(r'&#34;registeredAddress&#34;: null <span class="cell nothing">拒</span>', page)
    assert not re.search(r"&#34;who&#34;[^\n]*cell", page)
    assert PHONE not in page
    assert "石某" not in page, "another street"


def test_a_refused_run_is_recorded_once_and_says_its_code(scene: ConsoleScene, sun: Browser, token: str) -> None:
    for document, code in (("{ people { nothing } }", "VALIDATION"), ("{ people(", "VALIDATION"), (" ", "BAD_REQUEST")):
        before = len(records(scene))
        page = send(sun, token, "run", document)
        assert f'href="/console/developer/codes#{code}"' in page.text
        (record,) = records(scene)[before:]
        assert (record.kind, record.result, record.application) == ("refusal", code, "grid-desk")
    page = send(sun, token, "run", purpose="safety.fire")
    assert "PURPOSE_DENIED" in page.text
    assert records(scene)[-1].result == "PURPOSE_DENIED"


@pytest.mark.parametrize("application", [*OTHERS[:5], "", "GRID-DESK", "grid-desk ", "no-such", "grid-desk\0"])
def test_an_application_that_is_none_of_mine_is_refused_alike(
    application: str, scene: ConsoleScene, sun: Browser, token: str
) -> None:
    before, statements = len(records(scene)), scene.served.hub.graph.statements
    answers = {
        main_of(send(sun, token, act, application=application, purpose="safety.fire.rental"))
        for act in ("explain", "run", "switch")
    }
    issued = sun.post("/console/developer/token", {"csrf_token": token, "application": application})
    answers.add(main_of(issued))
    assert issued.status_code == 400
    if application:
        for path in ("catalogue", "query", "operations", "type?type=Person"):
            named = f"application={quote(application)}"
            page = sun.get(f"/console/developer/{path}{'&' if '?' in path else '?'}{named}")
            assert page.status_code == 400
            answers.add(main_of(page))
    assert len(answers) == 1, "the same words for each"
    assert "不是您的应用" in answers.pop()
    assert len(records(scene)) == before
    assert scene.served.hub.graph.statements == statements


def test_no_page_names_what_is_granted_to_others(scene: ConsoleScene, sun: Browser, token: str) -> None:
    for app in ("fire-inspection", "welfare-visits"):
        scene.served.ask(app=app, purpose="safety.fire")
    # A purpose that was asked for in vain: that it is known, as others are not, would tell that somebody has it.
    assert "PURPOSE_DENIED" in send(sun, token, "run", purpose="safety.fire").text
    assert "PURPOSE_DENIED" in send(sun, token, "run", purpose="no.such").text
    pages = [
        sun.get(f"/console/developer/{path}").text
        for path in ("catalogue", "type?type=Person", "type?type=Dwelling", "query", "operations")
    ]
    pages += [send(sun, token, act).text for act in ("explain", "run", "switch")]
    pages += [send(sun, token, "explain", purpose="safety.fire").text]
    for page in pages:
        text = unescape(page).replace('value="safety.fire"', "")
        assert [each for each in OTHERS if each in text] == []


def test_the_condition_on_rows_is_told_as_an_application_is_told_it(sun: Browser, token: str) -> None:
    page = send(sun, token, "explain", "{ people { edges { node { phone } } } }", purpose="event.callback")
    effects = words_of(page).partition("各字段的效果")[2].partition("唯一的数据库语句")[0]
    assert "a further condition holds" in effects
    assert "RECEIVED" not in page.text, "no value of a condition, in the statement neither"


@pytest.mark.parametrize(
    "odd",
    [
        "<script>alert(1)</script>'\"><img src=x>{{7*7}}",
        "a\0b",
        "\u202e\ufffe\U0010ffff",
        "字" * 500,
        "$(id)`id`'",
        "%s{0}",
    ],
)
def test_what_is_written_is_shown_and_does_nothing(odd: str, sun: Browser, token: str) -> None:
    for act in ("explain", "run", "switch"):
        for more in ({"document": odd}, {"variables": odd}, {"variables": json.dumps({"no": odd})}, {"case": odd}):
            page = send(sun, token, act, **{"document": MATCH, **more})
            assert page.status_code in {200, 400}, (act, more)
            assert "<script" not in re.sub(VENDORED, "", page.text)
            assert "<img src=x" not in page.text
            assert "49" not in re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)


@pytest.mark.parametrize("act", ["", "delete", "RUN", "run "])
def test_an_act_that_there_is_not_is_refused(act: str, scene: ConsoleScene, sun: Browser, token: str) -> None:
    before = len(records(scene))
    assert send(sun, token, act).status_code == 400
    assert len(records(scene)) == before


def test_no_value_that_was_written_or_found_is_in_an_address_the_log_or_another_page(
    scene: ConsoleScene, sun: Browser, token: str, capfd: pytest.CaptureFixture[str]
) -> None:
    canaries = (NUMBER, NAME, PHONE, CASE)
    variables = json.dumps({"no": NUMBER})
    for act in ("explain", "run", "switch"):
        page = send(sun, token, act, MATCH, variables=variables, case=CASE)
        links = re.findall(r'(?:href|action|src)="([^"]*)"', page.text)
        assert [each for each in links for canary in canaries if canary in unescape(each)] == []
        assert page.headers["cache-control"] == "no-store"
    assert NAME in page.text or NAME in send(sun, token, "run", MATCH, variables=variables).text
    kept = "".join(map(repr, records(scene)))
    for way in Console(scene.served.hub, scene.served.hub.policy_follower.store.engine).ways:  # type: ignore[union-attr]
        if isinstance(way, Page):
            kept += sun.get(f"/console/{way.path}").text
    printed = capfd.readouterr()
    assert [each for each in canaries if each in kept + printed.out + printed.err] == []


def test_how_old_a_type_is_is_told_by_department_and_by_no_name_of_a_source(sun: Browser) -> None:
    page = sun.get("/console/developer/type?type=Event")
    assert '公安局 <time datetime="2026-06-01T00:00:00Z"' in page.text
    assert "未写明部门的来源 由对方随时推送" in words_of(page)
    assert "已过期" in words_of(page)
    for path in ("catalogue", "type?type=Event", "type?type=Person"):
        assert "zz-" not in sun.get(f"/console/developer/{path}").text


def test_sources_that_an_older_release_read_leave_it_unknown_which_types_they_write(
    scene: ConsoleScene, sun: Browser, empty_graph: GraphAddress
) -> None:
    path = "/console/developer/type?type=Dwelling"
    assert "尚无来源" in words_of(sun.get(path))
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        writer.write(lambda tx: tx.run("CREATE (:SourceRun {source: 'zz-old', assertedBy: '住建局'})"))
        try:
            assert "目前不详" in words_of(sun.get(path))
        finally:
            writer.write(lambda tx: tx.run("MATCH (s:SourceRun {source: 'zz-old'}) DELETE s"))


def test_whoever_is_taken_out_of_developers_loses_the_pages_at_once(scene: ConsoleScene, sun: Browser) -> None:
    hub = scene.served.hub
    policy = hub.policy
    changed = dict(policy.applications)
    changed["grid-desk"] = replace(changed["grid-desk"], developers=frozenset())
    hub.policy = replace(policy, applications=changed)
    try:
        assert "developers: [sun]" in words_of(sun.get("/console/developer/query"))
        assert sun.get("/console/developer/query?application=grid-desk").status_code == 400
    finally:
        hub.policy = policy
