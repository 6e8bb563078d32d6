"""Denied data is never fetched: no statement reads, for the client, a coordinate that no rule gives him.

Over a corpus of generated documents: every property a statement touches is accounted for with its origin, the text is
made of catalogue words and of nothing the client wrote. That an operation is at most one statement at the driver is
counted here on a sample, and for every operation in test_oracle.py.
`NEVER_FETCHED_DOCUMENTS` sets how many; `TEST_SEED` repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.graph.lots import LOT
from hub.request.template import Statement
from policies.masking import AGE_BANDS
from schema import SPINE
from tests.support.oracle.free_texts import DETECTOR, OLDER
from tests.support.oracle.naive_view import Sight, rules_for
from tests.support.oracle.random_documents import document
from tests.support.oracle.random_worlds import APPLICATIONS, PURPOSES, policies, world
from tests.support.small_graph import SEALS, TODAY, World, policy, prepare, sid, subject

pytestmark = [pytest.mark.property, pytest.mark.slow]
DOCUMENTS = int(os.environ.get("NEVER_FETCHED_DOCUMENTS", "150"))
PER_POLICY, SAMPLE = 10, 10
ALIASES = "zzq"

OF_PROVENANCE = {
    *(f"SourceRecord.{name}" for name in ("source", "asOf", "said", "key")),
    *(f"SourceRun.{name}" for name in ("assertedBy", "good", "freshFor")),
}
"""What a statement with provenance reads of records and runs: no number of a record among it."""
EFFECTS = ("clear", "mask", "aggregate")
VOCABULARY = """
CALL MATCH OPTIONAL WHERE WITH ORDER BY DESC LIMIT RETURN COLLECT EXISTS DISTINCT UNWIND AS CASE WHEN THEN ELSE END AND
OR NOT IN IS NULL STARTS null true false collect count head size coalesce reduce split left right toString
toInteger x k UNION ALL sign CONTAINS YIELD db index fulltext queryNodes node
year floor path found contributors amount share largest max sum rows total g s k n d m v c t touched
datetime duration seconds ASSERTS SourceRun source asOf said key assertedBy good freshFor
"""
KEYWORDS = frozenset(VOCABULARY.split())
MADE = re.compile(r"(?:n|p|r|c|b|d)\d+\Z")
TEXTS = frozenset({"", "0x", "/", ".", "*", "**", "***", "****", *AGE_BANDS})
COMPANIONS = {
    f"{entity.name}.{name}": f"{entity.name}.{field.name}"
    for entity in SPINE
    for field in entity.fields
    for name in (field.text_properties.names if field.text_properties else ())
}
"""What stands beside a free text, and the coordinate that reading it is a reading of."""
TOLD_BY = frozenset(
    {
        *("Address.dwellings", "Building.dwellings", "Dwelling.residents", "Event.reporter", "Household.members"),
        *("Inspection.dwelling", "Inspection.unit", "Tenancy.landlord", "Tenancy.tenant", "Unit.representative"),
    }
)
"""The edges on the way from a node to the people it tells about."""
HANDED_ON = re.compile(r"n\d+\.\w+, s: |n\d+\.\w+Words\b")
JUDGED = re.compile(
    r"WHEN (?P<var>n\d+)\.(?P<text>\w+)Spans IS NOT NULL AND (?P=var)\.(?P=text)Detector = \$(?P<version>p\d+)"
    r"(?:(?!\bWHEN\b).)*? THEN (?:\{m: \$p\d+, v: (?P=var)\.(?P=text), s: (?P=var)\.(?P=text)Spans, "
    r"c: (?P=var)\.(?P=text)Check\}"
    r"|(?P=var)\.(?P=text)Words\b)",
    re.DOTALL,
)
"""What is handed on of a free text to be cut or counted later, and the question that must stand before it."""
NAMES = frozenset(
    name
    for entity in SPINE
    for name in (
        entity.name,
        "sid",
        LOT,
        "deletedAt",
        *(name for field in entity.fields if field.text_properties for name in field.text_properties.names[:4]),
        *(field.name for field in entity.fields),
        *(end.relationship for end in entity.edges.values()),
    )
)


@dataclass(frozen=True)
class Prepared:
    """A statement and the coordinates its reader has no effect on."""

    label: str
    document: str
    statement: Statement
    denied: frozenset[str]


def corpus(seed: int, folder: Path, refused: list[str]) -> Iterator[Prepared]:
    """Documents with a statement; those that were refused, or ask the graph nothing, are counted apart."""
    made = world(random.Random(f"{seed}"))
    for index in range(10 * DOCUMENTS // PER_POLICY):
        rng = random.Random(f"{seed}:{index}")
        rules = policies(rng, folder / str(index))
        for number in range(PER_POLICY):
            who, purpose = subject(rules, rng.choice(APPLICATIONS)), rng.choice(PURPOSES)
            sight = Sight(made, rules_for(rules, who, purpose, TODAY), who, purpose, TODAY)
            denied = frozenset(
                coordinate
                for coordinate, _ in SPINE.coordinates()
                if not sight.gives(*coordinate.split("."), *EFFECTS) and not sight.matches(*coordinate.split("."))
            )
            ids = [
                SEALS.seal_id(who.department, purpose, SPINE.entity(label).tag, sid(name))
                for name, (label, _) in rng.sample(sorted(made.nodes.items()), 6)
            ]
            asked = document(rng, ids, sight.filterable, ALIASES)
            try:
                _, statement = prepare(rules, who, purpose, asked.text, asked.variables)
            except HubError as refusal:
                refused.append(refusal.code.value)
                continue
            if statement is not None:
                yield Prepared(f"{seed}:{index}:{number}", asked.text, statement, denied)


def properties(text: str) -> set[str]:
    """`Type.property` of each property read in a statement, from the labels or relationships of its variables."""
    followed = {
        "<-[:ASSERTS]-": "SourceRecord",
        **{f"-[:{edge.relationship}]->": edge.target for edge in SPINE.edges},
        **{f"<-[:{edge.relationship}]-": edge.source for edge in SPINE.edges},
    }
    reached = re.findall(r"(<-\[:\w+\]-|-\[:\w+\]->)\((n\d+)\)", text)
    labels = dict(re.findall(r"\((n\d+):(\w+)", text)) | {var: followed[arrow] for arrow, var in reached}
    read = (f"{labels[var]}.{name}" for var, name in re.findall(r"\b(n\d+)\.(\w+)", text))
    return {COMPANIONS.get(coordinate, coordinate) for coordinate in read}


def recorded(statement: Statement) -> set[str]:
    """Edges that are read so that the record names whom a node tells about; nothing of it is answered."""
    return {each.coordinate for each in statement.references if each.origin == "audit"}


def untrusted(statement: Statement) -> list[str]:
    """Texts and words that are handed on whatever detector judged them."""
    judged = [each for each in JUDGED.finditer(statement.text) if statement.parameters[each["version"]] == DETECTOR]
    covered = {at for each in judged for at in range(*each.span())}
    return [each[0] for each in HANDED_ON.finditer(statement.text) if each.start() not in covered]


def problems(case: Prepared) -> list[str]:
    """What is wrong with a statement."""
    text = case.statement.text
    asked = {each.coordinate for each in case.statement.references if each.origin == "request"}
    known = {each.coordinate for each in case.statement.references}
    house = {f"{entity.name}.{name}" for entity in SPINE for name in ("sid", LOT, "deletedAt")}
    house |= OF_PROVENANCE if any(each.endswith(".provenance") for each in asked) else set()
    bare = re.sub(r"'[^']*'", "''", text)
    words = set(re.findall(r"[A-Za-z_]\w*", bare)) - KEYWORDS - NAMES
    return [
        *(f"fetches {each}, which is denied" for each in sorted(asked & case.denied)),
        *(f"records people by {each}, which leads to none" for each in sorted(recorded(case.statement) - TOLD_BY)),
        *(f"reads {each}, which is not accounted for" for each in sorted(properties(text) - known - house)),
        *(f"holds the word {each}" for each in sorted(words) if not MADE.match(each)),
        *(f"holds the text {each!r}" for each in re.findall(r"'([^']*)'", text) if each not in TEXTS),
        *(f"hands on {each} of any detector" for each in untrusted(case.statement)),
        *(["holds more than ASCII"] if not text.isascii() else []),
        *(["holds a name the client made up"] if ALIASES in text else []),
        *(f"has the parameter {each}" for each in case.statement.parameters if not re.fullmatch(r"p\d+", each)),
    ]


def test_no_statement_reads_what_is_denied(empty_graph: GraphAddress, rng: random.Random, tmp_path: Path) -> None:
    refused: list[str] = []
    made = corpus(rng.getrandbits(32), tmp_path, refused)
    cases = [case for case, _ in zip(made, range(DOCUMENTS), strict=False)]

    for case in cases:
        assert not problems(case), f"{case.label}: {problems(case)}\n{case.document}\n{case.statement.text}"
    assert len(cases) == DOCUMENTS
    assert sum(bool(case.denied) for case in cases) > DOCUMENTS // 2
    assert set(refused) <= {"FIELD_NOT_FILTERABLE", "VALIDATION", "BAD_CURSOR", "COST_LIMIT"}
    assert len(refused) < DOCUMENTS

    async def statements() -> list[int]:
        graph = Graph(empty_graph.url, empty_graph.user, empty_graph.password)
        sent = []
        for case in cases[::SAMPLE]:
            before = graph.statements
            await graph.fetch(
                case.statement.text, case.statement.parameters, deadline_seconds=60.0, byte_cap=10_000_000
            )
            sent.append(graph.statements - before)
        await graph.close()
        return sent

    assert set(asyncio.run(statements())) == {1}


@pytest.mark.parametrize("rung", ["text", "text(phone4)", "text(surname,phone4)"])
def test_a_text_that_nobody_judged_stays_in_the_database(empty_graph: GraphAddress, tmp_path: Path, rung: str) -> None:
    kept = {"textSpans": [0, 2, 0], "textWords": ["漏水"], "textDetector": DETECTOR}
    states = {
        "judged": kept,
        "older": kept | {"textDetector": OLDER},
        "none": {},
        "failed": kept | {"textSpans": None},
        "no detector": kept | {"textDetector": None},
    }
    made = World({name: ("Event", {"text": f"张三 {name}", **beside}) for name, beside in states.items()})
    rules = policy(
        tmp_path,
        f"""
        purposes: [{{id: a, zh: 甲, en: A}}]
        applications: [{{id: app, zh: 用, en: App, department: fire, jurisdiction: 14/}}]
        grants:
          - {{id: g, to: {{application: [app]}}, for: [a], basis: law, rows: {{Event: {{}}}},
             fields: {{Event.text: {{mask: "{rung}"}}}}}}
        """,
    )
    document = "{ events { edges { node { text } } } eventsAggregate { count } }"
    _, statement = prepare(rules, subject(rules, "app"), "a", document)
    assert statement is not None
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        made.load(writer)

    async def fetched() -> str:
        graph = Graph(empty_graph.url, empty_graph.user, empty_graph.password)
        rows = await graph.fetch(statement.text, statement.parameters, deadline_seconds=60.0, byte_cap=1_000_000)
        await graph.close()
        return str(rows)

    found = asyncio.run(fetched())
    assert [name for name in states if f"张三 {name}" in found] == ["judged"]
    assert found.count("'***'") == len(states) - 1
