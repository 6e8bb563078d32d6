"""A county of 3,000 invented people whose truth the tests know, and attackers who may ask it for a stated purpose.

Attackers go through every stage but HTTP, under policies that a test writes. They learn from answers only; what they
claim to have learned is compared with the truth by the test.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hub.errors import HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from tests.support.oracle.free_texts import DETECTOR
from tests.support.small_graph import SEALS, World, ask, prepare, sid, subject

SEED, PEOPLE, DWELLINGS, EVENTS = 20260630, 3_000, 1_400, 900
GRIDS = tuple(f"14/03/21/00{s}/00{c}/00{g}/" for s in (1, 2) for c in (1, 2, 3) for g in range(1, 6))
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂"
WORDS = ("噪音", "消防", "占道", "漏水", "停车", "路灯", "垃圾", "供暖")
TWO_DEPARTMENTS = """
purposes:
  - {id: study, zh: 研究, en: Study}
  - {id: study.again, zh: 再, en: Again}
  - {id: plan, zh: 规划, en: Planning}
  - {id: housing, zh: 房管, en: Housing}
applications:
  - {id: one, zh: 甲, en: One, department: one, jurisdiction: 14/03/21/}
  - {id: two, zh: 乙, en: Two, department: two, jurisdiction: 14/03/21/}
grants:
  - id: pseudonyms
    to: {application: [one, two]}
    for: [study, plan]
    basis: law
    rows: {Person: {}, Dwelling: {}}
    fields: {Person.name: {mask: pseudonym}, Person.gender: clear, Dwelling.usage: clear, Dwelling.residents: clear}
"""
"""A policy under which two departments see people under pseudonyms, for purposes that must stay apart."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(area: str, born: dt.date, sequence: int) -> str:
    """A resident id number with its check character (GB 11643)."""
    digits = f"{area}{born:%Y%m%d}{sequence:03}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def make_county(rng: random.Random) -> World:
    """Regions, dwellings of four uses (the vacant ones without residents), people, and what they reported."""
    made = World()
    for street in sorted({grid[:13] for grid in GRIDS}):
        made.nodes[street] = ("Region", {"code": street.replace("/", ""), "level": "STREET", "region": street})
    for grid in GRIDS:
        made.nodes[grid] = ("Region", {"code": grid.replace("/", ""), "level": "GRID", "region": grid})
    usages = ("OWNER_OCCUPIED", "OWNER_OCCUPIED", "RENTED", "VACANT", "BUSINESS")
    for number in range(DWELLINGS):
        usage = rng.choice(usages)
        place = {"code": f"D{number:05}", "roomNo": str(100 + number % 40), "usage": usage, "region": rng.choice(GRIDS)}
        made.nodes[f"d{number}"] = ("Dwelling", place)
    inhabited = [
        name for name, (label, each) in made.nodes.items() if label == "Dwelling" and each["usage"] != "VACANT"
    ]
    for number in range(PEOPLE):
        home = rng.choice(inhabited)
        made.nodes[f"p{number}"] = ("Person", _person(rng, number, made.nodes[home][1]["region"]))
        made.edges.append((f"p{number}", "dwellings", home))
    for number in range(EVENTS):
        made.nodes[f"e{number}"] = ("Event", _event(rng, number))
        if number % 10:
            made.edges.append((f"e{number}", "reporter", f"p{rng.randrange(PEOPLE)}"))
    return made


def _person(rng: random.Random, number: int, region: str) -> dict[str, Any]:
    born = dt.date(2026 - rng.randrange(1, 95), rng.randrange(1, 13), rng.randrange(1, 29))
    gender = rng.choice(("MALE", "FEMALE"))
    sequence = rng.randrange(2, 60) * 2 + (gender == "MALE")
    return {
        "name": rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=2)),
        "idNumber": id_number("140321", born, sequence),
        "phone": f"199{number:08}",
        "gender": gender,
        "birthDate": born,
        "residency": rng.choice(("PERMANENT", "PERMANENT", "PERMANENT", "MIGRANT", "LODGER")),
        "region": region,
    }


