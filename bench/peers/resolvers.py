"""The peer of resolvers: Strawberry, where each field of a relation asks the graph through a data loader.

It is what a team writes with the library's guide: a resolver for each root field, a loader for each relation, the row
rule by hand in each statement, and a token that is verified for each request.
"""

from __future__ import annotations

import os
from typing import Any

import strawberry
from joserfc import jwt
from joserfc.jwk import OctKey
from neo4j import AsyncDriver
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from bench.peers.python_peer import application, serve

Row = dict[str, Any]


class Loaders:
    """The graph for one request, and a loader for each relation."""

    def __init__(self, driver: AsyncDriver, jurisdiction: str) -> None:
        self._driver, self._jurisdiction = driver, jurisdiction
        self.dwellings = self._loader("(n:Person)-[:LIVES_IN]->(m:Dwelling)")
        self.building = self._loader("(n:Dwelling)-[:IN_BUILDING]->(m:Building)")
        self.rooms = self._loader("(n:Building)<-[:IN_BUILDING]-(m:Dwelling)")
        self.residents = self._loader("(n:Dwelling)<-[:LIVES_IN]-(m:Person)")

    async def rows(self, statement: str, **variables: Any) -> list[Row]:
        """What the statement returns as `row`; `$j` is the jurisdiction."""
        async with self._driver.session(default_access_mode="READ") as session:
            result = await session.run(statement, {**variables, "j": self._jurisdiction})
            return [record["row"] async for record in result]

    def _loader(self, path: str) -> DataLoader[str, list[Row]]:
        label = path.partition(":")[2].partition(")")[0]
        statement = (
            f"UNWIND $ids AS id MATCH (n:{label} {{sid: id}}) RETURN COLLECT {{ MATCH {path} "
            "WHERE m.region STARTS WITH $j RETURN m {.*} } AS row"
        )

        async def load(ids: list[str]) -> list[list[Row]]:
            return await self.rows(statement, ids=ids)

        return DataLoader(load)


def graph(info: Info[Any, Any]) -> Loaders:
    """The loaders of this request."""
    loaders: Loaders = info.context["loaders"]
    return loaders


@strawberry.type
class Building:
    """A building."""

    row: strawberry.Private[Row]

    @strawberry.field
    def name(self) -> str | None:
        """Its name."""
        return self.row.get("name")

    @strawberry.field
    def address(self) -> str | None:
        """Its address."""
        return self.row.get("address")

    @strawberry.field
    async def dwellings(self, info: Info[Any, Any], first: int = 100) -> list[Dwelling]:
        """The dwellings in it."""
        return [Dwelling(row=row) for row in (await graph(info).rooms.load(self.row["sid"]))[:first]]


@strawberry.type
class Dwelling:
    """A dwelling."""

    row: strawberry.Private[Row]

    @strawberry.field
    def room_no(self) -> str | None:
        """Its room number."""
        return self.row.get("roomNo")

    @strawberry.field
    def usage(self) -> str | None:
        """What it is used for."""
        return self.row.get("usage")

    @strawberry.field
    async def building(self, info: Info[Any, Any]) -> Building | None:
        """The building it is in."""
        found = await graph(info).building.load(self.row["sid"])
        return Building(row=found[0]) if found else None

    @strawberry.field
    async def residents(self, info: Info[Any, Any], first: int = 100) -> list[Person]:
        """Who lives in it."""
        return [Person(row=row) for row in (await graph(info).residents.load(self.row["sid"]))[:first]]


@strawberry.type
class Person:
    """A resident."""

    row: strawberry.Private[Row]

    @strawberry.field
    def id(self) -> strawberry.ID:
        """Their id."""
        return strawberry.ID(self.row["sid"])

    @strawberry.field
    def name(self) -> str | None:
        """Their name."""
        return self.row.get("name")

    @strawberry.field
    def phone(self) -> str | None:
        """Their telephone, masked."""
        phone = self.row.get("phone")
        return f"****{phone[-4:]}" if phone else None

    @strawberry.field
    def residency(self) -> str | None:
        """How they are registered."""
        return self.row.get("residency")

    @strawberry.field
    async def dwellings(self, info: Info[Any, Any]) -> list[Dwelling]:
        """Where they live."""
        return [Dwelling(row=row) for row in await graph(info).dwellings.load(self.row["sid"])]


