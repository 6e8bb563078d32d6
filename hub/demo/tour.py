"""The tour asks one running hub the same question for three purposes, and asserts each answer word by word.

It is what a stranger sees first and what `demo --check` holds to: three answers whose content differs as the policy
says, the statement of each, its record in the log, a text without its names, who looked, as the resident is told it, a
count that is suppressed, and refusals that say what was missing.
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
from hub.demo.tour_accesses import tell_accesses
from hub.demo.tour_client import Asked, TourClient, expect
from hub.demo.tour_text import DISPATCHED, tell_text
from hub.sample.known_people import COMPANION, PROTAGONIST, PROTAGONIST_TICKET
from hub.steward.explain_offline import explain_locally
from policies.masking import age_band
from policies.text.masked_text import PLACEHOLDER
from schema import CATALOGUE
from schema.catalogue import EdgeEnd

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

ABSENT = None
"""What a field is that the purpose may not see: null, with FIELD_DENIED."""

LOOKED = ("fire", "grid-centre", "civil-affairs")
"""The departments of the three stops."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One asking of the question: who, for what, and the whole of what must come back."""

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
                # Her companion is not yet sixty: for this purpose he does not exist.
                "dwellings": [{"usage": ABSENT, "residents": {PROTAGONIST.name}}],
                "reports": ABSENT,
            },
            frozenset({"Person.idNumber", "Person.residency", "Person.reports", "Dwelling.usage"}),
        ),
    )


def _surname(name: str) -> str:
    return f"{name[0]}**"