def _event(rng: random.Random, number: int) -> dict[str, Any]:
    kinds = ("NOISE", "FIRE_HAZARD", "OBSTRUCTION", "PROPERTY", "LEAK", "DISPUTE", "OTHER")
    words = rng.sample(WORDS, k=2)
    return {
        "number": f"T{number:05}",
        "kind": rng.choice(kinds),
        "status": rng.choice(("RECEIVED", "ASSIGNED", "HANDLING", "CLOSED", "CALLED_BACK")),
        "handlingDepartment": rng.choice(("fire", "grid", "police")),
        "region": rng.choice(GRIDS),
        "text": "，".join(words),
        "textSpans": [],
        "textWords": words,
        "textDetector": DETECTOR,
    }


@dataclass(frozen=True)
class Truth:
    """The county as it is; only the test may look."""

    world: World
    runner: asyncio.Runner
    graph: Graph
    by_sid: Mapping[str, str]

    def of(self, label: str) -> dict[str, dict[str, Any]]:
        """All nodes of a type by their name in the world."""
        return {name: each for name, (found, each) in self.world.nodes.items() if found == label}

    def named(self, department: str, purpose: str, id: str) -> str:
        """Which node an answer's id stands for."""
        opened = SEALS.open_id(department, purpose, id)
        assert opened is not None
        return self.by_sid[opened[1]]


@dataclass(frozen=True)
class Attacker:
    """One application under a policy, which keeps asking for one purpose."""

    truth: Truth
    policies: PolicySet
    application: str
    purpose: str
    case: str | None = None

    @property
    def department(self) -> str:
        """Whose ids it is given."""
        return self.policies.applications[self.application].department

    def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of an answer; errors beside it are dropped."""
        who = subject(self.policies, self.application)
        asking = ask(self.truth.graph, self.policies, who, self.purpose, document, variables, self.case)
        return self.truth.runner.run(asking).answer.data

    def refusal(self, document: str, variables: Mapping[str, Any] | None = None) -> HubError | None:
        """The refusal before the graph is asked, or None."""
        try:
            prepare(
                self.policies, subject(self.policies, self.application), self.purpose, document, variables, self.case
            )
        except HubError as refused:
            return refused
        return None

    def nodes(self, root: str, node: str = "id", arguments: str = "", pages: int = 20) -> list[dict[str, Any]]:
        """The nodes of a connection in the order of the answer, page after page."""
        document = (
            f"query($after: String) {{ {root}(first: 200, after: $after{arguments}) "
            f"{{ edges {{ node {{ {node} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        )
        found: list[dict[str, Any]] = []
        after = None
        for _ in range(pages):
            page = self.ask(document, {"after": after})[root]
            found += [edge["node"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        return found

    def people(self, arguments: str = "") -> list[str]:
        """Whom a list of people shows, in its order, by their names in the world: only the test may know them."""
        return [
            self.truth.named(self.department, self.purpose, each["id"])
            for each in self.nodes("people", arguments=arguments)
        ]


@contextmanager
def load_county(address: GraphAddress) -> Iterator[Truth]:
    """The county in an empty graph."""
    made = make_county(random.Random(SEED))
    with GraphWriter(address.url, address.user, address.password) as writer:
        for label in ("Person", "Dwelling", "Event", "Region"):
            text = f"CREATE RANGE INDEX {label.lower()}_sid IF NOT EXISTS FOR (n:{label}) ON (n.sid)"
            writer.write(lambda tx, text=text: tx.run(text))  # type: ignore[misc]
        made.load(writer)
    with asyncio.Runner() as runner:
        graph = Graph(address.url, address.user, address.password)
        try:
            yield Truth(made, runner, graph, {sid(name): name for name in made.nodes})
        finally:
            runner.run(graph.close())
