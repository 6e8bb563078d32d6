"""The resident of the tour asks who looked, and is told each department and purpose of the tour, and nobody's name.

The part of the tour on "who saw my data": the resident's own application finds the person by a match, and asks for the
day. `hub/request/accesses.py` answers it from the log.
"""

from __future__ import annotations

from collections.abc import Collection

from rich.table import Table

from hub.demo.tour_client import Asked, TourClient, expect
from hub.sample.known_people import PROTAGONIST

APPLICATION, PURPOSE = "own-data", "self"
FIND = "query Me($number: String!) { people(where: {idNumber: {eq: $number}}) { edges { node { id } } } }"
WHO = "query Who($me: ID!, $day: Date) { accessesOf(person: $me, since: $day) { day department purposeTitle kinds } }"


def tell_accesses(tour: TourClient, looked: Collection[str]) -> list[Asked]:
    """Ask, show and assert; `looked` are the departments that the tour asked for. Returns what was asked."""
    tour.console.rule("The resident asks who looked 谁看过我的数据")
    found = tour.ask(APPLICATION, PURPOSE, FIND, {"number": PROTAGONIST.id_no})
    edges = found.body["data"]["people"]["edges"]
    expect(len(edges) == 1, f"{PURPOSE}: the match finds one resident")
    told = tour.ask(APPLICATION, PURPOSE, WHO, {"me": edges[0]["node"]["id"], "day": tour.today.isoformat()})
    rows = told.body["data"]["accessesOf"]
    expect({row["department"] for row in rows} >= {*looked}, "the resident is told of each department that looked")
    table = Table("day", "department", "purpose", "kinds of data")
    for row in rows:
        table.add_row(row["day"], row["department"], row["purposeTitle"], ", ".join(row["kinds"]) or "none")
    tour.console.print(table)
    return [found, told]
