"""Each check of graphql-cop 1.15 by its name, done by ourselves at a hub: clean, or argued in docs/scanners.md.

The tool is no package of any registry, and finds what these checks find; they were compared (docs/scanners.md). A check
that is argued has a test of the reason why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from hub.request.cost import LIMITS
from tests.support.project import ROOT
from tests.support.registered.county import county_with
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.conformance

PAGE = (ROOT / "docs" / "scanners.md").read_text("utf-8")
NAMED = {"operationName": "cop"}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who scans: which hub, and whether with a token."""

    introspection: str = "on"
    bound: bool = False
    has_token: bool = True


ASKERS = {
    "with a token": Asker(),
    "without a token": Asker(has_token=False),
    "bound to registered operations": Asker(bound=True),
    "introspection off": Asker(introspection="off"),
}


@dataclass(frozen=True, slots=True)
class Scan:
    """One hub and the headers of one asker."""

    hub: Served
    headers: Mapping[str, str]

    def post(self, query: str, **members: Any) -> httpx.Response:
        """A query as the tool sends it."""
        return self.send("POST", json={"query": query, **NAMED, **members})

    def send(self, method: str, **given: Any) -> httpx.Response:
        """Any request, with what the tool sends beside it."""
        headers = {"Accept": "*/*", **self.headers, **given.pop("headers", {})}
        return httpx.request(method, f"{self.hub.client.base_url}/graphql", headers=headers, trust_env=False, **given)


def data_of(answer: httpx.Response) -> Any:
    """What was answered; an empty object if nothing was."""
    return (answer.json().get("data") if "json" in answer.headers["content-type"] else None) or {}


def errors_of(answer: httpx.Response) -> list[Any]:
    """The errors of an answer that is no array."""
    told = answer.json()
    return list(told.get("errors", ())) if isinstance(told, dict) else []


def aliases(scan: Scan) -> bool:
    """A hundred and one aliases of one field are answered."""
    return "a100" in data_of(scan.post("query cop { " + " ".join(f"a{n}: __typename" for n in range(101)) + " }"))


def batch(scan: Scan) -> bool:
    """Ten operations in an array are answered."""
    answer = scan.send("POST", json=[{"query": "query cop { __typename }"}] * 10)
    return isinstance(answer.json(), list)


def circular_introspection(scan: Scan) -> bool:
    """Introspection goes in a circle: types of fields of types of fields."""
    circle = "{ type " * 4 + "{ name }" + " }" * 4
    circle = circle.replace("{ type ", "{ fields { type ").replace(" }" * 4, " } }" * 4)
    return "__schema" in data_of(scan.post(f"query cop {{ __schema {{ types {circle} }} }}"))


def directives(scan: Scan) -> bool:
    """Ten directives that there are not give ten errors: each was looked at."""
    return len(errors_of(scan.post("query cop { __typename " + "@aa" * 10 + " }"))) >= 10


def duplicates(scan: Scan) -> bool:
    """One field five hundred times is answered."""
    return "__typename" in data_of(scan.post("query cop { " + "__typename " * 500 + "}"))


def suggestions(scan: Scan) -> bool:
    """A field that there is not is told with one that there is, in the words of graphql-js."""
    return "Did you mean" in scan.post("query cop { __schema { directive } }").text


def mutation_by_get(scan: Scan) -> bool:
    """A mutation is answered by GET."""
    return bool(data_of(scan.send("GET", params={"query": "mutation cop { __typename }"})))


def query_by_get(scan: Scan) -> bool:
    """A query is answered by GET."""
    return bool(data_of(scan.send("GET", params={"query": "query cop { __typename }"})))


def console(scan: Scan) -> bool:
    """A console for browsers is served where queries are sent."""
    answer = scan.send("GET", headers={"Accept": "text/html"})
    return bool(re.search("graphiql|playground|<html", answer.text, re.IGNORECASE))


def introspection(scan: Scan) -> bool:
    """The schema is told."""
    return "__schema" in data_of(scan.post("query cop { __schema { types { name fields { name } } } }"))


def form(scan: Scan) -> bool:
    """A query in a form, which a page of another site can send, is answered."""
    return bool(data_of(scan.send("POST", data={"query": "query cop { __typename }"})))


def traces(scan: Scan) -> bool:
    """An answer tells how long its resolvers took."""
    answer = scan.post("query cop { __typename }")
    return "tracing" in answer.text.lower()


