"""An obligation is met on the way of a real request: a row a kind, its limit, and what is refused beyond it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.request.caps.daily_caps import COUNTED, MET_ELSEWHERE, check_nodes
from hub.request.decision_cache import DecisionCache
from hub.request.purpose import Purposed
from policies.decide import decide
from policies.obligations import OBLIGATIONS, Cap
from policies.store import PolicyStore
from policies.succession import follow
from schema import SPINE
from tests.support.policy_stores import FILES, KEY, in_file
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import subject
from tests.support.stated_purposes import POLICY, TODAY, stated

pytestmark = pytest.mark.conformance

GRANT = """
  - id: {purpose}
    to: {{application: [app, other]}}
    for: [{purpose}]
    basis: law
    rows: {{Person: {{}}}}
    fields: {{Person.name: clear}}
    match: [Person.idNumber]
    obligations: {obligations}
"""
PURPOSES = {
    "b": "{dailyCap: 3}",
    "c": "{matchDailyCap: 2}",
    "d": "{case: required, nodeCap: 5}",
    "e": "{dailyCap: 40}",
    "f": "{matchDailyCap: 5}",
    "g": "{matchDailyCap: {limit: 2, per: person}}",
    "h": "{dailyCap: {limit: 1, per: person}, matchDailyCap: 3}",
}
BELOW = ("f.dispatch", "f.callback", "f.callback.again", "g.one", "h.one")
CAPPED = {
    **FILES,
    "policy.yaml": FILES["policy.yaml"]
    + "".join(GRANT.format(purpose=name, obligations=text) for name, text in PURPOSES.items()).encode(),
    "more.yaml": (
        "purposes:\n"
        + "".join(f"  - {{id: {name}, zh: 甲, en: A}}\n" for name in (*PURPOSES, *BELOW))
        + "applications:\n  - {id: other, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}\n"
    ).encode(),
}
LIST = "{ people(first: 1) { edges { node { name } } } }"
MATCH = '{ people(where: {idNumber: {eq: "110101199003070011"}}) { edges { node { name } } } }'
PASSED = "GRAPH_UNAVAILABLE"
"""These hubs have no graph: what is not refused before gets that far."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with (
        closing(PolicyStore(in_file(tmp_path), KEY, SPINE)) as store,
    ):
        store.make(lambda: CAPPED)
        with serving(tmp_path / "home", store=store) as running:
            yield running


def codes(served: Served, purpose: str, *queries: str, app: str = "app", person: str = "one") -> list[str]:
    return [code_of(served.ask(query, app=app, purpose=purpose, person=person)) for query in queries]


def test_a_daily_cap_counts_an_applications_operations(served: Served) -> None:
    assert codes(served, "b", "{ __typename }", LIST, LIST, LIST, LIST) == ["OK", *[PASSED] * 3, "DAILY_CAP"]
    assert codes(served, "b", LIST, app="other") == [PASSED]
    assert codes(served, "b", "{ __typename }") == ["OK"], "what asks the graph nothing uses nothing"


def test_a_refusal_says_when_to_come_back(served: Served) -> None:
    codes(served, "b", LIST, LIST, LIST)
    refused = served.ask(LIST, app="app", purpose="b")
    now = served.hub.now()
    midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), now.tzinfo)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= (midnight - now).total_seconds() + 60
    assert served.records()[-1].result == "DAILY_CAP"


def test_a_match_cap_counts_matches_alone(served: Served) -> None:
    twice = MATCH.replace("{ people", "{ a: people")[:-1] + MATCH[2:].replace("people", "b: people", 1)
    assert codes(served, "c", LIST, MATCH, twice, MATCH, MATCH, LIST) == [
        PASSED,
        PASSED,
        "DAILY_CAP",
        PASSED,
        "DAILY_CAP",
        PASSED,
    ]


def test_case_1_08_a_cap_counts_over_all_purposes_below_the_one_where_it_stands(served: Served) -> None:
    asked = ["f", "f.dispatch", "f.callback", "f.callback.again", "f", "f.dispatch", "f.callback"]
    found = [codes(served, purpose, MATCH)[0] for purpose in asked]
    assert found == [PASSED] * 5 + ["DAILY_CAP"] * 2
    assert codes(served, "f", MATCH, person="another") == ["DAILY_CAP"], "it is the application's cap"
    assert codes(served, "f", MATCH, app="other") == [PASSED], "and no other application's"


def test_case_1_08_a_personal_cap_does_not_lock_out_a_colleague(served: Served) -> None:
    assert codes(served, "g", MATCH) + codes(served, "g.one", MATCH, MATCH) == [PASSED, PASSED, "DAILY_CAP"]
    assert codes(served, "g", MATCH, person="two") == [PASSED]
    assert codes(served, "g", MATCH) == ["DAILY_CAP"]


def test_case_1_08_each_of_several_caps_holds(served: Served) -> None:
    found = [
        codes(served, purpose, MATCH, person=who)[0] for who, purpose in zip("abcda", ["h", "h.one"] * 3, strict=False)
    ]
    assert found == [PASSED, PASSED, PASSED, "DAILY_CAP", "DAILY_CAP"]


