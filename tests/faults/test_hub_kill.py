"""A hub killed at any moment leaves a sound log, and every answer that a client received has its record (L01 to L10).

`make faults` kills a thousand times on each store (`KILLS`), and holds each restart against `RESTART_SECONDS`.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import psycopg
import pytest

from audit.log import read
from audit.stores.base import Where
from audit.verify import verify
from hub.graph.local import GraphAddress
from hub.home.audit_log import verifier_of
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from tests.support.forked_hubs import Forks, Moment, forks
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.postgres_log import ServerLog, server_log
from tests.support.serving import COUNTY
from tests.support.waiting import until

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("KILLS", "8"))
A_LOG = 50
"""So many kills one log goes through; a new one keeps the verification after each of them short."""
RESTART_SECONDS = float(os.environ.get("RESTART_SECONDS", "inf"))
CLIENTS = 6
QUERY = "{ people(first: 2) { edges { node { id name } } } }"
PURPOSE = "safety.fire.rental"
Promised = dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
def forked(empty_graph: GraphAddress) -> Iterator[Forks]:
    with forks(empty_graph) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def keeper(request: pytest.FixtureRequest) -> Postgres | None:
    """The server that keeps the log, or none where it is a file."""
    if request.param == "sqlite":
        return None
    server: Postgres = request.getfixturevalue("server")
    return server


def new_home(folder: Path, keeper: Postgres | None) -> tuple[Settings, Where]:
    """A home with an empty log, and where that is read."""
    kept: ServerLog | None = None if keeper is None else server_log(keeper, "log")
    store = {} if kept is None else {"audit_store": kept.append}
    settings = Settings.load(home=folder, port=free_port(), audit_deadline=20.0, **store)
    settings.prepare_home()
    return settings, settings.audit_file if kept is None else kept.read


def check(settings: Settings, where: Where, promised: Promised) -> int:
    """The log is sound up to its recorded head, and holds each promise; its size."""
    verdict = verify(where, verifier=verifier_of(settings), recorded_head=settings.audit_head)
    assert verdict.ok, verdict
    logged = {each.record.request_id: (each.index, each.leaf_hash) for each in read(where)}
    assert {name: logged.get(name) for name in promised} == promised
    return verdict.size


class Clients:
    """Clients that ask without pause and keep what each answer promised: request id → (index, leaf hash)."""

    def __init__(self, settings: Settings, person: str) -> None:
        self.port = settings.port
        token = Issuer(settings).issue("fire-inspection", person)
        self.headers = {"Authorization": f"Bearer {token}", "Access-Purpose": PURPOSE}
        self.promised: Promised = {}
        self.threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _ask(self) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=60) as client:
            while True:
                try:
                    told = client.post("/graphql", json={"query": QUERY}, headers=self.headers).json()["extensions"]
                except httpx.HTTPError:
                    return
                self.promised[told["requestId"]] = (told["receipt"]["index"], told["receipt"]["leafHash"])

    def join(self) -> None:
        for thread in self.threads:
            thread.join()


def test_l01_l06_kill_while_clients_query(
    tmp_path: Path, forked: Forks, empty_graph: GraphAddress, keeper: Postgres | None, rng: random.Random
) -> None:
    restarts, answers, records = [], 0, 0
    for first in range(0, KILLS, A_LOG):
        settings, where = new_home(tmp_path / f"home-{first}", keeper)
        promised: Promised = {}
        for number in range(first, min(first + A_LOG, KILLS)):
            hub = forked.start(settings)
            if number > first:
                restarts.append(hub.seconds)
            try:
                clients = Clients(settings, f"person-{number}")
                while not clients.promised and any(each.is_alive() for each in clients.threads):
                    time.sleep(0.005)
                time.sleep(rng.uniform(0, 0.3))
            finally:
                hub.kill()
            clients.join()
            assert clients.promised, number
            promised |= clients.promised
            size = check(settings, where, promised)
        answers, records = answers + len(promised), records + size
    whole = program_start(settings, empty_graph)
    load, _, _ = os.getloadavg()
    print(
        f"\n{KILLS} kills, {answers} answers received, each of them among {records} records; restarts"
        f" {median(restarts):.2f} s (median), {max(restarts):.2f} s (largest), the whole program"
        f" {whole:.2f} s, at a load of {load:.1f}"
    )
    assert answers >= KILLS
    assert max(*restarts, whole) < RESTART_SECONDS


def program_start(settings: Settings, address: GraphAddress) -> float:
    """Seconds until the whole program, started from nothing over the log of a killed hub, is ready."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    known |= {"SLUICEGATE_POLICIES": str(COUNTY), "SLUICEGATE_GRAPH_URL": address.url}
    known |= {"SLUICEGATE_GRAPH_PASSWORD": address.password}
    if settings.audit_store is not None:
        known["SLUICEGATE_AUDIT_STORE"] = settings.audit_store.get_secret_value()
    command = [sys.executable, "-m", "hub", "serve", "--home", str(settings.home), "--port", str(settings.port)]
    started = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as hub:
        try:
            while hub.poll() is None:
                try:
                    if httpx.get(f"http://127.0.0.1:{settings.port}/readyz", trust_env=False).status_code == 200:
                        return time.monotonic() - started
                except httpx.HTTPError:
                    time.sleep(0.02)
        finally:
            hub.kill()
    raise AssertionError("the hub did not start")


