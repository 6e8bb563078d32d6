"""The part of the tour on "who accessed my data".

The resident's own application finds the person by a match, and asks for the accesses of the day; the answer must name
every department of the tour, and no person. `hub/request/accesses.py` answers from the log.
"""

from __future__ import annotations

from collections.abc import Collection

from rich.table import Table

from hub.demo.tour_client import TourAnswer, TourClient, expect
from hub.sample.known_people import PROTAGONIST

APPLICATION, PURPOSE = "own-data", "self"
FIND = "query Me($number: String!) { people(where: {idNumber: {eq: $number}}) { edges { node { id } } } }"
WHO = "query Who($me: ID!, $day: Date) { accessesOf(person: $me, since: $day) { day department purposeTitle kinds } }"


def show_accesses(tour: TourClient, departments: Collection[str]) -> list[TourAnswer]:
    """Ask, show and check; `departments` are those that asked in the tour. Returns the answers."""
    tour.console.rule("The resident asks who accessed their data 谁访问了我的数据")
    found = tour.ask(APPLICATION, PURPOSE, FIND, {"number": PROTAGONIST.id_no})
    edges = found.body["data"]["people"]["edges"]
    expect(len(edges) == 1, f"{PURPOSE}: the match finds one resident")
    accesses = tour.ask(APPLICATION, PURPOSE, WHO, {"me": edges[0]["node"]["id"], "day": tour.today.isoformat()})
    rows = accesses.body["data"]["accessesOf"]
    expect({row["department"] for row in rows} >= {*departments}, "the resident is told of each department that asked")
    table = Table("day", "department", "purpose", "kinds of data")
    for row in rows:
        table.add_row(row["day"], row["department"], row["purposeTitle"], ", ".join(row["kinds"]) or "none")
    tour.console.print(table)
    return [found, accesses]
