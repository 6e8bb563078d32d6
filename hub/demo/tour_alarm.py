"""The part of the tour on a fire alarm, which the fire centre pushed: one question over four registers.

Whoever answers the alarm learns where it is, who lives there and how to ring them, and what an inspection found; no
rent, no id number, and nobody who is named in a finding.
"""

from __future__ import annotations

from typing import Any, Final

from rich.table import Table

from hub.demo.tour_client import TourAnswer, TourClient, expect
from hub.sample.known_people import COMPANION, PROTAGONIST
from hub.sample.whole.alarms import FIRST_ALARM

APPLICATION: Final = "fire-response"
PURPOSE: Final = "safety.fire.alarm"
QUESTION: Final = """\
query Alarm($number: String!) {
  alarms(where: {number: {eq: $number}}) {
    edges { node { kind dwelling {
      roomNo usage
      residents { name phone idNumber }
      tenancies { status occupants rent }
      inspections { kind findings }
    } } }
  }
}"""
DENIED: Final = frozenset({"Person.idNumber", "Tenancy.rent"})


def show_alarm(tour: TourClient) -> list[TourAnswer]:
    """Ask, show and check; returns the answer."""
    tour.console.rule("A fire alarm: one question over four registers 火警")
    answer = tour.ask(APPLICATION, PURPOSE, QUESTION, {"number": FIRST_ALARM})
    edges = (answer.body.get("data", {}).get("alarms") or {}).get("edges", [])
    expect(answer.status == 200 and len(edges) == 1, f"{PURPOSE}: the alarm that was pushed is found")
    denied = {each["coordinate"] for each in answer.access.get("denied", ())}
    expect(denied == DENIED, f"{PURPOSE}: told that rent and id number are denied")
    alarm = edges[0]["node"]
    _expect_dwelling(alarm["dwelling"])
    tour.console.print(_table(alarm))
    return [answer]


def _expect_dwelling(dwelling: dict[str, Any]) -> None:
    known = {(f"{each.name[0]}**", each.phone, None) for each in (PROTAGONIST, COMPANION)}
    residents = {(each["name"], each["phone"], each["idNumber"]) for each in dwelling["residents"]}
    expect(residents == known, f"{PURPOSE}: residents by surname, with the telephone")
    expect(
        dwelling["tenancies"] == [{"status": "CONFIRMED", "occupants": 2, "rent": None}],
        f"{PURPOSE}: the tenancy with its number of people",
    )
    findings = "".join(each["findings"] or "" for each in dwelling["inspections"])
    expect("电动车入户充电" in findings, f"{PURPOSE}: what the inspection found can be read")
    named = (COMPANION.name, COMPANION.phone, COMPANION.id_no)
    expect(not any(each in findings for each in named), f"{PURPOSE}: nobody is named in what was found")


def _table(alarm: dict[str, Any]) -> Table:
    dwelling = alarm["dwelling"]
    table = Table("register", show_header=True)
    table.add_column("answer", overflow="fold")
    table.add_row("fire centre (pushed)", f"{alarm['kind']} in room {dwelling['roomNo']}, {dwelling['usage']}")
    table.add_row("household register", ", ".join(f"{each['name']} {each['phone']}" for each in dwelling["residents"]))
    for each in dwelling["tenancies"]:
        table.add_row("tenancies", f"{each['status']}, {each['occupants']} people")
    for each in dwelling["inspections"]:
        table.add_row("inspections", f"{each['kind']}: {each['findings']}")
    return table
