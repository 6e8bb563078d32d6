"""What is known of a person leaves by a permitted answer and by no other way (E13, F06).

People whom nobody else resembles are put wherever a request can hold a value, and stand in the pulled registers, one
of them in a refused row only. Then every other output of the processes is searched for them.
"""

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.log import read
from audit.verify import verify
from hub.sample.known_people import CANARIES, DIRTY_CANARY
from tests.support.county import Answer, County, HubProcess
from tests.support.leak_search import Collector, files, forms
from tests.support.leak_search import found as seen
from tests.support.leak_search import leaks as leaked

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

PEOPLE = (*CANARIES, DIRTY_CANARY)
NAME, NUMBER, PHONE = CANARIES[0].name, CANARIES[0].id_no, CANARIES[0].phone
GRID, FIRE, STAT = ("grid-desk", "event.dispatch"), ("fire-inspection", "safety.fire.rental"), ("statistics", "stat")


SOUGHT = {value: tuple(set(forms(value))) for who in PEOPLE for value in (who.name, who.id_no, who.phone)}


def found(content: bytes) -> set[str]:
    """The values of canaries that stand in some bytes, in whatever form."""
    return seen(content, SOUGHT)


def where(field: str, value: str) -> str:
    return f'{{ people(where: {{{field}: {{eq: "{value}"}}}}) {{ edges {{ node {{ gender residency }} }} }} }}'


# Documents that hold a value where a document can; each is sent under each purpose.
DOCUMENTS = [
    where("name", NAME),
    where("idNumber", NUMBER),
    where("phone", PHONE),
    where("birthDate", NUMBER),
    where("unheardOf", NAME),
    f'{{ people(where: {{name: {{eq: """{NAME} {PHONE}"""}}}}) {{ edges {{ cursor }} }} }}',
    f"{{ people(first: {PHONE}) {{ edges {{ node {{ gender }} }} }} }}",
    f'{{ people(first: "{PHONE}") {{ edges {{ node {{ gender }} }} }} }}',
    f'{{ people(after: "{NAME}") {{ edges {{ node {{ gender }} }} }} }}',
    f'{{ people(after: "{base64.urlsafe_b64encode(NUMBER.encode()).decode()}") {{ edges {{ cursor }} }} }}',
    f'{{ node(id: "{NUMBER}") {{ id }} person(id: "{NAME}") {{ gender }} }}',
    f"{{ people(where: {{gender: {{eq: P{PHONE}}}}}) {{ edges {{ cursor }} }} }}",
    f'{{ people(where: {{name: {{eq: "{NAME}',
    f"{{ {NAME} }}",
    f'{{ people(where: {{name: {{eq: "{NAME}" "{PHONE}"}}}}) }}',
    f"# {NAME} {NUMBER} {PHONE}\n{{ people(first: 1) {{ edges {{ node {{ gender }} }} }} }}",
    f'mutation {{ call(phone: "{PHONE}") }}',
    f'{{ people @note(text: "{NAME}") {{ edges {{ cursor }} }} }}',
    f'{{ peopleAggregate(where: {{region: {{startsWith: "{PHONE}"}}}}) {{ count }} }}',
]  # fmt: skip
# Names that an app makes up itself: GraphQL lets them be letters and digits.
NAMED = [
    f"query Q{PHONE} {{ p{NUMBER}: people(first: 1) {{ edges {{ node {{ x{PHONE}: gender }} }} }} }}",
    f"query($v{PHONE}: Int) {{ people(first: $v{PHONE}) {{ edges {{ node {{ gender }} }} }} }}",
    f"{{ people(first: 1) {{ edges {{ node {{ ...f{NUMBER} }} }} }} }} fragment f{NUMBER} on Person {{ gender }}",
]  # fmt: skip
VARIABLES: list[dict[str, Any]] = [
    {"where": {"name": {"eq": NAME}}},
    {"where": {"idNumber": {"eq": NUMBER}}},
    {"where": {"or": [{"phone": {"in": [PHONE, NUMBER]}}, {"name": {"startsWith": NAME}}]}},
    {"where": {NAME: PHONE}},
    {"where": NAME},
    {"where": {"birthDate": {"eq": NUMBER}}},
    {"where": {"name": {"eq": [NAME, {"phone": PHONE}]}}},
    {"where": None, f"unused{PHONE}": NAME},
]
HEADERS: list[tuple[str, bytes]] = [
    ("access-purpose", NAME.encode()),
    ("access-purpose", f"event.dispatch.{PHONE}".encode()),
    ("case-reference", f"{NAME} {NUMBER}".encode()),
    ("case-reference", (PHONE * 20).encode()),
    ("authorization", f"Bearer {NAME}".encode()),
    ("authorization", f"Basic {NUMBER}:{PHONE}".encode()),
    ("user-agent", f"{NAME}/{PHONE}".encode()),
    ("traceparent", f"00-{NUMBER[:17]}{NUMBER[:15]}-{PHONE}00000-01".encode()),
    ("baggage", f"person={PHONE}".encode()),
    ("tracestate", f"person={PHONE}".encode()),
    ("x-request-id", NUMBER.encode()),
    ("accept", f"text/{PHONE}".encode()),
    ("content-type", f"text/{PHONE}".encode()),
    ("content-encoding", PHONE.encode()),
    ("x-forwarded-for", NUMBER.encode()),
    ("cookie", f"who={PHONE}".encode()),
]
BODIES = [
    f'{{"query": "{NAME}'.encode(),
    f'{{"query": "{{ a }}", "{PHONE}": 1}}'.encode(),
    f"{NAME} {NUMBER}".encode(),
    json.dumps([{"query": where("name", NAME)}] * 2).encode(),
    json.dumps({"query": "{ __typename }", "operationName": NAME}).encode(),
    json.dumps({"query": "query A { __typename }", "operationName": f"A{PHONE}"}).encode(),
    json.dumps({"query": "{ __typename }", "extensions": {"who": NAME}}).encode(),
    json.dumps({"query": where("name", NAME * 40_000)}).encode(),
    NAME.encode("gbk"),
    NAME.encode("utf-16"),
]


