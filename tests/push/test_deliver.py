"""Deliveries over HTTP to a real hub and a real graph: what is taken, what is refused, and what the log says of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import neo4j
import pytest

from audit.log import AuditUnavailable
from connectors.manifest import ManifestError
from hub.graph.local import GraphAddress
from hub.sample.known_people import CANARIES
from tests.push.pushing import (
    ALSO,
    APP,
    BATCHED,
    STRUCTURED,
    building,
    clear,
    data_of,
    deliver,
    deliver_binary,
    dwelling,
    event,
    person,
    sources_in,
    statuses,
)
from tests.support.leak_search import files, forms, found, leaks
from tests.support.pulling import ask, county, one, pull
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.conformance

NAME, NUMBER, PHONE = CANARIES[0].name, CANARIES[0].id_no, CANARIES[0].phone
SOUGHT = {value: tuple(set(forms(value))) for value in (NAME, NUMBER, PHONE)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sources_in(tmp_path_factory.mktemp("push-sources"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, folder: Path, empty_graph: GraphAddress) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("push-home"), empty_graph, sources=folder) as running:
        yield running


@pytest.fixture(autouse=True)
def _cleared(request: pytest.FixtureRequest) -> None:
    if "served" in request.fixturenames:
        clear(request.getfixturevalue("graph_driver"))


def test_each_mode_brings_the_same_record(served: Served, graph_driver: neo4j.Driver) -> None:
    given = building("B1", 1, name="一号楼")
    brought = []
    for mode in ("structured", "batched", "binary"):
        clear(graph_driver)
        response = (
            deliver_binary(served, given) if mode == "binary" else deliver(served, given, one=mode == "structured")
        )
        assert (response.status_code, statuses(response)) == (200, ["stored"])
        assert response.json()["extensions"]["receipt"]["index"] > 0
        brought.append(data_of(graph_driver))
    assert brought[0] == brought[1] == brought[2]
    (node,) = ask(
        graph_driver,
        "MATCH (r:SourceRecord)-[:ASSERTS]->(b:Building) RETURN b.name AS name, b.floors AS floors, "
        "r.record AS record, r.stream AS stream, r.collectedFor AS purpose, toString(r.asOf) AS at",
    )
    assert node == {
        "name": "一号楼", "floors": 6, "record": "B1", "stream": "desk/buildings", "purpose": "housing",
        "at": "2026-06-01T16:00:01+08:00",
    }  # fmt: skip


def test_an_event_in_another_mode_is_the_same_event(served: Served, graph_driver: neo4j.Driver) -> None:
    given = building("B1", 1, name="一号楼")
    assert statuses(deliver(served, given)) == statuses(deliver_binary(served, given)) == ["stored"]
    assert one(graph_driver, "MATCH (d:DeliveredEvent) RETURN count(d)") == 1


def test_a_second_delivery_answers_the_same_and_changes_nothing(served: Served, graph_driver: neo4j.Driver) -> None:
    events = [building("B1", 1), building("B2", 1, floors=0), dwelling("D1", 1, "B1"), building("B1", 0)]
    first = deliver(served, *events)
    assert statuses(first) == ["stored", "refused", "stored", "outdated"]
    before = ask(graph_driver, "MATCH (n) RETURN labels(n) AS l, properties(n) AS p ORDER BY elementId(n)")
    second = deliver(served, *events)
    assert second.json()["results"] == first.json()["results"]
    assert ask(graph_driver, "MATCH (n) RETURN labels(n) AS l, properties(n) AS p ORDER BY elementId(n)") == before


def test_another_event_under_a_used_id_is_refused(served: Served, graph_driver: neo4j.Driver) -> None:
    given = building("B1", 1)
    other = building("B1", 2, name="别楼") | {"id": given["id"]}
    assert statuses(deliver(served, given)) == ["stored"]
    before = data_of(graph_driver)
    alone = deliver(served, other, one=True)
    assert (alone.status_code, code_of(alone), statuses(alone)) == (409, "EVENT_REUSED", ["reused"])
    beside = deliver(served, other, building("B2", 1))
    assert (beside.status_code, statuses(beside)) == (200, ["reused", "stored"])
    # The same id of another source is another event.
    assert statuses(deliver(served, other | {"source": "/housing/other"})) == ["stored"]
    assert one(graph_driver, "MATCH (b:Building {code: 'B1'}) RETURN b.name") == "别楼"
    assert before != data_of(graph_driver)


def test_of_two_events_of_one_delivery_with_one_id_the_first_counts(served: Served, graph_driver: neo4j.Driver) -> None:
    given, other = dwelling("D1", 1, "B1"), building("B1", 1)
    response = deliver(served, given | {"id": "x"}, other, other | {"id": "x"}, other)
    assert statuses(response) == ["stored", "stored", "reused", "stored"]
    assert one(graph_driver, "MATCH (d:DeliveredEvent) RETURN count(d)") == 2


def test_k04_an_older_version_is_ignored_and_told(served: Served, graph_driver: neo4j.Driver) -> None:
    assert statuses(deliver(served, building("B1", 3, name="新"))) == ["stored"]
    assert statuses(deliver(served, building("B1", 2, name="旧"))) == ["outdated"]
    assert one(graph_driver, "MATCH (b:Building) RETURN b.name") == "新"
    assert statuses(deliver(served, building("B1", 3, name="新") | {"id": "again"})) == ["unchanged"]
    assert statuses(deliver(served, building("B1", 4, name="更新"))) == ["stored"]
    assert one(graph_driver, "MATCH (b:Building) RETURN b.name") == "更新"


def test_bad_events_go_to_quarantine_and_good_ones_in(served: Served, graph_driver: neo4j.Driver) -> None:
    response = deliver(
        served, building("B1", 1), building("B2", 1, floors=999), building("B3", 1, address=" "),
        {key: value for key, value in building("B4", 1).items() if key != "time"}, building("B5", 1, name=7),
    )  # fmt: skip
    assert response.status_code == 200
    assert [(each["status"], each.get("field"), each.get("rule")) for each in response.json()["results"]] == [
        ("stored", None, None),
        ("refused", "floors", "out-of-range"),
        ("refused", "address", "missing"),
        ("refused", "ce:time", "missing"),
        ("refused", "name", "not-text"),
    ]
    assert ask(graph_driver, "MATCH (b:Building) RETURN b.code AS code") == [{"code": "B1"}]
    entries = ask(graph_driver, "MATCH (q:Quarantined) RETURN q.row AS row, q.field AS field ORDER BY field")
    assert [each["field"] for each in entries] == ["address", "ce:time", "floors", "name"]
    assert [each["row"] for each in entries if each["field"] != "ce:time"] == ["B3", "B2", "B5"]
    # A valid version that is as late clears the entry.
    deliver(served, building("B2", 1, floors=9))
    assert one(graph_driver, "MATCH (q:Quarantined {row: 'B2'}) RETURN count(q)") == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"data": None}, "data"),
        ({"data": [1]}, "data"),
        ({"data_base64": "e30="}, "data_base64"),
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "x" * 257}, "id"),
        ({"source": None}, "source"),
        ({"type": "desk.unheard"}, "type"),
        ({"datacontenttype": "text/csv"}, "datacontenttype"),
        ({"Note": "x"}, "attributes"),
        ({"note": {"a": 1}}, "attributes"),
        ({"note": 0.5}, "attributes"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_event_of_the_source_is_told_and_not_kept(
    served: Served, graph_driver: neo4j.Driver, wrong: dict[str, Any], field: str
) -> None:
    bad = building("B1", 1) | wrong
    response = deliver(served, bad, building("B2", 1))
    assert statuses(response) == ["invalid", "stored"]
    assert response.json()["results"][0]["field"] == field
    alone = deliver(served, bad, one=True)
    assert (alone.status_code, code_of(alone)) == (422, "EVENT_REFUSED")
    assert one(graph_driver, "MATCH (d:DeliveredEvent) RETURN count(d)") == 1


def test_what_is_in_a_batch_and_no_object_is_told(served: Served) -> None:
    assert statuses(deliver(served, 1, [], building("B1", 1))) == ["invalid", "invalid", "stored"]
    assert statuses(deliver(served)) == []


def test_an_event_without_its_target_waits_until_it_is_sent_again(served: Served, graph_driver: neo4j.Driver) -> None:
    alone = deliver(served, dwelling("D1", 1, "B1"), one=True)
    assert (alone.status_code, code_of(alone), statuses(alone)) == (503, "EVENT_WAITS", ["waits"])
    assert int(alone.headers["Retry-After"]) > 0
    assert one(graph_driver, "MATCH (q:Quarantined) RETURN count(q)") == 1
    assert statuses(deliver(served, building("B1", 1))) == ["stored"]
    assert statuses(deliver(served, dwelling("D1", 1, "B1"))) == ["stored"]
    assert one(graph_driver, "MATCH (q:Quarantined) RETURN count(q)") == 0
    assert one(graph_driver, "MATCH (:Dwelling)-[r]->(:Building) RETURN count(r)") == 1


def test_an_edge_that_may_wait_is_written_when_its_target_comes(served: Served, graph_driver: neo4j.Driver) -> None:
    assert statuses(deliver(served, person(NUMBER, 1, "D1"))) == ["stored"]
    deliver(served, building("B1", 1), dwelling("D1", 1, "B1"))
    assert one(graph_driver, "MATCH (:Person)-[r]->(:Dwelling) RETURN count(r)") == 1


def refused(response: httpx.Response, status: int, code: str) -> bool:
    return (response.status_code, code_of(response)) == (status, code)


def test_who_may_not_deliver_is_refused_and_learns_no_name(served: Served, graph_driver: neo4j.Driver) -> None:
    given = building("B1", 1)
    other = deliver(served, given, app="statistics")
    unheard = deliver(served, given, source="no-such-source")
    assert refused(other, 403, "DELIVERY_DENIED") and refused(unheard, 403, "DELIVERY_DENIED")
    told = [each.json()["errors"][0]["message"] for each in (other, unheard)]
    assert told[0] == told[1] and "desk" not in told[0]
    assert refused(deliver(served, given, Authorization="Bearer nonsense"), 401, "UNAUTHENTICATED")
    assert refused(deliver(served, given, Authorization="none"), 401, "UNAUTHENTICATED")
    assert statuses(deliver(served, given, app=ALSO)) == ["stored"]
    assert one(graph_driver, "MATCH (b:Building) RETURN count(b)") == 1


def test_what_cannot_be_a_delivery_is_refused(served: Served, graph_driver: neo4j.Driver) -> None:
    given = building("B1", 1)
    for kind in ("text/plain", "application/json", "application/xml", f"{STRUCTURED}; charset=gbk", ""):
        assert refused(deliver(served, given, Content_Type=kind), 415, "UNSUPPORTED_MEDIA_TYPE"), kind
    assert refused(deliver(served, given, Content_Encoding="gzip"), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert refused(deliver(served, given, one=True, Content_Type=BATCHED), 400, "BAD_REQUEST")
    assert refused(deliver(served, *[building(f"B{at}", 1) for at in range(61)]), 413, "TOO_LARGE")
    assert refused(deliver(served, building("B1", 1, name="长" * 30_000)), 413, "TOO_LARGE")
    deep: Any = "x"
    for _ in range(70):
        deep = [deep]
    assert refused(deliver(served, building("B1", 1, name=deep)), 400, "BAD_REQUEST")
    token = served.issuer.issue(APP, "machine-1")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": STRUCTURED}
    for body in (b"", b"{", b'{"id": 1, "id": 2}', b"\xff\xfe"):
        assert refused(served.client.post("/ingest/desk", content=body, headers=headers), 400, "BAD_REQUEST"), body
    assert refused(served.client.get("/ingest/desk", headers=headers), 405, "METHOD")
    assert one(graph_driver, "MATCH (n) WHERE NOT n:SurrogateKey RETURN count(n)") == 0


def test_binary_attributes_are_read_once_and_in_ascii(served: Served) -> None:
    given = building("B1", 1)
    assert statuses(deliver_binary(served, {k: v for k, v in given.items() if k != "id"})) == ["invalid"]
    sent = deliver_binary(served, given, **{"ce-note": "%ff"})
    assert (sent.status_code, sent.json()["results"][0]["field"]) == (422, "attributes")


def test_the_log_says_what_came_and_what_became_of_it(served: Served) -> None:
    before = len(served.records())
    deliver(served, building("B1", 1), building("B2", 1, floors=0), building("B1", 1))
    deliver(served, building("B1", 1), app="statistics")
    begun, ended, denied = served.records()[before:]
    assert {each.kind for each in (begun, ended, denied)} == {"delivery"}
    assert (begun.operation_name, begun.result, begun.application) == ("delivery begin", "BEGUN", APP)
    assert begun.variables["source"] == "desk" and begun.variables["events"] == "3"
    assert begun.variables["event.0"] == begun.variables["event.2"] != begun.variables["event.1"]
    assert (ended.operation_name, ended.result, ended.http_status) == ("delivery", "OK", 200)
    assert dict(ended.variables) == {"source": "desk", "events": "3", "stored": "2", "refused": "1"}
    assert (denied.result, dict(denied.variables), denied.application) == ("DELIVERY_DENIED", {}, "statistics")


def test_nothing_is_written_unrecorded(
    served: Served, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise AuditUnavailable("ENOSPC")

    with monkeypatch.context() as patch:
        patch.setattr(served.hub.log, "append", full)
        assert refused(deliver(served, building("B1", 1)), 503, "AUDIT_UNAVAILABLE")
    assert one(graph_driver, "MATCH (b:Building) RETURN count(b)") == 0
    assert statuses(deliver(served, building("B1", 1))) == ["stored"]


def test_what_was_written_and_not_recorded_is_not_acknowledged(
    served: Served, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = served.hub.log.append, []

    async def second_fails(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise AuditUnavailable("ENOSPC")
        return await real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(served.hub.log, "append", second_fails)
        assert refused(deliver(served, building("B1", 1)), 503, "AUDIT_UNAVAILABLE")
    assert statuses(deliver(served, building("B1", 1))) == ["stored"]
    assert one(graph_driver, "MATCH (b:Building) RETURN count(b)") == 1


def test_exchanged_columns_refuse_the_delivery(served: Served, graph_driver: neo4j.Driver) -> None:
    deliver(served, *[building(f"B{at}", 1, name=f"楼{at}", address=f"路{at}") for at in range(30)])
    before = data_of(graph_driver)
    response = deliver(served, *[building(f"B{at}", 2, name=f"路{at}", address=f"楼{at}") for at in range(30)])
    assert refused(response, 422, "EVENT_REFUSED")
    assert "exchanged" in response.text
    assert data_of(graph_driver) == before


def test_after_ninety_days_an_event_is_forgotten(served: Served, graph_driver: neo4j.Driver) -> None:
    """Its record stays; sent again it is taken as new, and changes nothing."""
    deliver(served, building("B1", 1), building("B2", 1))
    deliveries = served.deliveries
    assert deliveries is not None
    age = "MATCH (d:DeliveredEvent) WITH d ORDER BY d.key LIMIT 1 SET d.at = d.at - duration('P90DT1S')"
    graph_driver.execute_query(age)
    deliveries.forget_old()
    assert one(graph_driver, "MATCH (d:DeliveredEvent) RETURN count(d)") == 1
    assert sorted(statuses(deliver(served, building("B1", 1), building("B2", 1)))) == ["stored", "unchanged"]


def test_without_a_graph_nothing_is_acknowledged(tmp_path: Path, folder: Path) -> None:
    with serving(tmp_path / "home", sources=folder) as hub:
        response = deliver(hub, building("B1", 1))
        assert refused(response, 503, "GRAPH_UNAVAILABLE")
        assert int(response.headers["Retry-After"]) > 0
        assert hub.records()[-1].result == "GRAPH_UNAVAILABLE"


def test_a_hub_without_a_push_source_takes_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as hub:
        assert deliver(hub, building("B1", 1)).status_code == 404


def test_a_push_source_is_not_pulled(tmp_path: Path, served: Served, empty_graph: GraphAddress, folder: Path) -> None:
    home, data = served.hub.settings.home, county(tmp_path / "data", 100)
    with pytest.raises(ManifestError, match="desk: a push source is not pulled"):
        pull(home, empty_graph, data, "desk", sources=folder)
    assert pull(home, empty_graph, data, sources=folder) == {}


def test_canaries_leave_by_no_other_way(
    tmp_path: Path, folder: Path, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """Values stand wherever an event can hold them; no answer, log line or file of the home has them."""
    caplog.set_level(logging.DEBUG)
    who = {"idNo": NUMBER, "name": NAME, "phone": PHONE, "home": NAME}
    events: list[Any] = [
        event("person", NUMBER, 1, who, subject=NAME, id=f"{NAME} {NUMBER}", source=f"/{PHONE}", note=NAME),
        event("person", NUMBER, 2, who | {"idNo": PHONE}),
        event("person", NUMBER, 3, who | {"phone": f"{PHONE}{NAME}"}),
        event("person", NUMBER, 4, {NAME: NUMBER}),
        event("person", NUMBER, 5, who) | {NAME: PHONE},
        event("person", NUMBER, 6, who) | {"time": f"{NAME}{PHONE}"},
        event("person", NUMBER, 7, who, type=f"desk.{NUMBER}"),
        event("building", NUMBER, 8, {"number": NAME, "name": PHONE, "address": NUMBER, "floors": NAME}),
        NAME,
    ]
    answers = [deliver(served, *events), *(deliver(served, each, one=True) for each in events)]
    answers.append(deliver(served, events[0], source=NAME))
    answers.append(deliver(served, events[0] | {"data": {**who, "name": "别"}}, one=True))
    answers.append(deliver_binary(served, {k: v for k, v in events[0].items()}))
    assert {each.status_code for each in answers} == {200, 403, 409, 422}
    told = "\n".join(each.text + str(each.headers) for each in answers)
    assert found(told.encode(), SOUGHT) == set()
    # The client of this test logs what it asks. A hub has no access log; pytest's own handlers turn uvicorn's on.
    lines = [each for each in caplog.records if each.name.partition(".")[0] not in {"httpx", "httpcore"}]
    named = {each.name for each in lines if found(each.getMessage().encode(), SOUGHT)}
    assert named <= {"uvicorn.access"}
    home = served.hub.settings.home
    assert leaks(files(home, apart=home / "graph"), SOUGHT) == {}
