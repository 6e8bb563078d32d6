"""Over HTTP: what a sender has left is told in headers, who has used it up is refused before anything is fetched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.request.running import Hub
from policies.language import load_files, read_folder
from policies.model import PolicySet
from schema import SPINE
from tests.support.project import ROOT
from tests.support.serving import COUNTY, Served, code_of, serving

pytestmark = pytest.mark.conformance
PAGE = "people(first: 150) { edges { node { name } } }"
PEOPLE = f"{{ a: {PAGE} b: {PAGE} }}"
CHEAP = "{ __typename }"
NAMES = ("application", "person")


def policy(limits: str) -> PolicySet:
    """The policies of the county, with limits of its fire inspection."""
    files = read_folder(COUNTY)
    entry = b"    role: inspector\n"
    assert files["applications.yaml"].count(entry) == 1
    files["applications.yaml"] = files["applications.yaml"].replace(entry, entry + f"    limits: {limits}\n".encode())
    return load_files(files, SPINE)


SMALL = "{application: {rate: 10, burst: 1500}, person: {rate: 10, burst: 1000}}"
"""Ten units a second are so few that they are nothing while a test lasts, unless that waits for it."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "home", policy=policy(SMALL)) as running:
        yield running


def left(response: httpx.Response) -> dict[str, int]:
    """What each limit has left, by its header."""
    return {name: int(units) for name, units in re.findall(r'"(\w+)";r=(\d+);t=\d+', response.headers["RateLimit"])}


def use_up(served: Served) -> httpx.Response:
    """Ask until the rate is refused; the refusal."""
    answers = (served.ask(CHEAP) for _ in range(100))
    return next(each for each in answers if code_of(each) == "RATE_LIMIT")


def about(response: httpx.Response, application: int, person: int) -> bool:
    """Whether so much is left, or a few units that came meanwhile."""
    found = left(response)
    return 0 <= found["application"] - application <= 90 and 0 <= found["person"] - person <= 90


def test_each_answer_to_a_known_sender_tells_both_limits(served: Served) -> None:
    fine = served.ask(CHEAP)
    assert code_of(fine) == "OK"
    said = '"application";q=1500;qu="cost";w=150, "person";q=1000;qu="cost";w=100'
    assert fine.headers["RateLimit-Policy"] == said
    assert about(fine, 1_400, 900)
    wrong = served.ask("{ nothing }")
    assert code_of(wrong) == "VALIDATION"
    assert about(wrong, 1_300, 800), "what cannot be answered costs the request"
    assert about(served.ask("no GraphQL"), 1_200, 700)
    assert about(served.ask(CHEAP, purpose=None), 1_100, 600)


def test_nobody_else_is_told_anything(served: Served) -> None:
    for response in (
        served.client.get("/graphql"),
        served.client.post("/graphql", json={"query": CHEAP}),
        served.ask(CHEAP, token="x.y.z"),
    ):
        assert response.status_code in {401, 405}
        assert not [name for name in response.headers if name.startswith("ratelimit")]
    assert about(served.ask(CHEAP), 1_400, 900)


def test_the_header_of_the_registry_is_that_of_the_settings_where_it_says_nothing(served: Served) -> None:
    other = served.ask(CHEAP, app="grid-desk", purpose="event.dispatch")
    assert other.headers["RateLimit-Policy"] == (
        '"application";q=2000000;qu="cost";w=10, "person";q=400000;qu="cost";w=10'
    )


def test_who_has_used_it_up_is_refused_and_others_are_not(served: Served) -> None:
    for _ in range(10):
        assert code_of(served.ask(CHEAP)) == "OK"
    statements, before = served.hub.graph.statements, len(served.records())
    over = served.ask(PEOPLE)
    assert (over.status_code, code_of(over)) == (429, "RATE_LIMIT")
    assert re.fullmatch(r"[1-9]|10", over.headers["Retry-After"])
    message = over.json()["errors"][0]["message"]
    assert "each person of this application" in message and f"wait {over.headers['Retry-After']} s" in message
    assert "data" not in over.json()
    assert f";t={over.headers['Retry-After']}" in over.headers["RateLimit"]
    assert served.hub.graph.statements == statements
    (record,) = served.records()[before:]
    assert (record.result, record.http_status, record.kind) == ("RATE_LIMIT", 429, "refusal")
    assert record.application == "fire-inspection" and record.subject is not None
    # The application still has a third: another person may ask, until that is used up.
    for _ in range(5):
        assert code_of(served.ask(CHEAP, person="inspector-2")) == "OK"
    whole = served.ask(CHEAP, person="inspector-3")
    assert code_of(whole) == "RATE_LIMIT"
    assert "this application, with all its persons" in whole.json()["errors"][0]["message"]
    assert code_of(served.ask(CHEAP, app="grid-desk", purpose="event.dispatch")) == "OK"


def test_a_chinese_client_is_told_in_chinese(served: Served) -> None:
    for _ in range(10):
        served.ask(CHEAP)
    over = served.ask(CHEAP, headers={"Accept-Language": "zh"})
    assert over.json()["errors"][0]["message"].startswith("查询用量已达上限，请按 Retry-After 等待后再试（")


