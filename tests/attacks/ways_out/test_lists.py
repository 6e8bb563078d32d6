"""The list of ways out is made from routes, schema, forms and commands; one that no test covers fails here."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from graphql import GraphQLSchema, build_ast_schema, extend_schema, parse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from typer.main import get_command

from hub.app import build_app, open_hub
from hub.cli.main import app as program
from hub.console.front import Console
from hub.graph.driver import Graph
from hub.home.settings import Settings
from hub.push.deliveries import Deliveries
from policies.language import load
from schema import SPINE
from schema.graphql import build
from tests.support.project import ROOT
from tests.support.serving import COUNTY, NOWHERE
from tests.support.ways_out.coverage import COMMANDS, MEDIA, ROUTES, SCHEMA, Elsewhere, differences
from tests.support.ways_out.lists import commands_of, media_types, routes_of, schema_ways

pytestmark = pytest.mark.attack
SDL = build(SPINE)


def test_each_route_is_covered(tmp_path: Path) -> None:
    graph = Graph(NOWHERE.url, NOWHERE.user, NOWHERE.password)
    hub = open_hub(Settings.load(home=tmp_path / "home"), graph, load(COUNTY, SPINE), SPINE)
    try:
        # That a source is pushed adds a route, whatever the source.
        console = Console(hub, sa.create_engine("sqlite://")).routes()
        found = routes_of(build_app(hub, deliveries=Deliveries.__new__(Deliveries), more=console))
    finally:
        hub.log.close()
        asyncio.run(graph.close())
    assert differences("ROUTES", ROUTES, found) == []


def test_each_kind_of_field_argument_and_condition_is_covered() -> None:
    assert differences("SCHEMA", SCHEMA, schema_ways(SDL)) == []


def test_each_form_of_an_answer_is_covered() -> None:
    assert differences("MEDIA", MEDIA, media_types()) == []


def test_each_command_is_covered() -> None:
    assert differences("COMMANDS", COMMANDS, commands_of(get_command(program))) == []


def test_what_is_covered_elsewhere_is_a_test() -> None:
    named = {each.file for each in (*ROUTES.values(), *COMMANDS.values()) if isinstance(each, Elsewhere)}
    assert [each for each in sorted(named) if not (ROOT / each).is_file()] == []


def test_a_route_that_is_added_is_noticed() -> None:
    async def dump(*_: Any) -> Any:
        return Response()

    inner = Mount("/old", routes=[Route("/dump", dump), WebSocketRoute("/feed", dump)])
    added = routes_of(Starlette(routes=[Route("/graphql", dump), inner, Mount("/files", app=dump)]))
    told = differences("ROUTES", {"http /graphql": 0}, added)
    assert [each.partition(" is a way out")[0] for each in told] == [
        *("http /old/dump", "mount /files", "websocket /old/feed"),
    ]
    assert all("tests/support/ways_out/coverage.py, in the table ROUTES" in each for each in told)


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("extend type Query { dump: [String!] }", "query dump"),
        ("extend type Query { find(near: String!): Person }", "query find"),
        ("extend type Query { find(near: String!): Person }", "argument near: String"),
        ("extend type Subscription { dumps: String }", "subscription dumps"),
        ("extend type Subscription { counted(atMost: Int): [EventAggregate!] }", "argument atMost: Int"),
        ("type Mutation { change(id: ID!): Person }", "mutation one"),
        ("extend type Person { history(since: DateTime): [String!] }", "argument since: DateTime"),
        ("extend input PersonWhere { near: Near } input Near { metres: Int }", "condition key: Near"),
        ("extend input StringFilter { like: String }", "comparison like"),
        ("extend input PersonEdgeFilter { all: PersonWhere }", "input PersonEdgeFilter.all"),
    ],
    ids=lambda each: each[:40],
)
def test_a_kind_of_way_that_is_added_to_the_schema_is_noticed(added: str, told: str) -> None:
    found = schema_ways(extend_schema(SDL, parse(added)) if not added.startswith("type Mutation") else _with(added))
    assert told in {each.partition(" is a way out")[0] for each in differences("SCHEMA", SCHEMA, found)}


def _with(mutation: str) -> GraphQLSchema:
    return build_ast_schema(parse(f"type Query {{ a: Int }} type Person {{ id: ID! }} {mutation}"))


def test_a_field_that_is_added_is_no_new_way() -> None:
    """It is tried by itself, because probes are made from the schema."""
    wider = extend_schema(SDL, parse("extend type Person { nickname: String }"))
    assert schema_ways(wider) == schema_ways(SDL)


def test_a_command_that_is_added_is_noticed() -> None:
    wider: Any = get_command(program)
    wider.commands["audit"].commands["dump"] = wider.commands["serve"]
    found = commands_of(wider)
    told = {each.partition(" is a way out")[0] for each in differences("COMMANDS", COMMANDS, found)}
    assert told == {"audit dump"}


def test_a_way_that_is_gone_is_noticed() -> None:
    assert differences("MEDIA", {"text/html": "FORMS"}, set()) == [
        "text/html stands in MEDIA, but there is no such way"
    ]
