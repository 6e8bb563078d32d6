"""The tour of the demo: one question for three purposes, and the checks of every answer.

It shows the three answers, which differ as the policy says, and the statement of each; a text without the names in it;
who accessed the data, as the resident is told; a count with suppressed cells; refusals; and all records in the log.
Every answer is compared with what is expected, and `demo --check` fails if one differs.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE
from rich.panel import Panel
from rich.table import Table

from audit.log import show
from audit.verify import verify
from hub.demo.tour_accesses import show_accesses
from hub.demo.tour_client import TourAnswer, TourClient, expect
from hub.demo.tour_text import DISPATCHED, show_ticket_text
from hub.home.catalogue import catalogue_of
from hub.sample.known_people import COMPANION, PROTAGONIST, PROTAGONIST_TICKET
from hub.steward.explain_query import explain_query
from policies.masking import age_band
from policies.text.masked_text import PLACEHOLDER
from schema.catalogue import Catalogue, EdgeEnd, Field

QUESTION = """\
query Resident($idNumber: String!) {
  people(where: {idNumber: {eq: $idNumber}}) {
    edges {
      node {
        name idNumber phone gender birthDate residency address
        dwellings { usage roomNo residents { name } }
        reports { number status text reporterPhone }
      }
    }
  }
}"""

COUNTS = "{ peopleAggregate(groupBy: [REGION_STREET, AGE_BAND]) { regionStreet ageBand count } }"
"""By street, not by grid: a whole county has more grids and ages than one answer has cells."""

ABSENT = None
"""The value of a field that the purpose may not see: null, with the error FIELD_DENIED."""

DEPARTMENTS = ("fire", "grid-centre", "civil-affairs")
"""The departments of the three stops."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The question asked once: by whom, for which purpose, and the expected answer."""

    application: str
    purpose: str
    person: Mapping[str, Any]
    denied: frozenset[str]


def stops(today: dt.date) -> tuple[Stop, ...]:
    """The three purposes and their expected answers on a given day."""
    band = age_band(PROTAGONIST.birth, today)
    phone, both = PROTAGONIST.phone, (PROTAGONIST.name, COMPANION.name)
    return (
        Stop(
            "fire-inspection",
            "safety.fire.rental",
            {
                "name": _surname(PROTAGONIST.name),
                "phone": f"{phone[:3]}****{phone[-4:]}",
                "birthDate": band,
                "residency": "PERMANENT",
                "gender": ABSENT,
                "address": ABSENT,
                "dwellings": [{"usage": "RENTED", "residents": {_surname(name) for name in both}}],
                "reports": ABSENT,
            },
            frozenset({"Person.idNumber", "Person.gender", "Person.address", "Person.reports"}),
        ),
        Stop(
            "grid-desk",
            "event.dispatch",
            {
                "name": PROTAGONIST.name,
                "phone": f"****{phone[-4:]}",
                "birthDate": band,
                "residency": "PERMANENT",
                "gender": "FEMALE",
                "address": ...,
                "dwellings": [{"usage": "RENTED", "residents": set(both)}],
                "reports": [
                    {
                        "number": PROTAGONIST_TICKET,
                        "status": "HANDLING",
                        "text": DISPATCHED,
                        "reporterPhone": f"****{phone[-4:]}",
                    }
                ],
            },
            frozenset({"Person.idNumber"}),
        ),
        Stop(
            "welfare-visits",
            "welfare.elder",
            {
                "name": PROTAGONIST.name,
                "phone": phone,
                "birthDate": str(PROTAGONIST.birth.year),
                "residency": ABSENT,
                "gender": "FEMALE",
                "address": ...,
                # The other resident is not yet sixty: for this purpose they do not exist.
                "dwellings": [{"usage": ABSENT, "residents": {PROTAGONIST.name}}],
                "reports": ABSENT,
            },
            frozenset({"Person.idNumber", "Person.residency", "Person.reports", "Dwelling.usage"}),
        ),
    )


def _surname(name: str) -> str:
    return f"{name[0]}**"


