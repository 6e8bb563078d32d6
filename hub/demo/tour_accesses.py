"""The part of the tour on "who accessed my data".

The resident's own application names the person in full and asks for the accesses of the day; the answer must name every
department of the tour, and no person. Asked for a list, it is denied. `hub/request/accesses.py` answers from the log.
"""

from __future__ import annotations

from collections.abc import Collection

from rich.table import Table

from hub.demo.tour_client import TourAnswer, TourClient, expect
from hub.sample.known_people import PROTAGONIST

APPLICATION, PURPOSE = "own-data", "self"
LIST = "{ people(first: 1) { edges { node { id } } } }"
WHO = (
    "query Who($number: String!, $day: Date) { accessesOf(where: {idNumber: {eq: $number}}, since: $day) "
    "{ day department purposeTitle kinds } }"
)


def show_accesses(tour: TourClient, departments: Collection[str]) -> list[TourAnswer]:
    """Ask, show and check; `departments` are those that asked in the tour. Returns the answers."""
    tour.console.rule("The resident asks who accessed their data 谁访问了我的数据")
    listed = tour.ask(APPLICATION, PURPOSE, LIST, {})
    expect(listed.body["data"]["people"] is None, f"{PURPOSE}: nobody is listed")
    number_and_day = {"number": PROTAGONIST.id_no, "day": tour.today.isoformat()}
    accesses = tour.ask(APPLICATION, PURPOSE, WHO, number_and_day)
    rows = accesses.body["data"]["accessesOf"]
    expect({row["department"] for row in rows} >= {*departments}, "the resident is told of each department that asked")
    table = Table("day", "department", "purpose", "kinds of data")
    for row in rows:
        table.add_row(row["day"], row["department"], row["purposeTitle"], ", ".join(row["kinds"]) or "none")
    tour.console.print(table)
    return [listed, accesses]
