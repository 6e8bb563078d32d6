"""The pages of the catalogue of data resources: all types by owner, and one type with its fields."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk
from hub.console.developer.catalogue import fields_of, resources_of
from hub.console.developer.freshness import newest_loads
from hub.console.developer.mine import (
    DEVELOPERS,
    chosen_application,
    made_beside,
    own_access,
    own_applications,
    titles_of,
)
from hub.console.page import Page, Way
from hub.console.refusals import PageRefused
from hub.console.steward.matrix import Effect
from hub.console.visitor import Visitor
from hub.console.words import all_words
from hub.steward.acting import READERS
from policies.model import Application, PolicySet
from schema.catalogue import CatalogueError

CATALOGUE = "developer/catalogue"
TYPE = "developer/type"
QUERY = "developer/query"
ASK_FIELDS = "requests/fields"
ASK_NEW = "requests/new"
WHY = "why"


class CataloguePages:
    """The two pages, for developers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (
            Page(CATALOGUE, self.show, DEVELOPERS, "dev_catalogue"),
            Page(TYPE, self.show_type, DEVELOPERS),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """All types, by the department that owns them."""
        policy, application = self._desk.hub.policy, self._application(arrival, visitor)
        if application is None:
            return self._desk.page("dev_none", arrival, visitor, title="dev_catalogue")
        told = await own_access(self._desk, visitor, policy, application, arrival.language)
        loads = await newest_loads(self._desk.hub.graph)
        await self._desk.record_reading(visitor, "developer catalogue", {"application": application.id})
        purposes = list(told.table.decisions)
        return await made_beside(
            self._desk,
            visitor,
            lambda: self._desk.page(
                "dev_catalogue",
                arrival,
                visitor,
                resources=resources_of(told.table, policy.owners),
                loads=loads,
                version=self._desk.hub.catalogue.version,
                **self._frame(arrival, visitor, policy, application, purposes),
            ),
        )

    async def show_type(self, arrival: Arrival, visitor: Visitor) -> Response:
        """One type; `type` names it."""
        policy, application = self._desk.hub.policy, self._application(arrival, visitor)
        if application is None:
            return self._desk.page("dev_none", arrival, visitor, title="dev_catalogue")
        try:
            entity = self._desk.hub.catalogue.entity(arrival.request.query_params.get("type", ""))
        except CatalogueError:
            raise PageRefused("choice", name="type") from None
        told = await own_access(self._desk, visitor, policy, application, arrival.language)
        loads = await newest_loads(self._desk.hub.graph)
        facts = {"application": application.id, "type": entity.name}
        await self._desk.record_reading(visitor, "developer type", facts)
        purposes = list(told.table.decisions)
        return await made_beside(
            self._desk,
            visitor,
            lambda: self._desk.page(
                "dev_type",
                arrival,
                visitor,
                entity=entity,
                owner=policy.owners.get(entity.name, ""),
                rows=fields_of(told.table, entity, purposes),
                loads=loads,
                query=HOME + QUERY,
                why=HOME + WHY if set(READERS) & set(visitor.roles) else "",
                **self._frame(arrival, visitor, policy, application, purposes),
            ),
        )

    def _application(self, arrival: Arrival, visitor: Visitor) -> Application | None:
        asked = arrival.request.query_params.get("application") or None
        return chosen_application(self._desk.hub.policy, visitor, asked)

    def _frame(
        self, arrival: Arrival, visitor: Visitor, policy: PolicySet, application: Application, purposes: list[str]
    ) -> dict[str, Any]:
        words = all_words()[arrival.language]
        return {
            "applications": own_applications(policy, visitor),
            "application": application,
            "purposes": purposes,
            "titles": titles_of(policy, purposes, arrival.language),
            "signs": {each: words[f"sign_{each}"] for each in Effect},
            "catalogue": HOME + CATALOGUE,
            "type_page": HOME + TYPE,
            "ask_fields": HOME + ASK_FIELDS,
            "ask_new": HOME + ASK_NEW,
        }
