"""A: what a hostile sender makes expensive is refused before it costs anything, however large the catalogue is.

Each case is tried on a hub of the spine alone, and on one with 60 types and 600 fields more.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query

from tests.support.serving import Served, code_of, serving
from tests.support.sources.large_catalogue import write_large_catalogue

pytestmark = pytest.mark.attack


@pytest.fixture(scope="module", params=["spine", "large"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("dos")
    slices = write_large_catalogue(folder / "slices") if request.param == "large" else None
    with serving(folder / "home", slices=slices) as running:
        yield running


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("large")
    with serving(folder / "home", slices=write_large_catalogue(folder / "slices")) as running:
        yield running


def refused(served: Served, query: str, code: str, **members: Any) -> str:
    """The message of a refusal that left one record and never reached the graph."""
    before, statements = len(served.records()), served.hub.graph.statements
    response = served.ask(query, **members)
    assert code_of(response) == code
    assert "data" not in response.json()
    assert [each.result for each in served.records()[before:]] == [code]
    assert served.hub.graph.statements == statements
    return str(response.json()["errors"][0]["message"])


def people(selection: str) -> str:
    return f"{{ people(first: 1) {{ edges {{ node {{ {selection} }} }} }} }}"


def kinds(selection: str) -> str:
    return f"{{ kind0x1s(first: 1) {{ edges {{ node {{ {selection} }} }} }} }}"


@pytest.mark.parametrize("levels", [5, 15, 30, 45, 300, 5_000])
def test_a01_deep_nesting(served: Served, levels: int) -> None:
    nested = "dwellings(first: 1) { residents(first: 1) { " * levels + "id" + " } }" * levels
    refused(served, people(nested), "COST_LIMIT" if levels == 5_000 else "DEPTH_LIMIT")


def test_a01_depth_hidden_in_fragments(served: Served) -> None:
    chain = "".join(
        f"fragment F{n} on Person {{ dwellings(first: 1) {{ residents(first: 1) {{ ...F{n + 1} }} }} }}"
        for n in range(15)
    )
    refused(served, people("...F0") + chain + "fragment F15 on Person { id }", "DEPTH_LIMIT")


@pytest.mark.parametrize(
    "query",
    [
        people(" ".join(f"a{n}: name" for n in range(1_000))),
        people("...F ...F ...F") + "fragment F on Person {" + " ".join(f"a{n}: name" for n in range(200)) + "}",
        "{" + " ".join(f"a{n}: peopleAggregate {{ count }}" for n in range(201)) + "}",
    ],
    ids=["plain", "through fragments", "aggregates"],
)
def test_a02_aliases(served: Served, query: str) -> None:
    refused(served, query, "COST_LIMIT")


@pytest.mark.parametrize("leaf", ["name", ""], ids=["a field", "nothing"])
def test_a02_fragment_doubling(served: Served, leaf: str) -> None:
    doubling = "".join(f"fragment F{n} on Person {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
    refused(served, people("...F0") + doubling + f"fragment F30 on Person {{ {leaf} }}", "COST_LIMIT")


@pytest.mark.parametrize(
    "query",
    [
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ __typename } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ __typename } fragment A on Query { ...A }",
        "query X { __typename } query Y { ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        people("...A") + "fragment A on Person { dwellings { residents { ...A } } }",
    ],
)
def test_a04_fragment_cycle(served: Served, query: str) -> None:
    assert "itself" in refused(served, query, "VALIDATION", operationName="X" if "X" in query else None)


def test_a05_overlapping_inline_fragments(served: Served) -> None:
    inner = "... on Person {" + " name" * 200 + " }"
    refused(served, people(inner * 200), "COST_LIMIT")
    refused(served, people(("... on Person {" + " name" * 12 + " }") * 30), "COST_LIMIT")


@pytest.mark.parametrize("repeats", [46, 500, 10_000])
def test_a06_field_duplication(served: Served, repeats: int) -> None:
    refused(served, people("name " * repeats), "COST_LIMIT")


def test_a06_conflicting_duplicates(served: Served) -> None:
    refused(served, people("x: name x: phone " * 180), "COST_LIMIT")


def known(served: Served) -> dict[str, str]:
    """The header of a known sender: nobody else's body is read."""
    return {"Authorization": f"Bearer {served.issuer.issue('fire-inspection', 'inspector-1')}"}


def test_a08_batching(served: Served) -> None:
    before = len(served.records())
    response = served.client.post("/graphql", json=[{"query": "{ __typename }"}] * 10, headers=known(served))
    assert (response.status_code, code_of(response)) == (400, "BATCHING_DISABLED")
    assert len(served.records()) == before + 1


