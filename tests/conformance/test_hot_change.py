"""A running hub changes its policy between two requests: each is answered and recorded under exactly one version."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from audit.log import read
from audit.record import Record
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.request import policy_follower as reload
from policies.language import version_of
from policies.model import PolicySet
from policies.store import PolicyStore
from policies.store_tables import journal_size
from policies.versions import utc_now
from schema import SPINE
from tests.support.policy_stores import FILES, KEY, changed, in_file, publish
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import World

pytestmark = pytest.mark.conformance

SWITCHES, CLIENTS = int(os.environ.get("POLICY_SWITCHES", "30")), 8
PEOPLE = """
  - id: people
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}}
    fields: {Person.name: EFFECT}
"""
WORLD = World({"p": ("Person", {"name": "張三", "region": "14/01/"})})
QUERY = "{ people(first: 1) { edges { node { name } } } }"
ASKED: Mapping[str, Any] = {"app": "app", "purpose": "a"}


def variant(effect: str, mark: str) -> dict[str, bytes]:
    """The policy with names shown as `effect`; each mark is another content."""
    shown = PEOPLE.replace("EFFECT", effect).encode()
    return changed(mark, {**FILES, "policy.yaml": FILES["policy.yaml"] + shown})


CLEAR, MASKED = variant("clear", "first"), variant("{mask: surname}", "second")


class Careless(PolicyStore):
    """A store of a program that checked nothing: what it takes, a hub must not."""

    def _sound(self, files: Mapping[str, bytes], when: object) -> PolicySet:
        return PolicySet(version_of(files), {}, {}, (), (), {})


def await_true(condition: Callable[[], bool]) -> None:
    """Wait until it holds; half a minute is for ever."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PolicyStore]:
    with closing(PolicyStore(in_file(tmp_path), KEY, SPINE)) as made:
        made.make(lambda: CLEAR)
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hubs that look every twentieth of a second."""
    monkeypatch.setattr(reload, "POLL_SECONDS", 0.05)


@dataclass
class Client:
    """Asks until told to stop, and keeps what it got: (status, version, name, request id)."""

    served: Served
    stop: threading.Event
    got: list[tuple[int, str, str | None, str]] = field(default_factory=list)

    def run(self) -> None:
        token = self.served.issuer.issue("app", "tester")
        while not self.stop.is_set():
            response = self.served.ask(QUERY, token=token, **ASKED)
            body = response.json()
            told = body["extensions"]
            edges = (body.get("data") or {}).get("people", {}).get("edges") or [{"node": {"name": None}}]
            self.got.append((response.status_code, told["policyVersion"], edges[0]["node"]["name"], told["requestId"]))


@pytest.mark.slow
def test_switches_under_eight_clients(
    tmp_path: Path, store: PolicyStore, quick: None, empty_graph: GraphAddress
) -> None:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        WORLD.load(writer)
    names = {version_of(CLEAR): "張三"}
    stop = threading.Event()
    # A long deadline: a busy machine may plan its first statements slowly, which is not what is tried here.
    with serving(tmp_path / "home", empty_graph, store=store, graph_deadline=60) as served:
        clients = [Client(served, stop) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        try:
            for at in range(SWITCHES):
                effect, name = ("clear", "張三") if at % 2 else ("{mask: surname}", "張**")
                version = publish(store, variant(effect, str(at)))
                names[version.hash] = name
                await_true(lambda wanted=version.hash: served.hub.policy.version == wanted)  # type: ignore[misc]
                await_true(lambda wanted=version.hash: wanted in versions_seen(clients))  # type: ignore[misc]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    answers = [answer for client in clients for answer in client.got]
    records = {record.request_id: record for record in _records(served)}
    assert {status for status, *_ in answers} == {200}
    assert versions_seen(clients) >= names.keys() - {version_of(CLEAR)}, "clients asked under every version"
    assert len(records) == len(answers)
    for _, under, shown, request in answers:
        record = records[request]
        decided = record.decision.clear if names[under] == "張三" else record.decision.masked
        assert (shown, record.policy_version, decided) == (names[under], under, ("Person.name",))


def versions_seen(clients: list[Client]) -> set[str]:
    """The versions under which some client was answered so far."""
    return {version for client in clients for _, version, *_ in tuple(client.got)}


def _records(served: Served) -> Iterator[Record]:
    return (each.record for each in read(served.hub.settings.audit_file))


def test_every_hub_on_a_store_follows_it(tmp_path: Path, store: PolicyStore) -> None:
    with (
        closing(PolicyStore(in_file(tmp_path), KEY, SPINE)) as second,
        serving(tmp_path / "one", store=store) as one,
        serving(tmp_path / "two", store=second) as two,
    ):
        version = publish(store, MASKED)
        for served in (one, two):
            await_true(lambda served=served: served.hub.policy.version == version.hash)  # type: ignore[misc]
            assert served.ask(**ASKED).json()["extensions"]["policyVersion"] == version.hash


def test_a_scheduled_version_is_taken_when_it_starts(tmp_path: Path, store: PolicyStore, quick: None) -> None:
    with serving(tmp_path / "home", store=store) as served:
        draft = store.draft(MASKED, "zhang")
        store.approve(draft.number, draft.hash, "li")
        store.activate(draft.number, "li", utc_now() + dt.timedelta(seconds=1))
        assert served.ask(**ASKED).json()["extensions"]["policyVersion"] == version_of(CLEAR)
        await_true(lambda: served.hub.policy.version == draft.hash)


def warnings(served: Served) -> str:
    """What `/readyz` warns of."""
    return " ".join(served.client.get("/readyz").json().get("warnings", []))


BAD = [
    ("names what is unknown", {**CLEAR, "policy.yaml": CLEAR["policy.yaml"].replace(b"Person.name", b"Person.nane")}),
    ("is no YAML", {**CLEAR, "more.yaml": b"{"}),
    (
        "fails its own test",
        {**CLEAR, "more.yaml": b"expect: [{app: app, purpose: a, coordinate: Person.name, effects: []}]"},
    ),
    ("has no purpose", {"stewards.yaml": CLEAR["stewards.yaml"]}),
]


@pytest.mark.parametrize("files", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_l40_a_bad_version_leaves_the_last_good_one(
    tmp_path: Path, store: PolicyStore, quick: None, files: Mapping[str, bytes]
) -> None:
    with (
        serving(tmp_path / "home", store=store) as served,
        closing(Careless(in_file(tmp_path), KEY, SPINE)) as careless,
    ):
        assert "cannot be used" not in warnings(served)
        draft = careless.draft(files, "zhang")
        careless.approve(draft.number, draft.hash, "li")
        careless.activate(draft.number, "li")
        await_true(lambda: "cannot be used" in warnings(served))
        told = served.client.get("/readyz").json()
        assert told["policy"] is True
        assert "version 2 cannot be used" in told["warnings"][0]
        assert "sluicegate_policy_warning 1.0" in served.client.get("/metrics").text
        assert served.ask(**ASKED).json()["extensions"]["policyVersion"] == version_of(CLEAR)


def test_a_bad_version_is_mended_by_stewards(tmp_path: Path, store: PolicyStore, quick: None) -> None:
    with (
        serving(tmp_path / "home", store=store) as served,
        closing(Careless(in_file(tmp_path), KEY, SPINE)) as careless,
    ):
        publish(careless, BAD[0][1])
        await_true(lambda: "cannot be used" in warnings(served))
        mended = publish(store, MASKED)
        await_true(lambda: served.hub.policy.version == mended.hash)
        assert "cannot be used" not in warnings(served)


def test_a_store_set_back_is_noticed(tmp_path: Path, store: PolicyStore, quick: None) -> None:
    kept = (tmp_path / "policy.db").read_bytes()
    with serving(tmp_path / "home", store=store) as served:
        version = publish(store, MASKED)
        await_true(lambda: served.hub.policy.version == version.hash)
        await_true(lambda: not journal_size(tmp_path / "policy.db"))
        (tmp_path / "earlier").write_bytes(kept)
        (tmp_path / "earlier").replace(tmp_path / "policy.db")
        await_true(lambda: "set back" in str(served.client.get("/readyz").json().get("warnings")))
        assert served.ask(**ASKED).json()["extensions"]["policyVersion"] == version.hash


def test_a_store_that_was_tampered_with_ages_like_one_that_is_away(
    tmp_path: Path, store: PolicyStore, quick: None
) -> None:
    with serving(tmp_path / "home", store=store, policy_max_age=1.0) as served:
        with store.engine.begin() as connection:
            connection.execute(sa.text("DROP TRIGGER policy_activation_UPDATE"))
            connection.execute(sa.text("UPDATE policy_activation SET approver = 'li'"))
        await_true(lambda: "changed from outside" in str(served.client.get("/readyz").json().get("warnings")))
        await_true(lambda: code_of(served.ask(**ASKED)) == "POLICY_UNAVAILABLE")


def test_l41_a_store_that_is_away_too_long_closes_the_gate(tmp_path: Path, store: PolicyStore, quick: None) -> None:
    with serving(tmp_path / "home", store=store, policy_max_age=1.0) as served:
        assert code_of(served.ask(**ASKED)) == "OK"
        (tmp_path / "policy.db").rename(tmp_path / "away")
        await_true(lambda: "policy store does not answer" in warnings(served))
        await_true(lambda: code_of(served.ask(**ASKED)) == "POLICY_UNAVAILABLE")
        refused = served.ask(**ASKED)
        assert (refused.status_code, "data" in refused.json()) == (503, False)
        assert served.client.get("/readyz").json()["policy"] is False
        assert served.records()[-1].result == "POLICY_UNAVAILABLE"
        (tmp_path / "away").rename(tmp_path / "policy.db")
        await_true(lambda: code_of(served.ask(**ASKED)) == "OK")
