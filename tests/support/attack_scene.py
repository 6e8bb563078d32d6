"""The graph and the policy on which attacks are tried: two streets, three departments, a policy with every effect.

The desk of street 001 sees its own residents in clear, those of the next street masked; the brigade sees dwellings and
who lives in the rented ones; statistics counts and sees nobody. Raw values begin with `CANARY` or are in `RAW`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.request.template import Statement
from policies.model import PolicySet
from schema.declarations import type_tag
from tests.support.small_graph import SEALS, Asked, World, ask, policy, prepare, sid, subject

PERSON = type_tag("Person")
"""What marks the ids of people."""
POLICY = """
purposes:
  - {id: event, zh: 事, en: Events}
  - {id: event.call, zh: 电, en: Calls}
  - {id: safety, zh: 安, en: Safety}
  - {id: safety.fire, zh: 火, en: Fire}
  - {id: stat, zh: 统, en: Statistics}
applications:
  - {id: desk, zh: 台, en: Desk, department: grid, jurisdiction: 14/03/21/001/}
  - {id: next-desk, zh: 台, en: Next desk, department: next, jurisdiction: 14/03/21/002/}
  - {id: brigade, zh: 队, en: Brigade, department: fire, jurisdiction: 14/03/21/}
  - {id: counter, zh: 统, en: Counter, department: stat, jurisdiction: 14/03/21/}
owners: {Person: police}
grants:
  - id: own
    to: {application: [desk, next-desk]}
    for: [event]
    basis: law
    rows:
      Person: {region: {startsWith: $subject.jurisdiction}}
      Event: {region: {startsWith: $subject.jurisdiction}}
      Dwelling: {region: {startsWith: $subject.jurisdiction}}
      Region: {}
    fields:
      Person.name: clear
      Person.phone: clear
      Person.region: clear
      Person.reports: clear
      Person.dwellings: clear
      Event.number: clear
      Event.reporter: clear
      Event.text: {mask: redact}
      Event.reporterPhone: {mask: "partial(3,4)"}
      Dwelling.code: clear
      Dwelling.residents: clear
      Region: clear
    match: [Person.idNumber]
    obligations: {matchDailyCap: 1000000}
  - id: all-masked
    to: {application: [desk, next-desk]}
    for: [event]
    basis: law
    rows: {Person: {region: {startsWith: 14/03/21/}}}
    fields:
      Person.name: {mask: surname}
      Person.phone: {mask: "partial(3,4)"}
      Person.birthDate: {mask: age_band}
  - id: rented
    to: {application: [brigade]}
    for: [safety.fire]
    basis: law
    rows:
      Dwelling: {}
      Person: {dwellings: {some: {usage: {eq: RENTED}}}}
    fields: {Dwelling.code: clear, Dwelling.usage: clear, Dwelling.residents: clear, Person.name: {mask: surname}}
  - id: count
    to: {application: [counter]}
    for: [stat]
    basis: law
    contributors: 3
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.gender: aggregate, Person.birthDate: aggregate, Person.region: aggregate}
prohibitions:
  - {id: no-reports, prohibit: [Person.reports], for: [safety, stat], basis: law}
"""

HERE, THERE, ELSEWHERE = "14/03/21/001/001/001/", "14/03/21/002/001/001/", "14/03/22/001/001/001/"
RAW = ("13811110001", "13811110002", "13811110003", "140321195703010001", "1957-03-01", "1936-06-30", "鸩", "CANARY")


def _person(place: str | None, index: int, **more: Any) -> tuple[str, dict[str, Any]]:
    born = (dt.date(1957, 3, 1), dt.date(1936, 6, 30), dt.date(2000, 2, 29))[index % 3]
    properties = {
        "name": f"祁鸩{'零仁信勇和孝忠智礼诚'[index]}",
        "phone": f"1381111000{index}",
        "idNumber": f"14032119570301000{index}",
        "birthDate": born,
        "gender": ("MALE", "FEMALE")[index % 2],
        "address": f"CANARY road {index}",
        **more,
    }
    return ("Person", properties if place is None else {**properties, "region": place})


WORLD = World(
    nodes={
        "here": _person(HERE, 1),
        "here-2": _person(HERE, 2, phone=None),
        "there": _person(THERE, 3),
        "there-2": _person(THERE, 4),
        "away": _person(ELSEWHERE, 5),
        "nowhere": _person(None, 6),
        "gone": _person(HERE, 7, deletedAt=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        "flat": ("Dwelling", {"code": "D1", "usage": "RENTED", "region": HERE}),
        "flat-2": ("Dwelling", {"code": "D2", "usage": "VACANT", "region": HERE}),
        "call": ("Event", {"number": "E1", "text": "CANARY 13811110003 住 3 号", "region": HERE}),
        "call-2": ("Event", {"number": "E2", "text": "CANARY", "reporterPhone": "12", "region": HERE}),
        "street": ("Region", {"code": "001", "level": "STREET", "region": "14/03/21/001/"}),
        "street-2": ("Region", {"code": "002", "level": "STREET", "region": "14/03/21/002/"}),
    },
    edges=[
        ("here", "dwellings", "flat"),
        ("there", "dwellings", "flat"),
        ("away", "dwellings", "flat"),
        ("gone", "dwellings", "flat"),
        ("here-2", "dwellings", "flat-2"),
        ("call", "reporter", "here"),
        ("call-2", "reporter", "away"),
    ],
)


@dataclass(frozen=True)
class Scene:
    """The loaded world and its policy; each call is one operation of an application for a purpose."""

    address: GraphAddress
    policies: PolicySet

    def ask(self, application: str, purpose: str, document: str, variables: Mapping[str, Any] | None = None) -> Asked:
        """The operation, through every stage but HTTP."""

        async def run() -> Asked:
            graph = Graph(self.address.url, self.address.user, self.address.password)
            try:
                who = subject(self.policies, application)
                return await ask(graph, self.policies, who, purpose, document, variables)
            finally:
                await graph.close()

        return asyncio.run(run())

    def desk(self, document: str, variables: Mapping[str, Any] | None = None) -> Asked:
        """An operation of the desk."""
        return self.ask("desk", "event", document, variables)

    def refusal(self, application: str, purpose: str, document: str, variables: Mapping[str, Any] | None = None) -> str:
        """The code of a refusal before the fetch, or an empty text."""
        try:
            self.statement(application, purpose, document, variables)
        except HubError as refusal:
            assert not any(raw in refusal.public_message for raw in RAW)
            return refusal.code.value
        return ""

    def statement(
        self, application: str, purpose: str, document: str, variables: Mapping[str, Any] | None = None
    ) -> Statement | None:
        """The compiled statement."""
        return prepare(self.policies, subject(self.policies, application), purpose, document, variables)[1]

    def id(self, name: str, application: str = "desk", purpose: str = "event", tag: int = PERSON) -> str:
        """The sealed id that an application holds for a node."""
        return SEALS.seal_id(self.policies.applications[application].department, purpose, tag, sid(name))


def set_scene(address: GraphAddress, folder: Path) -> Scene:
    """Load the world and the policy."""
    with GraphWriter(address.url, address.user, address.password) as writer:
        WORLD.load(writer)
    return Scene(address, policy(folder, POLICY))


def names(asked: Asked, root: str = "people") -> list[str]:
    """The names that a page shows."""
    return [edge["node"]["name"] for edge in asked.answer.data[root]["edges"]]