def test_case_1_08_no_person_stands_in_the_counts(tmp_path: Path, served: Served) -> None:
    codes(served, "g", MATCH, person="CANARY-PERSON")
    assert not any(b"CANARY-PERSON" in path.read_bytes() for path in tmp_path.glob("policy.db*"))


def test_the_count_is_right_across_hubs(tmp_path: Path, served: Served) -> None:
    with (
        closing(PolicyStore(in_file(tmp_path), KEY, SPINE)) as second,
        serving(tmp_path / "two", store=second) as other,
    ):
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda at: codes((served, other)[at % 2], "e", LIST)[0], range(48)))
        assert sorted(found) == ["DAILY_CAP"] * 8 + [PASSED] * 40


def test_what_cannot_be_counted_is_not_answered(tmp_path: Path, served: Served) -> None:
    (tmp_path / "policy.db").rename(tmp_path / "away")
    assert codes(served, "b", LIST) == ["POLICY_UNAVAILABLE"]
    assert codes(served, "a", "{ buildings(first: 1) { edges { node { name } } } }") == [PASSED], "not capped"
    (tmp_path / "away").rename(tmp_path / "policy.db")
    assert codes(served, "b", LIST) == [PASSED]


def test_a_hub_without_a_store_answers_nothing_that_is_capped(tmp_path: Path) -> None:
    from policies.language import load_files

    with serving(tmp_path / "home", policy=load_files(CAPPED, SPINE), counted=True) as served:
        assert codes(served, "b", LIST) == ["POLICY_UNAVAILABLE"]


def test_a_case_is_asked_for(served: Served) -> None:
    assert codes(served, "d", LIST) == ["CASE_REQUIRED"]
    named = served.ask(LIST, app="app", purpose="d", headers={"Case-Reference": "no such case"})
    assert code_of(named) == PASSED


def test_a_node_cap_is_the_lower_of_two(tmp_path: Path) -> None:
    found = decide(SPINE, POLICY, subject(POLICY, "fire-inspection"), "safety.fire", TODAY)
    capped = dataclasses.replace(found, obligations={"nodeCap": Cap(5)})
    check_nodes(capped, 5, 10)
    for decision, nodes, most in ((capped, 6, 10), (capped, 5, 4), (found, 11, 10)):
        with pytest.raises(HubError, match="RESULT_LIMIT"):
            check_nodes(decision, nodes, most)


def test_each_obligation_there_is_is_met_somewhere() -> None:
    assert set(OBLIGATIONS) == {*COUNTED, *MET_ELSEWHERE}


class TestDecisionCacheKept:
    """A kept decision is anybody's; subject and case are the request's own."""

    def asked(self, sub: str, case: str | None = None, purpose: str = "safety.fire") -> Purposed:
        found = stated(purpose, case=case)
        identified = found.identified
        return dataclasses.replace(
            found, identified=dataclasses.replace(identified, subject=dataclasses.replace(identified.subject, sub=sub))
        )

    def test_it_is_what_would_be_decided(self) -> None:
        kept = DecisionCache()
        for sub, case in (("one", None), ("two", "EV-1"), ("one", None)):
            asked = self.asked(sub, case)
            fresh = decide(SPINE, POLICY, asked.identified.subject, "safety.fire", TODAY)
            assert kept.of_request(SPINE, asked, {}) == dataclasses.replace(fresh, case=case)
        assert len(kept) == 1

    def test_nothing_of_a_person_is_kept(self) -> None:
        kept = DecisionCache()
        kept.of_request(SPINE, self.asked("CANARY-SUB", "CANARY-CASE"), {})
        kept.of_request(SPINE, self.asked("CANARY-SUB", "CANARY-CASE"), {"14/99/": "14/03/"})
        decisions = [each for those in kept._kept.values() for each in those.decisions]
        assert len(decisions) == 4
        assert {each.case for each in decisions} == {None}
        assert {each.subject.sub for each in decisions} == {""}
        assert "CANARY" not in repr(decisions)

    def test_grids_that_are_merged_later_are_followed_from_then_on(self) -> None:
        kept, asked = DecisionCache(), self.asked("one")
        fresh = decide(SPINE, POLICY, asked.identified.subject, "safety.fire", TODAY)
        own = fresh.subject.jurisdiction
        for successors in ({}, {own: "14/03/99/"}, {own: None}, {}):
            assert kept.of_request(SPINE, asked, successors) == follow(fresh, successors)

    def test_another_day_or_version_is_another_decision(self) -> None:
        kept = DecisionCache()
        asked = self.asked("one")
        kept.of_request(SPINE, asked, {})
        kept.of_request(SPINE, dataclasses.replace(asked, today=TODAY + dt.timedelta(days=1)), {})
        newer = dataclasses.replace(asked.identified, policy=dataclasses.replace(POLICY, version="newer"))
        assert kept.of_request(SPINE, dataclasses.replace(asked, identified=newer), {}).version == "newer"
        assert len(kept) == 3

    def test_its_size_has_a_limit(self) -> None:
        kept = DecisionCache(limit=10)
        asked = self.asked("one")
        for at in range(100):
            who = dataclasses.replace(asked.identified.subject, application=f"app-{at}")
            kept.of_request(
                SPINE, dataclasses.replace(asked, identified=dataclasses.replace(asked.identified, subject=who)), {}
            )
        assert len(kept) == 10
