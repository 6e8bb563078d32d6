"""The matrix of purposes and fields, and the page of one cell: the rules behind it, and on which rows they hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.departments import options_of
from hub.console.desk import HOME, Desk
from hub.console.lanes import Lane
from hub.console.page import Page, Way
from hub.console.refusals import PageRefused
from hub.console.steward.in_words import spoken_in
from hub.console.steward.matrix import Chosen, Effect, Sensitivity, matrix_of
from hub.console.steward.since import Origins
from hub.console.visitor import Visitor
from hub.console.words import all_words
from hub.steward.acting import READERS
from hub.steward.explain_coordinate import explain_coordinate
from policies.decide import applicable, prohibitions_on
from policies.model import Application, PolicySet, Purpose
from policies.obligations import strictest
from policies.review.check import subject_of
from policies.rules import Grant
from schema.interface.languages import name_in

PATH: Final = "matrix"
CELL: Final = "matrix/cell"
LONGEST_TEXT: Final = 100


class MatrixPages:
    """The two pages, for those who may read versions."""

    def __init__(self, desk: Desk, origins: Origins) -> None:
        self._desk, self._origins = desk, origins

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        readers = frozenset(READERS)
        return Page(PATH, self.show, readers, "matrix"), Page(CELL, self.show_cell, readers)

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The matrix of what is chosen."""
        hub, policy, today = self._desk.hub, self._desk.hub.policy, self._desk.hub.now().date()
        chosen = _chosen(arrival, policy)
        facts = _given(chosen)
        if chosen.text:
            facts["text"] = hub.digester.digest("value", chosen.text)
        await self._desk.record_reading(visitor, "matrix", facts)
        # Beside the event loop, page and all: 60 purposes × 300 fields take a quarter of a second.
        return await hub.processor.do(
            ("console", visitor.account, ""), lambda: self._matrix(arrival, visitor, policy, chosen, today), long=True
        )

    def _matrix(
        self, arrival: Arrival, visitor: Visitor, policy: PolicySet, chosen: Chosen, today: dt.date
    ) -> Response:
        words = all_words()[arrival.language]
        return self._desk.page(
            "matrix",
            arrival,
            visitor,
            matrix=matrix_of(self._desk.hub.catalogue, policy, chosen, today),
            chosen=_given(chosen),
            choices={
                "department": options_of(policy, _departments(policy), arrival.language),
                "application": _named(policy.applications.values(), arrival.language),
                "purpose": _named(policy.purposes.values(), arrival.language),
                "sensitivity": [(each, words[f"sensitivity_{each}"]) for each in Sensitivity],
            },
            longest=LONGEST_TEXT,
            signs={each: words[f"sign_{each}"] for each in Effect},
            titles=policy.purposes,
            version=policy.version,
            cell=HOME + CELL,
            more=f"&{urlencode({'application': chosen.application})}" if chosen.application else "",
        )

    async def show_cell(self, arrival: Arrival, visitor: Visitor) -> Response:
        """Why a purpose may see of a coordinate what it may, for each application that asks for it."""
        hub, asked = self._desk.hub, arrival.request.query_params
        policy, today = hub.policy, hub.now().date()
        chosen, coordinate = _chosen(arrival, policy), asked.get("coordinate", "")
        if not chosen.purpose:
            raise PageRefused("choice", name="purpose")
        words_of = dict(hub.catalogue.coordinates()).get(coordinate)
        if words_of is None:
            raise PageRefused("choice", name="coordinate")
        facts = {"purpose": chosen.purpose, "coordinate": coordinate}
        found = [
            explain_coordinate(hub.catalogue, policy, each.id, chosen.purpose, coordinate, today)
            for each in chosen.applications(policy)
        ]
        entity, spoken = coordinate.partition(".")[0], spoken_in(hub, arrival.language)
        granted = {each.application: _grants(policy, each.application, chosen.purpose, today) for each in found}
        since = await self._desk.beside(Lane.POLICY, lambda: self._origins.of(hub))
        await self._desk.record_reading(visitor, "matrix cell", facts)
        return self._desk.page(
            "cell",
            arrival,
            visitor,
            coordinate=coordinate,
            words_of=words_of,
            purpose=policy.purposes[chosen.purpose],
            found=[each for each in found if each.granted],
            owner=policy.owners.get(entity),
            prohibitions=prohibitions_on(policy, chosen.purpose).get(coordinate, ()),
            spoken=spoken,
            rows={
                grant.id: spoken.rows(grant.rows.get(entity), entity) for grants in granted.values() for grant in grants
            },
            duties={
                application: [
                    spoken.duty(*each) for each in sorted(strictest(grant.obligations for grant in grants).items())
                ]
                for application, grants in granted.items()
            },
            may_write="steward" in visitor.roles and policy.owners.get(entity) in {None, *visitor.steward.owns},
            chosen=chosen,
            since=since,
            version=policy.version,
        )


def _grants(policy: PolicySet, application: str, purpose: str, today: dt.date) -> tuple[Grant, ...]:
    """The grants in force of an application for a purpose."""
    return applicable(policy, subject_of(policy.applications[application]), purpose, today)


def _chosen(arrival: Arrival, policy: PolicySet) -> Chosen:
    """What the address names; PageRefused for a name that the policy does not have."""
    asked = arrival.request.query_params
    chosen = Chosen(**{each.name: asked.get(each.name, "") for each in fields(Chosen)})
    known: Mapping[str, Collection[str]] = {
        "department": _departments(policy),
        "application": policy.applications,
        "purpose": policy.purposes,
        "sensitivity": set(Sensitivity),
    }
    for name, allowed in known.items():
        if getattr(chosen, name) not in {"", *allowed}:
            raise PageRefused("choice", name=name)
    return replace(chosen, text=chosen.text.strip()[:LONGEST_TEXT])


def _named(things: Iterable[Application | Purpose], language: str) -> list[tuple[str, str]]:
    """The id of each, and what is shown of it."""
    return [(each.id, f"{name_in(language, each)} {each.id}") for each in things]


def _departments(policy: PolicySet) -> set[str]:
    return {each.department for each in policy.applications.values()}


def _given(chosen: Chosen) -> dict[str, str]:
    """What of it was chosen."""
    return {name: value for name, value in asdict(chosen).items() if value}
