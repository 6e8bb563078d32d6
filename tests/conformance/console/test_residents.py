"""A department's query touches a person in a real graph, and that person sees it on their page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.auditor.search_terms import surrogate_of
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.sample.known_people import COMPANION, PROTAGONIST, Person
from tests.support.console.browsing import ConsoleScene, console_scene, words_of
from tests.support.console.looks import digests_of
from tests.support.console.objecting import send_objection
from tests.support.serving import code_of
from tests.support.small_graph import World

pytestmark = pytest.mark.conformance

MINE = "/console/my-data"
POLICY = """
departments:
  - {id: fire, zh: 消防救援大队, en: Fire Brigade, contact: {zh: 县政务服务中心 9 号窗口, en: "window 9"}}
  - {id: police, zh: 公安局, en: Police, contact: {zh: 派出所户籍窗口, en: police station}}
  - {id: civil-affairs, zh: 民政局, en: Civil Affairs}
  - {id: data-bureau, zh: 大数据局, en: Data Bureau}
purposes:
  - {id: safety, zh: 安全检查, en: Safety check}
  - {id: voice, zh: 民意回访, en: Calling back, delayedDays: 30}
  - {id: covert, zh: 侦查, en: Inquiry, withheld: true}
  - {id: self, zh: 本人查询, en: Own data}
applications:
  - {id: fire-app, zh: 消防, en: Fire, department: fire, jurisdiction: 14/}
  - {id: own-data, zh: 本人数据, en: My data, department: data-bureau, jurisdiction: 14/}
stewards:
  - {account: zhang, person: S-1, subject: zhang, roles: [steward], owns: [police]}
owners: {Person: police, Region: civil-affairs}
grants:
  - id: look
    to: {application: [fire-app]}
    for: [safety, voice, covert]
    basis: law
    rows: {Person: {}}
    fields: {Person.name: clear, Person.phone: {mask: "partial(3,4)"}, Person.gender: clear}
  - id: own-data
    to: {application: [own-data]}
    for: [self]
    basis: law
    rows: {Person: {}}
    match: [Person.idNumber]
    obligations: {matchDailyCap: {limit: 20, per: person}}
    accesses: true
"""
LOOK = '{{ people(where: {{name: {{eq: "{}"}}}}) {{ edges {{ node {{ name phone }} }} }} }}'


@pytest.fixture(scope="module")
def scene(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    folder = tmp_path_factory.mktemp("residents")
    policies = folder / "policies"
    policies.mkdir()
    (policies / "policy.yaml").write_text(POLICY, "utf-8")
    with console_scene(folder / "home", empty_graph, policies) as running:
        sid_of = surrogate_of(running.settings)

        def row(each: Person) -> tuple[str, dict[str, str]]:
            # As a pull writes it: by the surrogate of the id number.
            return "Person", {
                "sid": sid_of(each.id_no),
                "name": each.name,
                "phone": each.phone,
                "region": "14/03/",
                "idNumber": each.id_no,
            }

        with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
            World({"qi": row(PROTAGONIST), "ming": row(COMPANION)}).load(writer)
        yield running


def look(scene: ConsoleScene, person: Person, purpose: str) -> None:
    """A department asks for a person by their name."""
    answer = scene.served.ask(LOOK.format(person.name), app="fire-app", person="clerk-7", purpose=purpose)
    assert code_of(answer) == "OK", answer.text
    assert person.name in answer.text


def test_a_resident_sees_that_a_department_looked_and_the_other_does_not(scene: ConsoleScene) -> None:
    browser = scene.browser()
    assert "没有可以告诉您的查询" in words_of(browser.sign_in_as_resident("qi"))
    look(scene, PROTAGONIST, "safety")
    assert scene.served.records()[-1].subjects == digests_of(scene.settings, "qi")
    page = words_of(browser.get(MINE))
    today = scene.served.hub.settings.now().date()
    assert f"{today.year}年{today.month}月{today.day}日 消防救援大队 安全检查 姓名、电话（已遮盖） 提出异议" in page
    assert "clerk-7" not in page
    assert "fire" not in page, "a resident is told a name, and no id"
    english = words_of(browser.get(MINE, **{"accept-language": "en"}))
    assert "Fire Brigade Safety check name, phone (partly hidden) object" in english
    assert "没有可以告诉您的查询" in words_of(scene.browser().sign_in_as_resident("ming"))


@pytest.mark.parametrize("purpose", ["voice", "covert"])
def test_what_residents_are_not_told_leaves_no_trace(purpose: str, scene: ConsoleScene) -> None:
    browser = scene.browser()
    before = words_of(browser.sign_in_as_resident("ming"))
    look(scene, COMPANION, purpose)
    assert scene.served.records()[-1].subjects == digests_of(scene.settings, "ming")
    assert words_of(browser.get(MINE)) == before


def test_the_page_says_who_answers_for_which_data(scene: ConsoleScene) -> None:
    page = words_of(scene.browser().sign_in_as_resident("ming"))
    assert "公安局 派出所户籍窗口" in page.partition("您可以做什么")[2]
    assert "police" not in page
    assert "民政局" not in page, "areas are about nobody"


def test_what_was_asked_on_their_behalf_is_told_apart_and_so_is_their_own_look(scene: ConsoleScene) -> None:
    asked = "这是替您查"
    browser = scene.browser()
    page = words_of(browser.sign_in_as_resident("ming"))
    assert asked not in page
    today = scene.served.hub.settings.now().date()
    visits = page.partition("您本人的查看")[2]
    assert f"{today.year}年{today.month}月{today.day}日" in visits, "this look is among them"
    number = {"p": COMPANION.id_no}
    query = "query($p: String!) { accessesOf(where: {idNumber: {eq: $p}}) { day } }"
    answer = scene.served.ask(query, app="own-data", person="ming-app", purpose="self", variables=number)
    assert code_of(answer) == "OK", answer.text
    page = words_of(browser.get(MINE))
    assert f"大数据局 本人查询 {asked}“谁看过我的信息”" in page
    assert page.count("大数据局") == 1
    assert page.count(asked) == 1, "and no other line says so"


def test_an_objection_says_how_many_records_are_behind_it(scene: ConsoleScene) -> None:
    browser, zhang = scene.browser(), scene.signed_in("zhang")
    browser.sign_in_as_resident("qi")
    before = sum(digests_of(scene.settings, "qi") == each.subjects for each in scene.served.records())
    for purpose in ("safety", "safety", "covert", "voice"):
        look(scene, PROTAGONIST, purpose)
    name = send_objection(browser, scope="whole")
    page = words_of(zhang.get(f"/console/objections/one?id={name}"))
    assert f"相关查询记录数 {before + 2} " in page, "what is withheld or delayed is not counted"
