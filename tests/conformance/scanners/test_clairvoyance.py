"""clairvoyance 2.5.5 finds nothing of the schema: not without a token, and with one not where introspection is off.

It is run as it comes, in an environment of its own, with its own words and with every name of the schema. It stops at
the first answer that it cannot read, so what it would have been told is compared too: a name that is there is answered
as one that is not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, graphql_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from schema import SPINE
from schema.graphql import build
from tests.support.ports import free_port
from tests.support.registered.county import TYPE_NAME, county_with, entry
from tests.support.serving import Served, code_of, serving
from tests.support.subscribing.client import subscriber

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]

LOCK = Path(__file__).parent / "requirements.lock"
SCHEMA = build(SPINE)
QUERY = SCHEMA.type_map["Query"]
assert isinstance(QUERY, GraphQLObjectType)
ROOTS = QUERY.fields
NOWHERE_IN_IT = "lolly"
OURS = 6
"""How many requests it makes of our names, at least; with its own words more than a hundred."""


def names() -> list[str]:
    """Every name of the schema that a document may hold: types, fields, arguments, members of inputs."""
    found: set[str] = set()
    for name, kind in SCHEMA.type_map.items():
        if name.startswith("__"):
            continue
        found.add(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            found.update(kind.fields, *(each.args for each in kind.fields.values()))
        if isinstance(kind, GraphQLInputObjectType):
            found.update(kind.fields)
    return sorted(found)


class Scanner:
    """The tool in an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = {name: each for name, each in os.environ.items() if name != "PYTHONPATH"}
        self._run([sys.executable, "-m", "venv", "env"])
        install = ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--requirement", str(LOCK)]
        self._run([self._python, *install])
        (listed,) = (folder / "env").rglob("clairvoyance/wordlist.txt")
        self.words = listed.read_text("utf-8").split()

    @property
    def _python(self) -> str:
        return str(self._folder / "env" / "bin" / "python")

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, cwd=self._folder, env=self._own, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def found(self, url: str, headers: dict[str, str], words: list[str]) -> dict[str, set[str]]:
        """Type → fields, of what it could tell of the schema at `url`."""
        given, out = self._folder / "words.txt", self._folder / "found.json"
        given.write_text("\n".join(words), "utf-8")
        out.unlink(missing_ok=True)
        stated = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        command = [self._python, "-m", "clairvoyance", "-v", "-w", str(given), "-o", str(out), *stated, url]
        done = subprocess.run(
            command, cwd=self._folder, env=self._own, capture_output=True, text=True, check=False, timeout=300
        )
        if not out.exists():
            assert "Unable to get TypeRef" in done.stderr, done.stderr
            return {}
        told = json.loads(out.read_text("utf-8"))["data"]["__schema"]["types"]
        return {each["name"]: {field["name"] for field in each["fields"]} for each in told if each.get("fields")}


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    return Scanner(tmp_path_factory.mktemp("clairvoyance"))


@contextmanager
def another_server() -> Iterator[str]:
    """A server with our schema and graphql-core as it comes, which suggests names."""

    async def answer(request: Request) -> JSONResponse:
        result = graphql_sync(SCHEMA, (await request.json())["query"])
        return JSONResponse(result.formatted)

    app = Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        server.should_exit = True
        thread.join()


def headers_of(hub: Served) -> dict[str, str]:
    token = hub.issuer.issue("fire-inspection", "inspector-1")
    return {"Authorization": f"Bearer {token}", "Access-Purpose": "safety.fire.rental"}


def url_of(hub: Served) -> str:
    return f"http://127.0.0.1:{hub.port}/graphql"


def test_it_finds_our_schema_at_a_server_that_suggests_names(scanner: Scanner) -> None:
    """Otherwise it would not show anything that it finds nothing here."""
    with another_server() as url:
        found = scanner.found(url, {}, ["person", "region", NOWHERE_IN_IT])
    assert found["Query"] == {"person", "region"}


SCANS = [
    # introspection, bound, with a token; what each request is refused with, and how many there are at least
    ("on", False, False, "UNAUTHENTICATED", 100),
    ("off", False, False, "UNAUTHENTICATED", OURS),
    ("on", True, True, "OPERATION_NOT_REGISTERED", OURS),
    ("off", False, True, "VALIDATION", 100),
]


@pytest.mark.parametrize(("introspection", "bound", "has_token", "code", "least"), SCANS)
def test_it_finds_nothing(
    scanner: Scanner, tmp_path: Path, introspection: str, bound: bool, has_token: bool, code: str, least: int
) -> None:
    policy = county_with(entry(TYPE_NAME), bound=bound)
    with serving(tmp_path / "home", policy=policy, introspection=introspection) as hub:
        headers = headers_of(hub) if has_token else {}
        assert scanner.found(url_of(hub), headers, names()) == {}
        if least > OURS:
            assert scanner.found(url_of(hub), headers, scanner.words) == {}
        # The one that is answered is `query { __typename }`, by which it begins.
        refused = [each.result for each in hub.records() if each.result != "OK"]
        assert set(refused) == {code}
        assert len(refused) >= least


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("closed") / "home", introspection="off") as hub:
        yield hub


def told(hub: Served, query: str, variables: dict[str, Any] | None = None, language: str = "en") -> Any:
    """All that an answer says, but for the id of the request and where its record is."""
    answer = hub.ask(query, variables=variables or {}, headers={"Accept-Language": language})
    body = answer.json()
    body["extensions"] = {"at": sorted(body["extensions"])}
    for each in body.get("errors", ()):
        each["extensions"].pop("requestId")
    kept = {name: value for name, value in answer.headers.items() if name not in {"date", "ratelimit"}}
    return answer.status_code, body, kept | {"content-length": None}


