"""E: what is masked is masked wherever and however it is asked for, and a short or odd value shows no more."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from policies import masking
from tests.support.attack_scene import Scene
from tests.support.small_graph import SCHEMA, TODAY

pytestmark = pytest.mark.attack
KEYS = (b"a" * 32, b"b" * 32)


@pytest.mark.parametrize(
    "selection",
    [
        *("name phone", "a: name b: phone", "... on Person { x: name y: phone }"),
        *("...f", "dwellings { residents { name phone } }", "dwellings { residents { ...f } }"),
    ],
)
def test_e01_masked_everywhere(scene: Scene, selection: str) -> None:
    fragment = " fragment f on Person { name p: phone }" if "...f" in selection else ""
    where = "region: {isNull: true}"  # to the desk: whoever is not of its street
    document = f"{{ people(where: {{{where}}}) {{ edges {{ node {{ id {selection} }} }} }} }}{fragment}"
    answer = json.dumps(scene.desk(document).answer.data, ensure_ascii=False)
    assert not [each for each in ("CANARY", "鸩") if each in answer]
    assert "13811110003" not in answer
    if "residents" not in selection:
        assert "祁**" in answer
        assert "138****0003" in answer


def test_e02_free_text_is_redacted_whole(scene: Scene) -> None:
    shown = scene.desk("{ events { edges { node { number text } } } }").answer.data["events"]["edges"]
    assert {each["node"]["text"] for each in shown} == {masking.REDACTED}


def test_e08_short_values_are_hidden_whole(scene: Scene) -> None:
    document = '{ events(where: {number: {eq: "E2"}}) { edges { node { reporterPhone } } } }'
    (shown,) = scene.desk(document).answer.data["events"]["edges"]
    assert shown["node"]["reporterPhone"] == "***"


@pytest.mark.parametrize(
    "rung",
    [
        *("redact", "partial(3,4)", "surname", "initial", "year", "age_band"),
        *("region(STREET)", "round(10)", "pseudonym", "address(street)"),
    ],
)
@pytest.mark.parametrize("value", [5, -5.5, True, dt.date(2000, 2, 29), "RENTED", "", [], {}], ids=str)
def test_e09_a_value_of_any_type_is_never_raw_and_never_a_fault(rung: str, value: object) -> None:
    shown = masking.mask_fetched(rung, value, TODAY, KEYS[0])
    assert shown is None or isinstance(shown, str | int | float)
    if rung == "region(STREET)":
        return  # a text without a separator is a path of one segment, which lies above the level
    assert shown is None or shown != value


def test_e09_an_empty_cell_stays_empty(scene: Scene) -> None:
    document = '{ people(where: {name: {eq: "祁鸩信"}}) { edges { node { phone birthDate } } } }'
    (shown,) = scene.desk(document).answer.data["people"]["edges"]
    assert shown["node"] == {"phone": None, "birthDate": "20-29"}


def test_e10_a_small_domain_cannot_be_tried_through() -> None:
    pseudonym = masking.parse("pseudonym")
    ours, theirs = (pseudonym.apply("13811110003", TODAY, key) for key in KEYS)
    assert ours != theirs
    tried = {pseudonym.apply(f"1381111{last:04}", TODAY, KEYS[1]) for last in range(10_000)}
    assert theirs in tried
    assert ours not in tried
    with pytest.raises(masking.MaskError):
        pseudonym.apply("13811110003", TODAY)


def test_e12_no_function_takes_a_text_apart() -> None:
    arguments = {
        argument
        for made in SCHEMA.type_map.values()
        if not made.name.startswith("__")
        for each in getattr(made, "fields", {}).values()
        for argument in getattr(each, "args", {})
    }
    # Ids, a page, a condition, an order, a grouping; whose accesses, from which day to which; the number of an alert;
    # what an answer of the spine is asked with; and of the policy, as whom, for which purpose and about which field.
    of_data = {"id", "ids", "first", "after", "last", "before", "where", "orderBy", "groupBy", "since", "until"}
    assert arguments == of_data | {"years", "of", "atLeast", "asker", "purpose", "coordinate"}


def test_e14_ids_and_cursors_hold_no_value(scene: Scene) -> None:
    document = "{ people { edges { cursor node { id } } } }"
    edges = scene.desk(document).answer.data["people"]["edges"]
    again = scene.desk(document).answer.data["people"]["edges"]
    assert [each["node"]["id"] for each in edges] == [each["node"]["id"] for each in again]
    assert len({len(each["node"]["id"]) for each in edges}) == 1
    assert not {each["cursor"] for each in edges} & {each["cursor"] for each in again}
    elsewhere = scene.ask("desk", "event.call", document).answer.data["people"]["edges"]
    assert not {each["node"]["id"] for each in edges} & {each["node"]["id"] for each in elsewhere}


@pytest.mark.parametrize(
    ("born", "today", "band"),
    [
        (dt.date(2000, 2, 29), dt.date(2020, 2, 28), "10-19"),
        (dt.date(2000, 2, 29), dt.date(2020, 2, 29), "20-29"),
        (dt.date(2000, 2, 29), dt.date(2030, 2, 28), "20-29"),
        (dt.date(2000, 2, 29), dt.date(2030, 3, 1), "30-39"),
        (dt.date(1936, 6, 30), TODAY, "90+"),
        (dt.date(1900, 1, 1), TODAY, "90+"),
        (TODAY + dt.timedelta(days=1), TODAY, None),
    ],
)
def test_e16_generalised_ages(born: dt.date, today: dt.date, band: str | None) -> None:
    assert masking.age_band(born, today) == band


def test_e16_the_threshold_is_held_after_generalising(scene: Scene) -> None:
    document = "{ peopleAggregate(groupBy: [REGION_STREET]) { regionStreet count } }"
    rows = scene.ask("counter", "stat", document).answer.data["peopleAggregate"]
    assert {row["regionStreet"]: row["count"] for row in rows} == {"14/03/21/001/": None, "14/03/21/002/": None}
