"""An example that runs: its sources pulled into the real graph, its policies in a store, and a hub that is asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import neo4j

from audit.log import read, show
from audit.record import Record, encode
from audit.verify import verify
from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.ingest.recorded_pull import recorded_pull
from hub.steward.changes import steward_session, store_of
from policies.review.check import check
from tests.push.pushing import deliver, statuses
from tests.support.examples.steps import Ask, Deliver, Entry, Example, Pull, Step
from tests.support.leak_search import Sought, files, forms, found, leaks
from tests.support.pulling import ask, silent
from tests.support.serving import Served, serving


@dataclass
class Running:
    """One example in a home and a graph of its own; steps are taken in their order."""

    example: Example
    home: Path
    address: GraphAddress
    driver: neo4j.Driver
    _open: ExitStack
    _served: Served | None = field(default=None, init=False)
    _taken: set[str] = field(default_factory=set, init=False)

    @property
    def given(self) -> dict[str, Any]:
        """The settings that name its folders."""
        return {name: self.example.path(name) for name in ("slices", "policies", "sources")}

    @property
    def settings(self) -> Settings:
        """The settings of whoever runs it."""
        return Settings.load(home=self.home, **self.given)

    @property
    def served(self) -> Served:
        """The hub, started when it is first asked: it does not start over a graph that was never loaded."""
        if self._served is None:
            catalogue = catalogue_of(self.settings)
            with steward_session(self.settings, catalogue):
                """The store of versions is made from the folder, and that is recorded."""
            store = self._open.enter_context(closing(store_of(self.settings, catalogue)))
            self._served = self._open.enter_context(serving(self.home, self.address, store=store, **self.given))
        return self._served

    def take(self, step: Step) -> None:
        """Do what a step says, after all that comes in before it; AssertionError if something else comes of it."""
        self.bring_in(step.name)
        self._do(step)

    def bring_in(self, before: str | None = None) -> None:
        """Take the pulls and deliveries, or those before the step of a name, that were not taken yet."""
        for step in takewhile(lambda each: each.name != before, self.example.steps):
            if not isinstance(step, Ask) and step.name not in self._taken:
                self._do(step)

    def _do(self, step: Step) -> None:
        self._taken.add(step.name)
        if isinstance(step, Pull):
            self._pull(step)
        elif isinstance(step, Deliver):
            self._deliver(step)
        else:
            self._ask(step)

    def _pull(self, step: Pull) -> None:
        sources, data = self.example.path("sources"), self.example.path(step.pull)
        before = self._records("pull")
        done = recorded_pull(self.settings, sources, step.sources, data, step.variables, silent, address=self.address)
        results = {f"{each.source}/{each.stream}": each for each in done}
        counted = {
            name: {count: getattr(result, count) for count in step.streams.get(name, {"read": 0})}
            for name, result in results.items()
        }
        assert counted == step.streams
        assert self._records("pull") - before == len(("begin", "end")) + len({each.source for each in done})
        whole = [each for each in results.values() if each.read != sum(_fates(each))]
        assert whole == []
        assert Counter(self.quarantine()) == Counter(step.waiting)

    def quarantine(self) -> list[Entry]:
        """All that waits in quarantine."""
        rows = ask(
            self.driver,
            "MATCH (q:Quarantined) "
            "RETURN q.stream AS stream, q.row AS row, q.field AS field, q.rule AS rule, q.whole AS whole",
        )
        return [Entry(**row | {"row": "~" if row["row"].startswith("~") else row["row"]}) for row in rows]

    def _deliver(self, step: Deliver) -> None:
        lines = self.example.path(step.deliver).read_text("utf-8").splitlines()
        before = self._records("delivery")
        answer = deliver(self.served, *map(json.loads, lines), app=step.app, source=step.source)
        assert answer.status_code == 200, answer.text
        assert tuple(statuses(answer)) == step.statuses, answer.text
        assert self._records("delivery") - before == 2

    def _ask(self, step: Ask) -> None:
        served = self.served
        before, statements = verify(served.hub.settings.audit_file).size, served.hub.graph.statements
        answer = served.ask(
            self.example.path(step.ask).read_text("utf-8"),
            app=step.app,
            person=step.person,
            purpose=step.purpose,
            variables=step.variables,
            headers={"Case-Reference": step.case} if step.case else None,
        )
        body = answer.json()
        codes = tuple(dict.fromkeys(each["extensions"]["code"] for each in body.get("errors", ())))
        assert (answer.status_code, codes) == (step.status, step.errors), answer.text
        assert in_order(body.get("data")) == in_order(step.data), answer.text
        assert [text for text in step.hidden if text in answer.text] == []
        assert served.hub.graph.statements - statements == step.expected_statements
        assert verify(served.hub.settings.audit_file).size - before == 1
        logged, _ = show(served.hub.settings.audit_file, body["extensions"]["receipt"]["index"])
        self._check_record(step, logged.record, body["extensions"]["policyVersion"])

    def _check_record(self, step: Ask, record: Record, policy_version: str) -> None:
        told = (record.application, record.purpose, record.result, record.http_status, record.policy_version)
        assert told == (step.app, step.purpose, step.result, step.status, policy_version)
        assert (record.case is not None) == (step.case is not None)
        kept = {**asdict(record.decision), "nodes": record.nodes, "subjects": len(record.subjects)}
        expected = step.record.model_dump(exclude_none=True)
        assert {name: in_order(kept[name]) for name in expected} == {
            name: in_order(value) for name, value in expected.items()
        }
        assert found(encode(record), self.people) == set()

    @property
    def people(self) -> Sought:
        """The personal values of the example, by the bytes that would show them."""
        return {value: tuple(forms(value)) for value in self.example.expected.personal}

    def _records(self, kind: str) -> int:
        """How many records of a kind the log holds; none where there is no log yet."""
        if not self.settings.audit_file.exists():
            return 0
        return sum(each.record.kind == kind for each in read(self.settings.audit_file))

    def check_log(self) -> None:
        """The log is whole, and no file of the home holds anything of the people. The hub is stopped for it."""
        self._open.close()
        self._served = None
        assert verify(self.settings.audit_file).ok
        assert leaks(files(self.home, apart=self.settings.graph_folder), self.people) == {}

    def check_policies(self) -> None:
        """The policies load without an error, and their own tests pass."""
        findings = check(self.served.hub.catalogue, self.served.hub.policy, self.settings.now().date())
        assert [each for each in findings if each.level == "error"] == []


def _fates(result: Any) -> Iterator[int]:
    for name in ("inserted", "updated", "unchanged", "quarantined"):
        yield getattr(result, name)


def in_order(value: Any) -> Any:
    """JSON with every list in one order: that of an answer is the department's own."""
    if isinstance(value, dict):
        return {name: in_order(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return sorted(map(in_order, value), key=lambda each: json.dumps(each, sort_keys=True, ensure_ascii=False))
    return value


@contextmanager
def running(example: Example, folder: Path, address: GraphAddress, driver: neo4j.Driver) -> Iterator[Running]:
    """The example in a home under `folder`, over a graph that is empty; its hub is stopped when the block ends."""
    with ExitStack() as stack:
        yield Running(example, folder / "home", address, driver, stack)