@contextmanager
def asked(settings: Settings) -> Iterator[socket.socket]:
    """A connection over which one query was sent."""
    token = Issuer(settings).issue("fire-inspection", "inspector-1")
    body = b'{"query": "%s"}' % QUERY.encode()
    with socket.create_connection(("127.0.0.1", settings.port)) as connection:
        connection.settimeout(60)
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"
            b"Access-Purpose: %s\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
            % (PURPOSE.encode(), token.encode(), len(body))
            + body
        )
        yield connection


def received(connection: socket.socket) -> bytes:
    """All bytes that came until the connection broke."""
    found = b""
    try:
        while chunk := connection.recv(65_536):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def await_sessions(where: Where) -> None:
    """Wait until the server has ended what a dead hub had sent: what was to be committed is committed after it."""
    if isinstance(where, str):
        with psycopg.connect(where, autocommit=True) as connection:
            until(lambda: connection.execute(OTHER_SESSIONS).fetchone() == (0,))


OTHER_SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def die(forked: Forks, settings: Settings, where: Where, moment: Moment) -> tuple[bytes, int]:
    """What a client got from a hub that died at `moment`, and how many records there are then."""
    hub = forked.start(settings, moment=moment)
    try:
        with asked(settings) as connection:
            hub.await_end()
            await_sessions(where)
            return received(connection), check(settings, where, {})
    finally:
        hub.kill()


def lives_on(forked: Forks, settings: Settings, where: Where, size: int) -> None:
    """The next hub takes the log as it is, and logs what it answers behind it."""
    hub = forked.start(settings)
    try:
        token = Issuer(settings).issue("fire-inspection", "inspector-1")
        headers = {"Authorization": f"Bearer {token}", "Access-Purpose": PURPOSE}
        url = f"http://127.0.0.1:{settings.port}/graphql"
        told = httpx.post(url, json={"query": QUERY}, headers=headers, trust_env=False, timeout=60).json()["extensions"]
    finally:
        hub.kill()
    receipt = told["receipt"]
    assert receipt["index"] == size
    assert check(settings, where, {told["requestId"]: (size, receipt["leafHash"])}) == size + 1


def test_l01_killed_before_the_fetch(tmp_path: Path, forked: Forks, keeper: Postgres | None) -> None:
    settings, where = new_home(tmp_path / "home", keeper)
    assert die(forked, settings, where, Moment("hub.request.pipeline", "fetch_row")) == (b"", 0)
    lives_on(forked, settings, where, 0)


