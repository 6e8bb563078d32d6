"""A developer asks what their application would see with another role or level; nobody else may, whatever the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from policies.language import load_files
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.conformance

POLICY = """
purposes:
  - {id: a, zh: 甲, en: A}
  - {id: b, zh: 乙, en: B}
applications:
  - {id: app, zh: 应用, en: App, department: fire, role: worker, jurisdiction: 14/03/, developers: [dev-1]}
  - {id: other, zh: 另一, en: Other, department: fire, role: lead, jurisdiction: 14/03/, developers: [dev-2]}
  - {id: police, zh: 警, en: Police, department: police, role: lead, level: county, jurisdiction: 14/03/}
grants:
"""
GRANTS = [
    ("workers", "{department: [fire], role: [worker]}", "a", "Building.name"),
    ("leads", "{department: [fire], role: [lead]}", "b", "Building.code"),
    ("chiefs", "{application: [app], level: [county]}", "b", "Unit.name"),
    ("for-other", "{application: [other]}", "a", "Person.name"),
    ("for-police", "{department: [police]}", "a", "Person.phone"),
]
POLICY += "".join(
    f"""  - id: {name}
    to: {whom}
    for: [{purpose}]
    basis: law
    rows: {{{coordinate.partition(".")[0]}: {{}}}}
    fields: {{{coordinate}: clear}}
"""
    for name, whom, purpose, coordinate in GRANTS
)
SEEN = """{ myAccess(asker: %s) { application hypothetical
  purposes { purpose types { coordinates { coordinate effect } } } } }"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    policy = load_files({"policy.yaml": POLICY.encode()}, SPINE)
    with serving(tmp_path_factory.mktemp("served") / "home", policy=policy) as hub:
        yield hub


def get(served: Served, stated: str | None, *, application: str = "app", person: str = "dev-1") -> httpx.Response:
    headers = {"Authorization": f"Bearer {served.issuer.issue(application, person)}"}
    return served.client.get("/access", headers=headers | ({} if stated is None else {"Access-As": stated}))


def seen(told: dict[str, Any]) -> set[str]:
    return {
        f"{purpose['purpose']} {each['coordinate']}"
        for purpose in told["purposes"]
        for kind in purpose["types"]
        for each in kind["coordinates"]
        if each["effect"] != "DENIED"
    }


AS = [
    (None, {"a Building.name"}),
    ("role=lead", {"b Building.code"}),
    ("role=worker,level=county", {"a Building.name", "b Unit.name"}),
    ("level=county", {"a Building.name", "b Unit.name"}),
    ("role=lead, level=county", {"b Building.code", "b Unit.name"}),
    ("role=", set()),
    ("role=no-such-role", set()),
]


@pytest.mark.parametrize(("stated", "shown"), AS)
def test_a_developer_is_told_what_it_would_see(served: Served, stated: str | None, shown: set[str]) -> None:
    told = get(served, stated).json()["data"]["myAccess"]
    assert seen(told) == shown
    assert (told["application"], told["hypothetical"]) == ("app", stated is not None)
    assert "for-" not in get(served, stated).text
    if stated:
        pairs = (each.strip().partition("=") for each in stated.split(","))
        asker = ", ".join(f'{name}: "{value}"' for name, _, value in pairs)
        query = SEEN % f"{{{asker}}}"
        found = served.ask(query, app="app", person="dev-1", purpose="a").json()["data"]["myAccess"]
        assert (seen(found), found["hypothetical"]) == (shown, True)


NOT_THEIRS = [("app", "dev-2"), ("app", "anyone"), ("other", "dev-1"), ("police", "dev-1"), ("police", "dev-2")]


@pytest.mark.parametrize(("application", "person"), NOT_THEIRS)
def test_nobody_else_is(served: Served, application: str, person: str) -> None:
    refused = get(served, "role=lead", application=application, person=person)
    assert (refused.status_code, code_of(refused)) == (403, "ASKER_DENIED")
    assert "`developers`" in refused.text and "Building" not in refused.text
    assert served.records()[-1].result == "ASKER_DENIED"
    query = "{ __typename " + (SEEN % '{role: "lead"}')[1:]
    assert code_of(served.ask(query, app=application, person=person, purpose="a")) == "ASKER_DENIED"


@pytest.mark.parametrize("stated", ["", "lead", "role=lead,role=worker", "role=lead,sub=x", "department=police"])
def test_another_form_is_refused(served: Served, stated: str) -> None:
    assert code_of(get(served, stated)) == "BAD_REQUEST"


@pytest.mark.parametrize("asker", ["{}", "{role: null}", '{role: "张三"}', '{role: "13800001111"}', '{level: "Lead"}'])
def test_what_says_nothing_or_is_no_name_is_refused(served: Served, asker: str) -> None:
    refused = served.ask(SEEN % asker, app="app", person="dev-1", purpose="a")
    assert code_of(refused) == "VALIDATION"
    assert "张三" not in refused.text and "1380000" not in refused.text


def test_only_a_few_others_are_decided_in_one_query(served: Served) -> None:
    def asked(number: int) -> str:
        many = (f'a{each}: myAccess(asker: {{role: "role-{each % number}"}}) {{ application }}' for each in range(20))
        return code_of(served.ask(f"{{ {' '.join(many)} }}", app="app", person="dev-1", purpose="a"))

    assert [asked(number) for number in (3, 4)] == ["OK", "COST_LIMIT"]


def test_it_is_recorded_as_whom_was_asked(served: Served) -> None:
    assert get(served, "role=lead").status_code == 200
    record = served.records()[-1]
    assert (record.kind, dict(record.variables)) == ("access", {"role": "lead", "level": ""})
    assert get(served, "level=zhang-san").status_code == 200
    facts = dict(served.records()[-1].variables)
    assert facts["role"] == "worker" and facts["level"].startswith("#")


def test_two_headers_are_refused(served: Served) -> None:
    token = ("Authorization", f"Bearer {served.issuer.issue('app', 'dev-1')}")
    twice = [token, ("Access-As", "role=lead"), ("Access-As", "role=worker")]
    assert code_of(served.client.get("/access", headers=twice)) == "BAD_REQUEST"


def test_the_command_asks_as_another(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_HOME", str(served.hub.settings.home))
    monkeypatch.setenv("SLUICEGATE_TOKEN", served.issuer.issue("app", "dev-1"))
    command = ["policy", "explain", "--remote", f"http://127.0.0.1:{served.port}"]
    shown = CliRunner().invoke(app, [*command, "--role", "lead", "--level", "county"]).stdout
    assert shown.startswith("app as another, without a case:\nb ")
    assert "Unit.name: CLEAR" in shown


def test_what_is_asked_as_another_pushes_out_no_decision(served: Served) -> None:
    before = len(served.hub.decisions)
    for number in range(5):
        assert get(served, f"role=role-{number},level=county").status_code == 200
    assert len(served.hub.decisions) <= max(before, 2)


def test_a_developer_who_is_not_among_the_staff_refuses_the_load() -> None:
    text = POLICY.replace("developers: [dev-1]", "developers: [dev-1], staff: {dev-3: 14/03/}")
    with pytest.raises(YamlFileError, match=r"policy\.yaml:6: an account here is not among `staff`"):
        load_files({"policy.yaml": text.encode()}, SPINE)
    both = POLICY.replace("developers: [dev-1]", "developers: [dev-1], staff: {dev-1: 14/03/}")
    assert load_files({"policy.yaml": both.encode()}, SPINE).applications["app"].developers == {"dev-1"}