def test_after_the_wait_there_is_an_answer(tmp_path: Path) -> None:
    fast = "{application: {rate: 1000, burst: 1000}, person: {rate: 500, burst: 500}}"
    with serving(tmp_path / "home", policy=policy(fast)) as served:
        over = use_up(served)
        assert over.headers["Retry-After"] == "1"
        time.sleep(1)
        assert code_of(served.ask(CHEAP)) == "OK"


def test_what_is_over_the_limit_is_neither_read_nor_fetched(served: Served) -> None:
    statements = served.hub.graph.statements
    first = served.ask(PEOPLE)
    assert code_of(first) == "GRAPH_UNAVAILABLE", "it was let through, to a graph that is not there"
    second = served.ask(PEOPLE)
    assert code_of(second) == "RATE_LIMIT"
    assert served.hub.graph.statements == statements
    use_up(served)
    # Now even a body that nobody could read is refused for the rate: it is not looked at.
    assert code_of(served.ask("{ nothing }")) == "RATE_LIMIT"
    assert code_of(served.ask(CHEAP, purpose="no.such.purpose")) == "RATE_LIMIT"


def test_what_no_bucket_holds_is_refused_for_good(served: Served) -> None:
    response = served.ask("{" + "".join(f"a{at}: {PAGE} " for at in range(4)) + "}")
    assert (response.status_code, code_of(response)) == (400, "COST_LIMIT")
    assert "Retry-After" not in response.headers
    assert "may spend 1000 at once" in response.json()["errors"][0]["message"]


def test_the_cost_is_told_to_who_asks(served: Served) -> None:
    tell = {"Access-Cost": "tell"}
    assert "cost" not in served.ask(CHEAP).json()["extensions"]
    assert "cost" not in served.ask(CHEAP, headers={"Access-Cost": "none"}).json()["extensions"]
    told = served.ask(CHEAP, headers=tell)
    assert told.json()["extensions"]["cost"] == {"total": 100, "request": 100, "nodes": 0, "introspection": 0}
    assert "Access-Cost" in told.headers["Vary"]
    assert "cost" not in served.ask("{ nothing }", headers=tell).json()["extensions"], "it has none"
    refused = served.ask(PEOPLE, headers=tell)
    assert code_of(refused) == "RATE_LIMIT"
    assert refused.json()["extensions"]["cost"]["total"] == 700, "what has to be there is told with the refusal too"


@pytest.mark.parametrize("value", ["", "yes", "list"])
def test_a_header_that_asks_for_the_cost_otherwise_is_refused(served: Served, value: str) -> None:
    response = served.ask(CHEAP, headers={"Access-Cost": value})
    assert code_of(response) == "BAD_REQUEST"
    assert "Access-Cost takes tell or none" in response.json()["errors"][0]["message"]


def test_another_policy_has_its_limits_from_the_next_request_on(served: Served) -> None:
    for _ in range(10):
        served.ask(CHEAP)
    assert code_of(served.ask(CHEAP)) == "RATE_LIMIT"
    hub: Hub = served.hub
    hub.policy = policy("{application: {rate: 20000, burst: 40000}, person: {rate: 10000, burst: 20000}}")
    response = served.ask(CHEAP)
    assert code_of(response) == "OK"
    assert 'q=20000;qu="cost";w=2' in response.headers["RateLimit-Policy"]


def test_a_hub_that_is_started_again_has_full_buckets(served: Served, tmp_path: Path) -> None:
    use_up(served)
    with serving(tmp_path / "another", policy=policy(SMALL)) as again:
        assert about(again.ask(CHEAP), 1_400, 900)


def test_no_header_metric_or_record_names_the_person(served: Served) -> None:
    sub = "zhang.wei.340322"
    answers: list[Any] = [served.ask(PEOPLE, person=sub) for _ in range(4)]
    assert "RATE_LIMIT" in [code_of(each) for each in answers]
    told = "".join(f"{each.headers}{each.text}" for each in answers) + served.client.get("/metrics").text
    assert sub not in told + "".join(map(repr, served.records()))
    assert "RateLimit" in str(answers[0].headers) or "ratelimit" in str(answers[0].headers)


def test_the_client_of_the_page_waits_and_gets_all_its_answers(served: Served) -> None:
    served.hub.policy = policy("{application: {rate: 800, burst: 800}, person: {rate: 400, burst: 400}}")
    page = (ROOT / "docs" / "clients.md").read_text("utf-8").partition("## How much you may ask for")[2]
    snippet = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    token = served.issuer.issue("fire-inspection", "inspector-1")
    url = str(served.client.base_url)
    known = {"HUB": url, "TOKEN": token, "PURPOSE": "safety.fire.rental", "NO_PROXY": "*"}
    done = subprocess.run(
        [sys.executable, "-c", snippet], env={**os.environ, **known}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [word for at in range(12) for word in (str(at), "Query")]
    assert "RATE_LIMIT" in [each.result for each in served.records()], "it was refused, and came again"