def test_l04_killed_before_the_mask(tmp_path: Path, forked: Forks, keeper: Postgres | None) -> None:
    settings, where = new_home(tmp_path / "home", keeper)
    assert die(forked, settings, where, Moment("hub.request.pipeline", "respond")) == (b"", 0)
    lives_on(forked, settings, where, 0)


def test_l02_killed_before_the_record(tmp_path: Path, forked: Forks, keeper: Postgres | None) -> None:
    settings, where = new_home(tmp_path / "home", keeper)
    assert die(forked, settings, where, Moment("audit.log", "AuditLog.append")) == (b"", 0)
    lives_on(forked, settings, where, 0)


STORE = {"sqlite": ("audit.stores.sqlite", "SqliteStore"), "postgresql": ("audit.stores.postgres", "PostgresStore")}


@pytest.mark.parametrize("function", ["append", "keep_texts"])
def test_l05_killed_in_the_group_commit(tmp_path: Path, forked: Forks, keeper: Postgres | None, function: str) -> None:
    settings, where = new_home(tmp_path / "home", keeper)
    module, store = STORE["sqlite" if keeper is None else "postgresql"]
    # The first append of a process is the empty one with which it tries the store.
    moment = Moment(module, f"{store}.{function}", after=True, nth=2 if function == "append" else 1)
    assert die(forked, settings, where, moment) == (b"", 0)
    lives_on(forked, settings, where, 0)


def test_l06_killed_between_the_record_and_the_answer(tmp_path: Path, forked: Forks, keeper: Postgres | None) -> None:
    settings, where = new_home(tmp_path / "home", keeper)
    assert die(forked, settings, where, Moment("hub.request.endpoint", "render")) == (b"", 1)
    lives_on(forked, settings, where, 1)


@pytest.mark.parametrize(
    "moment",
    [
        Moment("audit.publish", "sign_checkpoint", nth=3),
        Moment("audit.publish", "sign_checkpoint", after=True, nth=3),
        Moment("audit.publish", "Publisher._keep", after=True, nth=2),
        Moment("audit.recorded_head", "RecordedHead.advance", nth=3),
    ],
    ids=["before it is signed", "before it is kept", "before it is recorded", "while it is recorded"],
)
def test_l10_killed_while_a_checkpoint_is_published(
    tmp_path: Path, forked: Forks, keeper: Postgres | None, moment: Moment
) -> None:
    settings, where = new_home(tmp_path / "home", keeper)
    size = killed_with_answers(forked, settings, where, moment)
    lives_on(forked, settings, where, size)


@pytest.mark.parametrize("after", [False, True], ids=["before the rename", "before the folder is synced"])
def test_l09_killed_around_the_rename_of_the_recorded_head(
    tmp_path: Path, forked: Forks, keeper: Postgres | None, after: bool
) -> None:
    settings, where = new_home(tmp_path / "home", keeper)
    # Renamed into their place before that: the issuer's public keys, the head of the new log, a file's reserve.
    nth = 4 if keeper is None else 3
    moment = Moment("audit.recorded_head", "os.replace", after=after, nth=nth)
    size = killed_with_answers(forked, settings, where, moment)
    assert settings.audit_head.with_name("audit.head.new").exists() is not after
    lives_on(forked, settings, where, size)


def killed_with_answers(forked: Forks, settings: Settings, where: Where, moment: Moment) -> int:
    """Clients ask until the hub dies at `moment`; how many records there are then.

    A new log is signed once when it is opened and once when nothing stands in it yet: what matters comes after that.
    """
    hub = forked.start(settings, moment=moment)
    try:
        clients = Clients(settings, "person-1")
        clients.join()
        hub.await_end()
    finally:
        hub.kill()
    assert clients.promised
    return check(settings, where, clients.promised)
