"""The page *Why, and why not*: what somebody who need not exist would see of a field, and what each rule would need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import Desk
from hub.console.lanes import Lane
from hub.console.page import Page, Way
from hub.console.review.choices import attributes_known, chosen_of, day_of_form, version_chosen
from hub.console.steward.in_words import Spoken
from hub.console.visitor import Visitor
from hub.console.words import all_words
from hub.steward.acting import READERS
from hub.steward.hypothetical import Asker, Why, why
from policies.model import PolicySet
from policies.rules import Subject

WHY: Final = "why"
ATTRIBUTES: Final = ("department", "role", "level", "jurisdiction")
"""What a hypothetical asker may have of their own; otherwise it is that of the application."""


class WhyPages:
    """The page of one console, for those who may read versions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The page."""
        return (Page(WHY, self.show, frozenset(READERS), "review_why"),)

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What is chosen, and once it is enough, what would be seen and why."""
        hub, asked = self._desk.hub, arrival.request.query_params
        number, versions, policy = await self._desk.beside(
            Lane.POLICY, lambda: version_chosen(hub, asked.get("number", ""))
        )
        coordinates = dict(hub.catalogue.coordinates())
        known: Mapping[str, Any] = {
            "application": policy.applications,
            "purpose": policy.purposes,
            "coordinate": coordinates,
            **attributes_known(policy),
            "case": ("yes",),
        }
        chosen = chosen_of(asked, known)
        day = day_of_form(asked.get("day", ""), hub.now().date())
        facts = {"number": str(number), "day": day.isoformat(), **{name: each for name, each in chosen.items() if each}}
        await self._desk.record_reading(visitor, "why", facts)
        asker = Asker(_subject(policy, chosen), chosen["purpose"], day, bool(chosen["case"]))
        found: Why | None = None
        if chosen["purpose"] and chosen["coordinate"]:
            found = await self._desk.beside(
                Lane.POLICY, lambda: why(hub.catalogue, policy, asker, chosen["coordinate"])
            )
        entity = chosen["coordinate"].partition(".")[0]
        spoken = Spoken(hub.catalogue, policy, all_words()[arrival.language], arrival.language)
        return self._desk.page(
            "review_why",
            arrival,
            visitor,
            number=number,
            versions=versions,
            known=known,
            attributes=ATTRIBUTES,
            chosen=chosen,
            day=day.isoformat(),
            asker=asker,
            found=found,
            spoken=spoken,
            said={each.id: spoken.rows(each.rows.get(entity), entity) for each in policy.grants},
            owner=policy.owners.get(entity),
        )


def _subject(policy: PolicySet, chosen: Mapping[str, str]) -> Subject:
    """Who would ask: an application with its attributes, or with others; nobody registered without an application."""
    application = policy.applications.get(chosen["application"])
    department, role, level, place = (chosen[name] or getattr(application, name, "") for name in ATTRIBUTES)
    return Subject(chosen["application"], department, role, level, place, "")
