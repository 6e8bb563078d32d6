"""A served hub over the graph of canaries, with all that comes out of it: answers, statements, log lines and spans."""

from __future__ import annotations

import datetime as dt
import json
import logging
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from graphql import GraphQLSchema

from hub.graph.driver import GraphWriter
from hub.graph.loaded_catalogue import note_catalogue, prepare_graph
from hub.graph.local import GraphAddress
from hub.home.seals import load_key
from policies.model import PolicySet
from schema import SPINE
from schema.graphql import build
from tests.support.leak_search import Collector, found
from tests.support.oracle import sources
from tests.support.oracle.expected import Expected
from tests.support.oracle.expected_answers import expected
from tests.support.oracle.free_texts import DETECTOR
from tests.support.oracle.naive_pages import CURSOR
from tests.support.serving import Served, serving
from tests.support.small_graph import SEALS
from tests.support.ways_out.canaries import Canaries, canaries
from tests.support.ways_out.probes import Probe, Probes, operation
from tests.support.ways_out.rules import Asker, askers, county_files, loaded, registering
from tests.support.ways_out.statements_read import read_without_leave

TOGETHER = 4
"""So many probes that are not refused go into one operation."""
PAGES = 3
REFUSED = 10
"""So many probes are sent by somebody who has no grant at all."""
OPEN, CLOSED = 3, 1
"""How many types that an asker may see, and may not, have a registered operation."""
ALWAYS = frozenset({"select", "ids"})
"""Ways that are tried whole, whatever the dose."""
GOES_ON = {"after": ("hasNextPage", "endCursor"), "before": ("hasPreviousPage", "startCursor")}
DENIED, NEEDS_CASE = "PURPOSE_DENIED", "CASE_REQUIRED"


class Lines(logging.Handler):
    """Keeps the log lines of the program."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, with its fault if it has one."""
        self.lines.append(self.format(record))


@dataclass
class Scene:
    """The hub, who asks it, and what came out of it."""

    served: Served
    canaries: Canaries
    askers: Sequence[Asker]
    address: GraphAddress
    folder: Path
    policies: Path
    statements: list[str] = field(default_factory=list)
    lines: Lines = field(default_factory=Lines)
    spans: Collector = field(default_factory=Collector)
    counts: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, str] = field(default_factory=dict)

    def headers(self, asker: Asker, **more: str) -> dict[str, str]:
        """What a request of an asker carries."""
        if asker.application not in self.tokens:
            self.tokens[asker.application] = self.served.issuer.issue(asker.application, "tester", 3600)
        case = {"Case-Reference": asker.sight.case} if asker.sight.case else {}
        token = f"Bearer {self.tokens[asker.application]}"
        return {"Authorization": token, "Access-Purpose": asker.purpose, **case, **more}

    def send(self, asker: Asker, **members: Any) -> httpx.Response:
        """One operation of an asker."""
        self.counts["operations"] += 1
        return self.served.client.post("/graphql", json=members, headers=self.headers(asker))

    def leaked(self, asker: Asker, content: bytes) -> set[str]:
        """The canaries in some bytes that the asker may not see."""
        return found(content, self.canaries.denied(asker.sight))

    def probes(self, asker: Asker, rng: random.Random, dose: int) -> list[Probe]:
        """So many probes of each way, drawn; all of those that are always tried."""
        if not asker.is_let_in:
            return rng.sample([*Probes(self.served.hub.schema, self.canaries, asker).all()], REFUSED * dose)
        by_way: dict[str, list[Probe]] = {}
        for each in Probes(self.served.hub.schema, self.canaries, asker).all():
            by_way.setdefault(each.way, []).append(each)
        drawn = [all_ if way in ALWAYS else rng.sample(all_, min(dose, len(all_))) for way, all_ in by_way.items()]
        return [each for some in drawn for each in some]


def whole(response: httpx.Response) -> bytes:
    """All bytes of an answer: its status line, its headers and its body."""
    head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{response.status_code} {response.reason_phrase}\n{head}\n\n".encode() + response.content


