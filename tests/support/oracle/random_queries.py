"""Random queries, sent through every stage of a hub but the socket: real graph, log and spans, answers as bytes.

A query is one root field with a selection, filter and order of its own that was answered (neither refused nor denied)
to one person. Several stand in one operation, as an app may write them, and each operation that is not refused is sent
by many people of one application, each of another jurisdiction: the graph then plans its statement once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from starlette.responses import Response

from hub.home.issuer import Issuer
from hub.request.endpoint import Arrival
from hub.request.pipeline import answer
from hub.request.running import Hub
from policies.model import PolicySet
from schema import SPINE
from schema.catalogue import Entity
from tests.support.oracle.naive_view import Sight, rules_for
from tests.support.oracle.random_documents import ENTITIES, Document, document
from tests.support.oracle.random_worlds import policies
from tests.support.small_graph import World, subject

ROOTS = (1, 2, 2, 3, 4)
IN_FLIGHT = 8
EVENT = SPINE.entity("Event")
ABOUT = (*ENTITIES, *[EVENT] * 8)
PIECE = 4_000_000
"""So many bytes of answers are searched at once."""
TOKEN_SECONDS = 300


@dataclass(frozen=True)
class Asker:
    """An application that asks for a purpose, under a policy; cases it may name, places its staff answer for."""

    policies: PolicySet
    application: str
    purpose: str
    today: dt.date
    cases: Sequence[str] = ()
    staff: Sequence[str] = ()

    @cached_property
    def sight(self) -> Sight:
        """What the rules give, without a world."""
        who = subject(self.policies, self.application)
        return Sight(World(), rules_for(self.policies, who, self.purpose, self.today), who, self.purpose, self.today)

    @cached_property
    def about(self) -> list[Entity]:
        """The types of which the rules give anything."""
        return [each for each in ABOUT if self.sight.rules[each.name]]


def askers(policies_: PolicySet, today: dt.date, cases: Sequence[str], places: Sequence[str]) -> list[Asker]:
    """Each application and purpose to which a policy gives anything, but never a free text in clear.

    The staff of each application are called by the places that they answer for, those in its jurisdiction.
    """
    known = {
        name: replace(each, staff={place: place for place in places if place.startswith(each.jurisdiction)})
        for name, each in policies_.applications.items()
    }
    staffed = replace(policies_, applications=known)
    found = [
        Asker(staffed, name, purpose, today, cases, tuple(known[name].staff))
        for name, purpose in itertools.product(known, staffed.purposes)
    ]
    return [each for each in found if any(each.sight.rules.values()) and not each.sight.gives("Event", "text", "clear")]


def generated(rng: random.Random, folder: Path, today: dt.date, places: Sequence[str]) -> Iterator[list[Asker]]:
    """The same of one generated policy after another."""
    for index in itertools.count():
        if found := askers(policies(rng, folder / str(index)), today, (), places):
            yield found


@dataclass
class Asked:
    """What came of it: counts, and the answers' bytes until they are taken away to be searched."""

    counts: Counter[str] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    def add(self, status: int, body: bytes) -> None:
        """Note one answer, headers included."""
        told = orjson.loads(body)
        self.counts["operations"] += 1
        self.counts[f"status {status}"] += 1
        self.counts["bytes"] += len(body)
        self.counts["placeholders"] += body.count("【".encode())
        self.counts["redacted whole"] += body.count(b'"***"')
        for name, value in (told.get("data") or {}).items():
            self.counts["queries"] += value is not None and not name.startswith("__")
            self.counts["hot words"] += isinstance(value, list) and sum("word" in (row or ()) for row in value)
        self.bodies.append(body)

    @property
    def waiting(self) -> int:
        """How many bytes wait to be searched."""
        return sum(map(len, self.bodies))

    def taken(self) -> bytes:
        """The bytes so far; they are forgotten here."""
        content = b"\n".join(self.bodies)
        self.bodies.clear()
        return content


@dataclass
class Asking:
    """Sends operations to a hub, and notes what came of them. `sids` are types and surrogates to look up."""

    hub: Hub
    out: Asked
    sids: Sequence[tuple[str, str]] = ()
    _tokens: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._issuer = Issuer(self.hub.settings)

    def token(self, application: str, sub: str) -> str:
        """A token that is good for a while yet."""
        made, token = self._tokens.get((application, sub), (0.0, ""))
        if time.monotonic() - made > TOKEN_SECONDS or not token:
            token = self._issuer.issue(application, sub)
            self._tokens[application, sub] = (time.monotonic(), token)
        return token

    async def send(
        self, asker: Asker, text: str, variables: Mapping[str, Any], case: str | None = None, sub: str = "tester"
    ) -> Response:
        """One operation, through every stage."""
        headers = [("authorization", f"Bearer {self.token(asker.application, sub)}"), ("access-purpose", asker.purpose)]
        headers += [("content-type", "application/json"), *([("case-reference", case)] if case else [])]
        body = orjson.dumps({"query": text, "variables": variables})
        moment, started = dt.datetime.now(dt.UTC), time.monotonic_ns()
        arrival = Arrival(secrets.token_hex(16), moment, started, "POST", "/graphql", tuple(headers), body)
        self.hub.policy = asker.policies  # read at once by what follows, before anything else can run
        response = await answer(self.hub, arrival)
        self.out.add(response.status_code, bytes(response.body))
        return response

    async def ask(self, asker: Asker, rng: random.Random, documents: int, people: int) -> None:
        """Some documents, each sent by so many of the application's staff, unless the first is refused."""
        department = asker.sight.who.department
        ids = [
            self.hub.seals.seal_id(department, asker.purpose, SPINE.entity(label).tag, sid)
            for label, sid in rng.sample(list(self.sids), min(8, len(self.sids)))
        ]
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one(made: Document, case: str | None, staff: Sequence[str]) -> None:
            async with gate:
                for sub in staff:
                    response = await self.send(asker, made.text, made.variables, case, sub)
                    if response.status_code != 200:
                        break

        drawn = [(*written(asker, rng, ids), _some(rng, asker.staff, people)) for _ in range(documents)]
        await asyncio.gather(*(one(*each) for each in drawn))


def _some(rng: random.Random, staff: Sequence[str], people: int) -> list[str]:
    # Who is not among the staff of an application that names them is nobody.
    return rng.sample(list(staff), min(people, len(staff))) or ["tester"]


def written(asker: Asker, rng: random.Random, ids: Sequence[str]) -> tuple[Document, str | None]:
    """A document about what the asker may see, most of it what has a free text, and a case to go with it."""
    made = document(rng, ids or ["A" * 50], asker.sight.filterable, "a", asker.about, ROOTS)
    return made, rng.choice(asker.cases) if asker.cases and rng.random() < 0.8 else None
