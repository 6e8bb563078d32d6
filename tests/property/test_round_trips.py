"""Requests that wait for one plan and one decision go to the graph together, and are answered and recorded apart."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from audit.log import read
from audit.record import Record
from hub.errors import Code, HubError
from hub.home.issuer import Issuer
from hub.request.running import Hub
from tests.support.county import Answer, County, Gate, in_process

pytestmark = [pytest.mark.property, pytest.mark.slow]

PEOPLE = (
    "query($region: RegionPath!) { people(first: 50, where: {region: {startsWith: $region}}) "
    "{ edges { node { name region dwellings { roomNo } } } } }"
)
BUILDINGS = "{ buildings(first: 3) { edges { node { name } } } }"
STREET = "14/03/21/001/"


class Question(NamedTuple):
    """What one member of staff asks."""

    sub: str
    document: str = PEOPLE
    region: str | None = STREET
    case: str | None = None
    purpose: str = "event.dispatch"

    async def ask(self, hub: Hub, client: httpx.AsyncClient) -> Answer:
        token = Issuer(hub.settings).issue("grid-desk", self.sub)
        headers = {"Authorization": f"Bearer {token}", "Access-Purpose": self.purpose}
        if self.case is not None:
            headers["Case-Reference"] = self.case
        variables = {"region": self.region} if self.region is not None else {}
        response = await client.post("/graphql", headers=headers, json={"query": self.document, "variables": variables})
        return Answer(response.status_code, response.headers, response.content)


class Seen(NamedTuple):
    """The answers of questions: of each alone, of each beside the others, and what the latter took."""

    alone: list[Answer]
    beside: list[Answer]
    texts: list[str]
    of_alone: dict[str, Record]
    """The last record of each alone, by who asked."""
    records: dict[str, Record]
    """The record of each beside the others, by who asked."""

    @property
    def joint(self) -> list[str]:
        return [text for text in self.texts if text.startswith("UNWIND $all")]


Change = Callable[[Hub, list["asyncio.Task[Answer]"]], Awaitable[None]]


async def nothing(_: Hub, __: list["asyncio.Task[Answer]"]) -> None:
    """Change nothing before the gate is opened."""


def ask_beside_each_other(
    county: County,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    questions: list[Question],
    companions: int,
    change: Change = nothing,
    **settings: Any,
) -> Seen:
    """Ask each alone, three times, and then all while another request holds the only turn at the graph."""

    async def run() -> Seen:
        async with in_process(county, folder, graph_statements=1, **settings) as (hub, client):
            alone = [[await each.ask(hub, client) for _ in range(3)][-1] for each in questions]
            before = len(list(read(hub.settings.audit_file)))
            gate = Gate(hub, monkeypatch)
            holding = asyncio.create_task(Question("holder", BUILDINGS, None).ask(hub, client))
            while not gate.texts:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            tasks = []
            for each in questions:
                tasks.append(asyncio.create_task(each.ask(hub, client)))
                await asyncio.sleep(0.05)
            await gate.until_together(companions)
            await change(hub, tasks)
            gate.opened.set()
            await holding
            beside = [each for each in await asyncio.gather(*tasks, return_exceptions=True) if isinstance(each, Answer)]
            subs = {hub.digester.digest("subject", each.sub): each.sub for each in questions}
            logged = [each.record for each in read(hub.settings.audit_file)]
            of_alone, records = (
                {subs[each.subject]: each for each in part if each.subject in subs}
                for part in (logged[:before], logged[before:])
            )
            return Seen(alone, beside, gate.texts[1:], of_alone, records)

    return asyncio.run(run())


def shown(answer: Answer) -> bytes:
    """An answer without what names the request and its record."""
    return answer.raw.partition(b'"extensions"')[0]


@pytest.fixture(autouse=True)
def _whatever_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine too, requests go together however long one took at last."""
    monkeypatch.setattr("hub.request.prepared.round_trips.TOGETHER_SECONDS", 1_000.0)


@pytest.fixture
def grids(county: County) -> list[str]:
    """Some grids of the street."""
    living = "MATCH (p:Person) WHERE p.region STARTS WITH $s AND p.region <> $s AND p.deletedAt IS NULL"
    rows = county.cypher(f"{living} RETURN p.region AS r, count(p) AS people ORDER BY people DESC LIMIT 3", s=STREET)
    return [row["r"] for row in rows]


