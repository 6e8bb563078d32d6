"""The compiled statement and the naive oracle agree on generated policies, graphs and documents (semantics 15).

`ORACLE_TRIPLES` sets how many (policy, graph, document) triples of the spine, `ORACLE_CATALOGUES` how many generated
catalogues there are beside it, each with `ORACLE_CATALOGUE_TRIPLES`; `TEST_SEED` repeats a run.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from hub.errors import HubError
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.request.cypher import Cypher
from schema import SPINE
from schema.catalogue import Catalogue
from schema.graphql import bucket_value
from tests.support.oracle import sources
from tests.support.oracle.expected import Expected
from tests.support.oracle.expected_answers import expected
from tests.support.oracle.free_texts import PROSES
from tests.support.oracle.naive_pages import CURSOR
from tests.support.oracle.random_catalogues import generated_catalogue, summary
from tests.support.oracle.random_documents import PAGED, Document
from tests.support.oracle.random_worlds import world
from tests.support.oracle.triples import DOCUMENTS, WORLDS, Case, draw
from tests.support.small_graph import Asked, ask, sid

pytestmark = [pytest.mark.property, pytest.mark.slow, pytest.mark.dosed]
TRIPLES = int(os.environ.get("ORACLE_TRIPLES", "250"))
CATALOGUES = int(os.environ.get("ORACLE_CATALOGUES", "3"))
CATALOGUE_TRIPLES = int(os.environ.get("ORACLE_CATALOGUE_TRIPLES", "24"))
WORDS = frozenset(word for each in PROSES for word in each.words)
IN_FLIGHT, MAX_PAGES = 4, 4
GOES_ON = {"after": ("hasNextPage", "endCursor"), "before": ("hasPreviousPage", "startCursor")}
"""By the argument for the cursor: what says that there is another page, and its cursor."""
Alter = Callable[[int, Case], Case]


COUNTS = (
    "{ peopleAggregate { count } }",
    "{ peopleAggregate(groupBy: [AGE_BAND]) { ageBand count } }",
    "{ peopleAggregate(groupBy: [REGION_STREET]) { regionStreet count } }",
    "{ peopleAggregate(groupBy: [REGION_GRID, AGE_BAND]) { regionGrid ageBand count } }",
    '{ peopleAggregate(groupBy: [GENDER], where: {ageBand: {in: ["60-69", "90+"]}}) { gender count } }',
    "{ peopleAggregate(groupBy: [AGE_BAND], where: {not: {residency: {eq: MIGRANT}}}) { ageBand count } }",
    "{ eventsAggregate(groupBy: [STATUS]) { status count } }",
    "{ buildingsAggregate(groupBy: [REGION_COMMUNITY]) { regionCommunity count } }",
)


def agrees(wanted: Any, got: Any) -> bool:
    """Whether the answers are the same; a cursor of the oracle stands for any cursor of the hub."""
    if isinstance(wanted, dict):
        return isinstance(got, dict) and list(wanted) == list(got) and all(agrees(wanted[k], got[k]) for k in wanted)
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and all(map(agrees, wanted, got))
    if isinstance(wanted, str) and wanted.startswith(CURSOR):
        return isinstance(got, str) and len(got) > 40
    return type(wanted) is type(got) and bool(wanted == got)


def errors_agree(wanted: Expected, errors: tuple[HubError, ...]) -> bool:
    """Whether the errors beside the data are the same, those under a forged `node` apart."""
    got = Counter((each.code.value, tuple(map(str, each.path))) for each in errors)
    kept = Counter({key: count for key, count in got.items() if key[1][0] not in wanted.forged})
    return kept == wanted.errors


def same_answer(wanted: Expected, got: Asked) -> bool:
    """Whether data and errors are the same, and everybody of whom something is shown is in the record."""
    named = {sid(each) for each in wanted.people} <= set(got.answer.subjects)
    right = not wanted.faults and named and agrees(wanted.data, got.answer.data)
    return right and errors_agree(wanted, got.answer.errors) and cut_in(got) == wanted.cut


def cut_in(got: Asked) -> Counter[tuple[str, int, int | None]]:
    """The nested lists of which the hub says that they end early, with how many there are."""
    ended = [each.ended for each in got.answer.cut]
    return Counter((one.coordinate, one.shown, one.total) for one in ended if not one.coordinate.startswith("Query."))


def shown(got: Asked) -> str:
    """The hub's answer and its statement, for a message."""
    codes = [(each.code.value, each.path) for each in got.answer.errors]
    text = got.statement.text if got.statement else ""
    data = json.dumps(got.answer.data, ensure_ascii=False)
    return f"{data}\n{codes}\n{len(got.answer.subjects)} people recorded\n{text}"