PLACES = [
    "{ NAME }",
    "{ NAME { lol } }",
    "{ NAME(first: 7) { lol } }",
    "{ NAME(NAME: 7) { lol } }",
    "{ people(NAME: 7) { edges { cursor } } }",
    "{ people(where: {NAME: 7}) { edges { cursor } } }",
    "{ people(orderBy: [{NAME: 7}]) { edges { cursor } } }",
    "{ people { edges { node { NAME { NAME } } } } }",
    "{ people { edges { node { id ... on NAME { lol } } } } }",
    "query ($v: NAME) { people { edges { cursor } } }",
    "{ peopleAggregate(groupBy: [NAME]) { lol } }",
    "{ __type(name: 7) { NAME } }",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_is_there_is_answered_as_one_that_is_not(closed: Served, place: str) -> None:
    wanted = told(closed, place.replace("NAME", NOWHERE_IN_IT))
    assert wanted[0] == 400
    (error,) = wanted[1]["errors"]
    assert "locations" not in error and "schema print" in error["message"]
    for name in SOME_NAMES:
        assert told(closed, place.replace("NAME", name)) == wanted, name


SOME_NAMES = (*ROOTS, *names()[::37])
MISFITS = [{"w": {"name": {"zz": 1}}}, {"w": {"nam": {"eq": "a"}}}, {"w": 7}, {"w": {"gender": {"eq": "OTHER"}}}]


@pytest.mark.parametrize("variables", MISFITS)
def test_variables_that_do_not_fit_are_answered_alike(closed: Served, variables: dict[str, Any]) -> None:
    document = "query ($w: PersonWhere) { people(where: $w) { edges { cursor } } }"
    for language in ("en", "zh"):
        assert told(closed, document, variables, language) == told(closed, "{ lolly }", None, language)


def test_a_subscription_is_answered_alike(closed: Served) -> None:
    with closing(subscriber(closed.port)) as connection:
        connection.begin(closed.issuer.issue("fire-inspection", "inspector-1"), "safety.fire.rental")
        errors = []
        for number, field in enumerate(("lollyChanged { id }", "eventChange { id }", "eventChanged { lolly }")):
            connection.subscribe(str(number), f"subscription {{ {field} }}")
            (error,) = connection.receive()["payload"]
            error["extensions"].pop("requestId")
            errors.append(error)
    assert "schema print" in errors[0]["message"]
    assert errors[1:] == errors[:1] * 2


def test_what_asks_for_the_schema_is_refused_and_told_whom_to_ask(closed: Served) -> None:
    for query in (
        "{ __schema { types { name } } }",
        '{ __type(name: "Person") { name } }',
        "query Q { ...F } fragment F on Query { __schema { types { name } } }",
        "{ myAccess { purposes { purpose } } }",
    ):
        # The second time its document is kept.
        for _ in range(3):
            refused = closed.ask(query)
            assert (refused.status_code, code_of(refused)) == (403, "INTROSPECTION_OFF")
            assert "data" not in refused.json()
        assert "schema print" in refused.text and "policy explain" in refused.text
        assert closed.records()[-1].result == "INTROSPECTION_OFF"
    for page in ("/schema.graphql", "/access", "/access?why=Person.phone"):
        refused = closed.client.get(page, headers=headers_of(closed))
        assert (refused.status_code, code_of(refused)) == (403, "INTROSPECTION_OFF")
        assert closed.records()[-1].result == "INTROSPECTION_OFF"
        assert closed.client.get(page).status_code == 401


def test_a_text_that_is_no_graphql_is_told_where(closed: Served) -> None:
    """That says nothing of the schema."""
    (error,) = closed.ask("{ people { ").json()["errors"]
    assert error["locations"] == [{"line": 1, "column": 12}]


def test_what_remains_is_that_a_document_that_fits_is_answered(closed: Served) -> None:
    """Whoever guesses a whole one learns that it fits; each guess is a record and costs its asker."""
    document = "{ NAME { edges { cursor } } }"
    fits = {name for name in SOME_NAMES if code_of(closed.ask(document.replace("NAME", name))) != "VALIDATION"}
    before = len(closed.records())
    assert fits == {name for name, each in ROOTS.items() if str(each.type).rstrip("!").endswith("Connection")}
    assert code_of(closed.ask("{ lolly { edges { cursor } } }")) == "VALIDATION"
    assert len(closed.records()) == before + 1
    assert code_of(closed.ask("{ __typename }")) == "OK"


def test_what_is_answered_is_answered_as_before(closed: Served) -> None:
    document = "query ($n: Int) { buildings(first: $n) { edges { node { code } } } }"
    for _ in range(3):
        assert code_of(closed.ask(document, variables={"n": 2})) == "GRAPH_UNAVAILABLE"
        assert told(closed, document, {"n": "two"}) == told(closed, "{ lolly }")


def test_the_pages_need_no_setting_to_be_closed_to_strangers(closed: Served) -> None:
    with httpx.Client(trust_env=False) as stranger:
        asked = [{"query": place.replace("NAME", "people")} for place in PLACES]
        answers = {stranger.post(url_of(closed), json=each).status_code for each in asked}
    assert answers == {401}