def test_each_is_answered_and_recorded_as_if_alone(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grids: list[str]
) -> None:
    questions = [Question(f"clerk-{at}", region=region) for at, region in enumerate([STREET, *grids, "99/"])]
    seen = ask_beside_each_other(county, tmp_path, monkeypatch, questions, companions=len(questions) - 1)
    assert len(seen.texts) == len(seen.joint) == 1
    assert [*map(shown, seen.beside)] == [*map(shown, seen.alone)]
    assert len({*map(shown, seen.beside)}) >= 4
    for question, answer in zip(questions, seen.beside, strict=True):
        record = seen.records[question.sub]
        assert (record.result, record.request_id) == ("OK", answer.body["extensions"]["requestId"])
        alone = seen.of_alone[question.sub]
        assert (record.subjects, record.variables) == (alone.subjects, alone.variables)


def test_other_decisions_and_other_plans_go_apart(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [
        Question("one"),
        Question("two"),
        Question("of a case", case="EV-1"),
        Question("of another", case="EV-2"),
        Question("of another purpose", "{ buildings { edges { node { code } } } }", None, purpose="event.callback"),
        Question("of another document", "{ buildings { edges { node { code } } } }", None),
    ]
    seen = ask_beside_each_other(county, tmp_path, monkeypatch, questions, companions=1)
    assert (len(seen.joint), len(seen.texts)) == (1, 5)
    assert [*map(shown, seen.beside)] == [*map(shown, seen.alone)]


def test_what_differs_in_nothing_is_asked_once(county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = "{ events(first: 5) { edges { node { id number } } } }"
    questions = [Question(f"clerk-{at}", document, None) for at in range(4)]
    seen = ask_beside_each_other(county, tmp_path, monkeypatch, questions, companions=3)
    assert len(seen.texts) == 1
    assert [*map(shown, seen.beside)] == [*map(shown, seen.alone)]
    assert {each.result for each in seen.records.values()} == {"OK"}


def test_one_that_is_too_large_is_refused_alone(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [Question("large"), Question("none", region="99/"), Question("large too")]
    seen = ask_beside_each_other(county, tmp_path, monkeypatch, questions, companions=2, result_byte_cap=4_000)
    assert len(seen.texts) == len(seen.joint) == 1
    assert [each.codes for each in seen.beside] == [["RESULT_LIMIT"], [], ["RESULT_LIMIT"]]
    assert [seen.records[each.sub].result for each in questions] == ["RESULT_LIMIT", "OK", "RESULT_LIMIT"]


@pytest.mark.parametrize("code", [Code.TIMEOUT, Code.RESULT_LIMIT, Code.GRAPH_UNAVAILABLE, Code.INTERNAL])
def test_what_fails_for_all_is_asked_for_each(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: Code
) -> None:
    async def fail(hub: Hub, _: Any) -> None:
        async def fetch_numbered(*_: Any, **__: Any) -> Any:
            raise HubError(code, "for all")

        monkeypatch.setattr(hub.graph, "fetch_numbered", fetch_numbered)

    questions = [Question(f"clerk-{at}") for at in range(3)]
    seen = ask_beside_each_other(county, tmp_path, monkeypatch, questions, companions=2, change=fail)
    assert (len(seen.joint), len(seen.texts)) == (0, 3)
    assert [*map(shown, seen.beside)] == [*map(shown, seen.alone)]


@pytest.mark.parametrize("at", [0, 1], ids=["the first", "a companion"])
def test_one_that_gives_up_takes_nobody_along(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    async def give_up(_: Hub, tasks: list["asyncio.Task[Answer]"]) -> None:
        tasks[at].cancel()
        await asyncio.sleep(0.05)

    questions = [Question(f"clerk-{at}") for at in range(4)]
    seen = ask_beside_each_other(county, tmp_path, monkeypatch, questions, companions=3, change=give_up)
    assert [*map(shown, seen.beside)] == [*map(shown, seen.alone)][1:]


def test_what_differs_in_nothing_goes_together_though_it_takes_long(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.request.prepared.round_trips.TOGETHER_SECONDS", 0.0)
    document = "{ events(first: 5) { edges { node { id number } } } }"
    questions = [Question(f"clerk-{at}", document, None) for at in range(3)]
    seen = ask_beside_each_other(county, tmp_path, monkeypatch, questions, companions=2)
    assert len(seen.texts) == 1
    assert [*map(shown, seen.beside)] == [*map(shown, seen.alone)]


def test_what_takes_long_goes_alone(county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.request.prepared.round_trips.TOGETHER_SECONDS", 0.0)
    questions = [Question(f"clerk-{at}") for at in range(3)]
    seen = ask_beside_each_other(county, tmp_path, monkeypatch, questions, companions=0)
    assert (len(seen.joint), len(seen.texts)) == (0, 3)
