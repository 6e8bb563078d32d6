"""`GET /access` over real HTTP, on a hub whose graph cannot be reached: what is told costs no statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.record import Record
from policies.language import read_folder
from policies.store import PolicyStore
from schema import SPINE
from tests.support.policy_stores import KEY, in_file
from tests.support.serving import COUNTY, Served, code_of, serving

pytestmark = pytest.mark.conformance

WHOLE = """{ myAccess { application hypothetical caseStated purposes { purpose title caseRequired nodeCap collectedFor
  dailyCaps { counts limit perPerson grant left }
  types { type listed counted matchedBy verifiedBy accesses contributors rounding buckets
    coordinates { coordinate effect masks filter order groupBy match verify asked needsCase
      rows { effect where } } } } } }"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served") / "home") as hub:
        yield hub


def access(served: Served, query: str = "", *, app: str = "fire-inspection", **headers: str) -> httpx.Response:
    sent = {"Authorization": f"Bearer {served.issuer.issue(app, 'inspector-1')}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return served.client.get(f"/access{query}", headers=sent)


def told(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return dict(response.json()["data"]["myAccess"])


def coordinate(told: dict[str, Any], purpose: str, name: str) -> dict[str, Any]:
    types = next(each["types"] for each in told["purposes"] if each["purpose"] == purpose)
    fields = next(each["coordinates"] for each in types if each["type"] == name.partition(".")[0])
    return dict(next(each for each in fields if each["coordinate"] == name))


def last(served: Served) -> Record:
    return served.records()[-1]


def test_each_purpose_of_the_asker_is_told_and_no_other(served: Served) -> None:
    answer = told(access(served))
    assert answer["application"] == "fire-inspection"
    assert [each["purpose"] for each in answer["purposes"]] == ["safety.fire", "safety.fire.rental", "safety.fire.case"]
    assert coordinate(answer, "safety.fire", "Person.phone")["effect"] == "DENIED"
    phone = coordinate(answer, "safety.fire.rental", "Person.phone")
    assert (phone["effect"], phone["masks"], phone["filter"]) == ("MASKED", ["partial(3,4)"], False)
    where = "region startsWith $subject.jurisdiction and a further condition holds"
    assert phone["rows"] == [{"effect": "partial(3,4)", "where": where}]
    number = coordinate(answer, "safety.fire.rental", "Person.idNumber")
    assert (number["effect"], number["match"]) == ("DENIED", True)
    text = coordinate(answer, "safety.fire.case", "Event.text")
    assert (text["effect"], text["needsCase"]) == ("DENIED", True)


def test_a_stated_purpose_alone_is_told(served: Served) -> None:
    answer = told(access(served, Access_Purpose="safety.fire.rental"))
    assert [each["purpose"] for each in answer["purposes"]] == ["safety.fire.rental"]


def test_with_a_case_it_is_told_what_the_case_opens(served: Served) -> None:
    answer = told(access(served, Access_Purpose="safety.fire.case", Case_Reference="A-CASE-OF-NOBODY"))
    text = coordinate(answer, "safety.fire.case", "Event.text")
    assert answer["caseStated"] and (text["effect"], text["masks"], text["needsCase"]) == ("MASKED", ["text"], False)
    assert "it is the request's case" in text["rows"][0]["where"]
    person = coordinate(answer, "safety.fire.case", "Person.phone")
    assert "some reports with (it is the request's case)" in person["rows"][0]["where"]
    (purpose,) = answer["purposes"]
    assert (purpose["nodeCap"], [each["limit"] for each in purpose["dailyCaps"]]) == (200, [500])


def test_a_query_is_told_the_same_without_a_statement(served: Served) -> None:
    before = served.hub.graph.statements
    queried = served.ask(WHOLE)
    assert queried.json()["data"]["myAccess"] == told(access(served))
    assert served.hub.graph.statements == before


def test_a_document_that_is_kept_is_answered_alike(served: Served) -> None:
    query = """query ($p: String!, $c: String!, $more: Boolean!) { ...F }
      fragment F on Query { mine: myAccess { ...M } }
      fragment M on MyAccess { application @include(if: $more) why(purpose: $p, coordinate: $c) { effect } }"""
    asked = [("safety.fire", "Person.phone", True), ("safety.fire.rental", "Person.phone", False)] * 3
    found = [served.ask(query, variables={"p": p, "c": c, "more": more}).json()["data"] for p, c, more in asked]
    denied = {"mine": {"application": "fire-inspection", "why": {"effect": "DENIED"}}}
    assert found == [denied, {"mine": {"why": {"effect": "MASKED"}}}] * 3
    assert served.hub.kept is not None
    assert any("myAccess" in each.document.normalised.text for each in served.hub.kept.documents)


def test_why_is_told_for_each_purpose(served: Served) -> None:
    denied, masked, _ = told(access(served, "?why=Person.phone"))["why"]
    assert denied["missing"] == "Person.phone is not open to the purpose safety.fire"
    assert (denied["purposesThatWould"], denied["owner"]) == (["safety.fire.rental"], "police")
    assert (masked["missing"], masked["masks"]) == (None, ["partial(3,4)"])
    assert [each["rule"] for each in masked["rules"]] == ["fire-rental-residents"]
    assert ".yaml" not in access(served, "?why=Person.phone").text


def test_why_in_a_query_and_in_chinese(served: Served) -> None:
    query = '{ myAccess { why(purpose: "safety.fire", coordinate: "Person.phone") { effect missing } } }'
    found = served.ask(query, headers={"Accept-Language": "zh"}).json()["data"]["myAccess"]["why"]
    assert found["effect"] == "DENIED" and found["missing"].startswith("该字段未向此目的开放")


def test_a_purpose_of_another_is_null_in_a_query(served: Served) -> None:
    query = """{ myAccess { a: purpose(id: "event") { purpose } b: purpose(id: "no.such") { purpose }
      why(purpose: "event", coordinate: "Person.phone") { effect } } }"""
    assert served.ask(query).json()["data"]["myAccess"] == {"a": None, "b": None, "why": None}


REFUSED = [
    ("?why=Person.nothing", {}, 400, "VALIDATION"),
    ("?why=Person", {}, 400, "VALIDATION"),
    ("?why=", {}, 400, "VALIDATION"),
    ("?who=13800001111", {}, 400, "BAD_REQUEST"),
    ("?why=Person.phone&why=Person.name", {}, 400, "BAD_REQUEST"),
    ("?why=Person.phone&case=E1", {}, 400, "BAD_REQUEST"),
    ("?Person.phone", {}, 400, "BAD_REQUEST"),
    (f"?why={'x' * 300}", {}, 400, "BAD_REQUEST"),
    ("?why=%E5%BC%A0%E4%B8%89", {}, 400, "VALIDATION"),
    ("", {"Access_Purpose": "event"}, 403, "PURPOSE_DENIED"),
    ("", {"Access_Purpose": "safety"}, 403, "PURPOSE_DENIED"),
    ("", {"Access_Purpose": ""}, 403, "PURPOSE_DENIED"),
    ("", {"Access_Purpose": "Safety.Fire"}, 403, "PURPOSE_DENIED"),
    ("", {"Access_Purpose": "x" * 5_000}, 403, "PURPOSE_DENIED"),
]


@pytest.mark.parametrize(("query", "headers", "status", "code"), REFUSED)
def test_what_is_refused_is_recorded_and_not_repeated(
    served: Served, query: str, headers: dict[str, str], status: int, code: str
) -> None:
    response = access(served, query, **headers)
    assert (response.status_code, code_of(response)) == (status, code)
    for text in ("13800001111", "张三", "xxx", "Person.nothing", "Safety.Fire"):
        assert text not in response.text
    record = last(served)
    assert (record.kind, record.result, record.http_status, dict(record.variables)) == ("refusal", code, status, {})


def test_without_a_token_nothing_is_told(served: Served) -> None:
    response = served.client.get("/access")
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_it_is_read_with_get_only(served: Served, method: str) -> None:
    response = served.client.request(method, "/access")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET")


def test_two_authorization_headers_are_refused(served: Served) -> None:
    one = ("Authorization", f"Bearer {served.issuer.issue('fire-inspection', 'inspector-1')}")
    assert code_of(served.client.get("/access", headers=[one, one])) == "BAD_REQUEST"


def test_what_is_told_is_recorded_with_a_receipt(served: Served) -> None:
    response = access(served, "?why=Person.phone", Access_Purpose="safety.fire", Case_Reference="E1")
    record = last(served)
    assert (record.kind, record.result, record.application) == ("access", "OK", "fire-inspection")
    assert (record.purpose, dict(record.variables)) == ("safety.fire", {"coordinate": "Person.phone"})
    assert record.case and record.case != "E1" and not record.subjects and not record.nodes
    receipt = response.json()["extensions"]["receipt"]
    assert receipt["index"] == len(served.records()) - 1
    assert response.headers["Cache-Control"] == "no-store"


def test_another_application_is_told_of_its_own(served: Served) -> None:
    response = access(served, app="grid-desk")
    assert "fire" not in {each["purpose"].partition(".")[2] for each in told(response)["purposes"]}
    assert not re.search(r"fire-[a-z]+", response.text)


def test_a_long_answer_comes_compressed(served: Served) -> None:
    assert access(served, Accept_Encoding="gzip").headers["Content-Encoding"] == "gzip"


def test_the_same_many_times_in_one_query_is_refused(served: Served) -> None:
    many = " ".join(f"a{number}: {WHOLE.strip()[1:-1]}" for number in range(4))
    assert code_of(served.ask(f"{{ {many} }}")) == "COST_LIMIT"


def test_long_names_are_counted_before_the_answer_is_made(served: Served) -> None:
    name = "n" * 40_000
    query = f"{{ myAccess {{ purposes {{ types {{ coordinates {{ {name}: coordinate }} }} }} }} }}"
    assert code_of(served.ask(query)) == "RESULT_LIMIT"


def test_what_is_left_of_a_cap_today_is_told(tmp_path: Path) -> None:
    store = PolicyStore(in_file(tmp_path), KEY, SPINE)
    store.make(lambda: read_folder(COUNTY))
    with serving(tmp_path / "home", store=store) as served:
        match = '{ people(where: {idNumber: {eq: "140321198812120018"}}) { edges { cursor } } }'
        assert code_of(served.ask(match)) == "GRAPH_UNAVAILABLE"

        def left(person: str) -> list[int]:
            sent = {"Authorization": f"Bearer {served.issuer.issue('fire-inspection', person)}"}
            answer = told(served.client.get("/access", headers=sent))
            return [each["left"] for purpose in answer["purposes"] for each in purpose["dailyCaps"]]

        assert left("inspector-1") == [199, 500]
        assert left("inspector-2") == [200, 500]