class Tour(TourClient):
    """Asks a hub over HTTP and tells what comes back."""

    def take(self) -> None:
        """The whole tour; raises TourFailed where something is not as it must be."""
        with self.client:
            self.console.rule("One resident, one question, three purposes 一人一问三种目的")
            self.console.print(Panel(QUESTION, title="the question", expand=False))
            asked = [self._stop(number, stop) for number, stop in enumerate(stops(self.today), 1)]
            asked += tell_text(self)
            asked += tell_accesses(self, LOOKED)
            self._count()
            refused = self._refusals()
            self._log([*asked, *refused])

    def _stop(self, number: int, stop: Stop) -> Asked:
        variables = {"idNumber": PROTAGONIST.id_no}
        asked = self.ask(stop.application, stop.purpose, QUESTION, variables)
        edges = asked.body.get("data", {}).get("people", {}).get("edges", [])
        expect(asked.status == 200 and len(edges) == 1, f"{stop.purpose}: the match finds one resident")
        person = edges[0]["node"]
        body = {"query": QUESTION, "variables": variables}
        found = explain_locally(self.settings, stop.application, "tour", stop.purpose, body)
        self._show(number, stop, person, {line.coordinate for line in found.lines if line.effect.startswith("mask")})
        _compare(stop, person)
        denied = {each["extensions"]["access"]["coordinate"] for each in asked.body.get("errors", ())}
        expect(denied == stop.denied, f"{stop.purpose}: FIELD_DENIED on just the fields it may not see")
        for coordinate in denied - {"Person.idNumber"}:
            expect(_word(coordinate) not in (found.statement or ""), f"{stop.purpose}: {coordinate} is never fetched")
        self.console.print(Panel(found.statement or "", title="the one statement", expand=False, border_style="dim"))
        return asked

    def _show(self, number: int, stop: Stop, person: Mapping[str, Any], masked: set[str]) -> None:
        table = Table(title=f"{number}. {stop.application} asks for {stop.purpose}", title_justify="left")
        for heading in ("field", "answer", ""):
            table.add_column(heading, overflow="fold")
        for name, value in person.items():
            coordinate = f"Person.{name}"
            shown = _shown(value)
            within = "masked in it" if "**" in shown or PLACEHOLDER.search(shown) else ""
            why = "masked" if coordinate in masked else within
            why = "denied, never fetched" if coordinate in stop.denied else why
            table.add_row(name, shown, why)
        self.console.print(table)

    def _count(self) -> None:
        self.console.rule("Those who count, and may list nothing 只计数")
        document = "{ peopleAggregate(groupBy: [REGION_GRID, AGE_BAND]) { regionGrid ageBand count } }"
        asked = self.ask("statistics", "stat", document, {})
        cells = asked.body["data"]["peopleAggregate"]
        shown = [cell for cell in cells if cell["count"] is not None]
        expect(bool(shown) and all(cell["count"] >= 10 for cell in shown), "every count shown is of ten people or more")
        expect(len(shown) < len(cells) and asked.codes == ["SUPPRESSED"], "smaller cells are null, with SUPPRESSED")
        table = Table(title="people by grid and age (some cells)", title_justify="left")
        for heading in ("grid", "age", "people"):
            table.add_column(heading)
        for cell in (cells[0], *cells[6:11]):
            table.add_row(
                cell["regionGrid"], cell["ageBand"], "under 10: null" if cell["count"] is None else str(cell["count"])
            )
        self.console.print(table)
        listed = self.ask("statistics", "stat", "{ people { edges { node { id } } pageInfo { hasNextPage } } }", {})
        expect(listed.body["data"] == {"people": None}, "statistics can list nobody, not even an id")

    def _refusals(self) -> list[Asked]:
        self.console.rule("Refusals say what was missing, and how to ask 拒绝")
        by_phone = '{ people(where: {phone: {startsWith: "199"}}) { edges { node { name } } } }'
        tries: tuple[tuple[str, str | None, str, int, str], ...] = (
            ("fire-inspection", None, "{ buildings { edges { node { name } } } }", 400, "PURPOSE_REQUIRED"),
            ("fire-inspection", "safety", "{ buildings { edges { node { name } } } }", 403, "PURPOSE_DENIED"),
            ("fire-inspection", "safety.fire.rental", by_phone, 400, "FIELD_NOT_FILTERABLE"),
            ("hotline-insight", "voice.analyse", "{ buildings { nme } }", 400, "VALIDATION"),
        )
        refused = []
        table = Table("application", "purpose", "answer", "what it says")
        for application, purpose, document, status, code in tries:
            asked = self.ask(application, purpose, document, {})
            expect((asked.status, asked.codes[:1]) == (status, [code]), f"{code} with status {status}")
            expect("data" not in asked.body, f"{code} carries no data")
            table.add_row(application, purpose or "none", f"{status} {code}", asked.body["errors"][0]["message"])
            refused.append(asked)
        self.console.print(table)
        return refused

    def _log(self, asked: list[Asked]) -> None:
        self.console.rule("Each is in the log 逐条入账")
        table = Table("record", "application", "purpose", "result", "effects", box=SIMPLE)
        table.caption = "effects: coordinates shown in clear / masked / denied"
        for each in asked:
            logged, _ = show(self.settings.audit_log, each.index)
            record = logged.record
            expect(record.request_id == each.body["extensions"]["requestId"], f"record {each.index} is this request's")
            decision = record.decision
            counts = "/".join(str(len(names)) for names in (decision.clear, decision.masked, decision.denied))
            table.add_row(str(each.index), record.application, record.purpose or "none", record.result, counts)
        self.console.print(table)
        verdict = verify(self.settings.audit_log)
        expect(verdict.ok, "the log verifies")
        self.console.print(f"audit verify: clean, {verdict.size} records, root {verdict.root[:16]}…")


def _word(coordinate: str) -> str:
    """How a statement would read the coordinate: a property or a relationship."""
    found = CATALOGUE.coordinate(coordinate)
    return found.relationship if isinstance(found, EdgeEnd) else f".{found.name}"


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _compare(stop: Stop, person: Mapping[str, Any]) -> None:
    expect(person["idNumber"] is None, f"{stop.purpose}: the number that was matched is not shown")
    for name, expected in stop.person.items():
        if name == "dwellings":
            good = _same_dwellings(person[name], expected)
        else:
            good = bool(person[name]) if expected is ... else person[name] == expected
        expect(good, f"{stop.purpose}: {name} is shown as the policy says")


def _same_dwellings(found: Any, wanted: Any) -> bool:
    """Residents come in no particular order; the room number is there, whichever it is."""
    return [(each["usage"], {who["name"] for who in each["residents"]}) for each in found if each["roomNo"]] == [
        (each["usage"], each["residents"]) for each in wanted
    ]
