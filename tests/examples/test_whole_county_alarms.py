"""The fire alarms of a whole county, delivered in their order: each becomes what docs/sample-county.md says."""

from __future__ import annotations

from collections import Counter

import neo4j
import pytest

from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from policies.language import load
from tests.push.pushing import deliver, statuses
from tests.support.pulling import ask
from tests.support.serving import serving
from tests.support.sources.whole_county import POLICIES, SLICES, SOURCES, WholeCounty, path_of

pytestmark = [pytest.mark.examples, pytest.mark.slow, pytest.mark.wide]

ANSWERS = {
    "": "stored",
    "impossible_date": "refused",
    "unknown_kind": "refused",
    "unknown_grid": "waits",
    "no_data": "invalid",
    "id_reused": "reused",
    "out_of_order": "outdated",
    "unknown_dwelling": "stored",
    "merged_grid": "stored",
}
"""What the hub answers; an event that comes twice has the answer that it had."""
RULES = {"impossible_date": ("raisedAt", "not-a-time"), "unknown_kind": ("kind", "unknown-value"),
         "unknown_grid": ("gridCode", "unknown-grid")}  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress) -> WholeCounty:
    made = WholeCounty(tmp_path_factory.mktemp("alarms"), empty_graph)
    made.pull("divisions", "police", "housing", "units")
    return made


def test_every_alarm_goes_in_or_is_told(
    county: WholeCounty, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    taken = county.alarms()
    planted = {
        each.defect.reason: each.count for each in county.whole.summary.defects if each.defect.stream == "alarms"
    }
    assert Counter(flaw for flaw, _ in taken if flaw) == planted
    policy, wrong = load(POLICIES, catalogue_of(county.settings)), []
    answered: dict[str, str] = {}
    home = county.settings.home
    with serving(home, empty_graph, policy, slices=SLICES, policies=POLICIES, sources=SOURCES) as served:
        for flaw, event in taken:
            answer = deliver(served, event, app="fire-centre", source="alarms")
            (status,) = statuses(answer)
            expected = answered[event["id"]] if flaw == "duplicate" else ANSWERS[flaw]
            answered.setdefault(event["id"], status)
            if status != expected:
                wrong.append((flaw, status, answer.text))
    assert wrong == []

    latest = {}
    for _, event in sorted(taken, key=lambda each: each[1]["time"]):
        if answered[event["id"]] in {"stored", "outdated"} and "data" in event:
            latest[event["subject"]] = event["data"]
    found = ask(graph_driver, "MATCH (a:Alarm) RETURN a.number AS number, a.status AS status, a.region AS region")
    words = {"报警": "RAISED", "误报": "FALSE", "确认": "CONFIRMED", "已扑灭": "OUT"}
    assert {each["number"]: (each["status"], each["region"]) for each in found} == {
        number: (words[data["status"]], path_of(county.in_force(data["gridCode"]))) for number, data in latest.items()
    }
    places = ask(
        graph_driver,
        "MATCH (a:Alarm) OPTIONAL MATCH (a)-[:ALARM_IN]->(d) OPTIONAL MATCH (a)-[:ALARM_AT]->(u) "
        "RETURN a.number AS number, d.code AS dwelling, u.creditCode AS unit",
    )
    lost = {event["subject"] for flaw, event in taken if flaw == "unknown_dwelling"}
    assert {each["number"]: (each["dwelling"], each["unit"]) for each in places} == {
        number: (None if number in lost else data["dwellingNo"], data["creditCode"]) for number, data in latest.items()
    }
    entries = ask(
        graph_driver,
        "MATCH (q:Quarantined {stream: 'alarms/alarms'}) RETURN q.row AS r, q.field AS f, q.rule AS u",
    )
    refused = Counter((event["subject"], *RULES[flaw]) for flaw, event in taken if flaw in RULES)
    waiting = Counter((number, "dwelling", "target-not-found") for number in lost)
    assert Counter((each["r"], each["f"], each["u"]) for each in entries) == refused + waiting