def send(hub: HubProcess, given: dict[str, str], content: bytes, extra: tuple[str, bytes] | None = None) -> Answer:
    headers = [(name.lower().encode(), value.encode()) for name, value in given.items()]
    if extra is not None:
        name, value = extra
        headers = [*((known, each) for known, each in headers if known != name.encode()), (name.encode(), value)]
    response = hub.client.post("/graphql", headers=headers, content=content)
    return Answer(response.status_code, response.headers, response.content)


def storm(hub: HubProcess) -> Iterator[Answer]:
    """Everything above; the answers of those who may not see what they asked about."""
    listing = "query($where: PersonWhere) { people(where: $where) { edges { node { gender } } } }"
    good = json.dumps({"query": "{ regions { edges { node { code } } } }"}).encode()
    for application, purpose in (GRID, FIRE, STAT):
        headers = hub.headers(application, purpose)
        for document in DOCUMENTS:
            yield send(hub, headers, json.dumps({"query": document}, ensure_ascii=False).encode())
            yield send(hub, headers, json.dumps({"query": document}).encode())
        for variables in VARIABLES:
            yield send(hub, headers, json.dumps({"query": listing, "variables": variables}).encode())
        yield from (send(hub, headers, good, extra) for extra in HEADERS)
        yield from (send(hub, headers, body) for body in BODIES)
    for client, sub in (("grid-desk", NUMBER), (NAME, PHONE), (PHONE, NAME)):
        given = hub.headers(*GRID) | {"Authorization": f"Bearer {hub.issuer.issue(client, sub)}"}
        yield send(hub, given, good)


