"""F12: each delivered change is one statement and one record, with what was shown; what is hidden leaves nothing."""

from __future__ import annotations

import pytest

from tests.support.subscribing.scene import Scene, check_one_delivery

pytestmark = pytest.mark.attack


def test_f12_each_delivery_is_one_statement_and_one_record(scene: Scene) -> None:
    scene.write([("E1", "RECEIVED", "001")])
    desk = scene.subscribe()
    scene.opened(desk)
    check_one_delivery(scene, desk, "E1")
    desk.close()


def test_f12_an_operation_is_recorded_when_it_is_opened(scene: Scene) -> None:
    before = len(scene.records("query"))
    desk = scene.subscribe()
    scene.opened(desk)
    (record,) = scene.records("query")[before:]
    assert (record.nodes, record.http_status, record.result) == (0, 0, "OK")
    desk.close()


def test_f12_what_lies_elsewhere_is_neither_told_nor_recorded(scene: Scene) -> None:
    """A message, a record or a price for each would tell how much changes out of sight."""
    scene.write([("E2", "RECEIVED", "001"), ("E3", "RECEIVED", "100")])
    desk = scene.subscribe()
    scene.opened(desk)
    before = len(scene.records())
    scene.write([("E2", "RECEIVED", "001"), ("E3", "CLOSED", "100")])
    assert desk.is_silent()
    assert [each.kind for each in scene.records()[before:] if each.kind != "pull"] == []
    scene.write([("E2", "CLOSED", "001"), ("E3", "CLOSED", "100")])
    assert desk.next()["data"]["eventChanged"]["number"] == "E2"
    desk.close()


def test_f12_a_node_that_changes_several_times_is_told_as_it_is(scene: Scene) -> None:
    scene.write([("E4", "RECEIVED", "001")])
    desk = scene.subscribe()
    scene.opened(desk)
    before = len(scene.records("query"))
    for status in ("HANDLING", "RECEIVED", "CLOSED"):
        scene.write([("E4", status, "001")])
    seen = [desk.next()["data"]["eventChanged"]["status"]]
    while not desk.is_silent(0.1) and len(seen) < 3:
        seen.append("more")
    assert len(scene.records("query")) - before <= 3
    desk.close()