def test_a09_circular_introspection(served: Served) -> None:
    refused(served, "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", "COST_LIMIT")
    nested = "ofType { " * 20 + "name" + " }" * 20
    refused(served, f'{{ __type(name: "Query") {{ {nested} }} }}', "DEPTH_LIMIT")
    wide = " ".join(f"a{n}: __schema {{ types {{ fields {{ args {{ type {{ name }} }} }} }} }}" for n in range(60))
    refused(served, f"{{ {wide} }}", "COST_LIMIT")


def test_a09_what_tools_ask_for_is_answered(served: Served) -> None:
    response = served.ask(get_introspection_query())
    assert code_of(response) == "OK"
    assert {"Query", "Person"} <= {each["name"] for each in response.json()["data"]["__schema"]["types"]}


def test_a09_what_tools_ask_for_is_not_answered_over_and_over(served: Served) -> None:
    whole = "types { kind name fields { name type { name ofType { name } } args { name type { name } } } }"
    aliases = " ".join(f"a{n}: __schema {{ {whole} }}" for n in range(20))
    refused(served, f"{{ {aliases} }}", "COST_LIMIT")


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ people(first: 2147483647) { edges { node { dwellings(first: 2147483647) { id } } } } }", {}),
        ("query ($n: Int = 200) { people(first: $n) { edges { node { dwellings(first: $n) { id } } } } }", {}),
        ("query ($n: Int) { people(first: $n) { edges { node { dwellings(first: $n) { id } } } } }", {"n": 200}),
        ("query ($n: Int) { people(first: $n) { edges { node { dwellings(first: $n) { id } } } } }", {"n": 10**19}),
        (
            "query ($n: Int) { people(first: $n) { edges { node { dwellings(first: $n) { id } } } } }",
            {"n": "200"},
        ),
    ],
)
def test_a10_page_sizes_multiply(served: Served, query: str, variables: dict[str, object]) -> None:
    refused(served, query, "COST_LIMIT", variables=variables)


@pytest.mark.parametrize("first", ["201", "2147483647", "-1"])
def test_a10_page_size_out_of_range(served: Served, first: str) -> None:
    refused(served, f"{{ people(first: {first}) {{ edges {{ node {{ id }} }} }} }}", "VALIDATION")


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100 + b"]" * 100 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 10_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": 1e400}}',
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": -Infinity}}',
        b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ __typename }", "query": "{ __typename }"}',
        b'{"query": "\xff"}',
        b'\xef\xbb\xbf{"query": "{ __typename }"}',
    ],
    ids=lambda body: repr(body[-30:]),
)
def test_a12_hostile_json(served: Served, body: bytes) -> None:
    response = served.client.post(
        "/graphql", content=body, headers={"Content-Type": "application/json", **known(served)}
    )
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(("literal", "code"), [('"' + "x" * 100_000 + '"', "COST_LIMIT"), ("9" * 10_000, "VALIDATION")])
def test_a12_hostile_literals(served: Served, literal: str, code: str) -> None:
    refused(served, f"{{ people(first: {literal}) {{ edges {{ node {{ id }} }} }} }}", code)


def test_a12_a_megabyte_is_refused_by_its_length(served: Served) -> None:
    response = served.client.post("/graphql", content=b"x" * 1_000_000, headers={"Content-Type": "application/json"})
    assert (response.status_code, code_of(response)) == (413, "TOO_LARGE")


