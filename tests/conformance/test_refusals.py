"""Each way to ask wrongly has its code, its status, a text that says what to do, no data, and one record."""

import gzip
import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit.log import Logged, read, show
from audit.verify import verify
from hub.errors import RULES, Code
from tests.support.county import Answer, County, HubProcess

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

APP, PURPOSE = "grid-desk", "event.dispatch"
GOOD = "{ regions(first: 1) { edges { node { code } } } }"


@dataclass(frozen=True)
class Wrong:
    """One request that is good but for one thing: what is sent, and the refusal that it must get."""

    name: str
    code: Code
    says: str
    query: Any = GOOD
    variables: Any = None
    members: Callable[[], dict[str, Any]] | None = None
    content: bytes | None = None
    method: str = "POST"
    application: str = APP
    without: str | None = None
    headers: tuple[tuple[str, str | bytes], ...] = ()

    def send(self, hub: HubProcess) -> Answer:
        given = {"authorization": f"Bearer {hub.token(self.application)}", "access-purpose": PURPOSE}
        given["content-type"] = "application/json"
        replaced = {name for name, _ in self.headers} | {self.without}
        sent: list[tuple[bytes, bytes]] = [
            (name.encode(), value.encode()) for name, value in given.items() if name not in replaced
        ]
        sent += [(name.encode(), raw(value, hub)) for name, value in self.headers]
        members = {"query": self.query, **({"variables": self.variables} if self.variables else {})}
        members |= self.members() if self.members else {}
        content = json.dumps(members).encode() if self.content is None else self.content
        # httpx takes headers as bytes too, so that no test value is made well-formed on the way.
        response = hub.client.request(self.method, "/graphql", headers=sent, content=content)
        return Answer(response.status_code, response.headers, response.content)


def raw(value: str | bytes, hub: HubProcess) -> bytes:
    """The bytes of a header; TOKEN stands for a good token."""
    return value.replace(b"TOKEN", hub.token(APP).encode()) if isinstance(value, bytes) else value.encode()


def purpose(value: str | bytes) -> tuple[tuple[str, str | bytes], ...]:
    return (("access-purpose", value),)


def bearer(value: str | bytes) -> tuple[tuple[str, str | bytes], ...]:
    return (("authorization", value),)


def doubling(levels: int) -> str:
    """A document of fragments, each of which spreads the next one twice."""
    chain = [f"fragment f{at} on Region {{ ...f{at + 1} ...f{at + 1} }}" for at in range(levels)]
    last = f"fragment f{levels} on Region {{ code }}"
    return "\n".join(["{ regions { edges { node { ...f0 } } } }", *chain, last])


def nesting(levels: int) -> str:
    """A document that goes up and down the tree of regions."""
    inner = "code"
    for level in range(levels):
        inner = f"{'parent' if level % 2 else 'children(first: 1)'} {{ {inner} }}"
    return f"{{ regions(first: 1) {{ edges {{ node {{ {inner} }} }} }} }}"


def aliases(count: int) -> str:
    """A document that asks for one thing under many names."""
    return "{ " + " ".join(f"a{at}: __typename" for at in range(count)) + " }"


def people(arguments: str) -> str:
    return f"{{ people({arguments}) {{ edges {{ node {{ name }} }} }} }}"


PARENTS = [
    ("nothing", purpose(""), Code.PURPOSE_REQUIRED),
    ("of another department", purpose("welfare.elder"), Code.PURPOSE_DENIED),
    ("parent", purpose("event"), Code.PURPOSE_DENIED),
    ("root", purpose("*"), Code.PURPOSE_DENIED),
    ("child that does not exist", purpose("event.dispatch.night"), Code.PURPOSE_DENIED),
    ("prefix", purpose("event.dis"), Code.PURPOSE_DENIED),
    ("upper case", purpose("EVENT.DISPATCH"), Code.PURPOSE_DENIED),
    ("full width", purpose("ｅｖｅｎｔ．ｄｉｓｐａｔｃｈ".encode()), Code.PURPOSE_DENIED),
    ("Cyrillic e", purpose("еvent.dispatch".encode()), Code.PURPOSE_DENIED),
    ("zero-width joiner", purpose("event\u200d.dispatch".encode()), Code.PURPOSE_DENIED),
    ("trailing no-break space", purpose(b"event.dispatch\xa0"), Code.PURPOSE_DENIED),
    ("trailing dot", purpose("event.dispatch."), Code.PURPOSE_DENIED),
    ("inner blank", purpose("event. dispatch"), Code.PURPOSE_DENIED),
    ("two in one", purpose("event.dispatch, event.callback"), Code.PURPOSE_DENIED),
    ("long", purpose("event.dispatch" + "x" * 10_000), Code.PURPOSE_DENIED),
    ("two headers", (*purpose("event.dispatch"), *purpose("event.callback")), Code.BAD_REQUEST),
]
SAID = {Code.PURPOSE_REQUIRED: "Access-Purpose", Code.PURPOSE_DENIED: "no grant", Code.BAD_REQUEST: "more than once"}