def exceptions(scan: Scan) -> bool:
    """What is no GraphQL is answered with an exception."""
    answer = scan.post("qwerty cop { abc }")
    return answer.status_code >= 500 or bool(re.search("exception|traceback|stack", answer.text, re.IGNORECASE))


CHECKS: Mapping[str, Callable[[Scan], bool]] = {
    "alias_overloading": aliases,
    "batch_query": batch,
    "circular_query_introspection": circular_introspection,
    "detect_graphiql": console,
    "directive_overloading": directives,
    "field_duplication": duplicates,
    "field_suggestions": suggestions,
    "get_based_mutation": mutation_by_get,
    "get_method_support": query_by_get,
    "introspection": introspection,
    "post_based_csrf": form,
    "trace_mode": traces,
    "unhandled_error_detection": exceptions,
}
ARGUED = {
    "with a token": {"alias_overloading", "introspection"},
    "without a token": set[str](),
    "bound to registered operations": set[str](),
    "introspection off": {"alias_overloading"},
}
"""What is found, by who scans; the reason stands on the page."""


@pytest.fixture(scope="module", params=ASKERS)
def asker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def scan(asker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scan]:
    given = ASKERS[asker]
    policy = county_with(bound=given.bound)
    with serving(tmp_path_factory.mktemp("cop") / "home", policy=policy, introspection=given.introspection) as hub:
        known = {
            "Authorization": f"Bearer {hub.issuer.issue('fire-inspection', 'inspector-1')}",
            "Access-Purpose": "safety.fire.rental",
        }
        yield Scan(hub, known if given.has_token else {})


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_finds_nothing_or_is_argued(asker: str, scan: Scan, check: str) -> None:
    before = len(scan.hub.records())
    assert CHECKS[check](scan) == (check in ARGUED[asker])
    assert len(scan.hub.records()) == before + 1, "it is recorded"


def test_the_page_says_what_is_found() -> None:
    table = re.findall(r"^\| `(\w+)` \|.*\| (clean|argued) \|", PAGE.partition("## wapiti")[0], re.MULTILINE)
    assert dict(table) == {name: "argued" if name in ARGUED["with a token"] else "clean" for name in CHECKS}


@pytest.fixture(scope="module")
def open_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("argued") / "home") as hub:
        yield hub


def test_aliases_cost_what_they_fetch(open_hub: Served) -> None:
    """Why aliases are no lever: each is a field, and costs as if it stood in a request of its own."""

    def asked(times: int, selection: str) -> httpx.Response:
        fields = " ".join(f"a{n}: {selection}" for n in range(times))
        return open_hub.ask(f"{{ {fields} }}", headers={"Access-Cost": "tell"})

    assert asked(101, "__typename").json()["extensions"]["cost"]["nodes"] == 0
    assert code_of(asked(LIMITS.fields, "__typename")) == "OK"
    assert code_of(asked(LIMITS.fields + 1, "__typename")) == "COST_LIMIT"
    page = "buildings(first: 200) { edges { cursor } }"
    one = asked(1, page).json()["extensions"]["cost"]["nodes"]
    assert asked(50, page).json()["extensions"]["cost"]["nodes"] == 50 * one
    assert code_of(asked(101, page)) == "COST_LIMIT"


def test_introspection_is_of_the_schema_and_tells_nothing_of_data_or_policy(open_hub: Served) -> None:
    """Why it is open to applications: it is the text that stands in the repository, the same on every hub."""
    query = "{ __schema { types { name fields { name } } } }"
    told = [
        open_hub.ask(query, app=app, purpose=purpose).json()["data"]
        for app, purpose in (("fire-inspection", "safety.fire.rental"), ("statistics", "stat"))
    ]
    assert told[0] == told[1]
    text = (ROOT / "docs" / "schema.graphql").read_text("utf-8")
    named = [each["name"] for each in told[0]["__schema"]["types"]]
    builtin = {"String", "Int", "Float", "Boolean", "ID"}
    kinds = re.findall(r"^(?:type|input|enum|scalar|interface|union) (\w+)", text, re.MULTILINE)
    assert {each for each in named if not each.startswith("__")} - builtin == set(kinds)


def test_an_argued_check_is_of_an_application_that_is_known(open_hub: Served) -> None:
    refused = httpx.post(f"{open_hub.client.base_url}/graphql", json={"query": "{ __typename }"}, trust_env=False)
    assert refused.status_code == 401
    assert json.loads(refused.text)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