class Tour(TourClient):
    """Asks a hub over HTTP, and shows and checks the answers."""

    def take(self) -> None:
        """Take the whole tour; raises TourFailed if an answer is not as expected."""
        self.console.rule("One resident, one question, three purposes 同一居民·同一查询·三种目的")
        self.console.print(Panel(QUESTION, title="the question 查询", expand=False))
        answers = [self._ask_at(number, stop) for number, stop in enumerate(stops(self.today), 1)]
        answers += show_ticket_text(self)
        answers += show_accesses(self, DEPARTMENTS)
        answers += self._show_counts()
        refusals = self._show_refusals()
        self._show_log([*answers, *refusals])

    def _ask_at(self, number: int, stop: Stop) -> TourAnswer:
        variables = {"idNumber": PROTAGONIST.id_no}
        answer = self.ask(stop.application, stop.purpose, QUESTION, variables)
        edges = answer.body.get("data", {}).get("people", {}).get("edges", [])
        expect(answer.status == 200 and len(edges) == 1, f"{stop.purpose}: the match finds one resident")
        person = edges[0]["node"]
        body = {"query": QUESTION, "variables": variables}
        found = explain_query(self.settings, stop.application, "tour", stop.purpose, body)
        catalogue = catalogue_of(self.settings)
        self._show_person(
            number, stop, person, {line.coordinate for line in found.lines if line.effect.startswith("mask")}
        )
        _expect_person(stop, person)
        denied = {each["extensions"]["access"]["coordinate"] for each in answer.body.get("errors", ())}
        expect(denied == stop.denied, f"{stop.purpose}: FIELD_DENIED on exactly the fields it may not see")
        for coordinate in denied - {"Person.idNumber"}:
            expect(
                _cypher_name(catalogue, coordinate) not in (found.statement or ""),
                f"{stop.purpose}: {coordinate} is never fetched",
            )
        self.console.print(
            Panel(found.statement or "", title="the one statement 唯一一条查询语句", expand=False, border_style="dim")
        )
        return answer

    def _show_person(self, number: int, stop: Stop, person: Mapping[str, Any], masked: set[str]) -> None:
        table = Table(title=f"{number}. {stop.application} asks for {stop.purpose}", title_justify="left")
        for heading in ("field", "answer", "effect"):
            table.add_column(heading, overflow="fold")
        for name, value in person.items():
            coordinate = f"Person.{name}"
            shown = _value_text(value)
            within = "partly masked" if "**" in shown or PLACEHOLDER.search(shown) else ""
            effect = "masked" if coordinate in masked else within
            effect = "denied, never fetched" if coordinate in stop.denied else effect
            table.add_row(name, shown, effect)
        self.console.print(table)

    def _show_counts(self) -> list[TourAnswer]:
        self.console.rule("Statistics: counts only, nobody is listed 仅限统计")
        answer = self.ask("statistics", "stat", COUNTS, {})
        cells = answer.body["data"]["peopleAggregate"]
        shown = [cell for cell in cells if cell["count"] is not None]
        expect(
            bool(shown) and all(cell["count"] >= 10 for cell in shown),
            "every count that is shown is of ten people or more",
        )
        # In a whole county there may be none.
        told = ["SUPPRESSED"] if len(shown) < len(cells) else []
        expect(answer.codes == told, "smaller cells are null, with SUPPRESSED, which is told of no others")
        table = Table(title="people by street and age (some cells)", title_justify="left")
        for heading in ("street", "age", "people"):
            table.add_column(heading)
        for cell in (cells[0], *cells[6:11]):
            table.add_row(
                cell["regionStreet"], cell["ageBand"], "under 10: null" if cell["count"] is None else str(cell["count"])
            )
        self.console.print(table)
        listed = self.ask("statistics", "stat", "{ people { edges { node { id } } pageInfo { hasNextPage } } }", {})
        expect(listed.body["data"] == {"people": None}, "statistics can list nobody, not even an id")
        return [answer, listed]

    def _show_refusals(self) -> list[TourAnswer]:
        self.console.rule("Refusals say what is missing 拒绝访问")
        by_phone = '{ people(where: {phone: {startsWith: "199"}}) { edges { node { name } } } }'
        tries: tuple[tuple[str, str | None, str, int, str], ...] = (
            ("fire-inspection", None, "{ buildings { edges { node { name } } } }", 400, "PURPOSE_REQUIRED"),
            ("fire-inspection", "safety", "{ buildings { edges { node { name } } } }", 403, "PURPOSE_DENIED"),
            ("fire-inspection", "safety.fire.rental", by_phone, 400, "FIELD_NOT_FILTERABLE"),
            ("hotline-insight", "voice.analyse", "{ buildings { nme } }", 400, "VALIDATION"),
        )
        refusals = []
        table = Table("application", "purpose", "answer", "message")
        for application, purpose, document, status, code in tries:
            answer = self.ask(application, purpose, document, {})
            expect((answer.status, answer.codes[:1]) == (status, [code]), f"{code} with status {status}")
            expect("data" not in answer.body, f"{code} carries no data")
            table.add_row(application, purpose or "none", f"{status} {code}", answer.body["errors"][0]["message"])
            refusals.append(answer)
        self.console.print(table)
        return refusals

    def _show_log(self, answers: list[TourAnswer]) -> None:
        self.console.rule("Every request is in the audit log 逐条记入审计日志")
        table = Table("record", "application", "purpose", "result", "effects", box=SIMPLE)
        table.caption = "effects: number of fields in clear / masked / denied"
        for each in answers:
            logged, _ = show(self.settings.audit_log, each.index)
            record = logged.record
            expect(record.request_id == each.body["extensions"]["requestId"], f"record {each.index} is this request's")
            decision = record.decision
            counts = "/".join(str(len(names)) for names in (decision.clear, decision.masked, decision.denied))
            table.add_row(str(each.index), record.application, record.purpose or "none", record.result, counts)
        self.console.print(table)
        result = verify(self.settings.audit_log)
        expect(result.ok, "the log verifies")
        self.console.print(f"audit verify: ok, {result.size} records, root {result.root[:16]}…")


def _cypher_name(catalogue: Catalogue, coordinate: str) -> str:
    """The text by which a statement would read the coordinate: a property or a relationship."""
    found = catalogue.coordinate(coordinate)
    if isinstance(found, EdgeEnd):
        return found.relationship
    return f".{found.name}" if isinstance(found, Field) else "ASSERTS"


def _value_text(value: Any) -> str:
    if value is None:
        return "—"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _expect_person(stop: Stop, person: Mapping[str, Any]) -> None:
    expect(person["idNumber"] is None, f"{stop.purpose}: the number that was matched is not shown")
    for name, expected in stop.person.items():
        if name == "dwellings":
            good = _same_dwellings(person[name], expected)
        else:
            good = bool(person[name]) if expected is ... else person[name] == expected
        expect(good, f"{stop.purpose}: {name} is shown as the policy says")


def _same_dwellings(dwellings: Any, expected: Any) -> bool:
    """Whether dwellings are as expected: residents in any order, any room number."""
    return [(each["usage"], {who["name"] for who in each["residents"]}) for each in dwellings if each["roomNo"]] == [
        (each["usage"], each["residents"]) for each in expected
    ]