WRONG = [
    Wrong("no token", Code.UNAUTHENTICATED, "sluicegate token", without="authorization"),
    Wrong("not a bearer token", Code.UNAUTHENTICATED, "send `Authorization: Bearer", headers=bearer("Basic YTpi")),
    Wrong("bad token", Code.UNAUTHENTICATED, "ask its issuer", headers=bearer("Bearer not.a.token")),
    Wrong("token with a bit more", Code.UNAUTHENTICATED, "ask its issuer", headers=bearer(b"Bearer TOKENA")),
    Wrong("unregistered application", Code.UNAUTHENTICATED, "registered application", application="nobody"),
    Wrong(
        "two tokens",
        Code.BAD_REQUEST,
        "authorization appears more than once",
        headers=(*bearer(b"Bearer TOKEN"), *bearer(b"Bearer TOKEN")),
    ),
    Wrong("no purpose", Code.PURPOSE_REQUIRED, "Access-Purpose", without="access-purpose"),
    *(Wrong(f"purpose: {name}", code, SAID[code], headers=headers) for name, headers, code in PARENTS),
    Wrong(
        "two cases",
        Code.BAD_REQUEST,
        "case-reference appears more than once",
        headers=(("case-reference", "A1"), ("case-reference", "A2")),
    ),
    Wrong("GET", Code.METHOD, "POST", method="GET", content=b""),
    Wrong("PUT", Code.METHOD, "POST", method="PUT"),
    Wrong("DELETE", Code.METHOD, "POST", method="DELETE"),
    Wrong("1 MB document", Code.TOO_LARGE, "262144 bytes", query=GOOD + " " * 1_000_000),
    Wrong("document of 100 kB", Code.COST_LIMIT, "65536 characters", query=GOOD + " " * 100_000),
    Wrong("form", Code.UNSUPPORTED_MEDIA_TYPE, "application/json",
          headers=(("content-type", "application/x-www-form-urlencoded"),)),
    Wrong("text", Code.UNSUPPORTED_MEDIA_TYPE, "application/json", headers=(("content-type", "text/plain"),)),
    Wrong("no media type", Code.UNSUPPORTED_MEDIA_TYPE, "application/json", without="content-type"),
    Wrong("UTF-16", Code.UNSUPPORTED_MEDIA_TYPE, "UTF-8",
          headers=(("content-type", "application/json; charset=utf-16"),)),
    Wrong("gzip", Code.UNSUPPORTED_MEDIA_TYPE, "uncompressed", headers=(("content-encoding", "gzip"),),
          content=gzip.compress(json.dumps({"query": GOOD}).encode())),
    Wrong("not JSON", Code.BAD_REQUEST, "the body cannot be read", content=b"query=" + GOOD.encode()),
    Wrong("empty body", Code.BAD_REQUEST, "the body cannot be read", content=b""),
    Wrong("not UTF-8", Code.BAD_REQUEST, "the body cannot be read", content='{"query": "{ 数 }"}'.encode("gbk")),
    Wrong("10,000 brackets", Code.BAD_REQUEST, "the body cannot be read", content=b"[" * 10_000),
    Wrong("a key twice", Code.BAD_REQUEST, "the body cannot be read", content=b'{"query": "{ a }", "query": "{ b }"}'),
    Wrong("a text", Code.BAD_REQUEST, "an object with a `query`", content=b'"{ regions }"'),
    Wrong("no query", Code.BAD_REQUEST, "`query`", query=None),
    Wrong("persisted query", Code.BAD_REQUEST, "`documentId` the id of a registered one",
          query=None, members=lambda: {"extensions": {"persistedQuery": {"version": 1}}}),
    Wrong("variables are a list", Code.BAD_REQUEST, "`variables` must be an object", variables=[1]),
    Wrong("operationName is a number", Code.BAD_REQUEST, "`operationName`", members=lambda: {"operationName": 1}),
    Wrong("array batch", Code.BATCHING_DISABLED, "one request carries one operation",
          content=json.dumps([{"query": GOOD}] * 10).encode()),
    Wrong("syntax", Code.VALIDATION, "not GraphQL at this place", query="{ regions { edges { node { code } }"),
    Wrong("unknown field", Code.VALIDATION, "Cannot query field 'nme'", query="{ people { edges { node { nme } } } }"),
    Wrong("unknown root", Code.VALIDATION, "Cannot query field 'users'", query="{ users { id } }"),
    Wrong("unknown operationName", Code.VALIDATION, "`operationName` must name one operation",
          query=f"query A {GOOD}", members=lambda: {"operationName": "B"}),
    Wrong("two operations and no name", Code.VALIDATION, "operationName", query=f"query A {GOOD} query B {GOOD}"),
    Wrong("mutation", Code.VALIDATION, "only queries", query="mutation { deletePerson(id: 1) { id } }"),
    Wrong("subscription", Code.VALIDATION, "only queries", query="subscription { people { edges { node { id } } } }"),
    Wrong("@defer", Code.VALIDATION, "@skip and @include", query="{ ... @defer { regions { edges { cursor } } } }"),
    Wrong("missing variable", Code.VALIDATION, "$n", query="query($n: Int!) " + people("first: $n")),
    Wrong("variable of another type", Code.VALIDATION, "$n", query="query($n: Int) " + people("first: $n"),
          variables={"n": "one"}),
    Wrong("fragment cycle", Code.VALIDATION, "itself",
          query="{ regions { edges { node { ...a } } } } fragment a on Region { parent { ...a } }"),
    Wrong("30 levels of doubling", Code.COST_LIMIT, "fields", query=doubling(30)),
    Wrong("2,000 aliases", Code.COST_LIMIT, "tokens", query=aliases(2_000)),
    Wrong("pages in pages", Code.COST_LIMIT, "nodes",
          query="{ dwellings(first: 200) { edges { node { residents(first: 200) { dwellings { code } } } } } }"),
    Wrong("30 levels deep", Code.DEPTH_LIMIT, "levels", query=nesting(30)),
    Wrong("first: -1", Code.VALIDATION, "first takes 0 to 200", query=people("first: -1")),
    Wrong("first: 2147483647", Code.VALIDATION, "get the next page with `after`", query=people("first: 2147483647")),
    Wrong("first: 201 in a variable", Code.VALIDATION, "first takes 0 to 200",
          query="query($n: Int) " + people("first: $n"), variables={"n": 201}),
    Wrong("a cursor of one's own", Code.BAD_CURSOR, "start again without it", query=people('after: "MTAw"')),
    Wrong("filter on what is denied", Code.FIELD_NOT_FILTERABLE, "Person.registeredAddress",
          query=people('where: {registeredAddress: {startsWith: "山西"}}')),
    Wrong("filter on what is masked", Code.FIELD_NOT_FILTERABLE, "Person.phone",
          query=people('where: {phone: {startsWith: "199"}}')),
    Wrong("filter under not", Code.FIELD_NOT_FILTERABLE, "Person.phone",
          query=people("where: {not: {phone: {isNull: true}}}")),
    Wrong("filter through an edge", Code.FIELD_NOT_FILTERABLE, "Person.birthDate",
          query='{ dwellings(where: {residents: {some: {birthDate: {gt: "2000-01-01"}}}}) { edges { cursor } } }'),
    Wrong("sort by what is masked", Code.FIELD_NOT_FILTERABLE, "Person.phone", query=people("orderBy: [{phone: ASC}]")),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_each_refusal_is_told_and_recorded(county: County, wrong: Wrong) -> None:
    answer, logged = refuse(county, wrong.send)
    assert (answer.codes[0], answer.status) == (wrong.code, RULES[wrong.code].http_status)
    assert "data" not in answer.body
    assert wrong.says in answer.body["errors"][0]["message"]
    assert {error["extensions"]["requestId"] for error in answer.body["errors"]} == {logged.record.request_id}
    assert (logged.record.kind, logged.record.result, logged.record.http_status) == (
        "refusal",
        wrong.code,
        answer.status,
    )
    assert logged.record.nodes == 0
    assert (logged.index, logged.leaf_hash) == (answer.receipt["index"], answer.receipt["leafHash"])


def refuse(county: County, send: Callable[[HubProcess], Answer]) -> tuple[Answer, Logged]:
    """An answer, and the one record that the log got with it."""
    path: Path = county.hub.settings.audit_file
    before = verify(path).size
    answer = send(county.hub)
    logged = list(read(path, before))
    assert [each.record.kind for each in logged] == ["refusal"]
    return answer, logged[0]


def test_the_request_that_the_others_vary_is_answered(county: County) -> None:
    answer = Wrong("nothing", Code.INTERNAL, "").send(county.hub)
    assert (answer.status, answer.codes, len(answer.data["regions"]["edges"])) == (200, [], 1)


def test_a_cursor_of_another_query_is_refused(county: County) -> None:
    page = county.hub.ask(APP, PURPOSE, "{ people(first: 1) { pageInfo { endCursor } } }")
    cursor = page.data["people"]["pageInfo"]["endCursor"]
    again = "query($c: String) { people(first: 1, after: $c) { edges { node { name } } } }"
    sorted_otherwise = again.replace("after: $c", "after: $c, orderBy: [{name: ASC}]")
    elsewhere = "query($c: String) { events(first: 1, after: $c) { edges { node { number } } } }"
    assert county.hub.ask(APP, PURPOSE, again, {"c": cursor}).codes == []
    for stated, document in ((PURPOSE, sorted_otherwise), (PURPOSE, elsewhere), ("event.callback", again)):
        answer, logged = refuse(county, lambda hub, s=stated, d=document: hub.ask(APP, s, d, {"c": cursor}))  # type: ignore[misc]
        assert (answer.status, answer.codes, logged.record.result) == (400, ["BAD_CURSOR"], "BAD_CURSOR")


def test_headers_of_refusals_help_a_client(county: County) -> None:
    by_name = {wrong.name: wrong for wrong in WRONG}
    challenge = by_name["no token"].send(county.hub).headers["www-authenticate"]
    assert challenge == 'Bearer realm="sluicegate", DPoP algs="ES256 Ed25519"'
    assert by_name["GET"].send(county.hub).headers["allow"] == "POST"
    assert by_name["1 MB document"].send(county.hub).headers["connection"] == "close"


def test_a_refused_purpose_names_those_that_would_do(county: County) -> None:
    answer = county.hub.ask("grid-desk", "event", GOOD)
    access = answer.body["errors"][0]["extensions"]["access"]
    assert sorted(access["purposesThatWould"]) == ["event.callback", "event.dispatch"]


def test_a_case_that_cannot_be_one_is_as_none(county: County) -> None:
    # Whether a case exists is never told: a number that is too long is not told either.
    plain = Wrong("no case", Code.INTERNAL, "").send(county.hub)
    stated = Wrong("a case", Code.INTERNAL, "", headers=(("case-reference", "x" * 200),)).send(county.hub)
    assert (stated.status, stated.data) == (plain.status, plain.data) == (200, plain.data)


@pytest.mark.parametrize("stated", ["event.dispatch ", "event.dispatch\t", "  event.dispatch"])
def test_a_blank_beside_a_purpose_never_makes_it_another(county: County, stated: str) -> None:
    # RFC 9110, section 5.5: blanks around a field are no part of it, so either it is that purpose or it is refused.
    connection = http.client.HTTPConnection(county.hub.settings.host, county.hub.settings.port, timeout=30)
    headers = county.hub.headers(APP, None) | {"Access-Purpose": stated}
    connection.request("POST", "/graphql", json.dumps({"query": GOOD}), headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    logged, _ = show(county.hub.settings.audit_file, body["extensions"]["receipt"]["index"])
    seen = (response.status, logged.record.result, logged.record.purpose == PURPOSE)
    assert seen in {(200, "OK", True), (403, "PURPOSE_DENIED", False)}
