"""Ding Steward: its registers and both apps' events go in, each purpose has its answers, each conflict its attack."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest

from hub.graph.local import GraphAddress
from hub.ingest.pull import run_pull
from tests.push.pushing import deliver
from tests.support.examples.running import Running, running
from tests.support.examples.steps import Example, Step
from tests.support.pulling import ask, one, silent
from tests.support.serving import code_of

pytestmark = [pytest.mark.examples, pytest.mark.slow]

EXAMPLE = Example(Path(__file__).parents[2] / "examples" / "ding-steward")
LANDLORD = {"app": "landlord-app", "purpose": "pop.declare.landlord"}


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> Iterator[Running]:
    with running(EXAMPLE, tmp_path_factory.mktemp("ding"), empty_graph, graph_driver) as made:
        yield made


@pytest.mark.parametrize("step", EXAMPLE.steps, ids=str)
def test_each_step_does_what_it_says(system: Running, step: Step) -> None:
    system.take(step)


def test_the_log_is_whole_and_the_policies_pass_their_own_tests(system: Running) -> None:
    system.check_log()
    system.check_policies()


def test_what_was_delivered_and_is_not_in_is_told(system: Running) -> None:
    """Refused words and rents, an unknown dwelling, a day that is none, and whom a landlord names and nobody knows."""
    system.bring_in()
    found = Counter((each.stream, each.row, each.field, each.rule) for each in system.quarantine())
    told = {key: count for key, count in found.items() if key[0] in {"landlords/declarations", "tenants/declarations"}}
    assert told == {
        ("landlords/declarations", "SB0003", "says", "unknown-value"): 1,
        ("landlords/declarations", "SB0003", "namedTenant", "target-not-found"): 1,
        ("landlords/declarations", "SB0004", "rent", "not-a-number"): 1,
        ("landlords/declarations", "SB0099", "dwellingNo", "target-not-found"): 1,
        ("tenants/declarations", "~", "ce:time", "not-a-time"): 1,
    }
    assert [key for key in found if key[0] == "files/files" and key[2] == "declaration"] == []


def event(side: str, number: str, **changes: Any) -> dict[str, Any]:
    """The first event of one side about a declaration, with other data and an id of its own."""
    lines = EXAMPLE.path(f"data/declarations/{side}s.jsonl").read_text("utf-8").splitlines()
    found = next(each for each in map(json.loads, lines) if each["data"]["declarationNo"] == number)
    made = {**found, "time": "2026-07-01T10:00:00+08:00", "data": {**found["data"], **changes}}
    return {**made, "id": json.dumps(made["data"], sort_keys=True)}


@pytest.mark.parametrize(("app", "source"), [("landlord-app", "tenants"), ("tenant-app", "landlords")])
def test_neither_app_speaks_for_the_other(system: Running, app: str, source: str) -> None:
    system.bring_in()
    before = said(system, "SB0003")
    answer = deliver(system.served, event("tenant", "SB0004", declarationNo="SB0003"), app=app, source=source)
    assert (answer.status_code, code_of(answer)) == (403, "DELIVERY_DENIED")
    assert said(system, "SB0003") == before


def said(system: Running, number: str) -> list[dict[str, Any]]:
    """All that a declaration holds."""
    return ask(system.driver, "MATCH (d:Declaration {number: $number}) RETURN properties(d) AS d", number=number)


def test_a_landlords_claim_makes_nobody_a_tenant(system: Running) -> None:
    """Whom a landlord names is kept as named: no tenant, no resident, until they say so themselves."""
    system.bring_in()
    claimed = event("landlord", "SB0003", tenantIdNo=id_number(system, "RY0012"))
    assert deliver(system.served, claimed, app="landlord-app", source="landlords").status_code == 200
    named = "MATCH (:Declaration {number: 'SB0003'})-[:NAMED_AS_TENANT]->(p) "
    assert one(system.driver, named + "RETURN p.name") == "芈清和"
    assert one(system.driver, named + "RETURN count {(p)<-[:DECLARED_BY_TENANT]-()}") == 0
    assert ask(system.driver, named + "MATCH (p)-[:LIVES_IN]->(d) RETURN d.code AS code") == [{"code": "DW0012"}]
    (node,) = landlord(system, "AJ0003")
    assert (node["tenantSays"], node["tenant"]) == (None, None)


def id_number(system: Running, record: str) -> str:
    """The number of a resident, by the register's own file."""
    rows = (line.split(",") for line in EXAMPLE.path("data/residents.csv").read_text("utf-8").splitlines())
    return next(row[1] for row in rows if row[0] == record)


def landlord(system: Running, case: str) -> list[dict[str, Any]]:
    """What a landlord sees with this file as the case."""
    document = EXAMPLE.path("operations/landlord.graphql").read_text("utf-8")
    answer = system.served.ask(document, **LANDLORD, headers={"Case-Reference": case})
    return [each["node"] for each in answer.json()["data"]["declarations"]["edges"]]


def test_who_declares_does_not_learn_who_is_known(system: Running) -> None:
    """An app that names residents, strangers and whoever is looked for is told the same of each."""
    system.bring_in()

    def told(day: int, number: str | None) -> Any:
        claim = event("landlord", "SB0008", tenantIdNo=number) | {"time": f"2026-07-{day:02}T10:00:00+08:00"}
        return deliver(system.served, claim, app="landlord-app", source="landlords", one=True).json()["results"]

    answers = [told(2, id_number(system, "RY0008")), told(3, "140321199501019018"), told(4, None)]
    assert answers == [[{"index": 0, "status": "stored"}]] * 3


def test_who_settled_a_dispute_is_told_to_its_tenant(system: Running) -> None:
    system.bring_in()
    document = EXAMPLE.path("operations/disputes.graphql").read_text("utf-8")
    assert code_of(system.served.ask(document, app="rental-desk", purpose="pop.verify")) == "OK"
    document = EXAMPLE.path("operations/who-looked.graphql").read_text("utf-8")
    number = {"number": id_number(system, "RY0002")}
    answer = system.served.ask(document, app="own-data", purpose="self", variables=number).json()
    looked = {(each["department"], each["purpose"]): each["kinds"] for each in answer["data"]["accessesOf"]}
    assert {"name", "phone"} <= set(looked["rental-office", "pop.verify"])


@pytest.mark.parametrize(("days", "codes"), [(0, ["GREEN"]), (-1, [])])
def test_a_house_code_is_shown_on_its_last_day_and_not_after(
    system: Running, tmp_path: Path, days: int, codes: list[str]
) -> None:
    """The office's ledger with another end of one code is pulled; the hub says what day it is."""
    system.bring_in()
    last = system.served.hub.now().date() + dt.timedelta(days)
    ledger = EXAMPLE.path("data/house_codes.csv").read_text("utf-8")
    changed = ledger.replace("2026-05-12,2046-05-11,DW0001", f"2026-05-12,{last},DW0001")
    assert changed != ledger
    (tmp_path / "house_codes.csv").write_text(changed, "utf-8")
    (pulled,) = run_pull(
        system.settings, EXAMPLE.path("sources"), ["codes"], tmp_path, {}, silent, address=system.address
    )
    assert pulled.updated == 1
    (node,) = landlord(system, "AJ0001")
    assert [[each["colour"] for each in home["houseCodes"]] for home in node["dwellings"]] == [codes]
