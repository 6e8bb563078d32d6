"""The developer's pages over HTTP, without a graph: catalogue, a query explained, my application, test tokens."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from html import unescape

import httpx
import pytest

from audit.log import read
from audit.record import Record
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from tests.support.console.browsing import PEOPLE, Browser, ConsoleScene, console_scene, words_of
from tests.support.serving import COUNTY

pytestmark = pytest.mark.conformance

TOKENS: dict[str, str] = {}
"""By session: the token of its forms."""
EXPLAIN = {
    "application": "grid-desk",
    "purpose": "event.dispatch",
    "document": "query ($no: String!) { people(where: {idNumber: {eq: $no}}) "
    "{ edges { node { name phone idNumber } } } }",
    "variables": '{"no": "140321195703129022"}',
    "case": "RX-CANARY-77",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("developer") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def sun(scene: ConsoleScene) -> Browser:
    return scene.signed_in("sun")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    """A hub that takes the tokens of another issuer, and a developer whom no application names."""
    folder = tmp_path_factory.mktemp("elsewhere")
    policies = folder / "policies"
    shutil.copytree(COUNTY, policies)
    stewards = policies / "stewards.yaml"
    another = "  - {account: ma, person: DEMO-STAFF-0999, subject: ma, roles: [developer]}\n"
    stewards.write_text(stewards.read_text("utf-8") + another, "utf-8")
    other = Settings.load(home=folder / "other")
    other.prepare_home()
    keys = Issuer(other).write_jwks()
    people = [*PEOPLE, ("ma", "developer")]
    with console_scene(folder / "home", policies=policies, people=people, issuer_jwks=keys) as running:
        yield running


def send(browser: Browser, path: str, form: Mapping[str, str]) -> httpx.Response:
    held = browser.cookies["__Host-sluicegate-session"]
    if held not in TOKENS:
        TOKENS[held] = browser.form_token()
    return browser.post(f"/console/developer/{path}", {"csrf_token": TOKENS[held], **form})


def records(scene: ConsoleScene) -> list[Record]:
    return [each.record for each in read(scene.settings.audit_log)]


def marks(page: str, field: str) -> list[str]:
    """The signs in the row of a field."""
    row = re.search(rf"<tr><th[^>]*>[^\n]*<code>{field}</code>[^\n]*</tr>", page)
    assert row is not None, field
    return re.findall(r'class="cell [a-z]+"[^>]*>([^<]+)<', row[0])


def test_the_catalogue_has_each_type_with_its_owner_and_what_my_application_may_see(
    scene: ConsoleScene, sun: Browser
) -> None:
    page = sun.get("/console/developer/catalogue")
    text = words_of(page)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    for entity in scene.served.hub.catalogue:
        assert entity.zh in text, entity.name
        assert f"type={entity.name}" in page.text
    assert "公安局" in text
    assert "event.dispatch" in text
    assert marks(page.text, "Person") == ["明", "明"]
    assert "目前不详" in text, "there is no graph to say when a source was loaded"


def test_a_type_tells_the_effects_that_my_access_tells(scene: ConsoleScene, sun: Browser) -> None:
    page = sun.get("/console/developer/type?type=Person").text
    assert marks(page, "phone") == ["遮", "明"]
    assert marks(page, "idNumber")[0] == "核"
    assert marks(page, "gender") == ["明", "拒"]
    assert marks(page, "registeredAddress") == ["拒", "拒"]
    assert "仅显示" in page, "a mask in words"
    catalogue = scene.served.hub.catalogue
    values = catalogue.entity("Person").field("gender").values
    assert all(f"<code>{value}</code>" in page for value in values)
    assert catalogue.entity("Person").en not in page, "the names of one language"


def test_a_page_that_fails_tells_when_and_its_number_and_keeps_the_menu(
    scene: ConsoleScene, sun: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("13812345678")

    monkeypatch.setattr("hub.console.requests.asking_pages.groups_of", fail)
    page = sun.get("/console/requests/fields?text=x")
    text = words_of(page)
    assert page.status_code == 500
    number = re.search(r"请求编号 ([0-9a-f]{32})", text)
    assert number is not None
    assert f"console, request {number[1]}" in caplog.text
    assert "13812345678" not in page.text + caplog.text
    assert "退出" in text, "one is signed in still"
    assert '<a class="button" href="">再试一次</a>' in page.text


def test_an_explanation_has_effects_the_statement_the_record_and_code_that_sends_it(
    scene: ConsoleScene, sun: Browser
) -> None:
    page = send(sun, "ask", {**EXPLAIN, "act": "explain"})
    text = words_of(page)
    assert page.status_code == 200
    assert "Person.phone" in text
    assert "遮蔽脱敏 仅显示后 4 位 partial(0,4)" in text
    assert "MATCH (" in text
    assert "请求头" in text
    assert "people(where: { idNumber: { eq: $v1 } })" in text, "the text of the record, without names of variables"
    assert "-H 'Access-Purpose: event.dispatch'" in text
    assert "-H 'Case-Reference: RX-CANARY-77'" in text
    assert '"Authorization: Bearer $TOKEN"' in text
    assert not re.search(r"eyJ[A-Za-z0-9_-]{10}", page.text), "no token"
    assert "RX-CANARY-77" in page.text, "the form still has what was written"


def test_what_the_log_will_say_has_words_and_no_digest(sun: Browser) -> None:
    page = send(sun, "ask", {**EXPLAIN, "act": "explain"}).text
    log = page.partition("审计日志将记载")[2].partition("调用代码")[0]
    assert "grid-desk" in log
    assert log.count("摘要") >= 3
    assert "140321195703129022" not in log
    versions = {*re.findall(r"<dd><code>([0-9a-f]{64})</code>", log)}
    assert len(versions) <= 2, "the versions of policy and catalogue, and no digest of a value"


def test_explaining_is_recorded_as_a_reading_and_asks_nothing(scene: ConsoleScene, sun: Browser) -> None:
    before = len(records(scene))
    send(sun, "ask", {**EXPLAIN, "act": "explain"})
    (record,) = [each for each in records(scene)[before:] if each.operation_name != "console sign-in"]
    assert (record.kind, record.operation_name) == ("search", "console developer explain")
    assert record.variables == {**record.variables, "application": "grid-desk", "purpose": "event.dispatch"}
    assert record.result == "OK"
    decided = {*record.decision.clear, *record.decision.masked, *record.decision.matched}
    assert {"Person.phone", "Person.idNumber"} <= decided, "what of it was told"


def test_what_cannot_be_explained_is_recorded_without_its_words(scene: ConsoleScene, sun: Browser) -> None:
    send(sun, "ask", {**EXPLAIN, "act": "explain", "purpose": "张三"})
    (refused,) = [each for each in records(scene) if each.variables.get("purpose", "").startswith("#")]
    assert (refused.operation_name, refused.result) == ("console developer explain", "PURPOSE_DENIED")
    assert "张三" not in str(refused)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"document": "{ people { nothing } }", "variables": ""}, "VALIDATION"),
        ({"document": "{ people(", "variables": ""}, "VALIDATION"),
        ({"purpose": "safety.fire"}, "PURPOSE_DENIED"),
        ({"purpose": ""}, "PURPOSE_REQUIRED"),
        ({"document": "{ people(where: {gender: {eq: MALE}}) { edges { node { name } } } }", "variables": "",
          "purpose": "event.callback"}, "FIELD_NOT_FILTERABLE"),
        ({"document": "   "}, "BAD_REQUEST"),
    ],
)  # fmt: skip
def test_a_refusal_is_shown_with_its_code_and_leads_to_what_it_means(
    change: dict[str, str], code: str, sun: Browser
) -> None:
    page = send(sun, "ask", {**EXPLAIN, **change, "act": "explain"})
    assert page.status_code == 200
    assert f'href="/console/developer/codes#{code}"' in page.text
    assert f'id="{code}"' in sun.get("/console/developer/codes").text


@pytest.mark.parametrize("variables", ["{", "[1]", "null", '"x"', '{"a": 1, "a": 2}', "{'a': 1}"])
def test_variables_that_are_no_object_are_told_and_kept_in_the_form(variables: str, sun: Browser) -> None:
    for act in ("explain", "run"):
        page = send(sun, "ask", {**EXPLAIN, "variables": variables, "act": act})
        assert page.status_code == 400
        assert "变量不是 JSON 对象" in words_of(page)
        assert EXPLAIN["document"] in unescape(page.text)


def test_the_schema_beside_a_query_marks_each_field(sun: Browser) -> None:
    page = sun.get("/console/developer/query?purpose=event.dispatch").text
    assert re.search(r'cell mask">遮</span> <code>phone: String</code>', page)
    assert re.search(r'cell match">核</span> <code>idNumber: String</code>', page)
    assert "<code>peopleAggregate</code>" in page
    assert "可筛选" in page


def test_switching_keeps_what_was_written_and_asks_nothing(scene: ConsoleScene, sun: Browser) -> None:
    send(sun, "ask", {"application": "grid-desk", "act": "switch"})
    before = len(records(scene))
    page = send(sun, "ask", {**EXPLAIN, "purpose": "event.callback", "act": "switch"})
    assert EXPLAIN["document"] in unescape(page.text)
    assert '<option value="event.callback" selected>' in page.text
    assert [each.operation_name for each in records(scene)[before:]] == ["console developer query"]


def test_my_application_counts_the_last_day_and_what_is_left(scene: ConsoleScene, sun: Browser) -> None:
    for document in ("{ __typename }", "{ __typename }", "{ people { nothing } }"):
        scene.served.ask(document, app="grid-desk", person="worker-1", purpose="event.dispatch")
    for _ in range(3):
        scene.served.ask("{ people { missing } }")
    page = sun.get("/console/developer/operations")
    text = words_of(page)
    assert re.search(r"VALIDATION 1 ", text), "those of my application alone"
    assert "已答复 2" in text
    assert "剩余 200，上限 200" in text
    assert re.search(r"event\.dispatch 3 ", text)


def test_a_test_token_is_recorded_before_it_is_shown_and_serves_its_application(
    scene: ConsoleScene, sun: Browser
) -> None:
    page = send(sun, "token", {"application": "grid-desk"})
    (token,) = re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", page.text)
    (issued,) = [each for each in records(scene) if each.operation_name == "console developer token"]
    assert (issued.kind, issued.variables["application"], issued.variables["seconds"]) == ("admin", "grid-desk", "600")
    assert scene.served.ask(token=token, purpose="event.dispatch").json()["data"] == {"__typename": "Query"}
    assert "/graphql" in words_of(page)
    assert "curl -s" in page.text
    assert token not in sun.get("/console/developer/operations").text, "it is shown once"
    assert token not in "".join(map(repr, records(scene)))
    claims = scene.served.hub.verifier.claims_of(token, scene.served.hub.now().timestamp())
    assert claims["exp"] - claims["iat"] == 600
    assert (claims["client_id"], claims["sub"]) == ("grid-desk", "sun")


def test_with_another_issuer_nothing_is_run_and_no_token_is_made(elsewhere: ConsoleScene) -> None:
    browser = elsewhere.signed_in("sun")
    page = browser.get("/console/developer/query")
    assert 'value="run"' not in page.text
    assert "控制台不代为运行" in words_of(page)
    before = len(records(elsewhere))
    assert send(browser, "ask", {**EXPLAIN, "act": "run"}).status_code == 400
    assert len(records(elsewhere)) == before, "nothing was asked"
    assert "签发测试令牌" not in browser.get("/console/developer/operations").text
    refused = send(browser, "token", {"application": "grid-desk"})
    assert refused.status_code == 400
    assert "eyJ" not in refused.text
    assert "-H 'Access-Purpose: event.dispatch'" in words_of(send(browser, "ask", {**EXPLAIN, "act": "explain"}))


def test_a_developer_of_no_application_is_told_what_to_do(elsewhere: ConsoleScene) -> None:
    browser = elsewhere.signed_in("ma")
    for path in ("catalogue", "type?type=Person", "query", "operations"):
        page = browser.get(f"/console/developer/{path}")
        assert page.status_code == 200, path
        assert "developers: [ma]" in words_of(page), path
        assert "grid-desk" not in page.text, path
    for path in ("ask", "token"):
        assert send(browser, path, {**EXPLAIN, "act": "explain"}).status_code == 400


def test_the_home_page_and_the_menu_lead_there(sun: Browser) -> None:
    home = sun.get("/console/").text
    for path in ("catalogue", "query", "operations"):
        assert f'href="/console/developer/{path}"' in home


def test_a_run_while_the_graph_is_away_says_so_and_one_that_needs_none_is_answered(
    scene: ConsoleScene, sun: Browser
) -> None:
    asked = {**EXPLAIN, "variables": "", "case": "", "act": "run"}
    page = send(sun, "ask", {**asked, "document": "{ events { edges { node { number } } } }"})
    assert 'href="/console/developer/codes#GRAPH_UNAVAILABLE"' in page.text
    assert records(scene)[-1].result == "GRAPH_UNAVAILABLE"
    page = send(sun, "ask", {**asked, "document": '{ __type(name: "Person") { name } }'})
    assert "&#34;name&#34;: &#34;Person&#34;" in page.text
    assert records(scene)[-1].result == "OK"
