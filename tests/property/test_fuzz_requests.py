"""Generated requests at a running hub: whatever is sent, it is answered or told what is wrong, and recorded once.

No answer is INTERNAL or 500, each request leaves exactly one record, which names the answer's request id, and each
refusal says in a sentence what to mend; one of a document or of variables says where.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from audit.log import Logged, tail
from hub.errors import RULES, Code
from hub.graph.local import GraphAddress
from hub.request.answers.preferences import JSON
from tests.support.attack_scene import Scene, set_scene
from tests.support.fuzz import Case, cases
from tests.support.oracle.random_documents import document
from tests.support.registered.proofs import proof
from tests.support.serving import Served, serving

pytestmark = [pytest.mark.property, pytest.mark.slow]

ASKERS = (("desk", "event"), ("next-desk", "event"), ("brigade", "safety.fire"), ("counter", "stat"))
TEXTS = (
    "", " ", "\x00", "a\x00b", "\ufeff", "\uffff", "😀", "\u202e", "'\"\\", "` RETURN 1 //", "x" * 5_000,
    "null", "$today", "1957-03-01", "0001-01-01", "9999-12-31", "2026-02-30", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "14/", "14/03/21", "/", "RENTED", "rented", "ASC", "60-69",
    "A" * 50, "AAAA", "é" * 51, "+86", "0086", "（010）", "１３８１１１１０００１", "13811110001", "140321195703010001",
)  # fmt: skip
NUMBERS = (0, 1, -1, 200, 201, 2**31 - 1, 2**31, -(2**31), 2**53, 2**63, 1.5, -0.0, 1e308, 5e-324)
WORDS = (
    *("{", "}", "(", ")", "[", "]", ":", "!", "$", "@", "...", "=", "|", "&", ",", "#", '"', '"""', "\\", "\ufeff"),
    *("null", "true", "{}", "[]", "0", "-1", "1e400", "9" * 400, '"\\ud800"', '"\\u0000"', '"x"', '"""x"""', "ASC"),
    *(
        "query",
        "mutation",
        "subscription",
        "fragment",
        "on",
        "@skip(if: true)",
        "@include(if: $v)",
        "@defer",
        "__typename",
    ),
    *(
        "first: -1",
        "first: 201",
        'after: "x"',
        "where: {}",
        "where: null",
        "where: {or: []}",
        "orderBy: [{}]",
        "not: {}",
    ),
    *("idNumber", "people", "Person", "name", "id", "node", "edges", "isNull: null", "eq: null", "in: []", "some: {}"),
)
TOKEN = re.compile(r'"""(?:.|\n)*?"""|"(?:[^"\\]|\\.)*"|\.\.\.|[\w$@]+|\s+|.', re.DOTALL)
DOCUMENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("query($w: PersonWhere) { people(where: $w) { edges { node { name } } } }", {"w": {"name": {"eq": "a"}}}),
    ("query($w: PersonWhere!) { people(where: {not: $w}) { edges { cursor } } }", {"w": {"phone": {"in": ["1"]}}}),
    ("query($f: StringFilter) { dwellings(where: {code: $f}) { edges { cursor } } }", {"f": {"startsWith": "D"}}),
    ("query($i: ID!) { node(id: $i) { id } person(id: $i) { name } }", {"i": "A" * 50}),
    ("query($i: [ID!]!) { nodes(ids: $i) { id ... on Person { name } } }", {"i": ["A" * 50, "B" * 50]}),
    ("query($n: Int, $c: String) { people(first: $n, after: $c) { edges { cursor } } }", {"n": 2, "c": None}),
    ("query($o: [PersonOrder!]) { people(orderBy: $o) { edges { node { name } } } }", {"o": [{"name": "ASC"}]}),
    ("query($g: [PersonBucket!]) { peopleAggregate(groupBy: $g) { count } }", {"g": ["GENDER"]}),
    ("query($d: Date) { people(where: {birthDate: {lt: $d}}) { edges { node { id } } } }", {"d": "1957-03-01"}),
    ("query($t: DateTime) { events(where: {reportedAt: {gt: $t}}) { edges { cursor } } }", {"t": "2026-06-30T08:00Z"}),
    ("query($w: PersonWhere!, $s: Date) { accessesOf(where: $w, since: $s) { day } }", {"w": {"name": {"eq": "1"}}}),
    ('query($w: PersonWhere = {name: {eq: "a"}}, $n: Int = 3) { people(where: $w, first: $n) { edges { cursor } } }',
     {"n": 2}),
    ("query($g: [PersonBucket!] = [GENDER]) { peopleAggregate(groupBy: $g) { count gender } }", {}),
    ("query($p: Boolean! = true) { people(first: 1) { edges { node { name @include(if: $p) } } } }", {"p": False}),
    ("query($e: Gender = MALE) { people(where: {gender: {eq: $e}}) { edges { node { gender } } } }", {}),
    ('{ __type(name: "Person") { fields { name } } __schema { queryType { name } } }', {}),
    ("{ __typename }", {}),
)  # fmt: skip
HEADERS = (
    ("content-type", ("application/json", "application/json; charset=utf-8", "text/plain", "")),
    ("access-purpose", ("event", "event.call", "EVENT", "event, stat", "stat", "", "x" * 300, "\u00e9")),
    ("case-reference", ("E1", "", "x" * 300, "' OR 1=1", "\u00e9")),
    ("accept", ("*/*", "application/graphql-response+json", "application/graphql-response+json;q=0", "", ",,;q=")),
    ("accept-language", ("zh-CN", "en;q=0.1", "zh;q=x,,", "\u00e9")),
    ("accept-encoding", ("gzip", "gzip;q=0", "identity", ";;q=")),
    ("access-errors", ("none", "list", "LIST", "all", "")),
    ("content-encoding", ("identity", "gzip", "")),
    ("authorization", ("", "Bearer", "Bearer x.y.z", "Basic eDp5", "\u00e9")),
)  # fmt: skip
METHODS = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "POST")
ADDRESSES = (
    *("/graphql", "/graphql?query={__typename}", "/graphql/", "/access", "/access?why=Person.phone", "/schema.graphql"),
    *("/audit/proof", "/audit/proof?form=cose", "/audit/checkpoint", "/audit/tile/0/000", "/ingest/x", "/nothing"),
)
TAILS = (
    "",
    "?",
    "&index=0",
    "?why=",
    "?why=Person.%00",
    "?index=0&leafHash=" + "0" * 64,
    "?x=%ff",
    "/..",
    "?" + "x" * 300,
)
PAGE_HEADERS = (
    ("access-as", ("role=lead", "level=2,role=x", "role", "=", "\u00e9")),
    ("dpop", ("", "x", "x.y.z", "\u00e9", "e30.e30.")),
    ("if-none-match", ("*", '"x"', 'W/"x",', "\u00e9")),
    ("upgrade", ("websocket", "h2c")),
    ("connection", ("upgrade", "close")),
    ("accept", ("text/event-stream", "text/html", "application/cose")),
    ("range", ("bytes=0-1", "x")),
)
DIGESTS = ("sha256:" + "0" * 64, "sha256:", "", "x", 7, None, ["sha256:"], {"sha256": 1})
JUNK = (b"\x00", b"\xff", b"\xef\xbb\xbf", b"\\ud800", b"]", b"}", b"[" * 200, b'"a":1,', b"NaN", b"1e999")
PLACES = re.compile(r"where|orderBy|groupBy|first|\$|document|operation|fragment|introspection|takes|directive|'")


