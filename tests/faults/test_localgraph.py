"""The local graph: one process a home, reachable by its password only, and never in the way after a crash."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import neo4j
import psutil
import pytest
from neo4j.exceptions import AuthError, ClientError

from hub.graph.local import GraphAddress, LocalGraph, LocalGraphError
from hub.home.settings import Settings
from tests.support.ports import free_port
from tests.support.waiting import until

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]
CANARY = "卡纳里·欧阳"
DENIED = [
    "CALL dbms.listConfig()",
    "CALL dbms.listConnections()",
    "CALL dbms.killConnection('bolt-1')",
    "CALL dbms.queryJmx('*:*')",
    "CALL dbms.upgrade()",
    "CALL dbms.info()",
    "CALL db.stats.retrieveAllAnonymized('x')",
    "CALL db.clearQueryCaches()",
    "CALL db.schema.visualization()",
    "CALL db.prepareForReplanning()",
    "CYPHER 5 CALL dbms.listConfig()",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "LOAD CSV FROM 'http://127.0.0.1:9/x' AS line RETURN line",
    "LOAD CSV FROM 'http://[::1]:9/x' AS line RETURN line",
    "LOAD CSV FROM 'ftp://127.0.0.1:9/x' AS line RETURN line",
]
ALLOWED = [
    "CALL dbms.components()",
    "CALL db.labels()",
    "CALL db.awaitIndexes(10)",
    "CALL db.ping()",
    "SHOW INDEXES",
    "SHOW CONSTRAINTS",
    "EXPLAIN MATCH (p:Person) RETURN p",
]


def ask(address: GraphAddress, statement: str) -> list[object]:
    with neo4j.GraphDatabase.driver(address.url, auth=(address.user, address.password)) as driver:
        return [row.values() for row in driver.execute_query(statement).records]


@pytest.fixture(scope="module")
def session_graph(graph_settings: Settings, graph_address: GraphAddress) -> LocalGraph:
    return LocalGraph(graph_settings)


@pytest.fixture(scope="module")
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("own-graph")
    return Settings.load(home=home, graph_heap="512m", graph_page_cache="64m", graph_transaction_memory="128m")


@pytest.fixture(scope="module")
def own_graph(own_settings: Settings) -> Iterator[LocalGraph]:
    """A graph that the three tests with it start, kill and end in turn, each as the one before left it."""
    graph = LocalGraph(own_settings)
    yield graph
    graph.stop()


@pytest.fixture(scope="module")
def on_one_port(own_settings: Settings) -> Iterator[tuple[LocalGraph, LocalGraph]]:
    """The same graph twice, on a port that the system gives to nobody by itself: it is still free after a kill."""
    settings = own_settings.model_copy(update={"graph_port": free_port()})
    graphs = LocalGraph(settings), LocalGraph(settings)
    yield graphs
    for each in graphs:
        each.stop()  # whichever of them made a process has to see it end


@pytest.mark.parametrize("statement", DENIED)
def test_denied(statement: str, graph_driver: neo4j.Driver) -> None:
    with pytest.raises(ClientError) as caught:
        graph_driver.execute_query(statement)
    assert caught.value.code in (
        "Neo.ClientError.Procedure.ProcedureNotFound",
        "Neo.ClientError.Statement.ExternalResourceFailed",
    )


@pytest.mark.parametrize("statement", ALLOWED)
def test_allowed(statement: str, graph_driver: neo4j.Driver) -> None:
    assert graph_driver.execute_query(statement).summary.query_type


@pytest.mark.parametrize("auth", [None, ("neo4j", "neo4j"), ("neo4j", ""), ("nobody", "x")], ids=str)
def test_nobody_enters_without_the_password(auth: tuple[str, str] | None, graph_address: GraphAddress) -> None:
    with (
        neo4j.GraphDatabase.driver(graph_address.url, auth=auth) as driver,
        pytest.raises((AuthError, ClientError)),
    ):
        driver.execute_query("RETURN 1")


def test_it_listens_on_loopback_only_and_sends_nothing_around(session_graph: LocalGraph) -> None:
    status = session_graph.status()
    sockets = psutil.Process(status.pid).net_connections()
    listening = {(s.laddr.ip.removeprefix("::ffff:"), s.laddr.port) for s in sockets if s.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", status.port)}
    assert [s for s in sockets if s.type == socket.SOCK_DGRAM] == []


def test_the_password_is_in_one_file_for_its_owner(
    session_graph: LocalGraph, graph_settings: Settings, graph_address: GraphAddress
) -> None:
    folder = graph_settings.graph_folder
    assert (folder / "password").read_text() == graph_address.password
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}
    process = psutil.Process(session_graph.status().pid)
    holders = [path for path in folder.rglob("*") if path.is_file() and path.name != "password"]
    assert [path for path in holders if graph_address.password.encode() in path.read_bytes()] == []
    assert graph_address.password not in f"{process.cmdline()} {process.environ()} {graph_address!r}"
    assert [name for name in process.environ() if name.startswith("SLUICEGATE_")] == []


def test_a_lost_or_wrong_password_is_an_error_that_names_the_file(
    session_graph: LocalGraph, graph_settings: Settings
) -> None:
    password = graph_settings.graph_folder / "password"
    kept = password.rename(password.with_name("elsewhere"))
    try:
        with pytest.raises(LocalGraphError, match="graph/password is missing"):
            session_graph.start()
        password.write_text("not-the-one")
        with pytest.raises(LocalGraphError, match=r"does not accept the password in .*graph/password"):
            session_graph.start()
    finally:
        kept.replace(password)


def test_no_query_reaches_a_log(graph_settings: Settings, graph_driver: neo4j.Driver) -> None:
    failing = [
        f"RETURN '{CANARY}' SYNTAX",
        f"RETURN date('{CANARY}')",
        f"UNWIND ['{CANARY}'] AS x RETURN x + {{}} / 0",
        f"CALL dbms.nothing('{CANARY}')",
    ]
    graph_driver.execute_query("RETURN $name", name=CANARY)
    for statement in failing:
        with pytest.raises(neo4j.exceptions.Neo4jError):
            graph_driver.execute_query(statement)
    folder = graph_settings.graph_folder
    logs = [path for path in folder.rglob("*") if path.is_file() and "data" not in path.relative_to(folder).parts]
    assert any(path.name == "debug.log" and path.stat().st_size for path in logs)
    assert [path.name for path in logs if CANARY.encode() in path.read_bytes()] == []


def test_a_second_start_attaches(session_graph: LocalGraph, graph_address: GraphAddress) -> None:
    pid = session_graph.status().pid
    assert session_graph.start() == graph_address == session_graph.address()
    assert session_graph.status().pid == pid


def test_two_starts_at_once_make_one_process(own_graph: LocalGraph, on_one_port: tuple[LocalGraph, LocalGraph]) -> None:
    found: list[GraphAddress] = []
    starts = [
        threading.Thread(target=lambda graph=graph: found.append(graph.start(owned=True))) for graph in on_one_port
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(found) == 2
    assert found[0] == found[1] == own_graph.address()


def test_killed_it_starts_again_where_it_was(
    own_settings: Settings,
    own_graph: LocalGraph,
    on_one_port: tuple[LocalGraph, LocalGraph],
    graph_address: GraphAddress,
) -> None:
    before = on_one_port[0].start(owned=True)
    assert before.url != graph_address.url, "two homes, two graphs"
    ask(before, "CREATE (:Kept {word: 'kept'})")
    os.kill(own_graph.status().pid or 0, signal.SIGKILL)
    until(lambda: not own_graph.status().running)
    assert on_one_port[0].stop() is False
    with pytest.raises(LocalGraphError, match="sluicegate graph start"):
        own_graph.address()
    assert json.loads((own_settings.graph_folder / "graph.json").read_text())["phase"] == "ready", "a stale state"

    after = own_graph.start(owned=True)
    assert after == before
    assert ask(after, "MATCH (k:Kept) RETURN k.word") == [["kept"]]


def test_sigterm_ends_it_cleanly_and_a_taken_port_is_left_alone(own_graph: LocalGraph) -> None:
    before = own_graph.start(owned=True)
    status = own_graph.status()
    os.kill(status.pid or 0, signal.SIGTERM)
    until(lambda: not own_graph.status().running)
    assert own_graph.stop() is False
    with socket.create_server(("127.0.0.1", status.port or 0)):
        after = own_graph.start(owned=True)
    assert after.url != before.url
    assert ask(after, "RETURN 1") == [[1]]
    assert own_graph.stop() is True


def test_a_wanted_port_in_use_is_an_error_that_names_the_setting(own_settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        graph = LocalGraph(own_settings.model_copy(update={"graph_port": port}))
        with pytest.raises(LocalGraphError, match=f"Port {port} is in use. Set SLUICEGATE_GRAPH_PORT"):
            graph.start(owned=True)
    assert graph.status().phase == "stopped"


def starter(settings: Settings, then: str) -> list[str]:
    """A program of its own that starts the graph of a home, and then does something."""
    program = (
        "import sys, time; from hub.graph.local import LocalGraph; from hub.home.settings import Settings;"
        "g = LocalGraph(Settings.load(home=sys.argv[1], graph_heap='512m', graph_page_cache='64m'));"
    )
    return [sys.executable, "-c", program + then, str(settings.home)]


def test_a_graph_that_is_not_owned_outlives_its_starter_and_another_stops_it(own_settings: Settings) -> None:
    subprocess.run(starter(own_settings, "g.start()"), check=True, timeout=300)
    graph = LocalGraph(own_settings)
    assert graph.status().phase == "ready"
    assert ask(graph.address(), "RETURN 1") == [[1]]
    assert graph.stop() is True
    assert graph.status().phase == "stopped"


def test_stopped_while_it_starts(own_settings: Settings) -> None:
    graph = LocalGraph(own_settings)
    with subprocess.Popen(starter(own_settings, "g.start()"), stderr=subprocess.PIPE, text=True) as parent:
        until(lambda: graph.status().pid is not None)
        assert graph.status().phase == "starting"
        assert graph.stop() is True
        _, error = parent.communicate(timeout=300)
    assert parent.returncode == 1
    assert "LocalGraphError: The graph process" in error


def test_an_owned_graph_ends_with_its_parent(own_settings: Settings) -> None:
    then = "g.start(owned=True); print(g.status().pid, flush=True); time.sleep(600)"
    arguments = starter(own_settings, then)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        graph = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    graph.wait(120)
    assert LocalGraph(own_settings).status().phase == "stopped"
    state = json.loads((own_settings.graph_folder / "graph.json").read_text())
    assert state["phase"] == "stopped", "it closed its store, it was not killed"


def state_file(home: Path, text: str) -> LocalGraph:
    settings = Settings.load(home=home)
    settings.prepare_home()
    settings.graph_folder.mkdir()
    (settings.graph_folder / "graph.json").write_text(text)
    return LocalGraph(settings)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"phase": "ready"}',
        json.dumps({"phase": "ready", "pid": 1, "token": "0", "port": 7687, "owned": False}),
        json.dumps({"phase": "starting", "pid": os.getpid(), "token": "0", "port": 7687, "owned": False}),
    ],
    ids=["empty", "torn", "a list", "parts missing", "dead", "pid used again"],
)
def test_a_stale_state_stops_nobody(text: str, home: Path) -> None:
    graph = state_file(home, text)
    assert graph.status().phase == "stopped"
    assert graph.stop() is False
    assert psutil.pid_exists(os.getpid())


def test_a_process_that_only_has_the_pid_is_not_signalled(home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as bystander:
        state = {"phase": "ready", "pid": bystander.pid, "token": "1", "port": 1, "owned": False}
        graph = state_file(home, json.dumps(state))
        graph._signal(signal.SIGKILL)
        graph._signal(signal.SIGTERM)
        assert psutil.Process(bystander.pid).status() != psutil.STATUS_ZOMBIE
        bystander.kill()