@strawberry.type
class Event:
    """A reported event."""

    number: str
    kind: str | None
    text: str | None


@strawberry.type
class EventCell:
    """A count of events."""

    street: str
    status: str | None
    count: int


@strawberry.type
class AgeCell:
    """A count of people."""

    age_band: int | None
    count: int


@strawberry.type
class Query:
    """What is asked."""

    @strawberry.field
    async def point(self, info: Info[Any, Any], number: str) -> list[Person]:
        """One person by their number."""
        statement = "MATCH (p:Person {idNumber: $number}) WHERE p.region STARTS WITH $j RETURN p {.*} AS row"
        return [Person(row=row) for row in await graph(info).rows(statement, number=number)]

    @strawberry.field
    async def page(self, info: Info[Any, Any], region: str) -> list[Person]:
        """A hundred people of a grid."""
        statement = (
            "MATCH (p:Person) WHERE p.region = $region AND p.region STARTS WITH $j AND p.sid IS NOT NULL "
            "WITH p ORDER BY p.sid LIMIT 100 RETURN p {.*} AS row"
        )
        return [Person(row=row) for row in await graph(info).rows(statement, region=region)]

    @strawberry.field
    async def filter(self, info: Info[Any, Any], code: str) -> list[Person]:
        """Twenty people of a building."""
        statement = (
            "MATCH (:Building {code: $code})<-[:IN_BUILDING]-(:Dwelling)<-[:LIVES_IN]-(p:Person) "
            "WHERE p.region STARTS WITH $j WITH DISTINCT p LIMIT 20 RETURN p {.*} AS row"
        )
        return [Person(row=row) for row in await graph(info).rows(statement, code=code)]

    @strawberry.field
    async def levels(self, info: Info[Any, Any], region: str) -> list[Building]:
        """Ten buildings of a grid."""
        statement = (
            "MATCH (b:Building) WHERE b.region = $region AND b.region STARTS WITH $j "
            "WITH b LIMIT 10 RETURN b {.*} AS row"
        )
        return [Building(row=row) for row in await graph(info).rows(statement, region=region)]

    @strawberry.field
    async def texts(self, info: Info[Any, Any], region: str) -> list[Event]:
        """Fifty events of a community."""
        statement = (
            "MATCH (e:Event) WHERE e.region STARTS WITH $region AND e.region STARTS WITH $j "
            "WITH e LIMIT 50 RETURN {number: e.number, kind: e.kind, text: e.text} AS row"
        )
        return [Event(**row) for row in await graph(info).rows(statement, region=region)]

    @strawberry.field
    async def statuses(self, info: Info[Any, Any]) -> list[EventCell]:
        """Events by street and status."""
        statement = (
            "MATCH (e:Event) WHERE e.region STARTS WITH $j WITH left(e.region, 13) AS street, e.status AS status, "
            "count(*) AS n RETURN {street: street, status: status, count: n} AS row"
        )
        return [EventCell(**row) for row in await graph(info).rows(statement)]

    @strawberry.field
    async def ages(self, info: Info[Any, Any]) -> list[AgeCell]:
        """People by age band."""
        statement = (
            "MATCH (p:Person) WHERE p.region STARTS WITH $j WITH duration.between(p.birthDate, date()).years / 10 AS "
            "band, count(*) AS n RETURN {age_band: band, count: n} AS row"
        )
        return [AgeCell(**row) for row in await graph(info).rows(statement)]


class Endpoint(GraphQL[Any, Any]):
    """The endpoint; the token of each request is verified."""

    async def get_context(self, request: Request, response: Response) -> Any:
        """The loaders of one request."""
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, OctKey.import_key(os.environ["KEY"]), algorithms=["HS256"]).claims
        return {"loaders": Loaders(request.app.state.driver, claims["jurisdiction"])}


app = application([Route("/graphql", Endpoint(strawberry.Schema(Query), graphql_ide=None))])

if __name__ == "__main__":
    serve("bench.peers.resolvers:app")