async def disagreement(graph: Graph, case: Case, asked: Counter[str]) -> str | None:
    """How the two answers differ, page after page, or None; counts operations in `asked`."""
    theirs: dict[str, Any] = dict(case.document.variables)
    ours: dict[str, Any] = dict(case.document.variables)
    for _ in range(MAX_PAGES):
        wanted = expected(case.sight, case.document.text, ours)
        try:
            sight, text = case.sight, case.document.text
            got = await ask(graph, case.policies, sight.who, sight.purpose, text, theirs, sight.case, sight.catalogue)
        except HubError as refusal:
            return (
                None if refusal.code.value in wanted.faults | wanted.maybe else _tell(case, ours, wanted, repr(refusal))
            )
        asked["with a statement" if got.statement else "without"] += 1
        asked["with a sum"] += got.statement is not None and "UNION ALL" in got.statement.text
        asked["with a source"] += any(f"'{source}'" in str(got.answer.data) for source in sources.SOURCES)
        asked["with reuse"] += got.statement is not None and ".collectedFor IN " in got.statement.text
        asked["with a search"] += got.statement is not None and "fulltext" in got.statement.text
        asked["with a cut text"] += "【" in str(got.answer.data)
        asked["with a hot word"] += any(f"'{word}'" in str(got.answer.data) for word in WORDS)
        asked["with people to record"] += bool(wanted.people)
        asked["with an answer"] += bool(wanted.answers)
        asked.update(f"that says {told}" for told in wanted.verified)
        if not same_answer(wanted, got):
            return _tell(case, ours, wanted, shown(got))
        asked["with a list that says how many there are"] += "ListInfo" in str(got.answer.data)
        asked["with a cut list"] += bool(wanted.cut)
        asked["backwards"] += case.document.paged == "before" and bool(wanted.data[PAGED])
        if not case.document.paged or not wanted.data[PAGED]:
            return None
        more, end = GOES_ON[case.document.paged]
        if not wanted.data[PAGED]["pageInfo"][more] or wanted.data[PAGED]["pageInfo"][end] is None:
            return None
        ours[case.document.paged] = wanted.data[PAGED]["pageInfo"][end]
        theirs[case.document.paged] = got.answer.data[PAGED]["pageInfo"][end]
    return None


def _tell(case: Case, variables: Mapping[str, Any], wanted: Expected, got: str) -> str:
    return (
        f"draw {case.label} ({case.sight.who.application}, {case.sight.purpose}, case {case.sight.case})\n"
        f"{case.document.text}\n{dict(variables)}\n"
        f"oracle: {json.dumps(wanted.data, ensure_ascii=False)}\n"
        f"{wanted.errors} {wanted.faults}\n{len(wanted.people)} people to record\nhub: {got}\n"
    )


