"""No page shows a value that an application sent: every page of every role, over a log of requests full of canaries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from audit.log import read
from hub.console.front import Console
from hub.console.page import Page
from tests.support.console.asking import ask
from tests.support.console.browsing import ConsoleScene, console_scene

pytestmark = pytest.mark.attack

CANARIES = ("CANARYname77", "140321195703129022", "13900001234", "CANARYcase42", "CANARYclerk5", "CANARYalias9")
NAME, NUMBER, PHONE, CASE, CLERK, ALIAS = CANARIES
DOCUMENTS = (
    f'{{ people(where: {{name: {{eq: "{NAME}"}}}}) {{ edges {{ node {{ name }} }} }} }}',
    f"query Q($no: String!) {{ {ALIAS}: people(where: {{idNumber: {{eq: $no}}}}) {{ edges {{ node {{ name }} }} }} }}",
    f'{{ people(where: {{phone: {{eq: "{PHONE}"}}}}) {{ edges {{ node {{ name }} }} }} }}',
    f"{{ people {{ {NAME} }} }}",
    f'query {ALIAS} {{ events(where: {{text: {{eq: "{NAME}"}}}}) {{ edges {{ node {{ number }} }} }} }}',
)
ASKED = {
    "log": "?application=fire-inspection",
    "log/record": "?index={index}",
    "log/record/proof": "?index={index}",
    "unusual": "?night=1&walk=2&least=2&times=2&refused=1&askers=2&case=2",
    "sources/source": "?name=police",
    "matrix/cell": "?purpose=safety.fire&coordinate=Person.phone",
    "versions/version": "?number=1",
    "developer/type": "?type=Person",
    "requests/new": "?application=grid-desk&field=Person.phone",
    "requests/one": "?id={request}",
    "requests/answer": "?id={request}",
    "rules/rule": "?rule=fire-case",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("ways") / "home") as running:
        for document in DOCUMENTS:
            for purpose in ("safety.fire.rental", "safety.fire", NAME, PHONE):
                case = {"Case-Reference": CASE}
                running.served.ask(document, person=CLERK, purpose=purpose, variables={"no": NUMBER}, headers=case)
        yield running


@pytest.mark.parametrize("account", ["zhang", "li", "wu", "chen", "sun"])
def test_no_page_shows_what_an_application_sent(account: str, scene: ConsoleScene) -> None:
    follower = scene.served.hub.policy_follower
    assert follower is not None
    browser, read_pages, request = scene.signed_in(account), 0, ask(scene.signed_in("sun"))
    indexes = [each.index for each in read(scene.settings.audit_log)]
    assert len(indexes) > len(DOCUMENTS) * 4
    for way in Console(scene.served.hub, follower.store.engine).ways:
        if not isinstance(way, Page):
            continue
        query = ASKED.get(way.path, "").replace("{request}", request)
        for each in indexes if "{index}" in query else indexes[:1]:
            page = browser.get(f"/console/{way.path}{query.format(index=each)}")
            read_pages += page.status_code == 200
            text = unescape(page.text)
            assert [canary for canary in CANARIES if canary in text] == [], (way.path, each)
    assert read_pages >= 2


def test_what_an_auditor_follows_from_a_record_shows_none_either(scene: ConsoleScene) -> None:
    browser, seen = scene.signed_in("wu"), 0
    for each in list(read(scene.settings.audit_log))[-25:]:
        page = browser.get(f"/console/log/record?index={each.index}").text
        for address in re.findall(r'href="(/console/log\?[^"]+)"', page):
            found = unescape(browser.get(unescape(address)).text)
            seen += 1
            assert [canary for canary in CANARIES if canary in found] == []
    assert seen > 20
