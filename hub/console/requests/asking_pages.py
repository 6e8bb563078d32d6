"""The developer's pages: the fields to ask for, the form, the requests of an account, and what became of each.

The form tells what the schema tells, and the purposes of the policy: never what another application may see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.page import SHOW, Change, Page, Way, shown_again
from hub.console.refusals import PageRefused
from hub.console.requests.choices import chosen_fields, groups_of
from hub.console.requests.desk_work import (
    Followed,
    applications_of,
    ask,
    asked_already,
    asked_by,
    own_request,
    withdraw,
)
from hub.console.visitor import Visitor
from hub.request.denials import EXPECTED_WORKING_DAYS
from policies.requests.model import LONGEST_LINE, LONGEST_TEXT, MOST_FIELDS, text_of
from policies.requests.sheet import Fault, Sheet, last_day, masks_now, new_form, purposes_to_ask, wishes_of
from policies.requests.store import MOST_OPEN_OF_APPLICATION, MOST_OPEN_OF_PERSON, TooMany
from policies.stewards import Role
from policies.versions import ChangeRefused

REQUESTS: Final = "requests"
FIELDS: Final = "requests/fields"
NEW: Final = "requests/new"
ONE: Final = "requests/one"
QUERY: Final = "developer/query"
CATALOGUE: Final = "developer/catalogue"
ANYWAY: Final = "anyway"
"""The field of a form that was warned that the same is asked already, and is sent nevertheless."""
WISH: Final = "wish/"
"""What stands before a coordinate in the name of its field."""


class AskingPages:
    """The pages of those who ask."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        developers = frozenset({Role.DEVELOPER})
        return (
            Page(REQUESTS, self.show, developers, "ask_mine"),
            Page(FIELDS, self.choose, developers),
            Page(NEW, self.new, developers),
            Page(ONE, self.show_one, developers),
            Change("requests/ask", self.ask, developers, shown_again),
            Change("requests/withdraw", self.withdraw, developers),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What the visitor asked, and where it stands."""
        hub, who = self._desk.hub, (visitor.steward, visitor.actor)
        found = await self._desk.beside(Lane.POLICY, lambda: asked_by(hub, *who))
        await self._desk.record_reading(visitor, "requests", {"requests": str(len(found))})
        mine = applications_of(hub, visitor.steward)
        sent = _number_of(arrival.request.query_params.get("sent", ""))
        return self._desk.page(
            "ask_mine",
            arrival,
            visitor,
            found=found,
            mine=mine,
            sent=sent,
            policy=hub.policy,
            known=dict(hub.catalogue.coordinates()),
            fields=HOME + FIELDS,
            one=HOME + ONE,
        )

    async def choose(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The fields of the catalogue, to choose from. It says what the schema says, so that it is not recorded."""
        catalogue, asked = self._desk.hub.catalogue, arrival.request.query_params
        mine = applications_of(self._desk.hub, visitor.steward)
        chosen = chosen_fields(asked.getlist("field"), catalogue)
        only, containing = asked.get("type", ""), asked.get("text", "").strip()
        if only and only not in catalogue:
            raise PageRefused("choice", name="type")
        return self._desk.page(
            "ask_fields",
            arrival,
            visitor,
            mine=mine,
            application=asked.get("application", ""),
            types=list(catalogue),
            only=only,
            text=containing[:100],
            groups=groups_of(catalogue, chosen, only, containing, arrival.language),
            most=MOST_FIELDS,
            fields=HOME + FIELDS,
            new=HOME + NEW,
        )

    async def new(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The form for the application, the purpose and the fields that the address names, and what is `wanted`.

        With `again` it is filled as that request of the visitor's was.
        """
        catalogue, asked = self._desk.hub.catalogue, arrival.request.query_params
        if "again" in asked:
            return self._form(arrival, visitor, await self._again(visitor, asked["again"]))
        names = asked.getlist("field")
        chosen = chosen_fields(names, catalogue)
        if set(names) - set(chosen):
            raise PageRefused("choice", name="field")
        if not 0 < len(chosen) <= MOST_FIELDS:
            raise PageRefused("ask_fields", most=str(MOST_FIELDS))
        known, wanted = dict(catalogue.coordinates()), asked.get("wanted", "")
        if wanted and any(wanted not in wishes_of(known[name]) for name in chosen):
            raise PageRefused("choice", name="wanted")
        fields = dict.fromkeys(chosen, wanted)
        sheet = Sheet(new_form(), asked.get("application", ""), asked.get("purpose", ""), fields)
        return self._form(arrival, visitor, sheet)

    async def ask(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Ask what a form says, or tell what is wrong with it and keep what was written."""
        hub, sheet = self._desk.hub, _sheet(form)
        if form.get("act") == SHOW:
            return self._form(arrival, visitor, sheet)
        who = (visitor.steward, visitor.actor)
        if ANYWAY not in form:
            before = await self._desk.beside(Lane.POLICY, lambda: asked_already(hub, *who, sheet))
            if before is not None:
                page = self._form(arrival, visitor, sheet, before=before)
                page.status_code = 409
                return page
        try:
            made = await self._desk.beside(Lane.POLICY, lambda: ask(hub, *who, sheet, self._desk.texts))
        except TooMany:
            names = {"person": str(MOST_OPEN_OF_PERSON), "application": str(MOST_OPEN_OF_APPLICATION)}
            raise PageRefused("ask_many", **names) from None
        faults = [each for each in made if isinstance(each, Fault)]
        if faults:
            page = self._form(arrival, visitor, sheet, faults)
            page.status_code = 400
            return page
        asked = [each.id for each in made if not isinstance(each, Fault)]
        return go_to(f"{HOME}{ONE}?id={asked[0]}" if len(asked) == 1 else f"{HOME}{REQUESTS}?sent={len(asked)}")

    async def _again(self, visitor: Visitor, name: str) -> Sheet:
        """A new form that says what a request of the visitor's said, but for the last day and what is gone by now."""
        hub, who = self._desk.hub, (visitor.steward, visitor.actor)
        found = await self._desk.beside(Lane.POLICY, lambda: own_request(hub, *who, name))
        before, known = found.request, dict(hub.catalogue.coordinates())
        await self._desk.record_reading(visitor, "requests one", {"request": before.id})
        wishes = {each: wishes_of(known[each]) for each in before.fields if each in known}
        fields = {each: before.fields[each] if before.fields[each] in may else "" for each, may in wishes.items()}
        texts = {"rows": before.rows, "basis": before.basis, "reason": before.reason}
        return Sheet(new_form(), before.application, before.purpose, fields, **texts)

    def _form(
        self,
        arrival: Arrival,
        visitor: Visitor,
        sheet: Sheet,
        faults: Sequence[Fault] = (),
        before: Followed | None = None,
    ) -> Response:
        hub, today = self._desk.hub, self._desk.hub.now().date()
        known, mine = dict(hub.catalogue.coordinates()), applications_of(hub, visitor.steward)
        told = (
            sheet.application in mine and sheet.purpose in hub.policy.purposes and sheet.fields.keys() <= known.keys()
        )
        content: dict[str, Any] = {
            "rows": [
                (name, known[name], wishes_of(known[name]), wanted)
                for name, wanted in sheet.fields.items()
                if name in known
            ],
            "now": masks_now(sheet, hub.catalogue, hub.policy, today) if told else {},
            "owners": hub.policy.owners,
            "purposes": purposes_to_ask(hub.policy, today),
            "last_day": last_day(hub.policy, sheet.purpose, today),
        }
        return self._desk.page(
            "ask_new",
            arrival,
            visitor,
            sheet=sheet,
            faults=faults,
            before=before,
            anyway=ANYWAY,
            one=HOME + ONE,
            mine=mine,
            wish_name=WISH,
            longest=LONGEST_TEXT,
            longest_line=LONGEST_LINE,
            days=str(EXPECTED_WORKING_DAYS),
            fields=HOME + FIELDS,
            **content,
        )

    async def show_one(self, arrival: Arrival, visitor: Visitor) -> Response:
        """One request of the visitor's."""
        return await self._one(arrival, visitor, arrival.request.query_params.get("id", ""))

    async def withdraw(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Take one back."""
        hub, name = self._desk.hub, form.get("id", "")
        try:
            await self._desk.beside(Lane.POLICY, lambda: withdraw(hub, visitor.steward, visitor.actor, name))
        except ChangeRefused as refused:
            page = await self._one(arrival, visitor, name, str(refused))
            page.status_code = 400
            return page
        return go_to(f"{HOME}{ONE}?id={name}")

    async def _one(self, arrival: Arrival, visitor: Visitor, name: str, problem: str = "") -> Response:
        hub, who = self._desk.hub, (visitor.steward, visitor.actor)
        found = await self._desk.beside(Lane.POLICY, lambda: own_request(hub, *who, name))
        await self._desk.record_reading(visitor, "requests one", {"request": found.request.id})
        return self._desk.page(
            "ask_one",
            arrival,
            visitor,
            found=found,
            problem=problem,
            policy=hub.policy,
            known=dict(hub.catalogue.coordinates()),
            mine=HOME + REQUESTS,
            new=HOME + NEW,
            query=HOME + QUERY,
            catalogue=HOME + CATALOGUE,
        )


def _number_of(text: str) -> str:
    """How many requests a form made, as the address says after it was sent; empty for anything else."""
    return text if re.fullmatch("[1-9][0-9]?", text, re.ASCII) else ""


def _sheet(form: Mapping[str, str]) -> Sheet:
    """What a form says; its texts with the line ends of this system."""
    return Sheet(
        form=form.get("form", ""),
        application=form.get("application", ""),
        purpose=form.get("purpose", ""),
        fields={name.removeprefix(WISH): text for name, text in form.items() if name.startswith(WISH)},
        rows=text_of(form.get("rows", "")),
        basis=text_of(form.get("basis", "")),
        until=form.get("until", ""),
        reason=text_of(form.get("reason", "")),
    )
