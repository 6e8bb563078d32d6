"""The console in a real browser: every page of every role, in both languages, light, dark and narrow."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.record import Coordinates
from tests.support.console.asking import ask
from tests.support.console.browsing import ConsoleScene, console_scene
from tests.support.console.invented_use import write_use
from tests.support.console.looks import look_at
from tests.support.console.objecting import send_objection
from tests.ui.browsers import visits

pytestmark = [pytest.mark.ui, pytest.mark.slow]

EVERYONE = ("/console/", "/console/sessions")
READERS = (
    "/console/versions",
    "/console/versions/version?number=1",
    "/console/matrix?sensitivity=sensitive",
    "/console/matrix/cell?purpose=safety.fire.rental&coordinate=Person.phone",
)
FOLLOWED = ("/console/log/live", "/console/log/saved?result=OK", "/console/integrity")
AUDITORS = (
    *("/console/log", "/console/log/record?index=3"),
    *("/console/person", "/console/unusual?night=2&askers=2&case=2&refused=1&walk=2", "/console/review"),
    *("/console/review/marked", "/console/balance"),
    *FOLLOWED,
)
DEVELOPERS = (
    "/console/developer/catalogue",
    "/console/developer/type?type=Person",
    "/console/developer/query?purpose=event.dispatch&example=list-Event",
    "/console/developer/codes",
    "/console/developer/operations",
)
REQUESTS = (
    "/console/requests",
    "/console/requests/fields?field=Person.phone&field=Event.text",
    "/console/requests/new?application=grid-desk&field=Person.phone&field=Event.text",
    "/console/requests/one?id={request}",
)
ANSWERS = ("/console/requests/queue", "/console/requests/answer?id={request}")
RESIDENTS = ("/console/my-data",)
OBJECTIONS = ("/console/objections", "/console/objections/one?id={objection}")
OPERATORS = ("/console/sources", "/console/sources/source?name=hotline", "/console/health", "/console/settings")
RULES = (
    "/console/rules",
    "/console/rules/rule?rule=fire-rental-residents",
    "/console/rules/to-do",
)
REVIEWERS = (
    "/console/preview",
    "/console/why?purpose=safety.fire.rental&coordinate=Person.phone&application=fire-inspection",
    "/console/versions/replay?number=1",
    "/console/versions/rollback?number=1",
    "/console/versions/schedule?number=1",
    "/console/versions/conflict?number=1",
)
PATHS = {
    None: EVERYONE + RESIDENTS,
    "resident.qi": RESIDENTS,
    "resident.qu": RESIDENTS,
    "zhang": (*EVERYONE, *READERS, "/console/versions/edit?file=fire.yaml", *ANSWERS, *OBJECTIONS, *RULES),
    "li": REVIEWERS,
    "wu": EVERYONE + READERS + AUDITORS,
    "chen": EVERYONE + OPERATORS,
    "sun": EVERYONE + DEVELOPERS + REQUESTS,
}
"""The pages that each account opens; `tests/attacks/console/` holds who opens none."""
LOOKS: tuple[dict[str, Any], ...] = ({}, {"dark": True}, {"width": 380})
EVERY = os.environ.get("LOOKS") == "every"
"""Whether each page is opened in each language with each look; else in Chinese, and in English dark or narrow."""
SEEN = [(account, path) for account, paths in PATHS.items() for path in paths]
PAGES = [
    {"account": account, "language": language, "path": path, **look}
    for at, (account, path) in enumerate(SEEN)
    for language, looks in (("zh", LOOKS if EVERY else LOOKS[:1]), ("en", LOOKS if EVERY else (LOOKS[1 + at % 2],)))
    for look in looks
]
PAGES += [
    {"account": "resident.qi", "language": language, "path": RESIDENTS[0], **look, "follow": "/console/my-data/object"}
    for language, look in (("zh", LOOKS[0]), ("en", LOOKS[2]))
]
PAGES += [
    {"account": "sun", "language": language, "path": DEVELOPERS[2], "press": press}
    for press in ("explain", "run")
    for language in ("zh", "en")
]


def _name(page: dict[str, Any]) -> str:
    return "-".join(str(each).strip("/").translate(str.maketrans("/?&=", "....")) for each in page.values())


def _text_of(account: str | None, language: str, path: str, shown: dict[str, dict[str, Any]]) -> str:
    """What a page says, with whatever look."""
    wanted = {"account": account, "language": language, "path": path}
    return str(next(shown[_name(page)]["text"] for page in PAGES if page.items() >= wanted.items()))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleScene]:
    with console_scene(tmp_path_factory.mktemp("console") / "home") as running:
        for _ in range(40):
            running.served.ask("{ __typename }")
        write_use(running)
        asked = Coordinates(matched=("Person.idNumber",))
        look_at(running.settings, "qi", "self", department="data-bureau", time="2026-06-13T01:00:00.000Z", shown=asked)
        for at, purpose in enumerate(("safety.fire.rental", "event.callback", "welfare.elder")):
            look_at(running.settings, "qi", purpose, time=f"2026-0{4 + at}-11T02:30:00.000Z")
        yield running


@pytest.fixture(scope="module")
def shown(scene: ConsoleScene, browser_folder: Path) -> dict[str, dict[str, Any]]:
    """What the browser showed of each page, by its name; pictures lie in the folder that PICTURES names, if it does."""
    pictures = os.environ.get("PICTURES")
    request, resident = ask(scene.signed_in("sun")), scene.browser()
    resident.sign_in_as_resident("qi")
    objection = send_objection(resident)
    asked = [
        {
            **page,
            "path": page["path"].format(request=request, objection=objection),
            "picture": str(Path(pictures, f"{_name(page)}.png")) if pictures else None,
        }
        for page in PAGES
    ]
    return dict(zip(map(_name, PAGES), visits(browser_folder, scene.browser().origin, asked), strict=True))


@pytest.mark.parametrize("page", [_name(page) for page in PAGES])
def test_a_page_is_whole(page: str, shown: dict[str, dict[str, Any]]) -> None:
    found = shown[page]
    assert found["status"] == 200
    assert found["complaints"] == [], "the browser refused something"
    assert found["foreign"] == [], "another host was asked"
    assert found["faults"] == [], "axe-core"
    assert not found["wide"], "the page is wider than its window"
    assert found["held"] < 0.5 * (380 if "380" in page.split("-") else 1100), (
        "the names of rows leave no room for cells"
    )


@pytest.mark.parametrize(("account", "said"), [("zhang", "数据管理员"), ("wu", "审计员"), ("chen", "运维人员")])
def test_a_person_is_told_their_roles(account: str, said: str, shown: dict[str, dict[str, Any]]) -> None:
    text = _text_of(account, "zh", "/console/", shown)
    assert account in text
    assert said in text


def test_whoever_is_not_signed_in_is_asked_to(shown: dict[str, dict[str, Any]]) -> None:
    for path in EVERYONE:
        assert "Sign in" in _text_of(None, "en", path, shown)


def test_a_resident_sees_their_own_page_and_is_no_account(shown: dict[str, dict[str, Any]]) -> None:
    seen, empty = (_text_of(account, "zh", "/console/my-data", shown) for account in ("resident.qi", "resident.qu"))
    assert "出租房屋消防检查" in seen
    assert "没有可以告诉您的查询" in empty
    assert not any(said in text for said in ("当前账号", "授权矩阵") for text in (seen, empty))


@pytest.mark.parametrize("page", [_name(page) for page in PAGES if "edit?" not in page["path"]])
def test_a_department_whose_id_is_shown_has_its_name_there(
    page: str, scene: ConsoleScene, shown: dict[str, dict[str, Any]]
) -> None:
    """The ids that are no word of anything else; a file of the policy that is edited has the ids alone."""
    text, known = shown[page]["text"], scene.served.hub.policy.departments
    for each in ("civil-affairs", "data-bureau", "grid-centre"):
        assert each not in text or known[each].zh in text or known[each].en in text
    if "my-data" in page and "-zh-" in page:
        assert not re.search(r"\b(fire|hotline|police|housing)\b", text)
