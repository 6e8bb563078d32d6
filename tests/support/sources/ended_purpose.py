"""Sources of the same persons: a register and calls that stay, and what was collected for an epidemic that is over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import neo4j

from connectors.base import ConnectorError
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.steward.changes import steward_session
from schema import SPINE
from tests.support.pulling import ask, silent

PURPOSE = "epidemic.covid"
CANARY = "金丝雀巷"
"""Stands in all that the survey alone says."""
PERSON = {
    "name": "people", "entity": "Person", "key": "no", "identity": "idNumber",
    "fields": {"idNumber": {"column": "id", "as": "resident_id"}, "name": "name", "phone": "p"},
}  # fmt: skip
CALLS = {
    "name": "calls", "entity": "Event", "key": "no", "identity": "number",
    "fields": {"number": {"column": "no", "as": "code"}, "address": "a"},
    "edges": {"reporter": {"entity": "Person", "column": "who", "as": "resident_id"}},
}  # fmt: skip
SURVEYED = {**PERSON, "fields": {**PERSON["fields"], "address": "a"}, "full": True}  # type: ignore[dict-item]
VISITS = {
    "name": "visits", "entity": "Event", "key": "no", "identity": "number",
    "fields": {"number": {"column": "no", "as": "code"}, "address": "a", "text": "d"},
}  # fmt: skip
LETS = {
    "name": "lets", "entity": "Tenancy", "key": "no", "identity": "number",
    "fields": {"number": {"column": "no", "as": "code"}},
    "edges": {"tenant": {"entity": "Person", "column": "who", "as": "resident_id"}},
}  # fmt: skip
POLICY = """
purposes:
  - {id: pop, zh: 人口, en: Population}
  - {id: epidemic, zh: 疫情, en: Epidemic, EPIDEMIC}
  - {id: epidemic.covid, zh: 新冠, en: Covid, COVID}
"""
LATE = "expires: 2099-12-31, purge: 2100-06-30"
OVER = "expires: 2023-01-07, purge: 2023-07-07"


def resident(number: int) -> str:
    """A resident id number that is valid and nobody's."""
    body = f"11010119900307{number:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(each) * weight for each, weight in zip(body, weights, strict=True)) % 11]


BOTH, ALONE, VANISHED, FOREIGN = (resident(each) for each in (1, 2, 3, 4))
"""A person whom both describe, two whom the survey alone does (one has gone since), and one of the register alone."""
ENDED = ("lets", "survey", "visits")
"""The sources that are for the epidemic; `register` and `calls` stay."""


class EndedPurpose:
    """Five sources in one folder, of which the survey is trusted most.

    Pulls have a home without a policy store, in which no purpose has ended; `settings` are those of one that has.
    """

    def __init__(self, folder: Path, graph: GraphAddress) -> None:
        self.folder, self.graph = folder, graph
        self._before = Settings.load(home=folder / "before", policies=folder / "policies")
        self.settings = Settings.load(home=folder / "home", policies=folder / "policies")
        self.sources = folder / "sources"
        self.sources.mkdir()
        (folder / "policies").mkdir()
        declared: list[tuple[str, str, dict[str, Any]]] = [
            ("survey", PURPOSE, SURVEYED),
            ("register", "pop", PERSON),
            ("calls", "pop", CALLS),
            ("visits", PURPOSE, VISITS),
            ("lets", PURPOSE, LETS),
        ]
        for trust, (name, purpose, stream) in enumerate(declared, 1):
            self.declare(name, purpose, trust, stream)
        self.write("register", "no,id,name,p", f"R1,{BOTH},甲,19903210001", f"R2,{FOREIGN},丁,19903210004")
        self.write("calls", "no,a,who", f"C1,东街1号,{ALONE}", f"C2,东街2号,{BOTH}")
        self.write("visits", "no,a,d", *(f"V{each},{CANARY}{each}号,{CANARY}见面" for each in (1, 2, 3)))
        self.write("lets", "no,who", f"T1,{ALONE}", f"T2,{FOREIGN}", f"T3,{resident(9)}")

    def _survey(self, *more: str) -> None:
        self.write(
            "survey", "no,id,name,p,a", f"S1,{BOTH},甲,19903219991,{CANARY}1号",
            f"S2,{ALONE},{CANARY}乙,19903219992,{CANARY}2号", *more,
        )  # fmt: skip

    def declare(self, name: str, purpose: str, trust: int, stream: dict[str, Any]) -> None:
        """Write the file of a source."""
        block = {
            "name": name, "kind": "csv", "where": str(self.folder / f"{name}.csv"), "collectedFor": purpose,
            "trust": trust, "records": [stream], "limits": {"vanished": 1},
        }  # fmt: skip
        (self.sources / f"{name}.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")

    def write(self, name: str, header: str, *rows: str) -> None:
        """Write the rows of a stream's file."""
        (self.folder / f"{name}.csv").write_text("\n".join([header, *rows, ""]), "utf-8")

    def pull(self, *names: str) -> None:
        """Pull sources as before the end; a purge with its graph key is possible then."""
        for name in names or ("survey", "register", "calls", "visits", "lets"):
            run_pull(self._before, self.sources, [name], self.folder, {}, silent, address=self.graph)

    def fill(self) -> None:
        """Pull all, then the survey again without one person."""
        self._survey(f"S3,{VANISHED},{CANARY}丙,19903219993,{CANARY}3号")
        self.pull()
        self._survey()
        self.pull("survey")

    def end(self, covid: str = OVER, epidemic: str = LATE) -> None:
        """Put a policy in force under which the purpose ends so, in a home that knows the graph."""
        text = POLICY.replace("EPIDEMIC", epidemic).replace("COVID", covid)
        (self.folder / "policies" / "policy.yaml").write_text(text, "utf-8")
        shutil.rmtree(self.folder / "home", ignore_errors=True)
        shutil.copytree(self.folder / "before", self.folder / "home")
        with steward_session(self.settings, SPINE):
            pass

    def pull_after(self, *names: str) -> ConnectorError | None:
        """Pull in the home where the purpose has ended; what refused it."""
        try:
            run_pull(self.settings, self.sources, names, self.folder, {}, silent, address=self.graph)
        except ConnectorError as refused:
            return refused
        return None


def found(driver: neo4j.Driver, wanted: str) -> list[str]:
    """Where a text stands in the graph: properties of nodes and edges, and full-text indexes."""
    told = [
        f"{row['labels']} {row['held']}"
        for row in ask(driver, "MATCH (n) RETURN labels(n) AS labels, properties(n) AS held")
    ]
    told += [str(row["held"]) for row in ask(driver, "MATCH ()-[r]->() RETURN properties(r) AS held")]
    for row in ask(driver, "SHOW FULLTEXT INDEXES YIELD name"):
        search = "CALL db.index.fulltext.queryNodes($name, $wanted) YIELD node RETURN properties(node) AS held"
        told += [
            f"{row['name']} {each['held']}" for each in ask(driver, search, name=row["name"], wanted=f'"{wanted}"')
        ]
    return [each for each in told if wanted in each]
