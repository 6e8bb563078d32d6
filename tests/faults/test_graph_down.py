"""A graph that is away, gone or slow makes refusals with records, and the hub goes on when it is back (L22, L24)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.log import read, show
from hub.graph.local import LocalGraph
from hub.home.settings import Settings
from tests.support.county import PATIENCE, POLICIES, Answer, County, HubProcess
from tests.support.ports import free_port

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

DOCUMENT = "{ people(first: 1) { edges { node { name } } } }"


def ask(hub: HubProcess) -> Answer:
    return hub.ask("grid-desk", "event.dispatch", DOCUMENT)


def recorded(hub: HubProcess, answer: Answer) -> tuple[str, int]:
    """Result and status in the record that an answer's receipt names."""
    logged, _ = show(hub.settings.audit_file, answer.receipt["index"])
    assert logged.record.request_id == answer.body["extensions"]["requestId"]
    return logged.record.result, logged.record.http_status


PASSWORD = "gone-and-come-back"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A graph of this test's own that has not run yet, at a known port and with a known password."""
    settings = Settings.load(
        home=tmp_path / "graph-home", graph_port=free_port(), graph_heap="256m", graph_page_cache="64m"
    )
    settings.graph_folder.mkdir(mode=0o700, parents=True)
    (settings.graph_folder / "password").write_text(PASSWORD, "ascii")
    return settings


@pytest.fixture
def graph(settings: Settings) -> Iterator[LocalGraph]:
    """That graph; whatever the test did, it does not run afterwards."""
    graph = LocalGraph(settings)
    try:
        yield graph
    finally:
        graph.stop()


def test_a_graph_that_comes_goes_and_comes_back(graph: LocalGraph, settings: Settings, tmp_path: Path) -> None:
    given = {
        "home": tmp_path / "home",
        "port": free_port(),
        "policies": POLICIES,
        "graph_url": f"bolt://127.0.0.1:{settings.graph_port}",
        "graph_password": PASSWORD,
        "graph_deadline": PATIENCE,
    }
    hub = HubProcess(given, tmp_path)
    try:
        hub.start("/healthz")
        for _ in range(2):
            told = hub.await_status("/readyz", 503).json()
            (warning,) = told.pop("warnings")
            assert told == {"ready": False, "graph": False, "catalogue": True, "audit": True, "policy": True}
            assert "see that the server of SLUICEGATE_GRAPH_URL runs" in warning
            assert hub.client.get("/healthz").status_code == 200
            away = ask(hub)
            assert (away.status, away.codes, "data" in away.body) == (503, ["GRAPH_UNAVAILABLE"], False)
            assert "try again" in away.body["errors"][0]["message"]
            assert recorded(hub, away) == ("GRAPH_UNAVAILABLE", 503)
            # What needs no graph is answered without one.
            assert hub.ask("grid-desk", "event.dispatch", "{ __typename }").data == {"__typename": "Query"}

            graph.start(owned=True)
            hub.await_status("/readyz", 200)
            back = ask(hub)
            assert (back.status, back.body.get("data")) == (200, {"people": {"edges": []}})
            assert recorded(hub, back) == ("OK", 200)
            graph.stop()
        kinds = [each.record.kind for each in read(hub.settings.audit_file)]
        assert (kinds.count("query"), kinds.count("refusal")) == (4, 2)
        assert "Traceback" not in hub.output.read_text("utf-8")
    finally:
        hub.stop()
        hub.client.close()


def test_a_slow_statement_ends_at_its_deadline(county: County, tmp_path: Path) -> None:
    # A deadline that no statement can keep: every one is slow.
    with county.another_hub(tmp_path, graph_deadline=0.0005) as hub:
        for _ in range(3):
            late = ask(hub)
            assert (late.status, late.codes, "data" in late.body) == (504, ["TIMEOUT"], False)
            assert "ask again, for fewer nodes" in late.body["errors"][0]["message"]
            assert recorded(hub, late) == ("TIMEOUT", 504)
        assert hub.client.get("/readyz").status_code == 200
        assert hub.ask("grid-desk", "event.dispatch", "{ __typename }").status == 200
