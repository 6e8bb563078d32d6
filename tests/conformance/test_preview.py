"""A preview answers from invented people, never from the real graph, and is recorded in the real audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from audit.log import show, tail
from audit.record import Record
from hub.cli.main import app
from hub.graph.driver import GraphWriter
from hub.graph.local import STARTING, LocalGraph, running_graph
from hub.graph.merged_grids import move_merged
from hub.home.audit_log import digester_of
from hub.home.settings import Settings
from hub.steward import preview as preview_room
from hub.steward.actor import Actor
from hub.steward.explain_query import explain_query
from hub.steward.preview import Preview, PreviewRefused, Question, preview, preview_settings
from policies.language import load_files, read_folder
from policies.model import PolicySet
from schema import SPINE
from tests.support.searched_log import LOCAL
from tests.support.serving import serving
from tests.support.small_graph import policy
from tests.support.waiting import until

pytestmark = [pytest.mark.conformance, pytest.mark.attack, pytest.mark.wide]
COUNTY = Path(__file__).parents[2] / "examples" / "county"
PEOPLE = "{ people(first: 5) { edges { node { id name phone gender region } } } }"
NOWHERE = "bolt://127.0.0.1:9"


def county(**changed: str) -> PolicySet:
    files = read_folder(COUNTY / "policies")
    text = files["fire.yaml"].decode()
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    return load_files({**files, "fire.yaml": text.encode()}, SPINE)


@dataclass
class Desk:
    """A steward's home: its settings name a graph that nobody can reach."""

    settings: Settings
    told: list[str] = field(default_factory=list)

    def ask(self, policy: PolicySet, query: str = PEOPLE, **changed: Any) -> Preview:
        known: dict[str, Any] = {"application": "fire-inspection", "person": None, "purpose": "safety.fire.rental"}
        question = Question(**{**known, "query": query, "variables": {}, **changed})
        return preview(self.settings, policy, question, Actor("zhang"), COUNTY / "sources", self.told.append)

    def records(self) -> list[Record]:
        return [each.record for each in tail(self.settings.audit_file, 100)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("preview") / "home"
    desk = Desk(Settings.load(home=home, graph_url=NOWHERE, graph_password="unused", policies=COUNTY / "policies"))
    yield desk
    for graph in Lasting.started:
        LocalGraph.stop(graph)


class Lasting(LocalGraph):
    """A graph that runs on after the preview that started it, so that the next one attaches to it."""

    started: ClassVar[list[LocalGraph]] = []

    def stop(self, wait_seconds: float = 90.0) -> bool:
        self.started.append(self)
        return True


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a graph takes ten seconds; that a preview stops it is for one test to show."""
    monkeypatch.setattr(preview_room, "LocalGraph", Lasting)


def nodes(found: Preview) -> list[dict[str, Any]]:
    return [edge["node"] for edge in found.answer["data"]["people"]["edges"]]


def test_f13_j09_the_draft_answers_from_invented_people_and_is_recorded_as_a_preview(desk: Desk, lasting: None) -> None:
    before, draft = county(), county(**{'Person.phone: {mask: "partial(3,4)"}': "Person.phone: clear"})
    masked, clear = desk.ask(before), desk.ask(draft)
    assert [found.status for found in (masked, clear)] == [200, 200]
    assert len(nodes(masked)) == len(nodes(clear)) == 5
    # Some numbers are those of land lines, and which five people come first is the chance of this home's keys.
    assert all("***" in node["phone"] for node in nodes(masked) if node["phone"])
    assert not any("*" in node["phone"] for node in nodes(clear) if node["phone"])
    assert [node["id"] for node in nodes(masked)] == [node["id"] for node in nodes(clear)]
    # Made once, kept for the second command.
    made, started = desk.told
    assert made.startswith("making ") and started == STARTING
    first, second = desk.records()
    assert (first.kind, second.kind) == ("preview", "preview")
    assert (first.policy_version, second.policy_version) == (before.version, draft.version)
    assert (second.application, second.purpose, second.result) == ("fire-inspection", "safety.fire.rental", "OK")
    assert (second.decision.clear, second.decision.denied) == (("Person.phone", "Person.region"), ("Person.gender",))
    digester = digester_of(desk.settings)
    assert {first.subject, second.subject} == {Actor("zhang").digest(digester)}, "an auditor finds who previewed"
    assert show(desk.settings.audit_file, 1)[1] is not None
    assert not (desk.settings.home / "preview" / "audit.db").exists()


def test_texts_are_judged_again_where_the_word_list_changed(desk: Desk, lasting: None, tmp_path: Path) -> None:
    query = "{ events(first: 9) { edges { node { text } } } }"
    asked = {"application": "grid-desk", "purpose": "event.dispatch"}

    def texts(desk: Desk) -> list[str]:
        found = desk.ask(county(), query, **asked)
        return [edge["node"]["text"] for edge in found.answer["data"]["events"]["edges"]]

    before = texts(desk)
    assert before and "***" not in before and any("【" in text for text in before)
    listed = tmp_path / "words.yaml"
    listed.write_text("people: [祁连山]\n", encoding="utf-8")
    changed = Desk(desk.settings.model_copy(update={"words": listed}))
    assert preview_settings(changed.settings).word_list == listed
    assert texts(changed) == before
    assert changed.told == [], "the sample is kept"


def test_the_decision_stands_beside_the_answer(desk: Desk, lasting: None) -> None:
    found = desk.ask(county())
    assert found.explanation is not None
    told = {(line.coordinate, line.effect) for line in found.explanation.lines}
    assert {("Person.name", "mask surname"), ("Person.gender", "denied")} <= told


def test_a_refusal_is_an_answer_and_is_recorded(desk: Desk, lasting: None) -> None:
    found = desk.ask(county(), purpose="stat")
    assert (found.status, found.explanation) == (403, None)
    assert (desk.records()[-1].kind, desk.records()[-1].result) == ("preview", "PURPOSE_DENIED")


MERGED = """
purposes: [{{id: a, zh: 甲, en: A}}]
applications: [{{id: app, zh: 应用, en: App, department: grid, jurisdiction: {old}}}]
grants:
  - id: own
    to: {{application: [app]}}
    for: [a]
    basis: law
    rows: {{Person: {{region: {{startsWith: {old}}}}}}}
    fields: {{Person.name: clear, Person.region: clear}}
"""
"""A grant on a grid that the graph has merged into another since."""


def test_case_1_13_a_preview_and_an_explanation_show_what_the_hub_gives_after_a_merge(
    desk: Desk, lasting: None, tmp_path: Path
) -> None:
    desk.ask(county())
    address = running_graph(preview_settings(desk.settings))
    assert address is not None
    query = "{ people(first: 100, orderBy: [{name: ASC}]) { edges { node { name region } } } }"
    with GraphWriter(address.url, address.user, address.password) as writer:
        old, new = (
            row["path"]
            for row in writer.read(
                "MATCH (p:Person) WHERE p.deletedAt IS NULL WITH p.region AS path, count(*) AS many "
                "MATCH (r:Region {region: path}) WHERE r.successorCode IS NULL RETURN path ORDER BY many, path LIMIT 2"
            )
        )
        merge = "MATCH (o:Region {region: $old}), (n:Region {region: $new}) SET o.successorCode = n.code"
        writer.write(lambda tx: tx.run(merge, old=old, new=new))
        try:
            draft = policy(tmp_path / "policies", MERGED.format(old=old))
            assert move_merged(writer, SPINE) > 0
            shown = desk.ask(draft, query, application="app", person="one", purpose="a")
            graph = {"graph_url": address.url, "graph_password": address.password}
            with serving(tmp_path / "hub", address, draft) as served:
                until(lambda: old in served.hub.merged_grids.successors)
                given = served.ask(query, app="app", person="one", purpose="a").json()
            settings = Settings.load(home=tmp_path / "other", policies=tmp_path / "policies", **graph)
            explained = explain_query(settings, "app", "one", "a", {"query": query})
        finally:
            back = "MATCH (o:Region {region: $old}) REMOVE o.successorCode WITH o MATCH (p {formerRegion: $old}) "
            writer.write(lambda tx: tx.run(back + "SET p.region = $old REMOVE p.formerRegion", old=old))
    assert given["data"]["people"]["edges"]
    assert shown.answer["data"] == given["data"]
    assert {node["region"] for node in nodes(shown)} == {new}
    assert shown.explanation is not None
    assert [line.rows for line in shown.explanation.lines] == [line.rows for line in explained.lines]
    assert f"region startsWith {new}" in {line.rows for line in explained.lines}
    assert explained.statement == shown.explanation.statement


def test_an_application_that_the_draft_does_not_know_is_refused_before_anything_starts(tmp_path: Path) -> None:
    desk = Desk(Settings.load(home=tmp_path / "home"))
    with pytest.raises(PreviewRefused, match="registers no application 'tax'"):
        desk.ask(county(), application="tax")
    assert not (tmp_path / "home" / "preview").exists()


def test_j09_no_address_or_secret_of_the_real_hub_reaches_the_preview(desk: Desk) -> None:
    own = preview_settings(desk.settings)
    assert (own.graph_url, own.graph_password, own.issuer_jwks, own.otlp_endpoint) == (None, None, None, None)
    assert own.graph_folder == desk.settings.home.absolute() / "preview" / "graph"
    assert own.audit_file == desk.settings.audit_file


def test_the_command_prints_decision_and_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_HOME", str(desk.settings.home))
    arguments = [
        "policy",
        "preview",
        "--as",
        "fire-inspection",
        "--purpose",
        "safety.fire",
        "{ dwellings { __typename } }",
    ]
    arguments += ["--draft", str(COUNTY / "policies"), "--sources", str(COUNTY / "sources")]
    done = CliRunner().invoke(app, [*arguments, "--steward", "zhang", "--json"], env=LOCAL)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["inventedRows"], told["status"]) == (True, 200)
    assert told["answer"]["data"] == {"dwellings": {"__typename": "DwellingConnection"}}
    assert LocalGraph(preview_settings(desk.settings)).status().phase == "stopped"