@pytest.fixture(scope="module")
def scene(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return set_scene(empty_graph, tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def served(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("fuzz") / "home"
    with serving(home, scene.address, scene.policies, graph_deadline=20.0) as running:
        running.hub.floods.needs_counting = lambda source: False  # type: ignore[method-assign]
        yield running


def hostile(rng: random.Random, depth: int = 2) -> Any:
    """A JSON value that nobody expects."""
    draw = rng.random()
    if draw < 0.15 and depth:
        return [hostile(rng, depth - 1) for _ in range(rng.choice((0, 1, 3)))]
    if draw < 0.3 and depth:
        names = ("eq", "in", "and", "or", "not", "some", "none", "name", "dwellings", "isNull", "x", "__proto__", "")
        return {rng.choice(names): hostile(rng, depth - 1) for _ in range(rng.choice((0, 1, 2)))}
    return rng.choice((None, True, False, rng.choice(NUMBERS), rng.choice(TEXTS), rng.choice(TEXTS)))


def mutated_value(rng: random.Random, value: Any) -> Any:
    """The value with one part left out, nulled, emptied, repeated or replaced."""
    if rng.random() < 0.35 or not isinstance(value, dict | list) or not value:
        return rng.choice((hostile(rng), [value], {"eq": value}, None, type(value)() if value is not None else 0))
    if isinstance(value, list):
        at = rng.randrange(len(value))
        return [*value[:at], *([] if rng.random() < 0.2 else [mutated_value(rng, value[at])]), *value[at + 1 :]]
    name = rng.choice(list(value))
    rest = {key: each for key, each in value.items() if key != name}
    changed = {name if rng.random() < 0.8 else rng.choice(("eq", "some", "zz")): mutated_value(rng, value[name])}
    return rest if rng.random() < 0.2 else rest | changed


def mutated_text(rng: random.Random, text: str) -> str:
    """The document with a few of its tokens dropped, repeated, exchanged or replaced."""
    tokens = TOKEN.findall(text)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(tokens) + 1)
        match rng.randrange(5):
            case 0:
                del tokens[at : at + rng.choice((1, 1, 3))]
            case 1:
                tokens[at:at] = tokens[at : at + rng.choice((1, 5, 30))] * rng.choice((1, 2, 40))
            case 2:
                tokens[at : at + 1] = [f" {rng.choice(WORDS)} "]
            case 3:
                tokens.insert(at, f" {rng.choice(WORDS)} ")
            case _:
                other = rng.randrange(len(tokens) + 1)
                tokens[at : at + 1], tokens[other : other + 1] = tokens[other : other + 1], tokens[at : at + 1]
    return "".join(tokens)


def mutated_bytes(rng: random.Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    junk = rng.choice(JUNK)
    cut, inserted = body[:at], body[:at] + junk + body[at:]
    return rng.choice((cut, inserted, junk + body, body + junk, body * 2, b"[" + body + b"]", b""))


def members(rng: random.Random) -> dict[str, Any]:
    """The members of a request, mostly with something wrong in the document or in the variables."""
    if rng.random() < 0.4:
        made = document(rng, ["A" * 50], lambda entity, name: rng.random() < 0.7)
        text, variables = made.text, dict(made.variables)
    else:
        text, variables = rng.choice(DOCUMENTS)
    if rng.random() < 0.4:
        text = mutated_text(rng, text)
    if rng.random() < 0.6:
        variables = {name: mutated_value(rng, each) if rng.random() < 0.6 else each for name, each in variables.items()}
        if variables and rng.random() < 0.2:
            del variables[rng.choice(list(variables))]
    sent: dict[str, Any] = {"query": text, "variables": variables}
    if rng.random() < 0.1:
        sent[rng.choice(("operationName", "extensions", "query", "variables", "id", ""))] = hostile(rng)
    return sent


def send(case: Case, served: Served) -> httpx.Response:
    """One request; often well formed around what is wrong in it."""
    rng = case.rng
    application, purpose = rng.choice(ASKERS)
    token = served.issuer.issue(application, "tester")
    headers = {"authorization": f"Bearer {token}", "access-purpose": purpose, "content-type": "application/json"}
    if rng.random() < 0.15:
        name, values = rng.choice(HEADERS)
        headers[name] = rng.choice(values)
    body = json.dumps(members(rng), ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        body = mutated_bytes(rng, body)
    encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    return served.client.post("/graphql", content=body, headers=encoded)


def send_elsewhere(case: Case, served: Served) -> httpx.Response:
    """One request to any address by any method: a page, a document id, a proof of a key, a subscription by HTTP."""
    rng = case.rng
    application, purpose = rng.choice(ASKERS)
    token = served.issuer.issue(application, "tester")
    headers = {"authorization": f"Bearer {token}", "access-purpose": purpose, "content-type": "application/json"}
    method, address = rng.choice(METHODS), rng.choice(ADDRESSES) + (rng.choice(TAILS) if rng.random() < 0.4 else "")
    if rng.random() < 0.3:
        method, address = "POST", "/graphql"
    if rng.random() < 0.3:
        shown = proof(token, f"{served.client.base_url}{address}", method)
        headers |= {"authorization": f"DPoP {token}", "dpop": shown}
    for name, values in rng.sample((*PAGE_HEADERS, *HEADERS), rng.choice((0, 1, 1, 2))):
        headers[name] = rng.choice(values)
    named = {"persistedQuery": {"version": 1, "sha256Hash": rng.choice(DIGESTS)}}
    bodies: tuple[Any, ...] = (
        {"documentId": rng.choice(DIGESTS), "variables": hostile(rng)},
        {"extensions": rng.choice((named, hostile(rng)))},
        {"query": "subscription { eventChanged { id } }"},
        hostile(rng),
    )
    content = json.dumps(rng.choice(bodies)).encode("utf-8", "surrogatepass")
    encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    return served.client.request(method, address, content=content, headers=encoded)


def check_answer(answer: httpx.Response) -> None:
    """The answer is of a known code with its status, and a refusal says what to mend, and where."""
    told = answer.json()
    for error in told.get("errors", ()):
        code = Code(error["extensions"]["code"])
        assert code is not Code.INTERNAL
        assert len(error["message"].split()) >= 3, "in Chinese too, which holds the English message"
        if not RULES[code].partial_data:
            as_clients_expect = code is Code.VALIDATION and answer.headers["content-type"].startswith(JSON)
            assert answer.status_code == (200 if as_clients_expect else RULES[code].http_status)
        if code is Code.VALIDATION:
            assert error.get("locations") or PLACES.search(error["message"])
    assert answer.status_code != 500


def test_whatever_is_sent_is_answered_or_refused_and_recorded_once(served: Served) -> None:
    def last() -> Logged | None:
        return next(iter(tail(served.hub.settings.audit_file, 1)), None)

    outcomes: dict[str, int] = {}
    for case in cases(150):
        before = last()
        try:
            answer = send(case, served)
        except httpx.TimeoutException:
            raise AssertionError(f"{case}: no answer in time") from None
        try:
            check_answer(answer)
            recorded = [each.record for each in tail(served.hub.settings.audit_file, 20)]
            new = [each for each in recorded if each.request_id == answer.json()["extensions"]["requestId"]]
            assert sum(each.kind != "continuation" for each in new) == 1
            after = last()
            assert after is not None
            assert after.index - (before.index if before else -1) == len(new)
        except (AssertionError, KeyError, ValueError) as wrong:
            seen = f"{case}: {answer.status_code} {answer.text[:500]}\n{answer.request.content!r}"
            raise AssertionError(seen) from wrong
        code = (answer.json().get("errors") or [{"extensions": {"code": "OK"}}])[0]["extensions"]["code"]
        outcomes[code] = outcomes.get(code, 0) + 1
    print(dict(sorted(outcomes.items())))


def test_a_thousand_requests_get_no_answer_of_500_or_more(served: Served) -> None:
    statuses: dict[int, int] = {}
    for case in cases(1_000):
        answer = (send if case.rng.random() < 0.4 else send_elsewhere)(case, served)
        seen = f"{case}: {answer.status_code} {answer.text[:500]}\n{answer.request!r} {answer.request.content!r}"
        assert answer.status_code < 500, seen
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
    print(dict(sorted(statuses.items())))
    if sum(statuses.values()) == 1_000:
        assert {200, 400, 401, 404, 405} <= statuses.keys(), "all kinds of answers were seen"
