"""One application asks for two of its purposes and lays the answers together by a number that both show in clear.

Under the policies of the example, dispatch shows full names and call-back shows telephones. What is recovered is
bounded by what call-back shows: open events of its own street. `sluicegate policy check` names the pair beforehand.
"""

from __future__ import annotations

import datetime as dt

import pytest

from policies.language import load_files, read_folder
from policies.model import PolicySet
from policies.review.joins import joins
from schema import SPINE
from tests.support.inference_county import Attacker, Truth
from tests.support.serving import COUNTY

pytestmark = [pytest.mark.attack, pytest.mark.slow]

CLOSED = """
prohibitions:
  - {id: no-number-in-a-call-back, prohibit: [Event.number], for: [event.callback], basis: law}
"""
DAY = dt.date(2026, 6, 30)


def recovered(truth: Truth, policies: PolicySet) -> set[tuple[str, str]]:
    """Full names with their telephones, as the two answers give them together."""
    by_number = []
    for purpose, shown in (("event.dispatch", "name"), ("event.callback", "phone")):
        attacker = Attacker(truth, policies, "grid-desk", purpose)
        events = attacker.nodes("events", f"number reporter {{ {shown} }}")
        known = (each for each in events if each.get("number") and each.get("reporter"))
        by_number.append({each["number"]: each["reporter"][shown] for each in known})
    names, telephones = by_number
    return {(names[number], telephones[number]) for number in names.keys() & telephones.keys()}


def open_reporters(truth: Truth, street: str) -> set[tuple[str, str]]:
    """Who reported an event of the street that is still open, and lives there."""
    people, events = truth.of("Person"), truth.of("Event")
    return {
        (people[to]["name"], people[to]["phone"])
        for event, edge, to in truth.world.edges
        if edge == "reporter"
        and events[event]["status"] in {"RECEIVED", "ASSIGNED", "HANDLING"}
        and events[event]["region"].startswith(street)
        and people[to]["region"].startswith(street)
    }


def test_case_1_12_two_purposes_joined_by_a_number_show_no_more_than_open_events(truth: Truth) -> None:
    files = read_folder(COUNTY)
    policies = load_files(files, SPINE)
    found = recovered(truth, policies)
    everybody = {(each["name"], each["phone"]) for each in truth.of("Person").values()}
    bound = open_reporters(truth, policies.applications["grid-desk"].jurisdiction)
    print(f"recovered {len(found)} full names with telephones of {len(everybody)}; open events name {len(bound)}")
    assert found <= everybody
    assert found == bound, "the join is complete, and goes no further than what call-back shows"
    assert 0 < len(found) < len(everybody) / 10
    assert [each.keys for each in joins(SPINE, policies, DAY)] == [("Event.number",)], "the check says so"


def test_case_1_12_without_the_key_nothing_is_joined_and_nothing_is_told(truth: Truth) -> None:
    policies = load_files({**read_folder(COUNTY), "closed.yaml": CLOSED.encode()}, SPINE)
    assert recovered(truth, policies) == set()
    assert joins(SPINE, policies, DAY) == []