@dataclass
class Trial:
    """What one asker asked, and what was wrong with the answers."""

    scene: Scene
    asker: Asker
    answered: list[tuple[str, bytes]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scene.statements.clear()  # those of whoever asked before

    def ask_all(self, probes: Sequence[Probe]) -> None:
        """Ask everything: what is refused or goes on by itself alone, what is answered a few together."""
        together: list[Probe] = []
        for each in probes:
            if each.paged:
                self.turn_pages(each)
            elif not each.compared or self.expected([each]).faults or not self.asker.is_let_in:
                self.ask([each])
            else:
                together.append(each)
        for at in range(0, len(together), TOGETHER):
            self.ask(together[at : at + TOGETHER])

    def expected(self, probes: Sequence[Probe]) -> Expected:
        """The oracle's answer."""
        return expected(self.asker.sight, *operation(probes))

    def ask(self, probes: Sequence[Probe]) -> None:
        """One operation, compared with the oracle where that knows it; one that costs too much is taken apart."""
        text, variables = operation(probes)
        response = self.scene.send(self.asker, query=text, variables=variables)
        told = json.loads(response.content)
        if len(probes) > 1 and refusal(told) == "COST_LIMIT":
            for each in probes:
                self.ask([each])
            return
        self.note(probes, text, response)
        if all(each.compared for each in probes):
            self.compare(probes, text, variables, told)

    def note(self, probes: Sequence[Probe], text: str, response: httpx.Response) -> None:
        """Keep an answer to be searched."""
        self.answered.append((text, whole(response)))
        outcome = "answered" if response.status_code == 200 else "refused"
        self.scene.counts.update(f"{outcome} {each.way}" for each in probes)
        self.scene.counts[outcome] += len(probes)

    def compare(
        self, probes: Sequence[Probe], text: str, variables: Mapping[str, Any], told: Mapping[str, Any]
    ) -> None:
        """Note how an answer differs from the oracle's."""
        code = refusal(told)
        if not self.asker.is_let_in:
            self.wrong += [] if code == DENIED else [f"{self.asker.label} is not refused but told {code}: {text}"]
            return
        wanted = expected(self.asker.sight, text, variables)
        # Without a case the refusal may say that one is needed: what needs it is not opened either way.
        needed = {NEEDS_CASE} if wanted.faults and not self.asker.sight.case else set()
        same = not code and not wanted.faults and agrees(wanted.data, told["data"])
        if not (same or code in wanted.faults | wanted.maybe | needed):
            got = code or json.dumps(told["data"], ensure_ascii=False)
            way = probes[0].way if probes else "a registered operation"
            self.wrong.append(
                f"{way} of {self.asker.label}\n{text}\n{dict(variables)}\n"
                f"oracle: {wanted.faults or json.dumps(wanted.data, ensure_ascii=False)}\nhub: {got}\n"
            )

    def turn_pages(self, probe: Probe) -> None:
        """Ask page after page by the cursors of the hub."""
        text, ours = operation([probe])
        theirs = dict(ours)
        more, end = GOES_ON[probe.paged]
        for _ in range(PAGES):
            response = self.scene.send(self.asker, query=text, variables=theirs)
            told = json.loads(response.content)
            self.note([probe], text, response)
            self.compare([probe], text, ours, told)
            page = (told.get("data") or {}).get("r0")
            if not page or not page["pageInfo"][more] or not self.asker.is_let_in:
                return
            wanted = expected(self.asker.sight, text, ours)
            ours["cursor0"], theirs["cursor0"] = wanted.data["r0"]["pageInfo"][end], page["pageInfo"][end]

    def faults(self) -> list[str]:
        """All that is wrong: answers that differ, canaries that left, properties that were read without leave."""
        found_ = list(self.wrong)
        if self.scene.leaked(self.asker, b"\n".join(body for _, body in self.answered)):
            for text, body in self.answered:
                leaked = self.scene.leaked(self.asker, body)
                found_ += [f"{self.asker.label} is shown {sorted(leaked)} by\n{text}"] if leaked else []
        read = read_without_leave(self.asker, self.scene.statements)
        self.scene.statements.clear()
        return [*found_, *(f"a statement of {self.asker.label} reads {each}" for each in sorted(read))]


def refusal(told: Mapping[str, Any]) -> str:
    """The code of a refusal, empty if there is data."""
    return "" if told.get("data") is not None else str(told["errors"][0]["extensions"]["code"])


def agrees(wanted: Any, got: Any) -> bool:
    """Whether the answers are the same; a cursor of the oracle stands for any cursor of the hub."""
    if isinstance(wanted, dict):
        return isinstance(got, dict) and list(wanted) == list(got) and all(agrees(wanted[k], got[k]) for k in wanted)
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and all(map(agrees, wanted, got))
    if isinstance(wanted, str) and wanted.startswith(CURSOR):
        return isinstance(got, str) and len(got) > 40
    return type(wanted) is type(got) and bool(wanted == got)


@dataclass(frozen=True)
class Policies:
    """The policies as files and as they are in force."""

    files: Mapping[str, bytes]
    set: PolicySet

    def write(self, folder: Path) -> Path:
        """Write the files into a folder, for commands."""
        folder.mkdir()
        for name, text in self.files.items():
            (folder / name).write_bytes(text)
        return folder


def registered_texts(asker: Asker, schema: GraphQLSchema, made: Canaries) -> list[str]:
    """The documents that are registered for an asker: everything of some types. Each purpose has texts of its own."""
    name = re.sub(r"\W", "_", asker.purpose)
    probes = Probes(schema, made, asker)
    opens = {entity.plural for entity in made.catalogue if asker.sight.opens(entity.name)}
    wholes = sorted(probes.wholes(), key=lambda each: each.root.partition("(")[0] not in opens)
    chosen = [*wholes[: min(OPEN, len(opens))], *wholes[-CLOSED:]]
    return [operation([each])[0].replace("query Probe", f"query {name}", 1) for each in chosen]


def policies_of(made: Canaries, today: dt.date) -> tuple[Policies, list[Asker]]:
    """The policies, with registered operations of each asker, and who asks."""
    files = county_files(made.catalogue)
    case = made.value(made.catalogue.entity("Event"), "here", "number")
    known = askers(loaded(files, made.catalogue), made.world, case, today)
    schema = build(made.catalogue)
    asked = ((each, text) for each in known if not each.sight.case for text in registered_texts(each, schema, made))
    whole_files = registering(files, asked, today)
    return Policies(whole_files, loaded(whole_files, made.catalogue)), known


@contextmanager
def scene_of(address: GraphAddress, folder: Path) -> Iterator[Scene]:
    """Load the canaries, serve a hub over them, and watch all that it lets out."""
    made = canaries(SPINE)
    with GraphWriter(address.url, address.user, address.password) as writer:
        made.world.load(writer)
        prepare_graph(writer, SPINE)
        note_catalogue(writer, SPINE)
        sources.load(writer, made.world)
    lines, spans = Lines(), Collector()
    logging.getLogger().addHandler(lines)
    try:
        with spans.serve() as endpoint:
            unlimited: dict[str, Any] = {
                f"{kind}_of_{whose}": 1_000_000_000 for kind in ("rate", "burst") for whose in ("application", "person")
            }
            home = folder / "home"
            with serving(home, address, otlp_endpoint=endpoint, graph_deadline=30.0, **unlimited) as served:
                policies, known = policies_of(made, served.hub.now().date())
                served.hub.policy, served.hub.seals, served.hub.detector = policies.set, SEALS, DETECTOR
                load_key(served.hub.settings.graph_key)  # a person is found in the log by it
                written = policies.write(folder / "policies")
                scene = Scene(served, made, known, address, folder, written, lines=lines, spans=spans)
                _watch(scene)
                yield scene
    finally:
        logging.getLogger().removeHandler(lines)


def _watch(scene: Scene) -> None:
    """Keep the text of each statement that goes to the graph."""
    graph = scene.served.hub.graph
    for name in ("fetch", "fetch_numbered"):
        before = getattr(graph, name)

        async def watched(text: str, *given: Any, _before: Any = before, **named: Any) -> Any:
            scene.statements.append(text)
            return await _before(text, *given, **named)

        setattr(graph, name, watched)