def odd_traffic(hub: HubProcess) -> None:
    """What no client library sends: paths and methods with values, what is no HTTP, bodies that break off."""
    for path in (f"/{PHONE}", f"/graphql?query={NUMBER}", f"/readyz?who={PHONE}", f"/metrics/{NUMBER}"):
        for method in ("GET", "POST", "DELETE"):
            assert hub.client.request(method, path).status_code in {200, 401, 404, 405, 415}
    lines = [
        f"GET /{PHONE} HTTP/9.9\r\n\r\n",
        f"{PHONE} {NUMBER}\r\n\r\n",
        f"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Length: {NUMBER}\r\n\r\n{NAME}",
        f"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Length: 900\r\nContent-Type: application/json\r\n\r\n{NAME}",
        f"POST /graphql HTTP/1.1\r\nHost: hub\r\nBroken header {PHONE}\r\n\r\n",
    ]
    for line in lines:
        with socket.create_connection((hub.settings.host, hub.settings.port), timeout=120) as raw:
            raw.sendall(line.encode())
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65_536):
                pass
    late = http.client.HTTPConnection(hub.settings.host, hub.settings.port, timeout=120)
    late.request("POST", "/graphql", json.dumps({"query": where("name", NAME)}), hub.headers(*GRID))
    late.close()


def leaks(paths: list[Path]) -> dict[str, set[str]]:
    """By file, the canaries in it."""
    return leaked(paths, SOUGHT)


@pytest.mark.parametrize("shape", sorted(SOUGHT[NAME] + SOUGHT[PHONE]))
def test_the_search_finds_a_canary_in_any_form(tmp_path: Path, shape: bytes) -> None:
    (tmp_path / "leak").write_bytes(b"\0before " + shape + b" after\xff")
    assert leaks(files(tmp_path, apart=tmp_path / "none"))


def test_the_search_finds_the_canaries_where_they_belong(county: County) -> None:
    register = (county.data / "police" / "household_register.csv").read_bytes()
    tickets = (county.data / "hotline" / "tickets.jsonl").read_bytes()
    assert {who.name for who in PEOPLE} <= found(register)
    assert {who.phone for who in CANARIES} <= found(tickets)
    held = county.cypher("MATCH (n:Person) WHERE n.name IN $names RETURN n.name AS n", names=[c.name for c in CANARIES])
    assert len(held) == len(CANARIES)


def test_a_pull_tells_no_value_of_a_row(county: County) -> None:
    refused = county.cypher("MATCH (q:Quarantined) RETURN properties(q) AS p")
    # Her row is there: hers is the number whose check digit is wrong.
    assert "bad-resident-id" in {row["p"]["rule"] for row in refused}
    assert found(repr(refused).encode()) == set()
    assert found(county.pull_output.read_bytes()) == set()
    held = county.cypher("MATCH (n:Person {name: $name}) RETURN n.name AS n", name=DIRTY_CANARY.name)
    assert held == []


def test_no_output_of_the_hub_holds_a_person(county: County, tmp_path: Path) -> None:
    collector = Collector()
    with collector.serve() as endpoint, county.another_hub(tmp_path, otlp_endpoint=endpoint) as hub:
        answers = list(storm(hub))
        odd_traffic(hub)
        metrics = hub.client.get("/metrics").content
        audit = hub.settings.audit_file
        hub.stop()
        verdict = verify(audit)
        records = list(read(audit))
    home = hub.settings.home
    written = [*files(tmp_path, apart=home / "keys"), *files(county.folder, apart=county.data)]
    store = county.hub.settings.graph_folder / "data"
    searched = [path for path in written if store not in path.parents]

    assert {answer.status for answer in answers} >= {200, 400, 401, 403, 413, 415}
    assert verdict.ok
    assert len(records) >= len(answers)
    assert b"sluicegate_requests_total" in metrics
    assert sum(body.count(b"purpose") for body in collector.bodies) > len(answers) // 2
    assert {"hub.output", "audit.db", "neo4j.log", "debug.log", "pull.output"} <= {path.name for path in searched}

    assert leaks(searched) == {}
    assert found(b"\n".join(collector.bodies)) == set()
    assert found(metrics) == set()
    echoed = {answer.raw for answer in answers if found(answer.raw)}
    assert echoed == set()


def test_no_name_that_an_app_made_up_is_in_the_log(county: County, tmp_path: Path) -> None:
    with county.another_hub(tmp_path) as hub:
        answers = [hub.ask(*GRID, document) for document in NAMED]
        hub.stop()
    assert len(answers) == len(NAMED)
    assert leaks(files(tmp_path, apart=hub.settings.home / "keys")) == {}
