"""Writes the fire alarms `alarms/alarms.jsonl`, CloudEvents 1.0 to be pushed, specified in docs/sample-county.md,
section 11.

A line is one event, in the order in which the alarm centre sends them. An alarm is raised by one event, and most are
ended by a second.
"""

import copy
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hub.sample.known_people import PROTAGONIST
from hub.sample.whole import words
from hub.sample.whole.defects import Row, count
from hub.sample.whole.world import IMPOSSIBLE_DATE, UNKNOWN_DWELLING, UNKNOWN_GRID, County, Stay, World

STREAM: Final = "alarms"
EVENT_TYPE: Final = "cn.pingding.fire.alarm"
EVENT_SOURCE: Final = "/fire-centre/140321"
FIRST_ALARM: Final = "HJB00000001"
"""The alarm in the protagonist's dwelling."""
_LEAST: Final = 12
_AT_WORK: Final = 0.25
_STILL_RAISED: Final = 0.04
_ENDS: Final = ("误报", "确认", "已扑灭")
_END_WEIGHTS: Final = (80, 12, 8)


def alarms_of(people: int) -> int:
    """Number of good alarms for so many people."""
    return max(_LEAST, people // 100)


def write_alarms(path: Path, county: County, units: list[Row]) -> None:
    """Write all events; `units` are the good units of the register, in which some alarms are."""
    world = World(county, STREAM)
    centre = _Centre(world, units)
    events = list(centre.good())
    events.sort(key=lambda event: (event["time"], event["id"]))
    for planted in centre.planted(events[: len(events) // 2]):
        # Events of one defect stay together, in their order.
        place = world.random.randint(len(events) // 2, len(events))
        events[place:place] = planted
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n" for event in events)
    world.progress("alarms", len(events), len(events))


class _Centre:
    """Makes alarms and their events; each has the next number."""

    def __init__(self, world: World, units: list[Row]) -> None:
        self._world = world
        self._units = units
        self._alarms = self._events = 0

    def good(self) -> Iterator[Row]:
        """The alarm in the protagonist's dwelling, then random ones: two events, or one while it is not ended."""
        world = self._world
        stays = {stay.person.id_no: stay for stay in world.known_stays()}
        for number in range(alarms_of(world.people)):
            alarm = self._alarm(stays[PROTAGONIST.id_no] if number == 0 else world.stay())
            events = [self._event(alarm)]
            if world.random.random() > _STILL_RAISED:
                events.append(self._end(alarm))
            world.tally.good(STREAM, len(events))
            yield from events

    def planted(self, sent: list[Row]) -> Iterator[list[Row]]:
        """The events of each defect; `sent` are good events that come before them."""
        world = self._world
        again = world.random.sample(sent, 2 * world.turns)
        for _ in range(world.turns):
            for reason in ("impossible_date", "unknown_kind", "unknown_grid", "unknown_dwelling", "no_data"):
                event = self._event(self._alarm(world.stay(), at_home=True))
                self._spoil(event, reason)
                count(world.tally, STREAM, reason)
                yield [event]
            for reason in ("id_reused", "duplicate"):
                event = copy.deepcopy(again.pop())
                if reason == "id_reused":
                    event["data"]["kind"] = next(kind for kind in words.ALARM_KINDS if kind != event["data"]["kind"])
                count(world.tally, STREAM, reason)
                yield [event]
            count(world.tally, STREAM, "merged_grid")
            yield [self._event(self._alarm(world.stay_in_merged_grid(), at_home=True))]
            yield self._out_of_order()

    def _out_of_order(self) -> list[Row]:
        """The end of an alarm, and the event that raised it afterwards."""
        alarm = self._alarm(self._world.stay())
        raised, ended = self._event(alarm), self._end(alarm)
        self._world.tally.good(STREAM)
        count(self._world.tally, STREAM, "out_of_order")
        return [ended, raised]

    @staticmethod
    def _spoil(event: Row, reason: str) -> None:
        changes: dict[str, dict[str, Any]] = {
            "impossible_date": {"raisedAt": f"{IMPOSSIBLE_DATE}{event['data']['raisedAt'][10:]}"},
            "unknown_kind": {"kind": words.UNKNOWN_WORD},
            "unknown_grid": {"gridCode": UNKNOWN_GRID},
            "unknown_dwelling": {"dwellingNo": UNKNOWN_DWELLING},
        }
        if reason == "no_data":
            del event["data"]
        else:
            event["data"] |= changes[reason]

    def _alarm(self, stay: Stay, at_home: bool = False) -> Row:
        world, draw = self._world, self._world.random
        self._alarms += 1
        work = not at_home and stay.person is not PROTAGONIST and draw.random() < _AT_WORK
        unit: Row = draw.choice(self._units) if work else {}
        return {
            "alarmNo": f"HJB{self._alarms:08d}",
            "raisedAt": world.moment(180, 2),
            "kind": draw.choices(words.ALARM_KINDS, words.ALARM_KIND_WEIGHTS)[0],
            "status": "报警",
            "dwellingNo": None if work else stay.home.number,
            "creditCode": unit.get("creditCode"),
            "gridCode": unit.get("gridCode", stay.grid),
        }

    def _end(self, alarm: Row) -> Row:
        draw = self._world.random
        ended = datetime.fromisoformat(alarm["raisedAt"]) + timedelta(seconds=draw.randint(90, 7_200))
        status = draw.choices(_ENDS, _END_WEIGHTS)[0]
        return self._event(alarm | {"status": status}, ended.isoformat())

    def _event(self, alarm: Row, time: str = "") -> Row:
        self._events += 1
        return {
            "specversion": "1.0",
            "id": f"{alarm['alarmNo']}-{self._events:09d}",
            "source": EVENT_SOURCE,
            "type": EVENT_TYPE,
            "time": time or alarm["raisedAt"],
            "subject": alarm["alarmNo"],
            "datacontenttype": "application/json",
            "data": dict(alarm),
        }