async def disagreements(graph: Graph, cases: list[Case], asked: Counter[str]) -> list[str]:
    """All of them, a few operations in flight at once."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(case: Case) -> str | None:
        async with gate:
            return await disagreement(graph, case, asked)

    return [found for found in await asyncio.gather(*(one(case) for case in cases)) if found]


def compare(
    address: GraphAddress,
    seed: int,
    folder: Path,
    triples: int,
    alter: Alter = lambda _, case: case,
    catalogue: Catalogue = SPINE,
    documents: int = DOCUMENTS,
    count: int = WORLDS,
) -> Counter[str]:
    """What was asked of as many triples at least, which agree; `alter` may put another document into a case."""
    worlds = [world(random.Random(f"{seed}:world:{index}"), catalogue) for index in range(count)]
    drawn = [
        [alter(index, case) for case in cases]
        for index, cases in enumerate(draw(seed, worlds, folder, -(-triples // count), documents))
    ]
    asked: Counter[str] = Counter()

    async def run() -> list[str]:
        graph = Graph(address.url, address.user, address.password)
        try:
            with GraphWriter(address.url, address.user, address.password) as writer:
                ensure_constraints(writer, catalogue)
                for index, made in enumerate(worlds):
                    made.load(writer)
                    sources.load(writer, made)
                    if found := await disagreements(graph, [cases[index] for cases in drawn], asked):
                        return found
            # None can have sent fewer than one, so none has sent more.
            assert graph.statements == asked["with a statement"]
        finally:
            await graph.close()
        return []

    found = sorted(asyncio.run(run()), key=len)
    print(f"{triples} triples: {dict(asked)}")
    assert sum(map(len, drawn)) >= triples
    assert not found, f"{len(found)} disagree; the smallest:\n{found[0]}"
    return asked


def test_the_statement_and_the_oracle_agree(empty_graph: GraphAddress, rng: random.Random, tmp_path: Path) -> None:
    asked = compare(empty_graph, rng.getrandbits(32), tmp_path, TRIPLES)
    assert asked["with a source"] > 0
    assert asked["with an answer"] > TRIPLES // 30
    assert sum(asked[f"that says {word}"] for word in ("AGREES", "DISAGREES", "CANNOT_SAY")) > TRIPLES // 50


@pytest.mark.parametrize("number", range(CATALOGUES))
def test_they_agree_on_types_fields_and_edges_that_nobody_has_seen(
    empty_graph: GraphAddress, rng: random.Random, tmp_path: Path, number: int
) -> None:
    seed = rng.getrandbits(32) + number
    made = generated_catalogue(random.Random(f"{seed}:catalogue"), tmp_path / "slices")
    print(f"catalogue {number}: {dict(summary(made))}")
    compare(empty_graph, seed, tmp_path, CATALOGUE_TRIPLES, catalogue=made, documents=4, count=2)


def counting(documents: Sequence[str]) -> Alter:
    """Puts one document after another into the cases."""

    def count(index: int, case: Case) -> Case:
        text = documents[index % len(documents)]
        return replace(case, document=Document(text, {}, "before" if "$before" in text else ""))

    return count


def nested_lists_of(catalogue: Catalogue) -> Iterator[str]:
    """Pages from the end of each list, with each list inside its nodes, cut early, and how many there are."""
    for entity in catalogue:
        for end in (each for each in entity.edges.values() if each.many):
            info = "pageInfo { totalCount hasNextPage __typename }"
            lists = f"{end.name}(first: 1) {{ id }} {end.name}List(first: 0) {{ nodes {{ id }} {info} }}"
            page = "pageInfo { hasPreviousPage hasNextPage startCursor }"
            edges = f"edges {{ node {{ id {lists} b: {end.name}List {{ {info} }} }} }} {page}"
            yield f"query ($before: String) {{ {PAGED}: {entity.plural}(last: 9, before: $before) {{ {edges} }} }}"


def test_nested_lists_and_pages_that_go_backwards_agree(
    empty_graph: GraphAddress, rng: random.Random, tmp_path: Path
) -> None:
    documents = list(nested_lists_of(SPINE))
    rng.shuffle(documents)
    asked = compare(empty_graph, rng.getrandbits(32), tmp_path, TRIPLES // 4, counting(documents))
    assert asked["with a list that says how many there are"] > TRIPLES // 80
    assert asked["with a cut list"] > TRIPLES // 80
    assert asked["backwards"] > TRIPLES // 20


def counts_of(made: Catalogue) -> list[str]:
    """Counts of new types by their divisions, and by one more value, in any order."""
    found = []
    for entity in (each for each in made if each.slice and each.located):
        buckets = [bucket for _, bucket in entity.buckets() if bucket.comparable]
        divisions = [None, *(each for each in buckets if each.level is not None)]
        values = [None, *(each for each in buckets if each.level is None)]
        for pair in product(values, divisions):
            chosen = [each for each in pair if each is not None]
            if not chosen:
                continue
            by = ", ".join(map(bucket_value, chosen))
            cells = " ".join(each.name for each in chosen)
            found.append(f"{{ {entity.plural}Aggregate(groupBy: [{by}]) {{ {cells} count }} }}")
    return found


@pytest.fixture
def only_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most conditions are such that nodes are read; the sums of `hub/request/counts` are right for these too.

    What a node was collected for stands in no index: there no sum is made.
    """

    def suffice(cypher: Cypher, *_: object) -> bool:
        return cypher.decision.collected is None

    monkeypatch.setattr("hub.request.counts.cells.indexes_suffice", suffice)


@pytest.mark.usefixtures("only_sums")
def test_counts_that_are_sums_agree_whatever_their_conditions_are(
    empty_graph: GraphAddress, rng: random.Random, tmp_path: Path
) -> None:
    asked = compare(empty_graph, rng.getrandbits(32), tmp_path, TRIPLES // 2, counting(COUNTS))
    assert asked["with a sum"] > TRIPLES // 20


@pytest.mark.usefixtures("only_sums")
@pytest.mark.parametrize("number", range(-(-CATALOGUES // 8)))
def test_counts_that_are_sums_agree_on_types_that_nobody_has_seen(
    empty_graph: GraphAddress, rng: random.Random, tmp_path: Path, number: int
) -> None:
    draws = random.Random(f"{rng.getrandbits(32) + number}:catalogue")
    asked: list[str] = []
    while not asked:
        made = generated_catalogue(draws, tmp_path / f"slices{len(list(tmp_path.iterdir()))}")
        asked = counts_of(made)
    draws.shuffle(asked)
    compare(empty_graph, draws.getrandbits(32), tmp_path, CATALOGUE_TRIPLES * 4, counting(asked), made)
