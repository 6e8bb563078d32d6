"""What the statement masks is what `policies/masking.py` defines, on the values that break masks.

Cypher's text functions count code points as Python does, or an astral character would shift what is kept.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies import masking
from policies.model import PolicySet
from policies.rules import Subject
from policies.text.surnames import COMPOUND_SURNAMES
from schema import SPINE
from schema.catalogue import Entity, Field, Scalar
from tests.support.oracle import free_texts
from tests.support.oracle.naive_view import Sight
from tests.support.small_graph import TODAY, World, ask, policy, sid, subject

pytestmark = pytest.mark.property
VALUES = 120
KEPT = re.compile(r"\*+|\.\Z")
DAYS = (TODAY, dt.date(2024, 2, 29), dt.date(2025, 2, 28), dt.date(2026, 3, 1), dt.date(2026, 12, 31))
LETTERS = "张王李欧阳司马諸葛𠮷𠀀👨‍👩‍👧e\u0301\u200bAz09- *\n'\\"
NAME_PARTS = (
    *("张", "李", "王", "欧阳", "司马", "諸葛", "張", "马丁", "史密斯", "安娜", "罗布", "玉罕", "田中"),
    *("敏", "三丰", "光", "明", "尔", "𠮷", "卓玛", "白玛", "努尔", "买买提", "古丽", "·", "A", "2"),
)
AWKWARD_TEXTS = (
    *(
        "",
        "王",
        "张三",
        "欧阳",
        "欧阳修",
        "司馬光",
        "諸葛孔明",
        "𠮷",
        "𠮷田",
        "𠮷野家",
        "👨‍👩‍👧",
        "e\u0301a",
        "'; RETURN 1 //",
    ),
    *(
        "1234",
        "12345",
        "1234567",
        "12345678",
        "13800001111",
        "14032119570301123X",
        "140321570301123",
        "  ",
        "\u200b\u200b",
    ),
)
AWKWARD_DATES = (
    *(dt.date(1904, 2, 29), dt.date(2000, 2, 29), dt.date(2024, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31)),
    *(dt.date(1936, 6, 30), dt.date(1936, 7, 1), dt.date(1956, 7, 1), dt.date(2026, 6, 30), dt.date(2026, 7, 1)),
)
AWKWARD_PATHS = ("14/", "14/03/21/", "14/03/21/001/002/005/", "14/-/21/001/-/005/", "14/03/21/001/002/005/007/")


def masked_fields() -> Iterator[tuple[Entity, Field, str]]:
    """Each rung of each ladder in the catalogue, one field for each kind of value."""
    seen = set()
    for entity in SPINE:
        for field in entity.fields:
            for rung in field.masks:
                if (field.scalar, rung) not in seen:
                    seen.add((field.scalar, rung))
                    yield entity, field, rung


MASKED = tuple(masked_fields())


def values(rng: random.Random, field: Field) -> list[Any]:
    """Awkward values, random ones, and null."""
    if field.scalar is Scalar.DATE:
        return [None, *AWKWARD_DATES, *(dt.date.fromordinal(rng.randint(690_000, 740_000)) for _ in range(VALUES))]
    if field.scalar is Scalar.REGION:
        made = ["".join(f"{rng.randint(0, 99):02}/" for _ in range(rng.randint(0, 7))) for _ in range(VALUES)]
        return [None, *AWKWARD_PATHS, *made]
    if field.scalar in {Scalar.INT, Scalar.FLOAT}:
        kind = int if field.scalar is Scalar.INT else float
        return [None, kind(0), *(kind(rng.randint(-5_000, 5_000)) for _ in range(VALUES))]
    assert field.scalar is Scalar.STRING
    made = ["".join(rng.choice(LETTERS) for _ in range(rng.randint(0, 20))) for _ in range(VALUES // 2)]
    called = ["".join(rng.choice(NAME_PARTS) for _ in range(rng.randint(1, 3))) for _ in range(VALUES // 2)]
    return [None, *AWKWARD_TEXTS, *rng.sample(COMPOUND_SURNAMES, 20), *made, *called]


def rules(folder: Path, coordinate: str, rung: str) -> PolicySet:
    """One grant, of one coordinate under one rung."""
    entity = coordinate.partition(".")[0]
    return policy(
        folder,
        f"""
        purposes: [{{id: a, zh: 甲, en: A}}]
        applications: [{{id: app, zh: 用, en: App, department: fire, jurisdiction: 14/}}]
        grants:
          - {{id: g, to: {{application: [app]}}, for: [a], basis: law, rows: {{{entity}: {{}}}},
             fields: {{{coordinate}: {{mask: "{rung}"}}}}}}
        """,
    )


def stored(rng: random.Random, field: Field, rung: str, value: Any) -> dict[str, Any]:
    """A value as the graph holds it, with spans beside it where the mask goes by spans."""
    if value is None:
        return {}
    return {field.name: value, **(free_texts.anything_beside(rng, value) if rung.startswith("text") else {})}


def masked(who: Sight, rung: str, value: Any, properties: dict[str, Any]) -> Any:
    """What the oracle shows of a value."""
    if rung.startswith("text"):
        return free_texts.masked(rung, value, free_texts.trusted(properties))
    return who.masked(rung, value)


@pytest.mark.parametrize(("entity", "field", "rung"), MASKED, ids=lambda each: getattr(each, "name", each))
def test_the_statement_masks_as_defined(
    empty_graph: GraphAddress,
    rng: random.Random,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entity: Entity,
    field: Field,
    rung: str,
) -> None:
    raw = {f"n{place}": value for place, value in enumerate(values(rng, field)[:200])}
    made = World({name: (entity.name, stored(rng, field, rung, value)) for name, value in raw.items()})
    found = rules(tmp_path, f"{entity.name}.{field.name}", rung)
    document = f"{{ r: {entity.plural}(first: 200) {{ edges {{ node {{ c: {field.name} }} }} }} }}"
    names = sorted(raw, key=sid)

    async def shown() -> list[list[Any]]:
        graph = Graph(empty_graph.url, empty_graph.user, empty_graph.password)
        answers = []
        for day in DAYS:
            monkeypatch.setattr("tests.support.small_graph.TODAY", day)
            got = await ask(graph, found, subject(found, "app"), "a", document)
            answers.append([each["node"]["c"] for each in got.answer.data["r"]["edges"]])
        await graph.close()
        return answers

    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        made.load(writer)
    for day, answer in zip(DAYS, asyncio.run(shown()), strict=True):
        who = Sight(made, {}, subject(found, "app"), "a", day)
        wanted = [None if raw[name] is None else masked(who, rung, raw[name], made.nodes[name][1]) for name in names]
        # The order of a list is one purpose's own (threat model): what is shown is compared, not where.
        more, less = Counter(map(repr, answer)), Counter(map(repr, wanted))
        assert more == less, [
            (raw[name], each) for name, each in zip(names, wanted, strict=True) if (less - more)[repr(each)]
        ]


@pytest.mark.parametrize(("entity", "field", "rung"), MASKED, ids=lambda each: getattr(each, "name", each))
def test_a_mask_never_raises_nor_shows_more_than_it_keeps(
    rng: random.Random, entity: Entity, field: Field, rung: str
) -> None:
    sight = Sight(World(), {}, Subject("app", "fire", "", "", "14/", "tester"), "a", TODAY)
    for value in values(rng, field):
        shown = None if value is None else sight.masked(rung, value)
        if value is None or rung == "redact" or rung.startswith("text"):  # a text without its spans
            assert shown in {None, masking.REDACTED}
        elif rung.startswith(("partial", "surname", "initial")):
            assert shown == masking.REDACTED or (shown != value and len(KEPT.sub("", str(shown))) < len(value))
        elif rung.startswith("region"):
            assert value.startswith(shown)


@pytest.mark.parametrize(
    ("rung", "value"),
    [
        *(("partial(3,4)", text) for text in ("", "1", "1234", "1234567", "𠮷𠮷𠮷𠮷𠮷𠮷𠮷")),
        *(("partial(6,4)", text) for text in ("140321", "1403211957")),
        *(("surname", text) for text in ("", "王", "𠮷")),
    ],
)
def test_a_value_no_longer_than_what_is_kept_is_hidden_whole(rung: str, value: str) -> None:
    assert masking.parse(rung).apply(value, TODAY) == masking.REDACTED
