"""The peer without governance: the official asynchronous driver in a Starlette application.

`POST /NAME` with the variables as JSON runs one fixed statement, written by hand, and returns its rows. No token, no
GraphQL, no log; the row rule and the mask are in the statement.
"""

from __future__ import annotations

import os

import orjson
from neo4j import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.python_peer import application, serve

PERSON = """{id: p.sid, name: p.name, phone: '****' + right(p.phone, 4), residency: p.residency, dwellings: COLLECT {
  MATCH (p)-[:LIVES_IN]->(d:Dwelling) WHERE d.region STARTS WITH $j RETURN {roomNo: d.roomNo, usage: d.usage,
  building: head(COLLECT { MATCH (d)-[:IN_BUILDING]->(b:Building) WHERE b.region STARTS WITH $j
  RETURN {name: b.name, address: b.address} })} }}"""
STATEMENTS = {
    "point": f"MATCH (p:Person) WHERE p.idNumber = $number AND p.region STARTS WITH $j RETURN {PERSON} AS row",
    "page": f"MATCH (p:Person) WHERE p.region = $region AND p.sid IS NOT NULL WITH p ORDER BY p.sid LIMIT 100 "
    f"RETURN {PERSON} AS row",
    "filter": "MATCH (b:Building {code: $code})<-[:IN_BUILDING]-(d:Dwelling)<-[:LIVES_IN]-(p:Person) "
    "WHERE p.region STARTS WITH $j WITH DISTINCT p LIMIT 20 RETURN {name: p.name, residency: p.residency} AS row",
    "levels": "MATCH (b:Building) WHERE b.region = $region WITH b LIMIT 10 RETURN {name: b.name, dwellings: COLLECT { "
    "MATCH (b)<-[:IN_BUILDING]-(d:Dwelling) WITH d LIMIT 5 RETURN {roomNo: d.roomNo, residents: COLLECT { "
    "MATCH (d)<-[:LIVES_IN]-(p:Person) WITH p LIMIT 3 RETURN {name: p.name} }} }} AS row",
    "statuses": "MATCH (e:Event) WHERE e.region STARTS WITH $j WITH left(e.region, 13) AS street, e.status AS status, "
    "count(*) AS n RETURN {street: street, status: status, count: n} AS row",
    "ages": "MATCH (p:Person) WHERE p.region STARTS WITH $j "
    "WITH duration.between(p.birthDate, date()).years / 10 AS band, count(*) AS n "
    "RETURN {ageBand: band, count: n} AS row",
    "texts": "MATCH (e:Event) WHERE e.region STARTS WITH $region WITH e LIMIT 50 "
    "RETURN {number: e.number, kind: e.kind, text: e.text} AS row",
}


async def ask(request: Request) -> Response:
    """The rows of the named statement for the variables in the body."""
    variables = {**orjson.loads(await request.body()), "j": os.environ["JURISDICTION"]}
    statement = Query(STATEMENTS[request.path_params["name"]])
    async with request.app.state.driver.session(default_access_mode="READ") as session:
        result = await session.run(statement, variables)
        rows = [record["row"] async for record in result]
    return Response(orjson.dumps({"data": rows}), media_type="application/json")


app = application([Route("/{name}", ask, methods=["POST"])])

if __name__ == "__main__":
    serve("bench.peers.bare:app")