def test_a12_a_chunked_megabyte_is_cut(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    headers = {"Content-Type": "application/json", **known(served)}
    response = served.client.post("/graphql", content=endless(), headers=headers)
    assert (response.status_code, code_of(response)) == (413, "TOO_LARGE")


def test_a13_gzip_bomb(served: Served) -> None:
    bomb = gzip.compress(json.dumps({"query": "{ __typename }" + " " * 10_000_000}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = served.client.post("/graphql", content=bomb, headers=headers)
    assert (response.status_code, code_of(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("operator", ["contains", "matches", "regex", "endsWith"])
def test_a16_no_slow_string_operator_is_offered(served: Served, operator: str) -> None:
    refused(
        served, f'{{ people(where: {{name: {{{operator}: "(a+)+$"}}}}) {{ edges {{ node {{ id }} }} }} }}', "VALIDATION"
    )


def test_a17_ranges_and_multipart(served: Served) -> None:
    ranged = served.client.get("/healthz", headers={"Range": "bytes=" + ",".join(["0-"] * 1_000)})
    assert (ranged.status_code, ranged.json()) == (200, {"alive": True})
    parts = b"".join(b"--b\r\nX: y\r\n\r\n\r\n" for _ in range(10_000)) + b"--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = served.client.post("/graphql", content=parts, headers=headers)
    assert (response.status_code, code_of(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


LIMITED: Mapping[str, Any] = {
    "rate_of_person": 500,
    "burst_of_person": 5_000,
    "rate_of_application": 2_000,
    "burst_of_application": 30_000,
}
CHEAP = "{ __typename }"
ALIASED = "{" + " ".join(f"a{n}: people(first: 20) {{ edges {{ cursor }} }}" for n in range(50)) + "}"


def codes_until_refused(served: Served, person: str, query: Any, most: int) -> list[str]:
    """The codes of the same request, sent again and again until the rate is refused."""
    codes: list[str] = []
    while len(codes) < most and codes[-1:] != ["RATE_LIMIT"]:
        response = served.ask(query, person=person)
        codes.append(code_of(response))
        if codes[-1] == "RATE_LIMIT":
            assert response.status_code == 429
            assert int(response.headers["Retry-After"]) >= 1
    return codes


def test_a18_cheap_queries_are_bounded_by_the_second(tmp_path: Path) -> None:
    with serving(tmp_path / "home", **LIMITED) as served:
        began = time.monotonic()
        codes = codes_until_refused(served, "inspector-1", CHEAP, 1_000)
        passed = time.monotonic() - began
        assert codes[-1] == "RATE_LIMIT"
        assert set(codes[:-1]) == {"OK"}
        assert len(codes) - 1 <= (5_000 + 500 * passed) / 100 + 1
        # Whoever goes on all the same gets no more by it, and fills neither log nor graph.
        statements = served.hub.graph.statements
        further = [code_of(served.ask(CHEAP, person="inspector-1")) for _ in range(60)]
        passed = time.monotonic() - began
        assert codes.count("OK") + further.count("OK") <= (5_000 + 500 * passed) / 100 + 1
        assert further.count("RATE_LIMIT") > 30
        assert served.hub.graph.statements == statements


def test_a18_aliases_batches_and_what_is_refused_draw_from_the_same_bucket(tmp_path: Path) -> None:
    with serving(tmp_path / "home", **LIMITED) as served:
        # Each stands for a page, so that a few requests are enough.
        assert len(codes_until_refused(served, "inspector-1", ALIASED, 1_000)) < 20
    for number, query in enumerate(("{ nothing }", "no GraphQL", "{ __typename " * 3)):
        with serving(tmp_path / f"home-{number}", **LIMITED) as served:
            assert codes_until_refused(served, "inspector-1", query, 1_000)[-1] == "RATE_LIMIT"
    with serving(tmp_path / "batches", **LIMITED) as served:
        token = served.issuer.issue("fire-inspection", "inspector-1")
        headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "safety.fire.rental"}
        batch = [{"query": CHEAP}] * 10
        codes = {code_of(served.client.post("/graphql", json=batch, headers=headers)) for _ in range(60)}
        assert codes == {"BATCHING_DISABLED", "RATE_LIMIT"}
        assert code_of(served.ask(CHEAP, person="inspector-1")) == "RATE_LIMIT"
        assert code_of(served.ask(CHEAP, person="inspector-2")) == "OK"


def test_a18_introspection_draws_from_the_same_bucket(tmp_path: Path) -> None:
    with serving(tmp_path / "home", **{**LIMITED, "burst_of_person": 20_000}) as served:
        codes = codes_until_refused(served, "inspector-1", get_introspection_query(), 100)
        assert set(codes[:-1]) == {"OK"} and codes[-1] == "RATE_LIMIT" and 1 < len(codes) < 10


FIELDS_OF_KIND = " ".join(f"field{n}" for n in range(10))
TO_EACH = [(file, kind) for file in range(10) for kind in range(6)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (kinds("owners(first: 1) { kind0x1Owners(first: 1) { " * 7 + "id" + " } }" * 7), "DEPTH_LIMIT"),
        (kinds("above(first: 1) { kind0x1Above(first: 1) { " * 7 + "id" + " } }" * 7), "DEPTH_LIMIT"),
        (kinds("above(first: 200) { kind0x2Above(first: 200) { id } }"), "COST_LIMIT"),
        (kinds(" ".join(f"a{n}: field{n % 10}" for n in range(500))), "COST_LIMIT"),
        (people(" ".join(f"kind{f}x{k}Owners(first: 1) {{ {FIELDS_OF_KIND} }}" for f, k in TO_EACH)), "COST_LIMIT"),
        (people(" ".join(f"kind{f}x{k}Owners {{ id }}" for f, k in TO_EACH)).replace("(first: 1)", ""), "COST_LIMIT"),
        ("{" + " ".join(f"kind{f}x{k}sAggregate {{ count }}" for f, k in TO_EACH * 4) + "}", "COST_LIMIT"),
    ],
    ids=["through people", "through their own type", "pages", "aliases", "each field", "each edge", "each aggregate"],
)
def test_types_of_slices_cost_what_others_cost(large: Served, query: str, code: str) -> None:
    refused(large, query, code)


def test_the_stack_was_not_deepened() -> None:
    """The refusals above do not rest on a raised recursion limit."""
    assert sys.getrecursionlimit() <= 1_000
